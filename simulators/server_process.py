"""A server of somebody else as a child process on a free loopback port, to be stopped, killed, frozen and started."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from abc import ABC, abstractmethod
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from simulators.mosquitto import free_port
from simulators.processes import as_child, until_still

START_TIMEOUT_S = 60.0
"""RabbitMQ takes five seconds on an idle machine."""
STOP_TIMEOUT_S = 30.0
START_ATTEMPTS = 3
"""Between finding a free port and listening on it another process may take it."""
LOOK_INTERVAL_S = 0.02


def found(command: str, package: str) -> str:
    """The path of a server. Debian keeps them in /usr/sbin, which is not on every user's PATH."""
    path = shutil.which(command) or shutil.which(command, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise RuntimeError(f"{command}: not found on PATH or in /usr/sbin; install the Debian package {package}")
    return path


class ServerProcess(ABC):
    """Keeps its port and its directory over stop, kill and start, so that clients find it, and what it stored, again.

    Signals go to the whole process group: some servers are a shell around the real one.
    """

    host = "127.0.0.1"
    name: str

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = 0
        self._process: Process | None = None

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Return when it accepts connections. Raises RuntimeError with its own words when it does not start."""
        self.directory.mkdir(parents=True, exist_ok=True)
        is_first_start = self.port == 0
        for _ in range(START_ATTEMPTS if is_first_start else 1):
            self.port = free_port() if is_first_start else self.port
            with (self.directory / f"{self.name}.out").open("ab") as output:
                self._process = await asyncio.create_subprocess_exec(
                    *as_child(*self._command()),
                    stdin=DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self._environment(),
                    start_new_session=True,
                )
            if await self._is_ready():
                return
        raise RuntimeError(f"{self.name} did not start on port {self.port}: {self._said()}")

    async def stop(self) -> None:
        """SIGTERM: the orderly way."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL: connections are reset, nothing is saved."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def freeze(self) -> None:
        """SIGSTOP: connections stay, nothing is answered from when this returns."""
        self._signal(signal.SIGSTOP)
        if self._process is not None:
            await until_still(self._process.pid)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    @staticmethod
    def free_port() -> int:
        return free_port()

    @abstractmethod
    def _command(self) -> list[str]:
        """Write what configuration it needs; the command line."""

    def _environment(self) -> Mapping[str, str]:
        return os.environ

    async def _is_serving(self) -> bool:
        """One look, once it listens: some servers listen before they serve."""
        return True

    async def _is_ready(self) -> bool:
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while self.is_running and asyncio.get_running_loop().time() < deadline:
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(LOOK_INTERVAL_S)
                continue
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            if self.is_running and await self._is_serving():
                return True
            await asyncio.sleep(LOOK_INTERVAL_S)
        await self.kill()
        return False

    async def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._signal(number)
        self._signal(signal.SIGCONT)  # one that is frozen would hear of it only when it is thawed
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _said(self) -> str:
        texts = [
            path.read_text(errors="replace")[-2000:]
            for path in (self.log, self.directory / f"{self.name}.out")
            if path.exists()
        ]
        return "\n".join(texts)
