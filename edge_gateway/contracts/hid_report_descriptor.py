"""HID report descriptors: what a device says it is, in usages, and where each value stands in its reports.

Source: USB Device Class Definition for Human Interface Devices 1.11, sections 5.4 to 5.8 (reports), 6.2.2 (items); the
limits are Linux's (include/linux/hid.h). What a device sends is never an exception: reading stops at what makes no
sense, which is told in ``problem``, and the fields before it are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

DESCRIPTOR_BYTES_MAX: Final = 4096
FIELD_BITS_MAX: Final = 256
REPORT_BITS_MAX: Final = 16383 * 8
GLOBAL_STACK_MAX: Final = 4
COLLECTIONS_OPEN_MAX: Final = 32
"""HID_MAX_DESCRIPTOR_SIZE, the largest report size, HID_MAX_BUFFER_SIZE, HID_GLOBAL_STACK_SIZE; collections of point of
sale devices are three deep."""

CONSTANT: Final = 1 << 0
VARIABLE: Final = 1 << 1
RELATIVE: Final = 1 << 2
BUFFERED: Final = 1 << 8
"""Of ``ReportField.flags`` (6.2.2.5)."""

_APPLICATION: Final = 1
_EXTENDED: Final = 4
"""A usage of so many bytes has its page with it (6.2.2.8)."""


class ReportKind(StrEnum):
    """Which way a report goes."""

    INPUT = "input"
    OUTPUT = "output"
    FEATURE = "feature"


def usage_of(page: int, usage: int) -> int:
    """The 32-bit number that a usage has with its page."""
    return page << 16 | usage


def usage_text(usage: int) -> str:
    """As profiles write it: ``8c:02``."""
    return f"{usage >> 16:02x}:{usage & 0xFFFF:02x}"


@dataclass(frozen=True, slots=True)
class ReportField:
    """``count`` values of ``size_bits`` bits each, side by side in one report."""

    kind: ReportKind
    report_id: int
    """0: the descriptor has no report ids."""
    bit_offset: int
    """From the first byte of data: after the id byte, where there is one."""
    size_bits: int
    count: int
    flags: int
    logical_min: int
    logical_max: int
    unit: int
    unit_exponent: int
    usages: tuple[range, ...]
    """With their pages, in the order of the descriptor."""
    collections: tuple[int, ...]
    """Usages of the collections around it, the application's first."""

    @property
    def is_constant(self) -> bool:
        """Padding."""
        return bool(self.flags & CONSTANT)

    @property
    def is_variable(self) -> bool:
        """Each value has a usage of its own; else (an array) each value chooses one."""
        return bool(self.flags & VARIABLE)

    def usage_at(self, index: int) -> int | None:
        """The usage in place ``index``. Places after the last usage have the last one (6.2.2.8)."""
        if index < 0 or not self.usages:
            return None
        for part in self.usages:
            if index < len(part):
                return part[index]
            index -= len(part)
        return self.usages[-1][-1] if self.is_variable else None

    def has_usage(self, usage: int) -> bool:
        return any(usage in part for part in self.usages)


