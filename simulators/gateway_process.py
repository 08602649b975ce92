"""The real gateway as a process of its own, configured for a store in a box, a benchmark or a test."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulators.processes import as_child

READY_TIMEOUT_S = 30.0
"""Start of the interpreter and of every part, on a machine that is busy."""
DEVICES_TIMEOUT_S = 10.0
"""A device that is plugged in and switched on is online long before."""
STOP_TIMEOUT_S = 10.0
POLL_INTERVAL_S = 0.05


def _toml_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value)


def config_text(sections: Mapping[str, Mapping[str, Any]], devices: Sequence[Mapping[str, Any]] = ()) -> str:
    """A ``gateway.toml``. A section named ``""`` holds the top-level keys; None values are left out."""
    lines: list[str] = []
    for name, section in sorted(sections.items(), key=lambda item: item[0] != ""):
        lines += [f"[{name}]"] if name else []
        lines += [f"{key} = {_toml_value(value)}" for key, value in section.items() if value is not None]
        lines.append("")
    for device in devices:
        lines += ["[[device]]", *(f"{key} = {_toml_value(value)}" for key, value in device.items()), ""]
    return "\n".join(lines)


class GatewayProcess:
    """``edge-gateway run`` with one configuration; started, killed and stopped any number of times.

    ``environment``: variables it gets beside those of this process. ``module``: what is run in its place, with the same
    arguments.
    """

    def __init__(
        self,
        config: Path,
        log_file: Path,
        *,
        status_port: int,
        environment: Mapping[str, str] | None = None,
        module: str = "edge_gateway",
    ) -> None:
        self.config = config
        self.log_file = log_file
        self.status_port = status_port
        self._environment = dict(environment or {})
        self._module = module
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @property
    def returncode(self) -> int | None:
        return self._process.returncode if self._process is not None else None

    async def start(self, *, wait_ready: bool = True) -> None:
        """Start; return when ``/readyz`` says 200. Raises RuntimeError with the end of its log if it does not."""
        with self.log_file.open("ab") as log:
            command = as_child(sys.executable, "-P", "-m", self._module, "run", "--config", self.config)
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self._environment},
            )
        if not wait_ready:
            return
        deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
        while asyncio.get_running_loop().time() < deadline and self.returncode is None:
            if await self.get("/readyz") is not None:
                return
            await asyncio.sleep(POLL_INTERVAL_S)
        said = self.log_file.read_text(errors="replace")[-3000:]
        raise RuntimeError(f"the gateway was not ready within {READY_TIMEOUT_S} s (exit {self.returncode}):\n{said}")

    async def wait_devices_online(self) -> None:
        """The gateway is ready before its devices are: what a scanner reads until its port is opened is lost.

        Raises RuntimeError naming the devices that are not online in time.
        """
        deadline = asyncio.get_running_loop().time() + DEVICES_TIMEOUT_S
        missing: dict[str, Any] = {"all devices": "no answer from the status page"}
        while asyncio.get_running_loop().time() < deadline:
            if (status := await self.status()) is not None:
                missing = {each["id"]: each["reason"] for each in status["devices"] if each["power"] != "online"}
                if not missing:
                    return
            await asyncio.sleep(POLL_INTERVAL_S)
        raise RuntimeError(f"not online within {DEVICES_TIMEOUT_S} s: {missing}")

    async def get(self, path: str) -> str | None:
        """Body of a status page; None while there is no answer or it is not 200."""
        try:
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.status_port)
                try:
                    writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                    answer = await reader.read(-1)
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return None
        head, _, body = answer.partition(b"\r\n\r\n")
        return body.decode() if b" 200 " in head.partition(b"\r\n")[0] + b" " else None

    async def status(self) -> dict[str, Any] | None:
        """The ``/status`` document, or None."""
        body = await self.get("/status")
        return json.loads(body) if body else None

    def send_signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL, as a power cut would end it."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int | None:
        """SIGTERM; its exit code."""
        await self._end(signal.SIGTERM)
        return self.returncode

    async def _end(self, number: signal.Signals) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(number)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
