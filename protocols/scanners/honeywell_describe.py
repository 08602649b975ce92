"""Honeywell's protocols by name, and how their commands, replies and reads are told."""

from __future__ import annotations

from edge_gateway.contracts.events import BarcodeRead, CodecEvent
from protocols.decoding import Decodable, JsonEvent, Side
from protocols.scanners import decodables, hid_pos_describe
from protocols.scanners.hid_pos import HidPosCodec, HidPosReport
from protocols.scanners.honeywell_menu import (
    BEEP,
    QUERIES,
    STATUSES,
    TRIGGER_OFF,
    TRIGGER_ON,
    HostCommand,
    MenuReply,
    decode_reply,
    encode_hid,
    encode_menu,
)
from protocols.scanners.honeywell_serial import (
    FramedRead,
    HoneywellHidHostCodec,
    HoneywellHostCodec,
    HoneywellTraceCodec,
)

_MEANINGS = dict(STATUSES.values())
_NO_BAR_CODE = "]Z6"
_STORAGES = {".": "flash", "!": "ram"}


def describe(event: CodecEvent) -> JsonEvent:
    """Commands and replies by tag; reads as of any serial scanner."""
    match event:
        case HostCommand(command=command, menu=menu):
            return {"event": "host_command", "command": command, **(_menu(menu) if menu is not None else {})}
        case MenuReply():
            return _reply(event)
        case FramedRead(length=length):
            read = decodables.describe(BarcodeRead(event.raw, event.data, event.aim))
            return {**read, "code_id": event.code_id, "framed": True, "length": length}
    return decodables.describe(event)


def describe_hid(event: CodecEvent) -> JsonEvent:
    """As HID POS; a report that is no bar code is the reply to a command."""
    if isinstance(event, HostCommand):
        return describe(event)
    told = hid_pos_describe.describe(event)
    if isinstance(event, HidPosReport) and event.aim == _NO_BAR_CODE:
        reply = decode_reply(event.data)
        if reply is not None:
            told |= {"status": reply.status, "meaning": _MEANINGS[reply.status], "command": reply.settings[0].text}
    return told


def _menu(text: str) -> JsonEvent:
    body, storage = text[:-1], text[-1]
    told: JsonEvent = {"menu": text, "tag": body[:6], "storage": storage, "storage_name": _STORAGES[storage]}
    if body[-1:] and body[-1] in QUERIES:
        return {**told, "tag": body[:-1], "query": body[-1]}
    return {**told, "value": body[6:]} if body[6:] else told


def _reply(reply: MenuReply) -> JsonEvent:
    first = reply.settings[0]
    told: JsonEvent = {
        "event": "menu_reply",
        "status": reply.status,
        "meaning": _MEANINGS[reply.status],
        "command": first.text,
        "tag": first.tag,
        "value": first.value,
        "storage": reply.storage,
    }
    if len(reply.settings) > 1:
        told["settings"] = [{"command": each.text, "status": each.status} for each in reply.settings]
    if reply.information:
        told["information"] = dict(reply.information)
    return told


_FRAMED = b"\x16\xfe\x1b\x00\x00\x00\rMSGGET0014dE0\x1d4006381333931\r"

PROTOCOLS = {
    "scanner/honeywell-serial": Decodable(
        device_to_host=Side(
            HoneywellTraceCodec,
            examples=(_FRAMED, b"BEPLVL1\x06!", b"XYZABC\x05."),
            # Text before a reply may be part of it: only an idle line says that it is not.
            is_self_synchronising=False,
        ),
        host_to_device=Side(
            HoneywellHostCodec, examples=(TRIGGER_ON, TRIGGER_OFF, BEEP, encode_menu("BEPLVL1"), encode_menu("CBRENA?"))
        ),
        describe=describe,
    ),
    "scanner/honeywell-hidpos": Decodable(
        device_to_host=Side(HidPosCodec, examples=hid_pos_describe.EXAMPLES, is_self_synchronising=False),
        host_to_device=Side(
            HoneywellHidHostCodec,
            examples=(encode_hid(BEEP), encode_hid(TRIGGER_ON), encode_hid(encode_menu("REVINF", is_kept=True))),
        ),
        describe=describe_hid,
    ),
}
