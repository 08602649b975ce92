"""The command line of a simulated scale: orders by lines, typed or from a script.

One order per line (``help`` prints them)::

    put 1.234        lay a weight on the plate      motion under over        one of its troubles
    stable           back to normal                 silent garbage half bad_check   no answer, noise, cut, wrong check
    slow 0.3         seconds until it answers       settle 0.4               seconds of motion after put
    unplug  plug     take the port away, or back    wait 1.5                 seconds; without them: for ever
    set NAME VALUE   a switch of this scale         show                     display and counters as JSON
    quit
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import cast, get_args

from simulators.link import FifoLink, Link, PtyLink
from simulators.typed_lines import typed_lines
from simulators.weighing_plate import Status, WeighingPlate

MakeScale = Callable[[Link], WeighingPlate]


class PlateConsole:
    """Carries out orders on one scale and its link."""

    def __init__(self, scale: WeighingPlate, link: Link, tell: Callable[[str], None]) -> None:
        self._scale = scale
        self._link = link
        self._tell = tell

    async def obey(self, line: str) -> bool:
        """False: the line was ``quit``. A line that is no order is answered, nothing else happens."""
        name, _, argument = line.strip().partition(" ")
        if name == "quit":
            return False
        try:
            await self._obey(name, argument.strip())
        except InvalidOperation:
            self._tell(f"{line.strip()!r}: expected a weight such as 1.234")
        except ValueError as error:
            self._tell(f"{line.strip()!r}: {error}; 'help' lists the orders")
        return True

    async def _obey(self, name: str, argument: str) -> None:
        scale = self._scale
        if name in get_args(Status):
            scale.status = cast(Status, name)
            return
        match name:
            case "" | "#":
                pass
            case "put":
                scale.put(Decimal(argument))
            case "slow":
                scale.reply_delay_s = float(argument)
            case "settle":
                scale.settle_s = float(argument)
            case "set":
                self._set(*argument.partition(" ")[::2])
            case "unplug":
                self._link.unplug()
            case "plug":
                self._link.plug()
            case "wait":
                await (asyncio.sleep(float(argument)) if argument else asyncio.get_running_loop().create_future())
            case "show":
                self._tell(json.dumps(self._seen()))
            case "help":
                self._tell(f"{__doc__}\n{_switch_words(self._scale)}")
            case _:
                raise ValueError("no such order")

    def _set(self, name: str, value: str) -> None:
        """A switch (``on``, ``off``) or a number that the scale already has under this name."""
        held = getattr(self._scale, name, None)
        if isinstance(held, bool) and value in {"on", "off"}:
            setattr(self._scale, name, value == "on")
        elif isinstance(held, Decimal):
            setattr(self._scale, name, Decimal(value))
        elif isinstance(held, (int, float)) and not isinstance(held, bool):
            setattr(self._scale, name, type(held)(value))
        else:
            raise ValueError("the scale has no such switch or number")

    def _seen(self) -> dict[str, object]:
        scale = self._scale
        return {
            "shown": str(scale.shown),
            "unit": scale.unit,
            "status": scale.status,
            "is_plugged": self._link.is_plugged,
            **scale.counters,
        }


def switches(scale: WeighingPlate) -> dict[str, str]:
    """What ``set`` can change, and how it stands."""
    held = {name: value for name, value in sorted(vars(scale).items()) if not name.startswith("_")}
    words = {True: "on", False: "off"}
    return {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in held.items()
        if isinstance(value, bool | int | float | Decimal)
    }


def _switch_words(scale: WeighingPlate) -> str:
    return "set changes: " + ", ".join(f"{name} ({value})" for name, value in switches(scale).items())


def run_plate(name: str, make: MakeScale, argv: list[str] | None, *, is_fifo: bool = False) -> int:
    """``edge-gateway simulate NAME PATH``. ``is_fifo``: of a scale that only sends, in records."""
    parser = argparse.ArgumentParser(
        prog=f"edge-gateway simulate {name}",
        description=f"{__doc__}\n{_switch_words(make(PtyLink(Path('port'))))}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, help="name of the port to make (a symbolic link to a pty, or a FIFO)")
    parser.add_argument("--settle", type=float, default=0.3, help="seconds the plate moves after put")
    parser.add_argument("--script", type=Path, help="orders from this file; its end ends the simulator")
    arguments = parser.parse_args(argv)
    orders = _typed() if arguments.script is None else _scripted(arguments.script)
    link: Link = FifoLink(arguments.path) if is_fifo else PtyLink(arguments.path)
    asyncio.run(_run(name, make, link, arguments.settle, orders))
    return 0


async def _run(name: str, make: MakeScale, link: Link, settle_s: float, orders: AsyncIterator[str]) -> None:
    scale = make(link)
    scale.settle_s = settle_s
    console = PlateConsole(scale, link, lambda text: print(text, flush=True))
    await scale.start()
    print(json.dumps({"simulator": name, "path": str(link.path)}), flush=True)
    task = asyncio.ensure_future(_obey_all(console, orders))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
    finally:
        await scale.stop()


async def _obey_all(console: PlateConsole, orders: AsyncIterator[str]) -> None:
    async for line in orders:
        if not await console.obey(line):
            return


async def _typed() -> AsyncIterator[str]:
    """Standard input; its end ends nothing (it may be /dev/null)."""
    async for line in typed_lines():
        yield line
    await asyncio.Event().wait()


async def _scripted(path: Path) -> AsyncIterator[str]:
    for line in path.read_text().splitlines():
        yield line
