"""A label printer over TCP or a serial wire; keeps its labels and breaks on demand. Languages: zpl, epl, tspl, slcs."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from simulators.label_languages.epl import EplParser
from simulators.label_languages.slcs import SlcsParser
from simulators.label_languages.tspl import TsplParser
from simulators.label_languages.zpl import ZplParser
from simulators.label_machine import FAULTS, Fault, LabelMachine, Parser
from simulators.link import PtyLink, Wire
from simulators.typed_lines import typed_lines

LANGUAGES: dict[str, Callable[[LabelMachine], Parser]] = {
    "zpl": ZplParser,
    "epl": EplParser,
    "tspl": TsplParser,
    "slcs": SlcsParser,
}
BATCHES_MAX = 16
"""More waiting labels than these fill its buffer: it takes no more bytes."""
LOOK_S = 0.01
ORDERS = f"""\
FAULT on|off      one of: {" ".join(FAULTS)}
roll N            so many labels are left on it
cut_line_at N     break the connection after N more bytes
show              labels, faults, counters, errors
quit
"""


class LabelPrinter(LabelMachine):
    """The machine with a wire: ``listen_tcp`` or ``attach``."""

    def __init__(self, language: str, *, seconds_per_label: float = 0.0) -> None:
        super().__init__(LANGUAGES[language], seconds_per_label=seconds_per_label)
        self.language = language
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Transport] = set()
        self._hang_up: Callable[[], None] | None = None
        self._cut_after: int | None = None
        self._is_cut = False

    async def listen_tcp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Be a network printer; returns the port."""
        await self.start()
        self._server = await asyncio.get_running_loop().create_server(lambda: _TcpSide(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def attach(self, wire: Wire, hang_up: Callable[[], None] | None = None) -> None:
        """Be a serial or USB printer on a wire. ``hang_up``: how ``cut_line_at`` pulls the plug."""
        await self.start()
        wire.on_bytes = self.data_received
        self.write, self._hang_up, self._is_cut = wire.write, hang_up, False

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await super().stop()

    def cut_line_at(self, count: int) -> None:
        """Break the connection when so many more bytes were received."""
        self._cut_after = count

    def data_received(self, data: bytes) -> None:
        """Bytes of the host."""
        if self._is_cut:
            return
        if self._cut_after is not None and len(data) >= self._cut_after:
            data, self._is_cut = data[: self._cut_after], True
            self._cut_after = None
        elif self._cut_after is not None:
            self._cut_after -= len(data)
        self.receive(data)
        if self._is_cut:
            self.write = None
            if self._hang_up is not None:
                self._hang_up()

    def connected(self, connection: asyncio.Transport) -> None:
        """A TCP client is there."""
        self._connections.add(connection)
        self.counters["connections"] += 1
        self.write, self._hang_up, self._is_cut = connection.write, connection.abort, False

    def disconnected(self, connection: asyncio.Transport) -> None:
        """A TCP client is gone."""
        self._connections.discard(connection)
        if self.write == connection.write:
            self.write = None

    async def flow(self, connection: asyncio.Transport) -> None:
        """Take no more while its buffer is full."""
        while not connection.is_closing():
            is_full = len(self.batches) >= BATCHES_MAX
            (connection.pause_reading if is_full else connection.resume_reading)()
            await asyncio.sleep(LOOK_S)


class _TcpSide(asyncio.Protocol):
    def __init__(self, printer: LabelPrinter) -> None:
        self._printer = printer
        self._connection: asyncio.Transport | None = None
        self._flow: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection = cast(asyncio.Transport, transport)
        self._printer.connected(self._connection)
        self._flow = asyncio.create_task(self._printer.flow(self._connection))

    def data_received(self, data: bytes) -> None:
        self._printer.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._flow is not None:
            self._flow.cancel()
        if self._connection is not None:
            self._printer.disconnected(self._connection)


def main(argv: list[str] | None = None) -> int:
    """Run one printer until ``quit`` or Ctrl-C. News as JSON lines, orders on standard input."""
    parser = argparse.ArgumentParser(
        prog="edge-gateway simulate label-printer",
        description=__doc__,
        epilog=ORDERS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--language", choices=sorted(LANGUAGES), default="zpl")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100, help="TCP port; 0 takes a free one")
    parser.add_argument("--pty", type=Path, help="be a serial printer at this path instead")
    parser.add_argument("--seconds-per-label", type=float, default=0.3)
    arguments = parser.parse_args(argv)
    try:
        asyncio.run(_serve(arguments))
    except OSError as error:
        print(f"simulate label-printer: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    printer = LabelPrinter(arguments.language, seconds_per_label=arguments.seconds_per_label)
    printer.on_change = lambda: _tell(
        {"label": len(printer.labels), "texts": printer.labels[-1].texts, "codes": printer.labels[-1].codes}
    )
    link = None
    about: dict[str, Any] = {"simulator": "label-printer", "language": arguments.language}
    if arguments.pty is not None:
        link = PtyLink(arguments.pty)
        link.plug()
        await printer.attach(link, link.unplug)
        _tell({**about, "path": str(arguments.pty)})
    else:
        _tell({**about, "host": arguments.host, "port": await printer.listen_tcp(arguments.host, arguments.port)})
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)

    async def obey() -> None:
        async for line in typed_lines():
            if not _obey(printer, line.strip()):
                ending.set()

    obeying = asyncio.create_task(obey())
    try:
        await ending.wait()
    finally:
        obeying.cancel()
        await printer.stop()
        if link is not None:
            link.unplug()


def _obey(printer: LabelPrinter, line: str) -> bool:
    """False: the line was ``quit``."""
    name, _, argument = line.partition(" ")
    if name in FAULTS and argument in ("on", "off"):
        printer.set_fault(cast(Fault, name), argument == "on")
    elif name == "roll" and argument.isdigit():
        printer.labels_on_roll = int(argument)
    elif name == "cut_line_at" and argument.isdigit():
        printer.cut_line_at(int(argument))
    elif name == "show":
        state = {"labels": len(printer.labels), "waiting": printer.outstanding, "faults": sorted(printer.faults)}
        _tell({**state, "errors": printer.errors, "counters": dict(printer.counters)})
    elif name not in ("quit", "", "#"):
        _tell({"error": f"{line!r}: no such order", "orders": ORDERS.splitlines()})
    return name != "quit"


def _tell(news: dict[str, Any]) -> None:
    print(json.dumps(news), flush=True)
