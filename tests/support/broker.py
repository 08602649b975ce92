"""A real Mosquitto for tests: a child process on a free loopback port, and clients that collect what they receive."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

START_TIMEOUT_S = 10.0
"""A broker on a machine that is busy with other tests."""
STOP_TIMEOUT_S = 5.0
START_ATTEMPTS = 5
"""Between finding a free port and listening on it another process may take it."""
WAIT_TIMEOUT_S = 10.0
MQTT_5 = aiomqtt.ProtocolVersion.V5
MQTT_311 = aiomqtt.ProtocolVersion.V311


def mosquitto_path() -> str:
    """Debian keeps it in /usr/sbin, which is not on every user's PATH."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("mosquitto: not found on PATH or in /usr/sbin; install the Debian package mosquitto")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
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
            self._process = await asyncio.create_subprocess_exec(
                mosquitto_path(), "-c", str(config), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
            )
            if await self._is_listening():
                return
            log = self._directory / "mosquitto.log"
            said = log.read_text(errors="replace") if log.exists() else ""
            if is_first_start:
                self.port = 0
        raise RuntimeError(f"mosquitto did not start on port {self.port}: {said[-2000:]}")

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

    @asynccontextmanager
    async def client(
        self,
        version: aiomqtt.ProtocolVersion = MQTT_5,
        *,
        client_id: str | None = None,
        username: str | None = None,
        password: str | None = None,
    ) -> AsyncIterator[BusClient]:
        """A connected client; it is disconnected at the end."""
        async with aiomqtt.Client(
            self.host,
            self.port,
            identifier=client_id,
            protocol=version,
            username=username,
            password=password,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        ) as mqtt:
            client = BusClient(mqtt, version)
            collector = asyncio.create_task(client.collect())
            try:
                yield client
            finally:
                collector.cancel()
                with suppress(asyncio.CancelledError):
                    await collector

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
            acl = self._directory / "acl"
            acl.write_text(self._acl)
            acl.chmod(0o600)
            lines.append(f"acl_file {acl}")
        config = self._directory / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        return config

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


class BusClient:
    """A client of the bus that keeps, in ``messages``, everything it received, in order."""

    def __init__(self, mqtt: aiomqtt.Client, version: aiomqtt.ProtocolVersion) -> None:
        self.mqtt = mqtt
        self.messages: list[aiomqtt.Message] = []
        self._version = version
        self._arrived = asyncio.Event()

    async def collect(self) -> None:
        """Until the connection ends."""
        with suppress(aiomqtt.MqttError):
            async for message in self.mqtt.messages:
                self.messages.append(message)
                self._arrived.set()

    async def subscribe(self, topic_filter: str, qos: int = 1) -> None:
        granted = await self.mqtt.subscribe(topic_filter, qos=qos)
        codes = [code if isinstance(code, int) else code.value for code in granted]
        if any(code >= 0x80 for code in codes):
            raise RuntimeError(f"subscribe to {topic_filter}: refused with {codes}")

    async def publish(
        self,
        topic: str,
        payload: bytes | str | Mapping[str, Any],
        *,
        qos: int = 1,
        is_retained: bool = False,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
    ) -> None:
        """A mapping is sent as JSON. Response topic and correlation data: MQTT 5 only."""
        properties = None
        if response_topic is not None or correlation_data is not None:
            properties = Properties(PacketTypes.PUBLISH)
            if response_topic is not None:
                properties.ResponseTopic = response_topic
            if correlation_data is not None:
                properties.CorrelationData = correlation_data
        body = json.dumps(payload) if isinstance(payload, Mapping) else payload
        await self.mqtt.publish(topic, body, qos=qos, retain=is_retained, properties=properties)

    async def wait_for(
        self, condition: Callable[[aiomqtt.Message], bool], *, timeout_s: float = WAIT_TIMEOUT_S
    ) -> aiomqtt.Message:
        """The first message, received already or later, that meets the condition. Raises TimeoutError."""
        seen = 0
        async with asyncio.timeout(timeout_s):
            while True:
                self._arrived.clear()
                for message in self.messages[seen:]:
                    seen += 1
                    if condition(message):
                        return message
                await self._arrived.wait()

    async def wait_for_count(
        self, count: int, topic_part: str = "", *, timeout_s: float = WAIT_TIMEOUT_S
    ) -> list[aiomqtt.Message]:
        """When at least ``count`` messages whose topic contains ``topic_part`` are here: all of those."""
        async with asyncio.timeout(timeout_s):
            while True:
                self._arrived.clear()
                found = self.on(topic_part)
                if len(found) >= count:
                    return found
                await self._arrived.wait()

    def on(self, topic_part: str) -> list[aiomqtt.Message]:
        return [message for message in self.messages if topic_part in str(message.topic)]

    @staticmethod
    def json(message: aiomqtt.Message) -> Any:
        """The payload of a message, read as JSON."""
        assert isinstance(message.payload, bytes)
        return json.loads(message.payload)


async def wait_until(condition: Callable[[], bool], *, timeout_s: float = WAIT_TIMEOUT_S) -> None:
    """Until a condition of the code under test holds; looks every few milliseconds. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition is somebody else's plain attribute
            await asyncio.sleep(0.005)
