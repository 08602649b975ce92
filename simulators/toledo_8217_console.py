"""A simulated Toledo 8217 scale on a pty, told what to do by lines: typed, from a script, or made up from a seed.

One order per line (``help`` prints them)::

    put 1.234        lay a weight on the plate      motion under over outside_zero   one of its troubles
    stable           back to normal                 silent garbage half              no answer, noise, cut frames
    slow 0.3         seconds until it answers       parity on|off                    off: flip a bit of each answer
    8n1 on|off       even parity in bit 7           point on|off                     decimal point sent or not
    once on|off      each weight is sent once       settle 0.4                       seconds of motion after put
    unplug  plug     take the port away, or back    wait 1.5                         seconds; without them: for ever
    show             display and counters as JSON   quit
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, cast, get_args

from simulators.link import PtyLink
from simulators.orders import OrderConsole, run_by_orders, scripted_orders, tell, typed_orders
from simulators.toledo_8217 import CAPACITY, STEP, Status, Toledo8217Scale

RANDOM_ORDERS = 50
"""Made up from one seed; the next seed follows."""


class Console(OrderConsole[Toledo8217Scale]):
    """Carries out orders on one scale and its link."""

    @property
    def status(self) -> str:
        return self._scale.status

    @property
    def help_text(self) -> str:
        return __doc__ or ""

    def take(self, name: str, argument: str) -> bool:
        scale = self._scale
        if name in get_args(Status):
            scale.status = cast(Status, name)
            return True
        match name:
            case "parity":
                scale.bad_parity = not _switch(argument)
            case "8n1":
                scale.as_8n1 = _switch(argument)
            case "point":
                scale.drop_point = not _switch(argument)
            case "once":
                scale.sends_weight_once = _switch(argument)
            case _:
                return False
        return True


def random_orders(seed: int, unit: Literal["kg", "lb"]) -> list[str]:
    """The next orders of a shopper with a troublesome scale; each seed is another shopper, always the same."""
    rng = random.Random(seed)
    orders: list[str] = []
    for _ in range(RANDOM_ORDERS):
        roll = rng.random()
        if roll < 0.7:
            steps = int(CAPACITY[unit] / STEP[unit])
            orders += ["stable", f"put {rng.randrange(steps) * STEP[unit]}"]
        elif roll < 0.8:
            orders += ["stable", "put 0"]
        else:
            orders += [rng.choice(get_args(Status)), f"wait {rng.uniform(0.0, 0.5):.3f}"]
    return orders


async def run_orders(path: Path, orders: AsyncIterator[str], arguments: argparse.Namespace) -> None:
    """A scale at ``path`` until the orders end, ``quit``, or a signal."""
    link = PtyLink(path)
    scale = Toledo8217Scale(
        link, unit=arguments.unit, rng=random.Random(arguments.random or 0), settle_s=arguments.settle
    )
    await run_by_orders("toledo-8217", scale, link, Console(scale, link, tell), orders)


async def _random(seed: int, every_s: float, unit: Literal["kg", "lb"]) -> AsyncIterator[str]:
    while True:
        for order in random_orders(seed, unit):
            tell(order)
            yield order
            await asyncio.sleep(every_s)
        seed += 1


def run_console(argv: list[str] | None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="edge-gateway simulate toledo-8217",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, help="name of the port to make (a symbolic link to a pty)")
    parser.add_argument("--unit", choices=("kg", "lb"), default="kg")
    parser.add_argument("--settle", type=float, default=0.3, help="seconds the plate moves after put")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--script", type=Path, help="orders from this file; the end of the file ends the simulator")
    source.add_argument("--random", type=int, metavar="SEED", help="orders made up from this seed")
    parser.add_argument("--every", type=float, default=2.0, help="with --random: seconds between orders")
    arguments = parser.parse_args(argv)
    if arguments.script is not None:
        orders = scripted_orders(arguments.script)
    elif arguments.random is not None:
        orders = _random(arguments.random, arguments.every, arguments.unit)
    else:
        orders = typed_orders()
    asyncio.run(run_orders(arguments.path, orders, arguments))
    return 0


def _switch(argument: str) -> bool:
    if argument not in {"on", "off"}:
        raise ValueError("expected on or off")
    return argument == "on"