@dataclass(frozen=True, slots=True)
class ReportDescriptor:
    """What ``parse_report_descriptor`` understood."""

    applications: tuple[int, ...]
    """Usages of the outermost collections: what the device is, such as 8c:02, a hand-held bar code scanner."""
    fields: tuple[ReportField, ...]
    has_report_ids: bool
    problem: str | None = None
    """Where it stopped making sense, and why."""

    def report_ids(self, kind: ReportKind) -> tuple[int, ...]:
        """Of all its reports of this kind, in the order of the descriptor."""
        return tuple(dict.fromkeys(each.report_id for each in self.fields if each.kind is kind))

    def report_length(self, kind: ReportKind, report_id: int = 0) -> int:
        """Bytes of a report, its id byte included; 0: there is no such report."""
        ends = [each.bit_offset + each.size_bits * each.count for each in self._of(kind, report_id)]
        return (max(ends) + 7) // 8 + self.has_report_ids if ends else 0

    def find(self, usage: int, kind: ReportKind | None = None) -> Iterator[ReportField]:
        """The fields that can carry a usage."""
        return (each for each in self.fields if kind in (None, each.kind) and each.has_usage(usage))

    def values(self, each: ReportField, report: bytes) -> tuple[int, ...]:
        """The values of a field in a report as received; none if it is another report; fewer if it was cut short."""
        if self.has_report_ids and report[:1] != bytes([each.report_id]):
            return ()
        data = report[1:] if self.has_report_ids else report
        whole = max(0, min(each.count, (len(data) * 8 - each.bit_offset) // each.size_bits))
        return tuple(_bits(data, each.bit_offset + n * each.size_bits, each) for n in range(whole))

    def _of(self, kind: ReportKind, report_id: int) -> Iterator[ReportField]:
        return (each for each in self.fields if each.kind is kind and each.report_id == report_id)


def parse_report_descriptor(data: bytes) -> ReportDescriptor:
    """Never raises: what a device sent may be anything."""
    parser = _Parser()
    try:
        if len(data) > DESCRIPTOR_BYTES_MAX:
            raise _NonsenseError(f"{len(data)} bytes; at most {DESCRIPTOR_BYTES_MAX} are possible")
        for position, tag, payload in _items(data):
            try:
                parser.take(tag, payload)
            except _NonsenseError as error:
                raise _NonsenseError(f"at byte {position}: {error}") from None
        if parser.collections:
            raise _NonsenseError(f"it ends within {len(parser.collections)} open collections")
    except _NonsenseError as error:
        return replace(parser.result(), problem=str(error))
    return parser.result()


class _NonsenseError(Exception):
    """What the specification does not allow."""


@dataclass(frozen=True, slots=True)
class _Globals:
    """State that lasts until it is set anew (6.2.2.7). ``logical_max``: as sent, its sign depends on the minimum."""

    page: int = 0
    logical_min: int = 0
    logical_max: bytes = b""
    unit: int = 0
    unit_exponent: int = 0
    size_bits: int = 0
    count: int = 0
    report_id: int = 0


@dataclass(slots=True)
class _Locals:
    """State of the next main item alone (6.2.2.8)."""

    usages: list[tuple[bytes, bytes]] = field(default_factory=list)
    minimum: bytes | None = None
    alternatives_skipped: bool = False
    is_delimited: bool = False


class _Parser:
    """One state, one item at a time."""

    def __init__(self) -> None:
        self.collections: list[tuple[int, int]] = []
        self._globals = _Globals()
        self._stack: list[_Globals] = []
        self._locals = _Locals()
        self._fields: list[ReportField] = []
        self._applications: list[int] = []
        self._bits: dict[tuple[ReportKind, int], int] = {}

    def result(self) -> ReportDescriptor:
        has_ids = any(each.report_id for each in self._fields)
        return ReportDescriptor(tuple(self._applications), tuple(self._fields), has_ids)

    def take(self, tag: int, payload: bytes) -> None:
        """``tag``: the item's prefix without its size."""
        match tag & 0x0C:
            case 0x00:
                self._main(tag, payload)
                self._locals = _Locals()
            case 0x04:
                self._global(tag, payload)
            case 0x08:
                self._local(tag, payload)
            case _:
                raise _NonsenseError(f"item type of prefix {tag:#04x} is reserved")

    def _main(self, tag: int, payload: bytes) -> None:
        match tag:
            case 0x80:
                self._field(ReportKind.INPUT, _unsigned(payload))
            case 0x90:
                self._field(ReportKind.OUTPUT, _unsigned(payload))
            case 0xB0:
                self._field(ReportKind.FEATURE, _unsigned(payload))
            case 0xA0:
                self._open_collection(_unsigned(payload))
            case 0xC0:
                if not self.collections:
                    raise _NonsenseError("a collection ends that was not opened")
                self.collections.pop()
        # Other main items are reserved, and passed over as Linux does.

    def _open_collection(self, kind: int) -> None:
        if len(self.collections) >= COLLECTIONS_OPEN_MAX:
            raise _NonsenseError(f"more than {COLLECTIONS_OPEN_MAX} collections within each other")
        usages = self._usages()
        usage = usages[0][0] if usages else 0
        if kind == _APPLICATION and not self.collections:
            self._applications.append(usage)
        self.collections.append((kind, usage))

    def _field(self, kind: ReportKind, flags: int) -> None:
        state = self._globals
        if state.size_bits > FIELD_BITS_MAX:
            raise _NonsenseError(f"values of {state.size_bits} bits; at most {FIELD_BITS_MAX} are possible")
        place = (kind, state.report_id)
        offset = self._bits.get(place, 0)
        end = offset + state.size_bits * state.count
        if end > REPORT_BITS_MAX:
            raise _NonsenseError(f"a report of {end} bits; at most {REPORT_BITS_MAX} are possible")
        if end == offset:
            return
        self._bits[place] = end
        self._fields.append(
            ReportField(
                kind=kind,
                report_id=state.report_id,
                bit_offset=offset,
                size_bits=state.size_bits,
                count=state.count,
                flags=flags,
                logical_min=state.logical_min,
                # A device that says 0 to 255 in single bytes means 255 and not -1.
                logical_max=(_signed if state.logical_min < 0 else _unsigned)(state.logical_max),
                unit=state.unit,
                unit_exponent=state.unit_exponent,
                usages=self._usages(),
                collections=tuple(usage for _, usage in self.collections),
            )
        )

    def _usages(self) -> tuple[range, ...]:
        """With the page that is in force at the main item (6.2.2.8)."""
        whole = [(self._whole(first), self._whole(last)) for first, last in self._locals.usages]
        return tuple(range(first, last + 1) for first, last in whole if last >= first)

    def _whole(self, usage: bytes) -> int:
        number = _unsigned(usage)
        return number if len(usage) == _EXTENDED else usage_of(self._globals.page, number)

    def _global(self, tag: int, payload: bytes) -> None:
        state = self._globals
        match tag:
            case 0x04:
                self._globals = replace(state, page=_unsigned(payload) & 0xFFFF)
            case 0x14:
                self._globals = replace(state, logical_min=_signed(payload))
            case 0x24:
                self._globals = replace(state, logical_max=payload)
            case 0x54:
                self._globals = replace(state, unit_exponent=_exponent(payload))
            case 0x64:
                self._globals = replace(state, unit=_unsigned(payload))
            case 0x74:
                self._globals = replace(state, size_bits=_unsigned(payload))
            case 0x84:
                if not 0 < _unsigned(payload) < 256:
                    raise _NonsenseError(f"report id {_unsigned(payload)}; 1 to 255 are possible")
                self._globals = replace(state, report_id=_unsigned(payload))
            case 0x94:
                self._globals = replace(state, count=_unsigned(payload))
            case 0xA4:
                if len(self._stack) >= GLOBAL_STACK_MAX:
                    raise _NonsenseError(f"more than {GLOBAL_STACK_MAX} states pushed")
                self._stack.append(state)
            case 0xB4:
                if not self._stack:
                    raise _NonsenseError("a state is popped that was not pushed")
                self._globals = self._stack.pop()
        # Physical minimum and maximum (0x34, 0x44) are of no use here; the rest is reserved.

    def _local(self, tag: int, payload: bytes) -> None:
        state = self._locals
        if tag == 0xA8:  # a delimiter: of usages that mean the same the first is preferred (6.2.2.8), and kept
            state.is_delimited, state.alternatives_skipped = bool(_unsigned(payload)), False
        elif state.is_delimited and state.alternatives_skipped:
            return
        elif tag == 0x08:
            state.usages.append((payload, payload))
            state.alternatives_skipped = state.is_delimited
        elif tag == 0x18:
            state.minimum = payload
        elif tag == 0x28 and state.minimum is not None:
            state.usages.append((state.minimum, payload))
            state.minimum = None
            state.alternatives_skipped = state.is_delimited
        # Designators and strings name bodily and printed things.


def _items(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Position, prefix without its size, payload (6.2.2.2). Long items (6.2.2.3) mean nothing yet: passed over."""
    position = 0
    while position < len(data):
        prefix = data[position]
        if prefix == 0xFE:
            if position + 1 >= len(data):
                raise _NonsenseError(f"at byte {position}: it ends within a long item")
            position += 3 + data[position + 1]
            if position > len(data):
                raise _NonsenseError("it ends within a long item")
            continue
        size = (0, 1, 2, 4)[prefix & 3]
        payload = data[position + 1 : position + 1 + size]
        if len(payload) < size:
            raise _NonsenseError(f"at byte {position}: it ends within an item")
        yield position, prefix & 0xFC, payload
        position += 1 + size


def _unsigned(payload: bytes) -> int:
    return int.from_bytes(payload, "little")


def _signed(payload: bytes) -> int:
    return int.from_bytes(payload, "little", signed=True)


def _exponent(payload: bytes) -> int:
    """A nibble in two's complement (6.2.2.7); some devices send the whole number."""
    number = _signed(payload)
    return number - 16 if 8 <= number <= 15 else number


def _bits(data: bytes, offset: int, each: ReportField) -> int:
    first, last = offset // 8, (offset + each.size_bits + 7) // 8
    value = int.from_bytes(data[first:last], "little") >> offset % 8 & (1 << each.size_bits) - 1
    is_negative = each.logical_min < 0 and value >> each.size_bits - 1
    return value - (1 << each.size_bits) if is_negative else value
