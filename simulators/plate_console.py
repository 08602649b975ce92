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
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args

from simulators.link import FifoLink, Link, PtyLink
from simulators.orders import OrderConsole, run_by_orders, scripted_orders, tell, typed_orders
from simulators.weighing_plate import Status, WeighingPlate

MakeScale = Callable[[Link], WeighingPlate]


class PlateConsole(OrderConsole[WeighingPlate]):
    """Carries out orders on one scale and its link."""

    @property
    def status(self) -> str:
        return self._scale.status

    @property
    def help_text(self) -> str:
        return f"{__doc__}\n{_switch_words(self._scale)}"

    def take(self, name: str, argument: str) -> bool:
        if name in get_args(Status):
            self._scale.status = cast(Status, name)
        elif name == "set":
            self._set(*argument.partition(" ")[::2])
        else:
            return False
        return True

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
    orders = typed_orders() if arguments.script is None else scripted_orders(arguments.script)
    link: Link = FifoLink(arguments.path) if is_fifo else PtyLink(arguments.path)
    asyncio.run(_run(name, make, link, arguments.settle, orders))
    return 0


async def _run(name: str, make: MakeScale, link: Link, settle_s: float, orders: AsyncIterator[str]) -> None:
    scale = make(link)
    scale.settle_s = settle_s
    await run_by_orders(name, scale, link, PlateConsole(scale, link, tell), orders)
