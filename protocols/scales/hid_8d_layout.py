"""Where status, unit, exponent and weight stand in the input reports of a HID scale.

Source: USB HID Point of Sale Usage Tables 1.02, chapter 4 (usage page 0x8D).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from edge_gateway.contracts.hid_report_descriptor import (
    ReportDescriptor,
    ReportField,
    ReportKind,
    parse_report_descriptor,
    usage_of,
)

PAGE = 0x8D
DATA_WEIGHT, DATA_SCALING = 0x40, 0x41
UNIT_FIRST, STATUS_FIRST = 0x50, 0x70
"""Units are 0x51 to 0x5C, statuses 0x71 to 0x78: counted from 1."""
DEFAULT_REPORT_ID = 3
DEFAULT_REPORT_BYTES = 6


class Values(NamedTuple):
    """Of one report. ``weight`` is unsigned."""

    status: int
    unit: int
    exponent: int
    weight: int


@dataclass(frozen=True, slots=True)
class Layout:
    """``report_id`` 0: the device has no report ids. The fields are None in the layout that nearly all of them have."""

    report_id: int
    report_bytes: int
    descriptor: ReportDescriptor | None = None
    fields: tuple[ReportField, ...] = ()

    @classmethod
    def of(cls, data: bytes) -> Layout | None:
        """From a report descriptor; None: it has no input report with the four values of a scale."""
        descriptor = parse_report_descriptor(data)
        found = [_find(descriptor, usages) for usages in _USAGES]
        fields = tuple(each for each in found if each is not None)
        if len(fields) < len(_USAGES) or len({each.report_id for each in fields}) > 1:
            return None
        report_id = fields[0].report_id
        return cls(report_id, descriptor.report_length(ReportKind.INPUT, report_id), descriptor, fields)

    def values(self, report: bytes) -> Values:
        """Of a report of ``report_bytes``. A number that stands nowhere is 0, which no status and no unit is."""
        if self.descriptor is None:
            exponent = int.from_bytes(report[3:4], "little", signed=True)
            return Values(report[1], report[2], exponent, int.from_bytes(report[4:6], "little"))
        status, unit, exponent, weight = (_value(self.descriptor, each, report) for each in self.fields)
        size = self.fields[3].size_bits
        # A field whose range is declared as signed is a weight without sign all the same: status 5 carries the sign.
        return Values(
            _chosen(self.fields[0], status, STATUS_FIRST),
            _chosen(self.fields[1], unit, UNIT_FIRST),
            exponent,
            weight % (1 << size),
        )


DEFAULT_LAYOUT = Layout(DEFAULT_REPORT_ID, DEFAULT_REPORT_BYTES)
_USAGES = (
    range(usage_of(PAGE, STATUS_FIRST + 1), usage_of(PAGE, STATUS_FIRST + 9)),
    range(usage_of(PAGE, UNIT_FIRST + 1), usage_of(PAGE, UNIT_FIRST + 13)),
    range(usage_of(PAGE, DATA_SCALING), usage_of(PAGE, DATA_SCALING + 1)),
    range(usage_of(PAGE, DATA_WEIGHT), usage_of(PAGE, DATA_WEIGHT + 1)),
)


def _find(descriptor: ReportDescriptor, usages: range) -> ReportField | None:
    found = (each for usage in usages for each in descriptor.find(usage, ReportKind.INPUT))
    return next(found, None)


def _value(descriptor: ReportDescriptor, each: ReportField, report: bytes) -> int:
    values = descriptor.values(each, report)
    return values[0] if values else 0


def _chosen(each: ReportField, value: int, first: int) -> int:
    """Of an array field: the usage that the value chooses, counted from 1; of any other, the value itself."""
    usage = None if each.is_variable else each.usage_at(value - each.logical_min)
    return value if usage is None else (usage & 0xFFFF) - first
