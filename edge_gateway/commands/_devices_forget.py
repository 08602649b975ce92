"""``edge-gateway devices forget``: of a device that was taken and is away nothing stays, whether the gateway runs or
not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge_gateway.devices.attached.memory import Memory, TakenDevice
    from edge_gateway.diagnosis.device_link import DeviceLink
    from edge_gateway.settings import GatewaySettings

REFUSED, UNKNOWN = 1, 2
"""Exit codes."""


def forget_device(settings: GatewaySettings, config: Path, device_id: str) -> None:
    """Tell what was done; typer.Exit with what is in the way."""
    if any(device.id == device_id for device in settings.device):
        words = f"{device_id} is configured: take its [[device]] out of {config} and restart the gateway"
        raise _end(words, REFUSED)
    typer.echo(asyncio.run(_forget(settings, device_id)))


async def _forget(settings: GatewaySettings, device_id: str) -> str:
    """By the running gateway; where none runs, in its stead."""
    import aiomqtt

    from edge_gateway.diagnosis.device_link import open_link

    taken: TakenDevice | None = None
    try:
        async with open_link(settings.bus, settings.store.id, device_id) as link:
            if link.gateway is not None and link.gateway.get("state") == "online":
                return await _ask(settings, link, device_id)
            taken = _forget_here(settings, device_id)
            await link.clear(str(taken.device["lane"]), device_id.partition("-")[0])
    except (OSError, aiomqtt.MqttError) as error:
        if taken is None:
            _forget_here(settings, device_id)
        return (
            f"{device_id} is forgotten. The broker at {settings.bus.host}:{settings.bus.port} was not reached "
            f"({error}): what is retained there of the device goes when the gateway starts, with what it counted"
        )
    return f"{device_id} is forgotten; what it counted goes when the gateway starts"


async def _ask(settings: GatewaySettings, link: DeviceLink, device_id: str) -> str:
    from edge_gateway.contracts.errors import ErrorCode
    from edge_gateway.contracts.life import FORGET_COMMAND
    from edge_gateway.devices.attached.memory import Memory
    from edge_gateway.diagnosis.device_link import NoAnswerError

    if link.lane is None:
        raise _unknown(device_id, Memory.read(settings.outbox.directory))
    try:
        reply = await link.ask(FORGET_COMMAND)
    except NoAnswerError as error:
        raise _end(f"the gateway is online and does not answer: {error}; see edge-gateway doctor", REFUSED) from error
    problem = reply.get("error")
    if problem is None:
        return f"{device_id} is forgotten"
    if problem["code"] == ErrorCode.NOT_FOUND:
        raise _unknown(device_id, Memory.read(settings.outbox.directory))
    raise _end(str(problem["message"]), REFUSED)


def _forget_here(settings: GatewaySettings, device_id: str) -> TakenDevice:
    """On disk, with the lock that a running gateway holds."""
    from edge_gateway.contracts.errors import StoreError
    from edge_gateway.devices.attached.discovery import still_attached
    from edge_gateway.devices.attached.inventory import Inventory
    from edge_gateway.devices.attached.memory import Memory, replace
    from edge_gateway.store.lock import DirectoryLock

    directory = settings.outbox.directory
    known = Memory.read(directory)
    if not any(taken.device["id"] == device_id for taken in known.taken):
        raise _unknown(device_id, known)
    inventory = Inventory()
    lock = DirectoryLock(directory)
    try:
        lock.acquire()
        known = Memory.read(directory)
        inventory.clones |= known.clones
        inventory.refresh()
        found = next(taken for taken in known.taken if taken.device["id"] == device_id)
        attached = next((device for device in inventory if device.identity == found.identity), None)
        if attached is not None:
            raise _end(f"{device_id} is {still_attached(attached)}", REFUSED)
        known.taken.remove(found)
        known.forgotten.append(found)
        replace(directory, known.text())
    except StoreError as error:
        raise _end(f"{error}; or start the broker, so that the running gateway can be asked", REFUSED) from error
    except OSError as error:
        raise _end(f"{directory} cannot be written ({error.strerror}): run this as root", REFUSED) from error
    finally:
        lock.release()
    return found


def _unknown(device_id: str, known: Memory) -> typer.Exit:
    ids = ", ".join(sorted(str(taken.device["id"]) for taken in known.taken)) or "none"
    return _end(f"no device {device_id} is remembered; remembered are: {ids}", UNKNOWN)


def _end(words: str, code: int) -> typer.Exit:
    typer.echo(words, err=True)
    return typer.Exit(code)
