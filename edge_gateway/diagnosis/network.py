"""Checks of what is reached over the network: the broker, the cloud and its token, devices with an address."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx2

from edge_gateway.diagnosis.findings import Finding, failed, fine, warning
from edge_gateway.diagnosis.mqtt_probe import ProbeError, probe_broker
from edge_gateway.settings import BusSettings, DeviceSettings
from edge_gateway.settings_uplinks import CloudSettings, OAuthSettings

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
    """It answers, gives us a token, and agrees about the time."""
    if cloud is None:
        return [warning("cloud", "not configured", "events are kept and not forwarded; add [cloud] to forward them")]
    verify = ssl.create_default_context(cafile=cloud.ca_file) if cloud.ca_file else True
    async with httpx2.AsyncClient(timeout=cloud.connect_timeout_s, verify=verify) as client:
        try:
            answer = await client.get(cloud.base_url)
        except httpx2.HTTPError as error:
            remedy = "check base_url, the line to the internet, ca_file and the clock"
            return [failed("cloud", f"{cloud.base_url}: {error or type(error).__name__}", remedy)]
        findings = [fine("cloud", f"{cloud.base_url} answers"), *_clock_skew(answer.headers.get("date"), now)]
        if cloud.oauth is not None:
            findings.append(await _check_token(client, cloud.oauth))
        return findings


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


async def _check_token(client: httpx2.AsyncClient, oauth: OAuthSettings) -> Finding:
    form = {"grant_type": "client_credentials"} | ({"scope": oauth.scope} if oauth.scope else {})
    try:
        secret = oauth.client_secret_file.read_text(encoding="utf-8").strip()
        answer = await client.post(oauth.token_url, data=form, auth=(oauth.client_id, secret))
    except OSError as error:
        return failed("cloud token", f"{oauth.client_secret_file}: {error.strerror}", "create the secret file")
    except httpx2.HTTPError as error:
        return failed("cloud token", f"{oauth.token_url}: {error or type(error).__name__}", "check token_url")
    if answer.status_code != 200:
        remedy = "check client_id and the content of client_secret_file; ask the cloud's team for a new secret"
        return failed("cloud token", f"{oauth.token_url} answers {answer.status_code}", remedy)
    return fine("cloud token", f"{oauth.token_url} gives one to {oauth.client_id}")


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
