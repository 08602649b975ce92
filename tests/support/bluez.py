"""A far end that speaks as BlueZ does (doc/org.bluez.*.rst of BlueZ 5.66), on a D-Bus daemon of our own.

It stands for BlueZ where there is no Bluetooth; what BlueZ itself does is seen by ``tests/lab/test_ble.py``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

PROPERTIES, MANAGER = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager"
ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
HCI = "/org/bluez/hci0"
VALUE_BYTES_MAX = 512
"""More is refused: seen with BlueZ 5.82 at an MTU of 517."""
ADVERTISING_S = 0.02
"""The shortest interval of Bluetooth Core 5.4, Vol 6, Part B, 4.4.2.2."""
POLICY = """<busconfig><type>system</type><auth>EXTERNAL</auth><listen>unix:path={path}</listen>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>"""


class Peripheral:
    """A device with one service. ``characteristics``: UUID to flags, such as ``notify``."""

    def __init__(self, address: str, name: str, service: str, characteristics: dict[str, list[str]], mtu: int) -> None:
        self.address = address
        self.path = f"{HCI}/dev_{address.replace(':', '_')}"
        self.name = name
        self.service = service
        self.is_in_range = True
        self.written: list[tuple[bytes, str]] = []
        self.notifying: set[str] = set()
        self.paths = {uuid: f"{self.path}/service0001/char{number:04x}" for number, uuid in enumerate(characteristics)}
        self._flags = characteristics
        self._mtu = mtu

    def objects(self, is_connected: bool) -> dict[str, dict[str, dict[str, Variant]]]:
        found = {
            self.path: {
                DEVICE: {
                    "Address": Variant("s", self.address),
                    "AddressType": Variant("s", "random"),
                    "Name": Variant("s", self.name),
                    "Alias": Variant("s", self.name),
                    "Adapter": Variant("o", HCI),
                    "UUIDs": Variant("as", [self.service]),
                    "RSSI": Variant("n", -40),
                    "Connected": Variant("b", is_connected),
                    "ServicesResolved": Variant("b", is_connected),
                    "Paired": Variant("b", False),
                }
            }
        }
        if is_connected:
            found[f"{self.path}/service0001"] = {
                SERVICE: {
                    "UUID": Variant("s", self.service),
                    "Device": Variant("o", self.path),
                    "Primary": Variant("b", True),
                }
            }
            for uuid, path in self.paths.items():
                found[path] = {
                    CHARACTERISTIC: {
                        "UUID": Variant("s", uuid),
                        "Service": Variant("o", f"{self.path}/service0001"),
                        "Value": Variant("ay", b""),
                        "Notifying": Variant("b", False),
                        "Flags": Variant("as", self._flags[uuid]),
                        "MTU": Variant("q", self._mtu),
                    }
                }
        return found


class FakeBluez:
    """``org.bluez`` with one adapter. Discovery of a program that discovers already is refused, as by BlueZ."""

    def __init__(self, address: str) -> None:
        self.peripherals: list[Peripheral] = []
        self.is_powered = True
        self.scans = self.scans_at_once_max = self.refused = 0
        self.connects_while_scanning = 0
        self._scanning: set[str] = set()
        self._strength = 0
        self._known: set[Peripheral] = set()
        self._connected: set[Peripheral] = set()
        self._bus = MessageBus(bus_address=address)

    async def start(self) -> None:
        await self._bus.connect()
        self._bus.add_message_handler(self._handle)
        await self._bus.request_name("org.bluez")

    async def stop(self) -> None:
        self._scanning.clear()
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()

    def notify(self, peripheral: Peripheral, uuid: str, data: bytes) -> None:
        assert uuid in peripheral.notifying, "nobody has subscribed"
        self._changed(peripheral.paths[uuid], CHARACTERISTIC, {"Value": Variant("ay", data)})

    def leave(self, peripheral: Peripheral) -> None:
        """Out of range."""
        peripheral.is_in_range = False
        self._disconnect(peripheral)

    def return_(self, peripheral: Peripheral) -> None:
        peripheral.is_in_range = True

    def _advertise(self, peripheral: Peripheral) -> None:
        if peripheral not in self._known:
            self._known.add(peripheral)
            self._added(peripheral.objects(False))
        self._strength = -40 - (self._strength + 1) % 20
        self._changed(peripheral.path, DEVICE, {"RSSI": Variant("n", self._strength)})

    def _disconnect(self, peripheral: Peripheral) -> None:
        if peripheral in self._connected:
            self._connected.discard(peripheral)
            peripheral.notifying.clear()
            for path in [*peripheral.paths.values(), f"{peripheral.path}/service0001"]:
                interfaces = [CHARACTERISTIC if "/char" in path else SERVICE]
                self._send(Message.new_signal("/", MANAGER, "InterfacesRemoved", "oas", [path, interfaces]))
            gone = {"Connected": Variant("b", False), "ServicesResolved": Variant("b", False)}
            self._changed(peripheral.path, DEVICE, gone)

    def _handle(self, message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL or message.member in ("Hello", "Ping"):
            return False
        answer = getattr(self, f"_on_{message.member}", None)
        if answer is None:
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", str(message.member))
        found: Message | None = answer(message)
        return found or Message.new_method_return(message)

    def _on_GetManagedObjects(self, message: Message) -> Message:
        adapter = {
            "Address": Variant("s", "00:1A:7D:DA:71:01"),
            "Powered": Variant("b", self.is_powered),
            "Roles": Variant("as", ["central", "peripheral"]),
            "Discovering": Variant("b", bool(self._scanning)),
        }
        objects: dict[str, Any] = {HCI: {ADAPTER: adapter}}
        for peripheral in self._known:
            objects |= peripheral.objects(peripheral in self._connected)
        return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])

    def _on_SetDiscoveryFilter(self, message: Message) -> None:
        pass

    def _on_StartDiscovery(self, message: Message) -> Message | None:
        assert message.sender is not None
        if message.sender in self._scanning:
            self.refused += 1
            return Message.new_error(message, "org.bluez.Error.InProgress", "Operation already in progress")
        self._scanning.add(message.sender)
        self.scans += 1
        self.scans_at_once_max = max(self.scans_at_once_max, len(self._scanning))
        self._hear()
        return None

    def _hear(self) -> None:
        """What is in range is heard again and again while somebody scans."""
        if not self._scanning:
            return
        for peripheral in self.peripherals:
            if peripheral.is_in_range and peripheral not in self._connected:
                self._advertise(peripheral)
        asyncio.get_running_loop().call_later(ADVERTISING_S, self._hear)

    def _on_StopDiscovery(self, message: Message) -> None:
        self._scanning.discard(str(message.sender))

    def _on_Connect(self, message: Message) -> Message | None:
        self.connects_while_scanning += bool(self._scanning)
        peripheral = self._of(message)
        if not peripheral.is_in_range:
            return Message.new_error(message, "org.bluez.Error.Failed", "le-connection-abort-by-peer")
        self._connected.add(peripheral)
        self._changed(peripheral.path, DEVICE, {"Connected": Variant("b", True)})
        self._added({path: found for path, found in peripheral.objects(True).items() if path != peripheral.path})
        self._changed(peripheral.path, DEVICE, {"ServicesResolved": Variant("b", True)})
        return None

    def _on_Disconnect(self, message: Message) -> None:
        self._disconnect(self._of(message))

    def _on_StartNotify(self, message: Message) -> None:
        peripheral = self._of(message)
        peripheral.notifying |= {uuid for uuid, path in peripheral.paths.items() if path == message.path}
        self._changed(str(message.path), CHARACTERISTIC, {"Notifying": Variant("b", True)})

    def _on_StopNotify(self, message: Message) -> None:
        peripheral = self._of(message)
        peripheral.notifying -= {uuid for uuid, path in peripheral.paths.items() if path == message.path}

    def _on_WriteValue(self, message: Message) -> Message | None:
        data, options = message.body
        if len(data) > VALUE_BYTES_MAX:
            return Message.new_error(message, "org.bluez.Error.InvalidArguments", "Invalid Length")
        self._of(message).written.append((bytes(data), options["type"].value))
        return None

    def _of(self, message: Message) -> Peripheral:
        return next(each for each in self.peripherals if str(message.path).startswith(each.path))

    def _added(self, objects: dict[str, dict[str, dict[str, Variant]]]) -> None:
        for path, interfaces in objects.items():
            self._send(Message.new_signal("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces]))

    def _changed(self, path: str, interface: str, properties: dict[str, Variant]) -> None:
        self._send(Message.new_signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, properties, []]))

    def _send(self, message: Message) -> None:
        self._bus.send(message)


def write_policy(directory: Path) -> Path:
    """The configuration of a system bus that anybody may use; it listens at ``directory/bus``."""
    policy = directory / "bus.conf"
    policy.write_text(POLICY.format(path=directory / "bus"))
    return policy
