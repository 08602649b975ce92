"""Orders to a simulated scale, one per line: typed, or from a script. Each kind of scale adds orders of its own."""

from __future__ import annotations

import asyncio
import json
import signal
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from simulators.link import Link
from simulators.typed_lines import typed_lines

Tell = Callable[[str], None]


class OrderedScale(Protocol):
    """What the orders that every scale takes need of it."""

    settle_s: float
    reply_delay_s: float
    counters: Counter[str]

    @property
    def unit(self) -> str: ...

    @property
    def shown(self) -> Decimal: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def put(self, weight: Decimal | str) -> None: ...


Scale = TypeVar("Scale", bound=OrderedScale)


class OrderConsole(ABC, Generic[Scale]):
    """Carries out orders on one scale and its link. Subclasses know its statuses and what else it takes."""

    def __init__(self, scale: Scale, link: Link, tell: Tell) -> None:
        self._scale = scale
        self._link = link
        self._tell = tell

    @property
    @abstractmethod
    def status(self) -> str:
        """How the scale is."""

    @property
    @abstractmethod
    def help_text(self) -> str:
        """What ``help`` says."""

    @abstractmethod
    def take(self, name: str, argument: str) -> bool:
        """An order that not every scale has, a status among them. False: there is none. Raises ValueError."""

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

    async def obey_all(self, orders: AsyncIterator[str]) -> None:
        """Until they end, or ``quit``."""
        async for line in orders:
            if not await self.obey(line):
                return

    async def _obey(self, name: str, argument: str) -> None:
        match name:
            case "" | "#":
                pass
            case "put":
                self._scale.put(Decimal(argument))
            case "slow":
                self._scale.reply_delay_s = float(argument)
            case "settle":
                self._scale.settle_s = float(argument)
            case "unplug":
                self._link.unplug()
            case "plug":
                self._link.plug()
            case "wait":
                await (asyncio.sleep(float(argument)) if argument else asyncio.get_running_loop().create_future())
            case "show":
                self._tell(json.dumps(self._seen()))
            case "help":
                self._tell(self.help_text)
            case _ if not self.take(name, argument):
                raise ValueError("no such order")

    def _seen(self) -> dict[str, object]:
        return {
            "shown": str(self._scale.shown),
            "unit": self._scale.unit,
            "status": self.status,
            "is_plugged": self._link.is_plugged,
            **self._scale.counters,
        }


async def run_by_orders(
    name: str, scale: OrderedScale, link: Link, console: OrderConsole[Scale], orders: AsyncIterator[str]
) -> None:
    """The scale on its link until the orders end, ``quit``, or a signal."""
    await scale.start()
    tell(json.dumps({"simulator": name, "path": str(link.path)}))
    task = asyncio.ensure_future(console.obey_all(orders))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
    finally:
        await scale.stop()


def tell(text: str) -> None:
    """To whoever started the simulator, at once."""
    print(text, flush=True)


async def typed_orders() -> AsyncIterator[str]:
    """Standard input; its end ends nothing (it may be /dev/null)."""
    async for line in typed_lines():
        yield line
    await asyncio.Event().wait()


async def scripted_orders(path: Path) -> AsyncIterator[str]:
    """The lines of a file; its end ends the simulator."""
    for line in _lines_of(path):
        yield line


def _lines_of(path: Path) -> Sequence[str]:
    return path.read_text().splitlines()
