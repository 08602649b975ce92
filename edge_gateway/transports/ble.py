"""Bluetooth Low Energy: bytes over one GATT service, through BlueZ (bleak); each notification as it comes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.settings_transports import BleTransportSettings
from edge_gateway.transports.ble_radio import BleRadio, radio_of, take_result
from edge_gateway.transports.ble_words import explained

if TYPE_CHECKING:
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.device import BLEDevice

CONNECT_S_MAX = 10.0
"""Connecting and reading what the device offers. A device that was seen a moment ago answers within a second or two."""

CLOSE_S_MAX = 2.0
"""BlueZ takes its time to hang up; nobody waits longer for it than this."""

VALUE_BYTES_MAX = 512
"""Of any attribute (Bluetooth Core 5.4, Vol 3, Part F, 3.2.9). BlueZ refuses more, also where a packet has room for it:
at the largest MTU, 517, there are 514."""


class BleTransport:
    """One device."""

    def __init__(self, settings: BleTransportSettings) -> None:
        self.description = f"ble {settings.address or settings.name}"
        self._settings = settings
        self._link: _Link | None = None
        self._writing = asyncio.Lock()
        self._is_opening = False
        self._left_behind: set[asyncio.Task[None]] = set()

    def is_there(self) -> bool:
        return True  # only a scan tells

    async def open(self, sink: ByteSink) -> None:
        if self._is_opening or (self._link is not None and not self._link.is_lost):
            raise TransportError(f"{self.description}: already open", is_busy=True)
        self._is_opening = True
        try:
            if self._left_behind:  # its hanging up would end the new connection as well
                await asyncio.wait(self._left_behind)
            await self.close()  # what is left of a connection that was lost
            radio = await radio_of(self._settings.adapter)
            device = await self._find(radio)
            async with radio.connecting():
                self._link = await self._connect(_Link(device, self._settings, radio, sink))
        except TransportError as error:
            raise TransportError(f"{self.description}: {error}") from error
        finally:
            self._is_opening = False

    async def write(self, data: bytes) -> None:
        async with self._writing:
            if self._link is None or self._link.is_lost:
                raise TransportError(f"{self.description}: not open; {len(data)} bytes were not sent")
            try:
                await self._link.write(data)
            except TransportError as error:
                raise TransportError(f"{self.description}: {error}") from error

    def drop_input(self) -> None:
        """Nothing waits anywhere: a notification is delivered as it comes."""

    async def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.detach()
            await link.hang_up()

    async def _find(self, radio: BleRadio) -> BLEDevice:
        settings = self._settings
        if settings.address is not None:
            return await radio.by_address(settings.address, settings.service)
        assert settings.name is not None
        return await radio.by_name(settings.name, settings.service)

    async def _connect(self, link: _Link) -> _Link:
        """Not cancelled half-way, as in ``BleRadio``: who does not wait any more leaves it to end, and to hang up."""
        connecting = asyncio.create_task(link.connect(), name=f"{self.description} connects")
        try:
            await asyncio.wait({connecting})
        except asyncio.CancelledError:
            link.detach()
            leaving = asyncio.create_task(_leave(link, connecting))
            self._left_behind.add(leaving)
            leaving.add_done_callback(self._left_behind.discard)
            raise
        connecting.result()
        return link


class _Link:
    """One connection: what is notified goes to its sink until it is detached."""

    def __init__(self, device: BLEDevice, settings: BleTransportSettings, radio: BleRadio, sink: ByteSink) -> None:
        from bleak import BleakClient

        self.is_lost = False
        self._settings = settings
        self._sink: ByteSink | None = sink
        self._is_connected = False
        self._write_to: BleakGATTCharacteristic | None = None
        self._client = BleakClient(
            device,
            disconnected_callback=lambda _: self._lost(),
            services=[settings.service],
            timeout=CONNECT_S_MAX,
            bluez=radio.options,  # type: ignore[arg-type]  # see options
        )

    async def connect(self) -> None:
        """Raises TransportError; then nothing is left open."""
        try:
            with explained("connecting"):
                await self._client.connect()
                notifying = [self._characteristic(uuid) for uuid in self._settings.notify]
                self._write_to = self._characteristic(self._settings.write) if self._settings.write else None
                for characteristic in notifying:
                    await self._client.start_notify(characteristic, lambda _, data: self._received(bytes(data)))
            if self.is_lost:
                raise TransportError("connecting: the device hung up at once")
            self._is_connected = True
        except BaseException:
            self.detach()
            await self.hang_up()
            raise

    async def write(self, data: bytes) -> None:
        to = self._write_to
        if to is None:
            raise TransportError(f"transport.write is not set; {len(data)} bytes were not sent")
        size = max(1, min(to.max_write_without_response_size, VALUE_BYTES_MAX))
        asked = self._settings.write_response
        response = "write" in to.properties if asked is None else asked
        with explained(f"writing {len(data)} bytes"):
            for start in range(0, len(data), size):
                await self._client.write_gatt_char(to, data[start : start + size], response=response)

    def detach(self) -> None:
        """No more callbacks to the sink."""
        self._sink = None

    async def hang_up(self) -> None:
        """Also after a loss: only this gives the client's connection to D-Bus back."""
        with suppress(TransportError), explained("hanging up"):
            async with asyncio.timeout(CLOSE_S_MAX):
                await self._client.disconnect()

    def _received(self, data: bytes) -> None:
        if self._sink is not None and data:
            self._sink.data_received(data)

    def _lost(self) -> None:
        self.is_lost = True
        if self._is_connected and self._sink is not None:
            sink, self._sink = self._sink, None
            sink.connection_lost(ConnectionError("the device is out of range, off, or hung up"))

    def _characteristic(self, uuid: str) -> BleakGATTCharacteristic:
        services = self._client.services
        found = services.get_characteristic(uuid)
        if found is None:
            known = ", ".join(sorted(each.uuid for each in services.characteristics.values())) or "none"
            raise TransportError(f"the device has no characteristic {uuid} in this service; it has: {known}")
        return found


async def _leave(link: _Link, connecting: asyncio.Task[None]) -> None:
    await asyncio.wait({connecting})
    take_result(connecting)
    await link.hang_up()
