"""A customer display of two lines, in any of its dialects: it obeys what its manual has, and notes what it does not."""

from __future__ import annotations

import argparse
import asyncio
import json

from simulators.console import port_parser, run_device
from simulators.display_codes import AedexDisplay, LogicControlsDisplay, UtcDisplay, UtcEnhancedDisplay
from simulators.display_epson import AuresDisplay, Cd5220Display, EpsonDisplay
from simulators.display_machine import DisplayMachine
from simulators.link import PtyLink, Wire
from simulators.wired import WiredDevice

MACHINES: dict[str, type[DisplayMachine]] = {
    "epson": EpsonDisplay,
    "cd5220": Cd5220Display,
    "aedex": AedexDisplay,
    "utc": UtcDisplay,
    "utc_enhanced": UtcEnhancedDisplay,
    "logic_controls": LogicControlsDisplay,
    "bematech": LogicControlsDisplay,
    "aures_ocd300": AuresDisplay,
}


class LineDisplay(WiredDevice):
    """It hears, and says nothing. ``is_unpowered``: it hears nothing either, as no host can tell."""

    def __init__(self, link: Wire, dialect: str = "epson") -> None:
        super().__init__(link)
        self._dialect = dialect
        self.is_unpowered = False
        self.display = MACHINES[dialect]()

    def power_cycle(self) -> None:
        """Off and on: it remembers nothing."""
        self.display = MACHINES[self._dialect]()

    @property
    def lines(self) -> tuple[str, str]:
        """What a customer reads, code page 437."""
        upper, lower = (line.decode("cp437") for line in self.display.screen.lines)
        return upper, lower

    def _hear(self, data: bytes) -> None:
        if not self.is_unpowered:
            self.display.take(data)


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path)
    display = LineDisplay(link, arguments.dialect)

    def obey(line: str) -> None:
        if line == "power":
            display.power_cycle()
        screen = display.display.screen
        told = {"lines": display.lines, "brightness": screen.brightness_percent, "errors": display.display.errors}
        print(json.dumps(told, ensure_ascii=False), flush=True)

    greeting = f"{arguments.dialect} display at {arguments.path}; show, power (off and on), !unplug, !plug"
    await run_device(display, link, obey, arguments, greeting)


def main(argv: list[str] | None = None) -> int:
    """``line-display PATH``: a customer display on a pty; a line on standard input shows what is on it."""
    parser = port_parser("line-display", main.__doc__, has_seed=False)
    parser.add_argument("--dialect", choices=sorted(MACHINES), default="epson")
    asyncio.run(_run(parser.parse_args(argv)))
    return 0
