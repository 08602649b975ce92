"""Tills that sell without a rest, each repeating a sale until it is answered; and a watcher of what was scanned."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from random import Random

import aiomqtt

from edge_gateway.contracts.cloudevents import device_source
from simulators.cloud.event_reading import content_digest
from simulators.pos_client_link import PosAddress
from simulators.pos_client_requests import PosRequests
from simulators.pos_client_statistics import PosStatistics
from simulators.pos_client_till import KeyedItems, Till
from simulators.pos_shopper import Shopper
from simulators.serial_scanner import SerialScanner
from simulators.torture.oracle import Oracle

PAUSE_S_MAX = 0.15
"""Between two sales of a till; drawn from 0 on."""
REPEAT_SHARE = 0.05
"""Of the accepted sales, submitted once more: a till that lost its power before it noted the answer."""
SCAN_INTERVAL_S = (0.1, 1.0)
RECONNECT_S = 0.2
KEEPALIVE_S = 5


class TorturedTill:
    """One terminal. The oracle is told of each answer ``accepted``, in order: a till sells one after the other."""

    def __init__(self, address: PosAddress, oracle: Oracle, seed: int) -> None:
        self.address = address
        self.statistics = PosStatistics()
        self._oracle = oracle
        self._random = Random(f"{seed}/{address.terminal_id}")
        self._requests = PosRequests(address, Random(f"{seed}/{address.terminal_id}/link"), self.statistics)
        shopper = Shopper(self._random, has_scale=False)
        self._till = Till(self._requests, shopper, KeyedItems(self._requests), is_printing=False)

    async def run(self, closing: asyncio.Event) -> None:
        """Sell until ``closing``; the sale in hand is brought to its answer."""
        connection = asyncio.create_task(self._requests.run())
        try:
            while not closing.is_set():
                await self.sell()
                await asyncio.sleep(self._random.uniform(0, PAUSE_S_MAX))
        finally:
            connection.cancel()
            await asyncio.wait({connection})

    async def sell_once(self) -> str | None:
        """A sale over a connection of its own: its transaction id, None if it was refused."""
        connection = asyncio.create_task(self._requests.run())
        try:
            return await self.sell()
        finally:
            connection.cancel()
            await asyncio.wait({connection})

    async def sell(self) -> str | None:
        """One sale until it is answered; its transaction id if it was accepted."""
        sold = await self._till.sell()
        transaction_id, digest = str(sold["transaction_id"]), content_digest(sold)
        source = device_source(self.address.store_id, self.address.terminal_id)
        for _ in range(2):
            event_id = self.statistics.accepted.get(transaction_id)
            if event_id is None:
                return None
            self._oracle.sale_accepted(source, transaction_id, event_id, digest)
            if self._random.random() >= REPEAT_SHARE:
                break
            await self._requests.submit(sold)
        return transaction_id


class Scanning:
    """A scanner that reads something now and then, and a watcher on the bus.

    The gateway is configured to publish a scan only once it is on disk: what the watcher sees is an obligation, but
    while the disk gives way (``is_kept`` says no), when it is published all the same.
    """

    def __init__(
        self, scanner: SerialScanner, address: PosAddress, oracle: Oracle, seed: int, is_kept: Callable[[], bool]
    ) -> None:
        self.seen = 0
        self.texts: set[str] = set()
        """Of the last scans that were seen."""
        self._scanner = scanner
        self._address = address
        self._oracle = oracle
        self._random = Random(f"{seed}/scanner")
        self._is_kept = is_kept
        self._number = 0

    async def scan(self) -> str:
        """One scan; what it says is never said again."""
        self._number += 1
        text = f"TORTURE{self._number:08d}"
        await self._scanner.scan(text)
        return text

    async def run(self, closing: asyncio.Event) -> None:
        """Scan until ``closing``."""
        while not closing.is_set():
            await self.scan()
            await asyncio.sleep(self._random.uniform(*SCAN_INTERVAL_S))

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._watch()
            except aiomqtt.MqttError as error:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from error  # taking leave of the broker failed, that is all
                await asyncio.sleep(RECONNECT_S)

    async def _watch(self) -> None:
        address = self._address
        client = aiomqtt.Client(
            address.host,
            address.port,
            identifier="torture-watcher",
            username=address.username,
            password=address.password,
            keepalive=KEEPALIVE_S,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        async with client:
            await client.subscribe(f"edge/v1/{address.store_id}/+/scanner/+/event/#", qos=1)
            async for message in client.messages:
                event = json.loads(message.payload if isinstance(message.payload, bytes) else b"")
                self.seen += 1
                self.texts.add(event["data"]["text"])
                if self._is_kept():
                    self._oracle.event_kept(event["source"], event["id"], content_digest(event))
