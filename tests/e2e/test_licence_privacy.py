"""A driving licence through the real daemon: an age check comes out, and nothing of the person. All is invented."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import sys
import urllib.request
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from simulators.link import FifoLink, PtyLink
from simulators.serial_scanner import SerialScanner
from simulators.wedge_scanner import WedgeScanner
from simulators.zebra_ssi import CODE_TYPES, ZebraSsiScanner
from tests.support.broker import Broker, BusClient, wait_until
from tests.support.gateways import EVENTUALLY_S, STORE_ID, device_status, gateway

COMMAND = Path(sys.executable).parent / "edge-gateway"
NUMBER, FAMILY, GIVEN, STREET, TOWN = "X9876543", "QUILLFEATHER", "MARIGOLD", "77 NOWHERE LANE", "FICTIONVILLE"
BORN, EXPIRES, ISSUED, ISSUER = "02291988", "03302031", "03302023", "636099"
PERSONAL = (NUMBER, FAMILY, GIVEN, STREET, TOWN, BORN, EXPIRES, ISSUED, ISSUER, "1988", "2031-03", "ZQSECRET")
LICENCE = (
    f"@\n\x1e\rANSI {ISSUER}090002DL00410278ZQ03190008DLDAQ{NUMBER}\nDCS{FAMILY}\nDAC{GIVEN}\nDAG{STREET}\nDAI{TOWN}\n"
    f"DBB{BORN}\nDBA{EXPIRES}\nDBD{ISSUED}\nDBC2\nDAJXX\nDCGUSA\n\rZQZQAZQSECRET\n\r"
)
CODE = "4006381333931"

pytestmark = pytest.mark.e2e


def device(name: str, profile: str, kind: str, path: Path) -> Mapping[str, Any]:
    place = {"kind": kind, "path": path}
    forward = ["barcode_scanned", "age_checked"]
    return {"id": name, "lane": "lane-1", "profile": profile, "transport": place, "forward": forward}


def forms_of(text: str) -> list[bytes]:
    """As it might be written: plain, in UTF-16, in hexadecimal, and in base64 at each of its three alignments."""
    plain = text.encode()
    encoded = [base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 :][:-4] for shift in range(3)]
    return [plain, text.encode("utf-16-le"), plain.hex().encode(), *(form for form in encoded if len(form) >= 4)]


def assert_nothing_personal(data: bytes, where: str) -> None:
    found = [text for text in PERSONAL if any(form in data for form in forms_of(text))]
    assert not found, f"{where} holds {found}"


async def test_nothing_of_a_licence_is_kept_anywhere(broker: Broker, tmp_path: Path) -> None:
    serial = SerialScanner(PtyLink(tmp_path / "serial"))
    wedge = WedgeScanner(FifoLink(tmp_path / "wedge"))
    ssi = ZebraSsiScanner(PtyLink(tmp_path / "ssi"))
    for scanner in (serial, wedge, ssi):
        await scanner.start()
    devices = [
        device("serial", "generic-serial-scanner", "serial", tmp_path / "serial"),
        device("wedge", "generic-wedge-scanner", "evdev", tmp_path / "wedge"),
        device("ssi", "zebra-ssi-scanner", "serial", tmp_path / "ssi"),
    ]
    files = tmp_path / "gateway"
    process = gateway(files, broker.port, list(devices), sections={"log": {"level": "debug", "format": "json"}})
    async with broker.client() as till:
        await till.subscribe("edge/v1/#")
        await process.start()
        for each in devices:
            await device_status(process, each["id"], power="online")

        async def scan_everywhere(code: str, *, is_licence: bool) -> None:
            await serial.scan(code, "]L0" if is_licence else "]E0")
            await wedge.scan(code)
            ssi.scan(code, CODE_TYPES["pdf417" if is_licence else "ean13"])
            name = "age_checked" if is_licence else "barcode_scanned"
            for each in devices:
                topic = f"edge/v1/{STORE_ID}/lane-1/scanner/{each['id']}/event/{name}"
                told[topic] += 1
                await wait_until(partial(has_heard, till, topic, told[topic]), timeout_s=EVENTUALLY_S)

        told: Counter[str] = Counter()
        await scan_everywhere(CODE, is_licence=False)
        await scan_everywhere(LICENCE, is_licence=True)
        await scan_everywhere(CODE, is_licence=False)
        checks = [json.loads(m.payload)["data"] for m in till.messages if str(m.topic).endswith("/age_checked")]
        assert [check["is_of_age"] for check in checks] == [{"18": True, "21": True}] * 3
        assert {check["is_expired"] for check in checks} == {False}
        for each in devices:
            url = f"http://127.0.0.1:{process.status_port}/devices/{each['id']}/raw"
            raw = await asyncio.to_thread(lambda url=url: urllib.request.urlopen(url).read())
            assert_nothing_personal(raw, f"the raw bytes of {each['id']}")
        assert_nothing_personal(json.dumps(await process.status()).encode(), "the status")
        for message in till.messages:
            assert isinstance(message.payload, bytes)
            assert_nothing_personal(message.payload, f"the bus, {message.topic}")
        await process.stop()
    export = await asyncio.create_subprocess_exec(
        COMMAND, "outbox", "export", "--pending", "--directory", files / "outbox", stdout=asyncio.subprocess.PIPE
    )
    outbox, _ = await export.communicate()
    assert outbox.count(b"age_checked") >= 3
    assert_nothing_personal(outbox, "the outbox")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in written)
    for path in written:
        assert_nothing_personal(path.read_bytes(), str(path))
    for path in files.rglob("*.db"):
        with sqlite3.connect(path) as database:
            assert_nothing_personal("\n".join(database.iterdump()).encode(), f"the tables of {path}")
    for scanner in (serial, wedge, ssi):
        await scanner.stop()


def has_heard(till: BusClient, topic: str, count: int) -> bool:
    return sum(str(message.topic) == topic for message in till.messages) >= count
