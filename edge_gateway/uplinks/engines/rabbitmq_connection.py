"""One connection to a RabbitMQ and one channel on it, with publisher confirms. Imports aiormq: imported only when such
an uplink connects."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import Any, Final

import aiormq
from aiormq.channel import Channel
from aiormq.exceptions import (
    AMQPConnectionError,
    AMQPError,
    AuthenticationError,
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    ConnectionNotAllowed,
    DeliveryError,
    ProbableAuthenticationError,
    PublishError,
)
from pamqp import commands
from yarl import URL

from edge_gateway.contracts.cloudevents import CONTENT_TYPE
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.uplinks.engines.engine_words import in_words

HEARTBEAT_S: Final = 15
"""An idle link that died is noticed within a minute; one that is used, by the confirmations that do not come."""
PERSISTENT: Final = 2
"""delivery_mode: on the broker's disk before it is confirmed."""
ERRORS: Final = (AMQPError, OSError, RuntimeError)
"""What aiormq raises on a connection that is gone; RuntimeError where it was closed a moment ago."""

OPEN_ANSWER: Final = "Connection.OpenOk"
"""What aiormq names where the broker refuses the virtual host; it does not pass on why."""

logging.getLogger("aiormq").setLevel(logging.CRITICAL + 1)  # the uplink tells in words what it logs with tracebacks


class RabbitmqConnection:
    """Implements ``carriage.EngineConnection``."""

    def __init__(self, where: str, exchange: str, store_id: str) -> None:
        self._where = where
        self._exchange = exchange
        self._store_id = store_id
        self._connection: _Connection | None = None
        self._channel: Channel | None = None
        self._in_flight: set[asyncio.Task[str]] = set()
        self._given_up: str | None = None

    @property
    def is_open(self) -> bool:
        return (
            self._connection is not None
            and self._connection.is_opened
            and self._channel is not None
            and not self._channel.is_closed
        )

    async def open(
        self,
        host: str,
        port: int,
        virtual_host: str,
        *,
        tls: ssl.SSLContext | None,
        username: str | None,
        password: str | None,
        is_certificate_identity: bool,
    ) -> None:
        """Raises what aiormq raises, and CloudTransientError."""
        query = {"heartbeat": str(HEARTBEAT_S), "name": f"edge-gateway {self._store_id}"}
        if is_certificate_identity:
            query["auth"] = "external"
        url = URL.build(
            scheme="amqp" if tls is None else "amqps",
            host=host,
            port=port,
            user=username,
            password=password,
            path=virtual_host if virtual_host == "/" else f"/{virtual_host}",
            query=query,
        )
        self._connection = connection = _Connection(url, context=tls)
        connection.on_blocked = self._give_up
        try:
            await connection.connect()
            channel = await connection.channel()
            assert isinstance(channel, Channel)
            self._channel = channel
            await self._channel.exchange_declare(self._exchange, exchange_type="topic", passive=True)
        except (*ERRORS, asyncio.CancelledError) as error:
            await connection.close()
            if isinstance(error, asyncio.CancelledError):
                raise
            if OPEN_ANSWER in str(error):
                words = f"no way into the virtual host {virtual_host!r}: does it exist, and may this user use it?"
                raise CloudTransientError(f"{self._where}: {words}") from None
            raise CloudTransientError(f"{self._where}: {self._why(error)}") from error

    async def send(self, stream: str, event: OutboxEvent) -> asyncio.Future[str]:
        if self._connection is None or not self.is_open:
            raise CloudTransientError(f"{self._where}: the connection was cut")
        if self._connection.blocked_because is not None:
            raise CloudTransientError(f"{self._where}: {_blocked_words(self._connection.blocked_because)}")
        self._given_up = None
        # aiormq takes them in the order in which the tasks were made: its channel has a lock, and locks are fair.
        task = asyncio.create_task(self._publish(self._channel, stream, event))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)
        return task

    async def check(self) -> None:
        assert self._channel is not None
        assert self._connection is not None
        if self._connection.blocked_because is not None:
            raise CloudTransientError(f"{self._where}: {_blocked_words(self._connection.blocked_because)}")
        try:
            await self._channel.exchange_declare(self._exchange, exchange_type="topic", passive=True)
        except ERRORS as error:
            raise CloudTransientError(f"{self._where}: {self._why(error)}") from error

    async def close(self) -> None:
        self._give_up("the connection was closed")
        if self._connection is not None:
            await self._connection.close()

    async def _publish(self, channel: Channel | None, stream: str, event: OutboxEvent) -> str:
        assert channel is not None
        properties = commands.Basic.Properties(
            content_type=CONTENT_TYPE,
            delivery_mode=PERSISTENT,
            message_id=event.id,
            message_type=event.type,
            app_id="edge-gateway",
            headers={"source": event.source},
        )
        key = f"{self._store_id}.{stream}"
        try:
            await channel.basic_publish(
                event.payload,
                exchange=self._exchange,
                routing_key=key,
                properties=properties,
                mandatory=True,
                wait=False,
            )
        except PublishError:
            raise CloudTransientError(
                f"{self._where}: no queue is bound to the exchange {self._exchange!r} for {key}; bind one, "
                f"for instance with the key {self._store_id}.#"
            ) from None
        except DeliveryError:
            raise CloudTransientError(
                f"{self._where}: the broker could not take an event (nack): a queue is full, or is failing over"
            ) from None
        except ChannelPreconditionFailed as error:
            if "larger than" in str(error):
                raise CloudPermanentError(f"{len(event.payload)} bytes: {error}") from None
            raise CloudTransientError(f"{self._where}: {error}") from None
        except asyncio.CancelledError:
            if self._given_up is None:
                raise
            raise CloudTransientError(f"{self._where}: {self._given_up}") from None
        except ERRORS as error:
            raise CloudTransientError(f"{self._where}: {self._why(error)}") from error
        return DELIVERED

    def _give_up(self, reason: str) -> None:
        """No confirmation will come for what is on the wire, or not soon."""
        self._given_up = reason
        for task in list(self._in_flight):
            task.cancel()

    def _why(self, error: BaseException) -> str:
        match error:
            case AuthenticationError() | ProbableAuthenticationError():
                return "the broker refuses this user; check username, password_file, or the client certificate"
            case ConnectionNotAllowed():
                return f"the broker lets this user not into the virtual host: {error}"
            case ChannelNotFoundEntity():
                return f"there is no exchange {self._exchange!r}: the broker needs it (type topic, durable)"
            case ChannelAccessRefused():
                return f"this user may not write to the exchange {self._exchange!r}: {error}"
            case AMQPConnectionError() if "unexpectedly closed" in str(error):
                return "the connection was cut"
            case _:
                return in_words(error)


class _Connection(aiormq.Connection):
    """Hooks of aiormq 7: it only logs that the broker takes no more messages for now (an alarm: memory, disk)."""

    blocked_because: str | None = None
    on_blocked: Any = None

    async def _Connection__handle_connection_blocked(self, frame: commands.Connection.Blocked) -> None:
        self.blocked_because = frame.reason or "no reason given"
        self.on_blocked(_blocked_words(self.blocked_because))

    async def _Connection__handle_connection_unblocked(self, _: commands.Connection.Unblocked) -> None:
        self.blocked_because = None


def _blocked_words(reason: str) -> str:
    return f"the broker takes no messages for now ({reason}): free its memory or disk, or raise its limit"
