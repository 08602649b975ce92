"""A process for the crash tests: accepts and prints jobs, and tells on stdout what it promised and what is on paper.

What it writes there is the paper: it stays when the process is killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_gateway.contracts.clock import EventIds, SystemClock
from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.printing import PrintWatch, Rendered
from edge_gateway.services.printing.audit import PrintAudit
from edge_gateway.services.printing.content import prepare
from edge_gateway.services.printing.service import PrintService
from edge_gateway.settings_printing import PrintingSettings
from tests.printing.bench import PaperPrinter
from tests.support.stores import open_store
from tests.support.waiting import wait_until

PRODUCERS = 4
PIECES = 5
WAITING_MAX = 20
ALL_PRINTED_S = 50.0
"""Who started this process gives it a little more."""


class TellingPrinter(PaperPrinter):
    """Each piece goes out by itself; ``whole`` is the end of the paper."""

    async def print_job(self, content: Mapping[str, Any], rendered: Rendered, watch: PrintWatch) -> Mapping[str, Any]:
        name = rendered.data.decode()
        tell("asked", name)
        await watch.begin()
        for number in range(PIECES):
            tell("piece", name)
            watch.progress(number + 1, 0)
            await asyncio.sleep(0)
        tell("whole", name)
        watch.progress(PIECES, PIECES)
        tell("confirmed", name)
        return {"bytes": len(rendered.data), "replaced_characters": 0, "confirmed_by": "paper"}


async def main(directory: Path, run: str, count: int) -> None:
    """``count`` 0: until killed; -1: nothing new, until all that was left is printed."""
    clock = SystemClock()
    async with open_store(directory) as store:
        printers = {"p1": TellingPrinter("p1"), "p2": TellingPrinter("p2")}
        service = PrintService(
            printers.get,
            lambda device_id: PrintingSettings(waiting_jobs_max=1000),
            store.prints,
            store.commands,
            PrintAudit("S001", store.outbox, EventIds(clock), lambda: 1, clock),
            lambda device_id: None,
            prepare(directory / "templates"),
            clock,
        )
        running = asyncio.create_task(service.run())
        if count == 0:
            async with asyncio.TaskGroup() as tasks:
                for producer in range(PRODUCERS):
                    tasks.create_task(submit(service, f"{run}-{producer}", "p1" if producer % 2 else "p2"))
        await ask(service, "look", "p1", "read_jobs", {})  # answered when the jobs of before are loaded
        await wait_until(
            lambda: not any(service.jobs_of(printer).waiting for printer in printers), timeout_s=ALL_PRINTED_S
        )
        await service.finish()
        running.cancel()


async def submit(service: PrintService, name: str, printer: str) -> None:
    number = 0
    while True:
        job_id = f"{name}-{number}"
        params = {"document": [{"type": "text", "text": job_id}], "answer": "accepted"}
        await ask(service, job_id, printer, "print", params)
        tell("accepted", f"{printer}/{job_id}")
        number += 1
        await wait_until(lambda: service.jobs_of(printer).waiting <= WAITING_MAX, what="room")


async def ask(service: PrintService, request_id: str, printer: str, name: str, params: Mapping[str, Any]) -> None:
    request = Request(request_id, "lane-1", "pos_printer", printer, name, params)
    reply = await service.answer(request, refusal=None, objection=lambda: None, expires_in_s=None)
    assert reply.error_code is None, reply


def tell(what: str, which: str) -> None:
    os.write(1, f"{what} {which}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
