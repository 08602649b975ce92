"""Bluetooth's library, and what it, D-Bus and BlueZ raise: in words, with what to do."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Iterator

from edge_gateway.contracts.errors import TransportError

INSTALL = "install the package with its Bluetooth part: edge-gateway[bluetooth]"


async def import_bleak() -> None:
    """In a thread: it takes a tenth of a second or more. Raises TransportError where it is not installed."""
    try:
        await asyncio.get_running_loop().run_in_executor(None, importlib.import_module, "bleak")
    except ImportError as error:
        raise TransportError(f"Bluetooth is not supported here ({error}); {INSTALL}") from error


@contextlib.contextmanager
def explained(doing: str, remedy: str = "see that the device is on and near") -> Iterator[None]:
    """What bleak, D-Bus and BlueZ raise, as TransportError with what to do."""
    from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError
    from dbus_fast.errors import DBusFastError

    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        raise TransportError(_unavailable(error.reason.name, str(error.args[0]))) from error
    except BleakDBusError as error:
        raise TransportError(f"{doing}: {_refused(error.dbus_error, error.dbus_error_details)}") from error
    except TimeoutError as error:
        raise TransportError(f"{doing}: no answer in time; {remedy}") from error
    except (OSError, DBusFastError, EOFError) as error:
        # dbus-fast lets through what its socket raised, and an address of the bus that makes no sense.
        raise TransportError(
            f"{doing}: no D-Bus system bus ({error}); install and start dbus, and see that its socket "
            "/run/dbus/system_bus_socket may be used"
        ) from error
    except BleakError as error:
        raise TransportError(f"{doing}: {error}") from error


def _unavailable(reason: str, words: str) -> str:
    match reason:
        case "NO_BLUETOOTH":
            return "no Bluetooth adapter; plug one in, and check that its driver is loaded (bluetoothctl list)"
        case "POWERED_OFF":
            return "the Bluetooth adapter is off; switch it on: bluetoothctl power on (rfkill unblock bluetooth)"
        case "NO_BLE_CENTRAL_ROLE":
            return "the Bluetooth adapter knows no Low Energy; use one of Bluetooth 4.0 or later"
        case "DENIED_BY_SYSTEM":
            return f"D-Bus refuses us ({words}); the user of this process must be in the group 'bluetooth'"
    return f"Bluetooth is not available: {words}"


def _refused(name: str, words: str | None) -> str:
    match name.rpartition(".")[2]:
        case "ServiceUnknown" | "NameHasNoOwner":
            return "BlueZ does not run; install and start it: apt install bluez, systemctl enable --now bluetooth"
        case "AccessDenied":
            return "D-Bus does not let us speak with BlueZ; the user of this process must be in the group 'bluetooth'"
        case "NotReady":
            return "the Bluetooth adapter is off; switch it on: bluetoothctl power on"
        case "UnknownObject" | "UnknownMethod":
            return "the device or the adapter is gone"
        case "NotPermitted" | "NotAuthorized":
            return f"the device refuses it ({words}); it may have to be paired once: bluetoothctl pair ADDRESS"
    return words or name
