"""Checks of what is reached over the network: the broker, the cloud and who we are to it, other uplinks, devices."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import CloudTransientError, ConfigError
from edge_gateway.diagnosis.findings import Finding, failed, fine, warning
from edge_gateway.diagnosis.mqtt_probe import ProbeError, probe_broker
from edge_gateway.services.command_keys import CommandKeys, CommandKeysError
from edge_gateway.settings import BusSettings, DeviceSettings
from edge_gateway.settings_uplinks import CloudSettings, NamedUplinkSettings
from edge_gateway.uplinks.factory import make_uplink
from edge_gateway.uplinks.http.cloud_client import CloudClient

CONNECT_S = 5.0
"""A person waits for the answer."""
CLOCK_SKEW_S_MAX = 60.0
"""Tokens and certificates are refused when the clocks differ more than a little."""


async def check_broker(bus: BusSettings) -> Finding:
    """The broker takes us with the user name, password and certificates that are configured."""
    address = f"{bus.host}:{bus.port}"
    try:
        await asyncio.wait_for(probe_broker(bus), CONNECT_S)
    except TimeoutError:
        return failed("broker", f"{address} does not answer in {CONNECT_S:.0f} s", "check cable, address and firewall")
    except ProbeError as error:
        return failed("broker", f"{address}: {error}", "check username, password_file and the broker's ACL")
    except ssl.SSLError as error:
        return failed("broker", f"{address}: TLS: {error.reason}", "check ca_file, and that the port speaks TLS")
    except OSError as error:
        remedy = "start it: systemctl start mosquitto; check host and port in [bus]"
        return failed("broker", f"{address}: {_reason(error)}", remedy)
    return fine("broker", f"{address} takes us")


async def check_cloud(cloud: CloudSettings | None, now: datetime) -> list[Finding]:
    """It answers, takes who we are, agrees about the time; and its commands can be verified."""
    if cloud is None:
        return [warning("cloud", "not configured", "events are kept and not forwarded; add [cloud] to forward them")]
    client = CloudClient(cloud, SystemClock())
    way = f" through {cloud.proxy}" if cloud.proxy else ""
    try:
        try:
            answer = await client.look()
        except CloudTransientError as error:
            remedy = "check base_url, proxy, the line to the internet, the certificate files and the clock"
            return [failed("cloud", str(error), remedy)]
        findings = [fine("cloud", f"{cloud.base_url} answers{way}"), *_clock_skew(answer.headers.get("date"), now)]
        findings += await _check_credentials(client)
    finally:
        await client.close()
    if cloud.commands is not None:
        findings.append(_check_command_keys(CommandKeys(cloud.commands.public_key_file)))
    return findings


async def check_uplinks(uplinks: Sequence[NamedUplinkSettings], store_id: str) -> list[Finding]:
    """The servers of the ways beside the cloud can be reached. Nothing is sent to them."""
    return list(await asyncio.gather(*(_check_uplink(each, store_id) for each in uplinks)))


async def check_addresses(devices: Sequence[DeviceSettings]) -> list[Finding]:
    """Devices with an address accept a connection. Nothing is sent: no device is asked, no paper moves."""
    wanted = [device for device in devices if "host" in device.transport]
    return list(await asyncio.gather(*(_check_address(device) for device in wanted)))


async def _check_address(device: DeviceSettings) -> Finding:
    name = f"device {device.id}"
    host, port = str(device.transport["host"]), int(device.transport.get("port", 9100))
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_S)
    except TimeoutError:
        return failed(name, f"{host}:{port}: no answer in {CONNECT_S:.0f} s", "switch it on, check cable and address")
    except OSError as error:
        return failed(name, f"{host}:{port}: {_reason(error)}", "switch it on, check its cable and its address")
    writer.close()
    return fine(name, f"{host}:{port} accepts connections")


async def _check_uplink(settings: NamedUplinkSettings, store_id: str) -> Finding:
    name = f"uplink {settings.name}"
    try:
        uplink = make_uplink(settings, store_id, SystemClock())
    except ConfigError as error:
        return failed(name, str(error.problems[0]), "install what is missing, or remove the uplink")
    try:
        await uplink.probe()
    except CloudTransientError as error:
        return failed(name, str(error), "check its address, its credentials, the line and the firewall")
    finally:
        await uplink.close()
    return fine(name, f"{settings.kind}: it can be reached")


async def _check_credentials(client: CloudClient) -> list[Finding]:
    try:
        section = await client.credentials()
    except CloudTransientError as error:
        remedy = "check the section and its files; ask the cloud's team for a new secret"
        return [failed("cloud credentials", str(error), remedy)]
    return [] if section is None else [fine("cloud credentials", f"{section} gives what it should")]


def _check_command_keys(keys: CommandKeys) -> Finding:
    try:
        found = keys.read()
    except CommandKeysError as error:
        return failed("cloud commands", str(error), "put the public keys there; ask the cloud's team for them")
    return fine("cloud commands", f"taken from the keys {', '.join(found)}")


def _reason(error: OSError) -> str:
    """asyncio words a refused connection as "Connect call failed": the error number says it better."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)


def _clock_skew(date: str | None, now: datetime) -> list[Finding]:
    try:
        skew_s = (now - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError):
        return []
    if abs(skew_s) <= CLOCK_SKEW_S_MAX:
        return [fine("clock against the cloud", f"{skew_s:+.0f} s")]
    remedy = "set the clock: the cloud refuses tokens, and events carry a wrong time"
    return [failed("clock against the cloud", f"{skew_s:+.0f} s", remedy)]
