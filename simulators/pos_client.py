"""POS client: sells over MQTT, submits and prints through the gateway, repeats until it is answered."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop

from simulators.pos_client_link import PosAddress
from simulators.pos_client_requests import PosRequests
from simulators.pos_client_statistics import PosStatistics
from simulators.pos_client_till import BusItems, KeyedItems, Till, seeded
from simulators.pos_shopper import Shopper

DEVICES_WAIT_S = 1.0
"""The retained states of the lane's devices come right after the subscription."""


def main(argv: list[str] | None = None) -> int:
    """Sell N times at one lane and print the counts as JSON. Exit code 1 if a sale was not accepted."""
    options = _parser().parse_args(argv)
    statistics = PosStatistics()
    is_finished = uvloop.run(_sell(options, statistics))
    print(json.dumps(statistics.to_json()))
    if not is_finished:
        print(f"pos-client: stopped after {statistics.sales} sales", file=sys.stderr)
    is_good = is_finished and len(statistics.accepted) == statistics.submitted and not statistics.conflicts
    return 0 if is_good else 1


async def _sell(options: argparse.Namespace, statistics: PosStatistics) -> bool:
    """False if it was stopped, or ran into its time-out, before the sales were done."""
    host, port = options.broker
    password = options.password_file.read_text().strip() if options.password_file else None
    address = PosAddress(
        options.store, options.lane, options.terminal, host, port, options.username, password, options.mqtt
    )
    requests = PosRequests(
        address, seeded(options.seed, "link"), statistics, scale_id=options.scale, printer_id=options.printer
    )
    items = KeyedItems(requests) if options.items == "keyed" else BusItems(requests)
    shopper = Shopper(seeded(options.seed, "shopper"), has_scale=not options.no_weigh)
    till = Till(requests, shopper, items, timezone=options.timezone, is_printing=not options.no_print)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    connection = asyncio.create_task(requests.run())
    selling = asyncio.create_task(_run_till(till, requests, options, stopping))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({selling, stopped, connection}, timeout=options.timeout, return_when=asyncio.FIRST_COMPLETED)
    is_finished = selling.done() and not stopping.is_set()
    for task in (selling, stopped, connection):
        task.cancel()
    results = await asyncio.gather(selling, stopped, connection, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return is_finished


async def _run_till(till: Till, requests: PosRequests, options: argparse.Namespace, stopping: asyncio.Event) -> None:
    await requests.link.wait_connected()
    if not options.no_print and options.printer is None:
        await requests.wait_for_device("pos_printer", DEVICES_WAIT_S)
    await till.run(options.sales, stopping, options.pause)


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r}: expected HOST:PORT, such as 127.0.0.1:1883")
    return host, int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edge-gateway simulate pos-client", description=main.__doc__)
    parser.add_argument("--broker", type=_host_and_port, default="127.0.0.1:1883", metavar="HOST:PORT")
    parser.add_argument("--username")
    parser.add_argument("--password-file", type=Path)
    parser.add_argument("--mqtt", choices=("5", "3.1.1"), default="5", help="version of the protocol")
    parser.add_argument("--store", required=True)
    parser.add_argument("--lane", required=True)
    parser.add_argument("--terminal", required=True)
    parser.add_argument("--sales", type=int, default=1, metavar="N")
    parser.add_argument("--pause", type=float, default=0.0, metavar="SECONDS", help="between sales")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="give up after so long")
    parser.add_argument(
        "--items",
        choices=("keyed", "bus"),
        default="keyed",
        help="keyed: needs no device; bus: sells what is scanned at the lane, and what lies on its scale",
    )
    parser.add_argument("--no-weigh", action="store_true", help="buy nothing that has to be weighed")
    parser.add_argument("--no-print", action="store_true", help="print no receipts")
    parser.add_argument("--scale", metavar="DEVICE", help="default: the lane's first")
    parser.add_argument("--printer", metavar="DEVICE", help="default: the lane's first")
    parser.add_argument("--timezone", default="UTC", help="IANA name of the store's time zone")
    parser.add_argument("--seed", type=int, default=0, help="of the customers")
    return parser
