"""One producer of aiokafka, from its start until anything of it fails. Imports aiokafka: imported only when such an
uplink connects."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    AuthenticationFailedError,
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from edge_gateway.contracts.cloudevents import CONTENT_TYPE
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.uplinks.engines.engine_words import in_words

REQUEST_SHARE: Final = 0.6
"""Of the time for an answer that aiokafka has for one request: it is to say what is wrong before we give it up."""
LINGER_MS: Final = 2
"""Events that come within it share a request: a batch is handed over within one turn of the event loop."""
BATCH_BYTES_MAX: Final = 64 * 1024
"""Of one partition in one request. Four times the default: a transaction has some kilobytes."""
RECORD_BYTES_MAX: Final = 1024 * 1024
"""The largest record that brokers take unless told otherwise (message.max.bytes)."""
MECHANISM: Final = "SCRAM-SHA-512"

logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)  # the uplink tells in words what it logs at each retry


class KafkaConnection:
    """Implements ``carriage.EngineConnection``. A record that fails leaves a gap in the producer's sequence numbers,
    which brokers refuse from then on: any failure is its end."""

    def __init__(
        self,
        where: str,
        topic_prefix: str,
        *,
        bootstrap_servers: Sequence[str],
        client_id: str,
        answer_timeout_s: float,
        tls: ssl.SSLContext | None,
        username: str | None,
        password: str | None,
    ) -> None:
        self._where = where
        self._topic_prefix = topic_prefix
        self._is_spoiled = False
        self._in_flight: set[asyncio.Future[str]] = set()
        options: dict[str, Any] = {}
        if username is not None:
            options = {
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": username,
                "sasl_plain_password": password or "",
            }
        self._producer: Any = AIOKafkaProducer(
            bootstrap_servers=list(bootstrap_servers),
            client_id=client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            max_batch_size=BATCH_BYTES_MAX,
            max_request_size=RECORD_BYTES_MAX,
            request_timeout_ms=int(answer_timeout_s * REQUEST_SHARE * 1000),
            security_protocol=("SASL_" if username is not None else "") + ("SSL" if tls is not None else "PLAINTEXT"),
            ssl_context=tls,
            **options,
        )

    @property
    def is_open(self) -> bool:
        task = self._producer._sender.sender_task
        return not self._is_spoiled and task is not None and not task.done()

    async def open(self) -> None:
        """Raises CloudTransientError."""
        try:
            await self._producer.start()
        except BaseException as error:
            with suppress(KafkaError, OSError):
                await self.close()
            if isinstance(error, KafkaError | OSError):
                raise CloudTransientError(f"{self._where}: {_words(error, self._topic_prefix)}") from error
            raise

    async def send(self, stream: str, event: OutboxEvent) -> asyncio.Future[str]:
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        topic = f"{self._topic_prefix}.{stream}"
        headers = [
            ("content-type", CONTENT_TYPE.encode()),
            ("ce_id", event.id.encode()),
            ("ce_type", event.type.encode()),
            ("ce_source", event.source.encode()),
        ]
        try:
            stored = await self._producer.send(topic, event.payload, key=event.source.encode(), headers=headers)
        except MessageSizeTooLargeError:
            outcome.set_result(f"{len(event.payload)} bytes: Kafka takes at most {RECORD_BYTES_MAX} with headers")
            return outcome
        except (KafkaError, OSError) as error:
            self._is_spoiled = True
            raise CloudTransientError(f"{self._where}: {_words(error, topic)}") from error
        self._in_flight.add(outcome)
        outcome.add_done_callback(self._in_flight.discard)
        stored.add_done_callback(lambda future: self._stored(topic, outcome, future))
        return outcome

    async def check(self) -> None:
        if not await self._producer.client.force_metadata_update():
            raise CloudTransientError(f"{self._where}: no broker answers")

    async def close(self) -> None:
        """Without a flush: what was not answered is sent again by the next one."""
        self._is_spoiled = True
        for outcome in list(self._in_flight):
            if not outcome.done():
                outcome.set_exception(CloudTransientError(f"{self._where}: the producer was closed"))
        # ``stop`` waits until all is sent, for ever if need be; these are its other two halves.
        self._producer._closed = True
        with suppress(asyncio.CancelledError):
            await self._producer._sender.close()
        await self._producer.client.close()

    def _stored(self, topic: str, outcome: asyncio.Future[str], future: asyncio.Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        self._is_spoiled = self._is_spoiled or error is not None or future.cancelled()
        if outcome.done():
            return
        match error:
            case None if future.cancelled():
                outcome.set_exception(CloudTransientError(f"{self._where}: the producer was closed"))
            case None:
                outcome.set_result(DELIVERED)
            case MessageSizeTooLargeError() | RecordListTooLargeError():
                # Of all that were in one request: whose fault it is shows when they go one by one.
                outcome.set_exception(CloudPermanentError(f"larger than the topic {topic} takes (max.message.bytes)"))
            case _:
                outcome.set_exception(CloudTransientError(f"{self._where}: {_words(error, topic)}"))


def _words(error: BaseException, topic: str) -> str:
    match error:
        case UnknownTopicOrPartitionError():
            return f"there is no topic {topic}: the cluster needs it"
        case InvalidTopicError():
            return f"{topic} is no name of a topic: check topic_prefix"
        case TopicAuthorizationFailedError():
            return f"this user may not write to the topic {topic}"
        case AuthenticationFailedError() | SaslAuthenticationFailed():
            return "the broker refuses this user; check username and password_file"
        case KafkaConnectionError():
            return "none of the brokers can be reached, or none lets us in; check bootstrap_servers, ca_file and user"
        case _:
            return in_words(error)
