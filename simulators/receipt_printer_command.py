"""A simulated receipt printer by hand: its orders on standard input, its news as JSON lines on standard output."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

from simulators.gadget_link import GadgetLink, port_status
from simulators.link import PtyLink
from simulators.printer_faults import Fault, When
from simulators.printer_wires import WiredPrinter
from simulators.typed_lines import typed_lines

ORDERS = """\
FAULT on|off      one of: {faults}
trip FAULT N      set the fault when N more bytes are printed
trip FAULT N received   ... or received
cut_line_at N     break the connection after N more bytes of print data
speed N           bytes a second; 0: at once
close_drawer      push the drawer in
text              the newest receipt as text
show              condition and counters
quit
"""


class Console:
    """Carries out orders on one printer."""

    def __init__(self, printer: WiredPrinter, tell: Callable[[dict[str, Any]], None]) -> None:
        self._printer = printer
        self._tell = tell

    def obey(self, line: str) -> bool:
        """False: the line was ``quit``. A line that is no order is answered with what there is."""
        name, _, argument = line.strip().partition(" ")
        if name == "quit":
            return False
        try:
            self._obey(name, argument.strip())
        except ValueError as error:
            orders = ORDERS.format(faults=" ".join(get_args(Fault)))
            self._tell({"error": f"{line.strip()!r}: {error}", "orders": orders.splitlines()})
        return True

    def _obey(self, name: str, argument: str) -> None:
        printer = self._printer
        match name:
            case "" | "#":
                pass
            case _ if name in get_args(Fault):
                if argument not in ("on", "off"):
                    raise ValueError("expected on or off")
                printer.set_fault(cast(Fault, name), argument == "on")
            case "trip":
                fault, count, *when = argument.split()
                if fault not in get_args(Fault) or when not in ([], ["printed"], ["received"]):
                    raise ValueError("expected a fault, a number, and received where that is meant")
                printer.trip_at(int(count), cast(Fault, fault), when=cast(When, when[0] if when else "printed"))
            case "cut_line_at":
                printer.cut_line_at(int(argument))
            case "speed":
                printer.bytes_per_s = float(argument) or None
            case "close_drawer":
                printer.close_drawer()
            case "text":
                self._tell({"text": printer.paper.receipts[-1].lines if printer.paper.receipts else []})
            case "show":
                self._tell({"condition": vars(printer.condition), "counters": dict(printer.counters)})
            case _:
                raise ValueError("no such order")


def run(argv: list[str] | None, name: str, make: Callable[..., WiredPrinter], answers: Collection[str]) -> int:
    """The command line of the simulator ``name``; ``make`` is its printer, ``answers`` all that it can answer."""
    parser = argparse.ArgumentParser(prog=f"edge-gateway simulate {name}", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100, help="TCP port; 0 takes a free one")
    parser.add_argument("--pty", type=Path, help="be a serial printer at this path instead")
    parser.add_argument("--gadget", type=Path, help="be a USB printer at this node of the kernel's gadget")
    parser.add_argument("--columns", type=int, default=48)
    parser.add_argument("--speed", type=float, default=None, help="bytes a second (default: at once)")
    parser.add_argument("--drawer-open-level", choices=("low", "high"), default="low")
    parser.add_argument("--without", nargs="*", choices=sorted(answers), default=[], help="what it does not answer")
    parser.add_argument("--xonxoff", action="store_true", help="stop the host with XOFF on a serial wire")
    parser.add_argument("--latches-errors", action="store_true", help="a mended jam needs clear_error")
    parser.add_argument("--forgets-at-stop", action="store_true", help="the buffer is lost at paper end and cover open")
    parser.add_argument("--png-dir", type=Path, help="write each receipt there as PNG")
    arguments = parser.parse_args(argv)
    if arguments.png_dir is not None:
        arguments.png_dir.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_serve(arguments, name, partial(make, answers=set(answers) - set(arguments.without))))
    except OSError as error:
        print(f"simulate {name}: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(arguments: argparse.Namespace, name: str, make: Callable[..., WiredPrinter]) -> None:
    """Until ``quit`` or a signal; the end of standard input ends nothing (it may be /dev/null)."""
    printer = make(
        columns=arguments.columns,
        bytes_per_s=arguments.speed,
        drawer_open_level=arguments.drawer_open_level,
        is_xonxoff=arguments.xonxoff,
        latches_errors=arguments.latches_errors,
        forgets_at_stop=arguments.forgets_at_stop,
    )
    printer.on_change = lambda what: _report(printer, what, arguments.png_dir)
    link: PtyLink | GadgetLink | None = None
    if arguments.pty is not None:
        link = PtyLink(arguments.pty)
    elif arguments.gadget is not None:
        link = GadgetLink(arguments.gadget, lambda: port_status(printer.condition))
    if link is not None:
        link.plug()
        await printer.attach(link, link.unplug)
        _tell({"simulator": name, "path": str(link.path)})
    else:
        port = await printer.listen_tcp(arguments.host, arguments.port)
        _tell({"simulator": name, "host": arguments.host, "port": port})
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    console = Console(printer, _tell)

    async def obey() -> None:
        async for line in typed_lines():
            if not console.obey(line):
                ending.set()

    obeying = asyncio.create_task(obey())
    try:
        await ending.wait()
    finally:
        obeying.cancel()
        await printer.stop()
        if link is not None:
            link.unplug()


def _report(printer: WiredPrinter, what: str, png_dir: Path | None) -> None:
    news: dict[str, Any] = {"event": what, "receipts": printer.counters["receipts"]}
    if what == "receipt" and png_dir is not None:
        path = png_dir / f"receipt-{printer.counters['receipts']:05d}.png"
        path.write_bytes(printer.paper_png(-1))
        news["png"] = str(path)
    _tell(news)


def _tell(news: dict[str, Any]) -> None:
    print(json.dumps(news, ensure_ascii=False), flush=True)
