"""A real RabbitMQ as a child process on free loopback ports, with Erlang port mapper, cookie and home of its own.

Nothing of it is shared with a RabbitMQ that may run on the same machine.
"""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulators.processes import as_child
from simulators.server_process import ServerProcess, found

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"
ANSWER_S = 2.0
PLACES = ("bin", "lib/rabbitmq_server-*/sbin")
"""Under /usr/lib/rabbitmq: the server's own scripts. Those in /usr/sbin change to the user rabbitmq, who may not read
our directory."""


class RabbitmqServer(ServerProcess):
    """One RabbitMQ 3.10 or 4. It keeps its ports and what it stored over stop, kill and start. User guest, guest.

    ``extra``: further lines of rabbitmq.conf. ``plugins``: those enabled.
    """

    name = "rabbitmq"

    def __init__(self, directory: Path, *, extra: str = "", plugins: Sequence[str] = ()) -> None:
        super().__init__(directory)
        self._extra = extra
        self._plugins = plugins
        self._mapper_port = 0
        self._distribution_port = 0
        self._mapper: Process | None = None

    async def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "home").mkdir(exist_ok=True)
        if self._mapper is None:
            self._mapper_port = self._mapper_port or self.free_port()
            self._distribution_port = self._distribution_port or self.free_port()
            self._mapper = await asyncio.create_subprocess_exec(
                *as_child(found("epmd", "erlang-base"), "-port", str(self._mapper_port), "-address", self.host),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=DEVNULL,
                start_new_session=True,
            )
        await super().start()

    async def close(self) -> None:
        """Stop it and its port mapper."""
        if self.is_running:
            await self.kill()
        mapper, self._mapper = self._mapper, None
        if mapper is not None and mapper.returncode is None:
            mapper.kill()
            await mapper.wait()

    async def control(self, *words: str) -> str:
        """rabbitmqctl. Raises RuntimeError with what it said."""
        process = await asyncio.create_subprocess_exec(
            _script("rabbitmqctl"),
            "--quiet",
            *words,
            stdin=DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment(),
        )
        said, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(words)}: {said.decode(errors='replace')}")
        return said.decode()

    def _command(self) -> list[str]:
        lines = [f"listeners.tcp.1 = {self.host}:{self.port}", "log.file.level = warning", self._extra]
        (self.directory / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self.directory / "enabled_plugins").write_text(f"[{','.join(self._plugins)}].\n")
        return [_script("rabbitmq-server")]

    async def _is_serving(self) -> bool:
        """It listens a moment before it answers, and resets whoever comes between."""
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        try:
            writer.write(PROTOCOL_HEADER)
            async with asyncio.timeout(ANSWER_S):
                return await reader.readexactly(1) == METHOD_FRAME
        except (OSError, asyncio.IncompleteReadError):
            return False
        finally:
            writer.close()

    def _environment(self) -> Mapping[str, str]:
        # One scheduler: it is a small machine, and a store's worth of events.
        arguments = f"-kernel inet_dist_use_interface {{127,0,0,1}} +S 1 -setcookie edge{self.port}"
        return {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(self.directory / "home"),
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": self.host,
            "RABBITMQ_NODENAME": f"edge{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "data"),
            "RABBITMQ_LOG_BASE": str(self.directory / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_PID_FILE": str(self.directory / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": arguments,
            "RABBITMQ_CTL_ERL_ARGS": f"-setcookie edge{self.port}",
        }


def _script(name: str) -> str:
    for place in PLACES:
        for path in sorted(Path("/usr/lib/rabbitmq").glob(f"{place}/{name}")):
            return str(path)
    raise RuntimeError(f"{name}: not found in /usr/lib/rabbitmq; install the Debian package rabbitmq-server")
