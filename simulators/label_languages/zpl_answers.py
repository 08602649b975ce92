"""What a simulated Zebra printer answers: ~HS, ~HQES. Written from Zebra's programming guide."""

from __future__ import annotations

from simulators.label_machine import LabelMachine


def host_status(machine: LabelMachine, *, is_partial: bool) -> bytes:
    """Three strings. ``is_partial``: a format is half received."""
    faults = machine.faults
    paper, pause = int("media_out" in faults), int("paused" in faults)
    formats = max(0, len(machine.batches) - 1)
    remaining = machine.batches[0].remaining if machine.batches else 0
    first = f"030,{paper},{pause},1245,{formats:03d},0,0,{int(is_partial)},000,0,0,0"
    head, ribbon = int("head_open" in faults), int("ribbon_out" in faults)
    second = f"001,0,{head},{ribbon},1,2,6,0,{remaining:08d},1,000"
    return b"".join(b"\x02" + line.encode() + b"\x03\r\n" for line in (first, second, "1234,0"))


def errors(machine: LabelMachine) -> bytes:
    """Flags of what is wrong; it warns of nothing."""
    names = {"media_out": 1, "ribbon_out": 2, "head_open": 4, "paused": 0x10000}
    flags = sum(mask for fault, mask in names.items() if fault in machine.faults)
    lines = (
        "",
        "  PRINTER STATUS",
        f"   ERRORS:         {int(flags > 0)} 00000000 {flags:08X}",
        "   WARNINGS:       0 00000000 00000000",
        "",
    )
    return b"\x02" + "\r\n".join(lines).encode() + b"\x03\r\n"
