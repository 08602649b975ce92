"""Zebra SSI by name, and how its packets are told: opcodes, parameters, attributes and reads in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.barcodes.meaning import barcode_of
from protocols.decoding import Decodable, JsonEvent, Side, event_json, text_of
from protocols.scanners import zebra_ssi_parameters as parameters
from protocols.scanners import zebra_ssi_rsm as rsm
from protocols.scanners.zebra_ssi import CHECKSUM_WRONG, PACKET_BYTES_MAX, SsiCodec, SsiPacket, encode_packet
from protocols.scanners.zebra_ssi_reads import NO_READ, SsiRead, SsiReads, segment_of
from protocols.scanners.zebra_ssi_tables import (
    BEEP_NONE,
    BEEPS,
    CODE_TYPES,
    NAK_MEANINGS,
    NAMES,
    NOT_APPLICABLE,
    Opcode,
    Source,
    supplement_of,
)

_NAMED = {
    Opcode.MULTIPACKET: "0x73 MULTIPACKET",
    Opcode.MULTIPACKET_ACK: "0x74 MULTIPACKET_ACK",
}
_UNNAMED = frozenset({Opcode.FLUSH_MACRO_PDF, Opcode.ABORT_MACRO_PDF, Opcode.CUSTOM_DEFAULTS, Opcode.SEND_LOG})
"""Told by their number, as in the traces of others."""
_BEEP_NAMES = {code: name for name, code in BEEPS.items()}
_IMAGER_MODES = {0: "decode", 1: "image", 2: "video"}


class SsiTraceCodec(SsiCodec):
    """For looking at captures: also the reads that took several packets."""

    def __init__(self, source: Source = Source.DECODER) -> None:
        super().__init__(source)
        self._reads = SsiReads()
        self._packets = 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for event in super().feed(data):
            events.append(event)
            if not isinstance(event, SsiPacket) or event.opcode not in (Opcode.DECODE_DATA, Opcode.MULTIPACKET):
                continue
            self._packets += 1
            for told in self._reads.take(event):
                if isinstance(told, FrameRejected) or self._packets > 1:
                    events.append(told)
                self._packets = 0
        return events


def describe(event: CodecEvent) -> JsonEvent:
    """A packet under the names of the guide."""
    match event:
        case SsiPacket():
            return _packet(event)
        case SsiRead():
            return _read(event)
        case FrameRejected(reason=reason):
            told = event_json(event)
            return {**told, "checksum_valid": False, "valid": False} if reason == CHECKSUM_WRONG else told
    return event_json(event)


def _read(event: SsiRead) -> JsonEvent:
    base, digits = supplement_of(event.code_type)
    data = event.data[:-digits] if digits else event.data
    barcode = barcode_of(data, aim=event.aim, symbology_by_code_id=CODE_TYPES.get(base))
    text = data.decode("latin-1") if barcode.text is None else barcode.text
    told = {"event": "barcode_read", "joined": text, "code_type": _hex(event.code_type), "aim": event.aim}
    return {name: value for name, value in {**told, **barcode.to_json()}.items() if value is not None}


def _packet(packet: SsiPacket) -> JsonEvent:
    told: JsonEvent = {
        "event": "ssi_packet",
        "opcode": _opcode(packet.opcode),
        "source": "host" if packet.source == Source.HOST else "decoder",
        "length": packet.length,
        "checksum_valid": True,
        "valid": True,
    }
    if packet.status:
        told["status"] = _hex(packet.status)
    for name, is_set in (
        ("retransmit", packet.is_retransmission),
        ("continued", packet.is_continued),
        ("permanent", packet.is_permanent),
    ):
        if is_set:
            told[name] = True
    teller = _TELLERS.get(packet.opcode, _plain)
    return told | teller(packet)


def _plain(packet: SsiPacket) -> JsonEvent:
    return {"data": packet.data.hex()} if packet.data else {}


def _decode_data(packet: SsiPacket) -> JsonEvent:
    if not packet.data:
        return {"reason": "no code type"}
    code_type, data = packet.data[0], packet.data[1:]
    if code_type == NOT_APPLICABLE and data == NO_READ:
        return {"code_type": code_type, "data": "NR", "no_read": True}
    base, digits = supplement_of(code_type)
    aim = SsiReads().take(SsiPacket(Opcode.DECODE_DATA, 0, 0, packet.data, packet.length))
    identifier = aim[0].aim if aim and isinstance(aim[0], SsiRead) else None
    if identifier is not None:
        data = data[3:]
    addon = data[-digits:] if digits and len(data) > digits else b""
    text = text_of(data[: len(data) - len(addon)])
    told: JsonEvent = {"code_type": _hex(code_type), "data": text}
    if base in NAMES or base in CODE_TYPES:
        name = NAMES.get(base) or CODE_TYPES[base]
        told["symbology"] = f"{name} + {digits}" if digits else name
    if addon:
        told["addon"] = text_of(addon)
    if identifier is not None:
        told["aim"] = identifier
    if not packet.is_continued:
        barcode = barcode_of(data[: len(data) - len(addon)], aim=identifier, symbology_by_code_id=CODE_TYPES.get(base))
        meaning = barcode.to_json()
        told |= {name: meaning[name] for name in ("text", "gtin", "application_identifiers") if meaning[name]}
    return told


def _multipacket(packet: SsiPacket) -> JsonEvent:
    segment = segment_of(packet)
    if segment is None:
        return {"reason": "no segment"}
    told: JsonEvent = {"seq": segment.sequence, "chunk": len(segment.chunk), "data": text_of(segment.chunk)}
    more = packet.length == PACKET_BYTES_MAX
    if segment.total is not None and segment.code_type is not None and segment.inner is not None:
        name = NAMES.get(segment.code_type) or CODE_TYPES.get(segment.code_type, "")
        more = len(segment.chunk) < segment.total
        told |= {
            "total": segment.total,
            "code_type": f"{_hex(segment.code_type)} {name}".strip(),
            "inner": _opcode(segment.inner),
        }
    return told | {"more": more}


def _param_send(packet: SsiPacket) -> JsonEvent:
    if not packet.data:
        return {"params": {}}
    beep = packet.data[0]
    sent = parameters.decode_parameters(packet.data[1:])
    # A host names parameters as its manual prints them, in hex; an answer is read by people, in decimal.
    key: Callable[[int], str] = _parameter_hex if packet.source == Source.HOST else str
    words = [word for parameter in sent if (word := _parameter_word(parameter))]
    return ({"meaning": ", ".join(words)} if words else {}) | {
        "beep": f"{_hex(beep)} (none)" if beep == BEEP_NONE else _hex(beep),
        "params": {
            key(parameter.number): text_of(parameter.value) if isinstance(parameter.value, bytes) else parameter.value
            for parameter in sent
        },
    }


def _parameter_word(parameter: parameters.Parameter) -> str | None:
    if parameter.number in parameters.AFFIXES and isinstance(parameter.value, int):
        return f"{parameters.AFFIXES[parameter.number]} {_hex(parameter.value)}"
    name = parameters.NAMES.get(parameter.number)
    return f"{name} {parameter.value}" if name and isinstance(parameter.value, int) else None


def _param_request(packet: SsiPacket) -> JsonEvent:
    if packet.data[:1] == bytes((parameters.ALL_PARAMETERS,)):
        return {"params": "all"}
    return {"params": [_parameter_hex(number) for number in parameters.decode_numbers(packet.data)]}


def _rsm(packet: SsiPacket) -> JsonEvent:
    message = rsm.decode(packet.data, is_question=packet.source == Source.HOST)
    if message is None:
        return {"reason": "no RSM message"}
    told: JsonEvent = {"command": message.command, "status": message.status}
    if name := rsm.COMMANDS.get(message.command):
        told["name"] = name
    if message.limits:
        told |= {"max_in": message.limits[0], "max_out": message.limits[1]}
    elif message.command == rsm.PACKET_SIZE and len(packet.data) >= 6:
        told["max_in"] = int.from_bytes(packet.data[4:6], "big")
    if message.numbers:
        told |= {"attribute": message.numbers[0], "attributes": list(message.numbers)}
    if message.attributes:
        first = message.attributes[0]
        told |= {"attribute": first.number, "type": first.type, "value": first.value}
        told["attributes"] = {str(attribute.number): attribute.value for attribute in message.attributes}
    return told


def _nak(packet: SsiPacket) -> JsonEvent:
    if not packet.data:
        return {}
    cause = packet.data[0]
    return {"reason": cause, "meaning": NAK_MEANINGS.get(cause, "unknown")}


def _event(packet: SsiPacket) -> JsonEvent:
    return {"event": _hex(packet.data[0])} if packet.data else {}


def _beep(packet: SsiPacket) -> JsonEvent:
    if not packet.data:
        return {}
    return {"beep": _hex(packet.data[0]), "meaning": _BEEP_NAMES.get(packet.data[0], "unknown"), **_plain(packet)}


def _led(packet: SsiPacket) -> JsonEvent:
    return {"led": packet.data[0], **_plain(packet)} if packet.data else {}


def _imager_mode(packet: SsiPacket) -> JsonEvent:
    if not packet.data:
        return {}
    return {"mode": packet.data[0], "meaning": _IMAGER_MODES.get(packet.data[0], "unknown"), **_plain(packet)}


def _revision(packet: SsiPacket) -> JsonEvent:
    text = text_of(packet.data)
    fields = text.split()
    names = ("software_revision", "board_type", "engine_code")
    return {"data": text, "revision": text, **dict(zip(names, fields, strict=False))}


def _capabilities(packet: SsiPacket) -> JsonEvent:
    data = packet.data
    if len(data) < 4:
        return _plain(packet)
    return {
        "baud_rates": int.from_bytes(data[:2], "big"),
        "serial": data[2],
        "multipacket": data[3] == 1,
        "commands": [_hex(code) for code in data[4:]],
    }


_TELLERS: Mapping[int, Callable[[SsiPacket], JsonEvent]] = {
    Opcode.DECODE_DATA: _decode_data,
    Opcode.MULTIPACKET: _multipacket,
    Opcode.PARAM_SEND: _param_send,
    Opcode.PARAM_REQUEST: _param_request,
    Opcode.RSM: _rsm,
    Opcode.CMD_NAK: _nak,
    Opcode.EVENT: _event,
    Opcode.BEEP: _beep,
    Opcode.LED_ON: _led,
    Opcode.LED_OFF: _led,
    Opcode.IMAGER_MODE: _imager_mode,
    Opcode.REPLY_REVISION: _revision,
    Opcode.CAPABILITIES_REPLY: _capabilities,
}


def _hex(value: int) -> str:
    return f"0x{value:02X}"


def _parameter_hex(number: int) -> str:
    try:
        return "0x" + parameters.encode_number(number).hex().upper()
    except ValueError:
        return _hex(number)


def _opcode(code: int) -> str:
    if code in _UNNAMED or code not in Opcode.__members__.values():
        return _hex(code)
    opcode = Opcode(code)
    return _NAMED.get(opcode, opcode.name)


PROTOCOLS = {
    "scanner/zebra-ssi": Decodable(
        device_to_host=Side(
            SsiTraceCodec,
            examples=(
                encode_packet(Opcode.DECODE_DATA, b"\x0b4006381333931", source=Source.DECODER),
                encode_packet(Opcode.DECODE_DATA, b"\x01NR", source=Source.DECODER),
                encode_packet(Opcode.PARAM_SEND, b"\xff\xf4\xf0\x3e\x04\xff", source=Source.DECODER),
                encode_packet(Opcode.EVENT, b"\x21", source=Source.DECODER),
                encode_packet(Opcode.CMD_NAK, b"\x02", source=Source.DECODER, is_att=True),
                encode_packet(Opcode.REPLY_REVISION, b"PAAAAC00-001-R00 F DS457", source=Source.DECODER),
            ),
            # No start mark: only an idle line ends what noise has begun.
            is_self_synchronising=False,
        ),
        host_to_device=Side(
            lambda: SsiTraceCodec(Source.HOST),
            examples=(
                encode_packet(Opcode.CMD_ACK),
                encode_packet(Opcode.CMD_NAK, b"\x01"),
                encode_packet(Opcode.PARAM_SEND, b"\xff\xeb\x00"),
                encode_packet(Opcode.RSM, b"\x00\x06\x20\x00\x00\xff"),
                encode_packet(Opcode.SCAN_ENABLE, is_att=True),
            ),
            is_self_synchronising=False,
        ),
        describe=describe,
    ),
}
