"""A real Mosquitto as a child process on a free loopback port: the store's broker in the demo, benchmarks and tests."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import signal
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from simulators.processes import as_child

START_TIMEOUT_S = 10.0
"""A broker on a machine that is busy with other work."""
STOP_TIMEOUT_S = 5.0
START_ATTEMPTS = 5
"""Between finding a free port and listening on it another process may take it."""
FREE_PORTS = range(20_000, 32_768)
"""Below the ports that Linux gives to outgoing connections: none of them takes the port while its owner is down, and
no client that looks for the owner connects to itself."""
PORT_TRIES_MAX = 100


def mosquitto_path() -> str:
    """Debian keeps it in /usr/sbin, which is not on every user's PATH."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("mosquitto: not found on PATH or in /usr/sbin; install the Debian package mosquitto")
    return found


def free_port() -> int:
    """A port that nobody listens on. Raises RuntimeError if there seems to be none."""
    for _ in range(PORT_TRIES_MAX):
        port = FREE_PORTS[secrets.randbelow(len(FREE_PORTS))]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no free port found among {FREE_PORTS} in {PORT_TRIES_MAX} tries")


class Mosquitto:
    """One Mosquitto. It keeps its port over stop, kill and start, so that clients find it again.

    ``passwords``: user name to password; given, anonymous clients are refused. ``acl``: text of an ACL file.
    ``is_persistent``: sessions and retained messages survive an orderly stop (not a kill).
    ``extra``: further lines of mosquitto.conf.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        directory: Path,
        *,
        passwords: Mapping[str, str] | None = None,
        acl: str | None = None,
        is_persistent: bool = False,
        extra: str = "",
    ) -> None:
        self.port = 0
        self._directory = directory
        self._passwords = dict(passwords or {})
        self._acl = acl
        self._is_persistent = is_persistent
        self._extra = extra
        self._process: Process | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Return when it accepts connections. Raises RuntimeError with its own words when it does not start."""
        said = ""
        for _ in range(START_ATTEMPTS):
            is_first_start = self.port == 0
            self.port = self.port or free_port()
            config = await self._write_config()
            command = as_child(mosquitto_path(), "-c", config)
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
            )
            if await self._is_listening():
                return
            log = self._directory / "mosquitto.log"
            said = log.read_text(errors="replace") if log.exists() else ""
            if is_first_start:
                self.port = 0
        raise RuntimeError(f"mosquitto did not start on port {self.port}: {said[-2000:]}")

    def strike(self, number: signal.Signals) -> None:
        """Send a signal that ends it, at once; ``kill`` or ``stop`` must follow."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def stop(self) -> None:
        """SIGTERM: the orderly way."""
        await self._end(lambda process: process.terminate())

    async def kill(self) -> None:
        """SIGKILL: connections are reset, nothing is saved."""
        await self._end(lambda process: process.kill())

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def write_acl(self, acl: str) -> None:
        """In force from the next start."""
        self._acl = acl

    def reload_acl(self, acl: str) -> None:
        """In force at once (SIGHUP), or from the next start if it does not run. Only where it was started with one."""
        self._acl = acl
        self._write_acl_file()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGHUP)

    async def _end(self, send_signal: Callable[[Process], None]) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        send_signal(process)
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _is_listening(self) -> bool:
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while self.is_running and asyncio.get_running_loop().time() < deadline:
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            # A stranger may sit on the port while ours is just about to say so and exit.
            await asyncio.sleep(0)
            return self.is_running
        await self.kill()
        return False

    async def _write_config(self) -> Path:
        """``user root``: started by root it would else give up the right to read its files in the test's directory."""
        self._directory.mkdir(parents=True, exist_ok=True)
        lines = [
            "user root",
            f"listener {self.port} {self.host}",
            f"allow_anonymous {'false' if self._passwords else 'true'}",
            "set_tcp_nodelay true",
            "max_queued_messages 100000",
            "max_inflight_messages 1000",
            f"log_dest file {self._directory / 'mosquitto.log'}",
            f"persistence {'true' if self._is_persistent else 'false'}",
            f"persistence_location {self._directory}/",
            self._extra,
        ]
        if self._passwords:
            lines.append(f"password_file {await self._write_passwords()}")
        if self._acl is not None:
            lines.append(f"acl_file {self._write_acl_file()}")
        config = self._directory / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        return config

    def _write_acl_file(self) -> Path:
        path = self._directory / "acl"
        path.write_text(self._acl or "")
        path.chmod(0o600)
        return path

    async def _write_passwords(self) -> Path:
        """Mosquitto's own tool hashes them."""
        path = self._directory / "passwords"
        path.write_text("".join(f"{name}:{password}\n" for name, password in self._passwords.items()))
        path.chmod(0o600)
        hashing = await asyncio.create_subprocess_exec("mosquitto_passwd", "-U", str(path), stdout=PIPE, stderr=PIPE)
        _, said = await hashing.communicate()
        if hashing.returncode != 0:
            raise RuntimeError(f"mosquitto_passwd: {said.decode(errors='replace')}")
        return path
