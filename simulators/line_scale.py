"""A scale of any protocol that is asked or sends lines, on a pty, told what to do by lines.

One order per line::

    put 1.234        lay a weight on the plate         motion under over not_ready   one of its troubles
    stable           back to normal                    silent garbage half           no answer, noise, cut answers
    wrong            a digit or a check is flipped     slow 0.3                      seconds until it answers
    !unplug !plug    take the port away, or back       show                          display and counters as JSON
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from pathlib import Path
from typing import Literal, cast, get_args

from simulators.console import add_arguments, run_device
from simulators.link import PtyLink, Wire
from simulators.scale_load import Condition, ScaleLoad
from simulators.scale_wires import find_wires
from simulators.wired import WiredDevice

Fault = Literal["none", "silent", "garbage", "half", "wrong"]
REPLY_DELAY_S = 0.004
STREAM_INTERVAL_S = 0.1
NOISE = bytes(set(range(256)) - {0x02, 0x03, 0x0A, 0x0D, 0x82, 0x83, 0x8A, 0x8D})
"""No byte that begins or ends anything: noise that happens to be an answer is not noise."""


class LineScale(WiredDevice):
    """One scale: its ``load``, its ``wire`` and its faults, all of which may change at any time."""

    def __init__(
        self,
        link: Wire,
        protocol: str,
        *,
        load: ScaleLoad | None = None,
        rng: random.Random | None = None,
        reply_delay_s: float = REPLY_DELAY_S,
        stream_interval_s: float = STREAM_INTERVAL_S,
    ) -> None:
        super().__init__(link)
        self.load = load or ScaleLoad()
        self.wire = find_wires()[protocol](self.load)
        self.fault: Fault = "none"
        self.reply_delay_s = reply_delay_s
        self.stream_interval_s = stream_interval_s
        self._rng = rng or random.Random(0)
        self._timers: set[asyncio.TimerHandle] = set()
        self._streaming: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Listen, and send if the protocol does. Plugs the link in if it can be plugged."""
        await super().start()
        self._stream()

    async def stop(self) -> None:
        """Fall silent for good and take the link away."""
        for timer in (*self._timers, *([self._streaming] if self._streaming else [])):
            timer.cancel()
        self._timers.clear()
        await super().stop()

    def set(self, word: str) -> bool:
        """A condition of the load or a fault of the wire, by its name. False: it is neither."""
        if word in get_args(Condition):
            self.load.condition, self.fault = cast(Condition, word), "none"
        elif word in get_args(Fault):
            self.fault = cast(Fault, word)
        else:
            return False
        return True

    def _hear(self, data: bytes) -> None:
        self.counters["bytes_heard"] += len(data)
        loop = asyncio.get_running_loop()
        for answer in self.wire.hear(data):
            timer = loop.call_later(self.reply_delay_s, self._send, answer)
            self._timers = {pending for pending in self._timers if pending.when() > loop.time()} | {timer}

    def _stream(self) -> None:
        if (line := self.wire.stream()) is not None:
            self._send(line)
        self._streaming = asyncio.get_running_loop().call_later(self.stream_interval_s, self._stream)

    def _send(self, answer: bytes) -> None:
        if self.fault == "silent":
            return
        self.counters["answers"] += 1
        self._link.write(self._spoiled(answer))

    def _spoiled(self, answer: bytes) -> bytes:
        match self.fault:
            case "garbage":
                return bytes(self._rng.choice(NOISE) for _ in range(self._rng.randrange(3, 24)))
            case "half":
                return answer[: self._rng.randrange(1, max(2, len(answer) - 2))]
            case "wrong":
                # A lost byte of the number: a line as it looks after an overrun.
                digits = [place for place, byte in enumerate(answer) if chr(byte).isdigit()]
                place = self._rng.choice(digits) if digits else len(answer) // 2
                return answer[:place] + answer[place + 1 :]
        return answer


def main(argv: list[str] | None = None) -> int:
    """``edge-gateway simulate line-scale PROTOCOL PATH``."""
    parser = argparse.ArgumentParser(
        prog="edge-gateway simulate line-scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("protocol", choices=sorted(find_wires()))
    parser.add_argument("path", type=Path, help="where the port appears (a link to a pty)")
    parser.add_argument("--unit", choices=("kg", "g", "lb"), default="kg")
    parser.add_argument("--settle", type=float, default=0.0, metavar="S", help="seconds of motion after put")
    parser.add_argument("--seed", type=int, default=0, help="of garbage and cut answers")
    add_arguments(parser)
    asyncio.run(_run(parser.parse_args(argv)))
    return 0


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path)
    load = ScaleLoad(arguments.unit, arguments.settle)
    scale = LineScale(link, arguments.protocol, load=load, rng=random.Random(arguments.seed))

    def obey(line: str) -> None:
        name, _, argument = line.partition(" ")
        try:
            if name == "put":
                load.put(argument)
            elif name == "slow":
                scale.reply_delay_s = float(argument)
            elif name == "show":
                seen = {"shown": str(load.shown), "unit": load.unit, "state": load.state, "fault": scale.fault}
                print(json.dumps({**seen, **scale.counters}), flush=True)
            elif not scale.set(name):
                print(f"{line!r}: no such order; --help lists them", flush=True)
        except ArithmeticError:
            print(f"{line!r}: expected a weight such as 1.234", flush=True)
        except ValueError:
            print(f"{line!r}: expected seconds such as 0.3", flush=True)

    greeting = json.dumps({"simulator": "line-scale", "protocol": arguments.protocol, "path": str(link.path)})
    await run_device(scale, link, obey, arguments, greeting)
