"""A till that has jobs printed: it repeats each request until it is answered, and asks until the job has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from edge_gateway.contracts.clock import SystemClock
from simulators.pos_client_link import PosAddress, PosLink
from simulators.pos_client_statistics import PosStatistics
from simulators.print_torture.jobs import TortureJob
from simulators.print_torture.oracle import ENDS, Known, PrintOracle

REPEAT_S = 2.0
LOOK_S = (0.3, 1.0)
"""Between two looks at a job that was answered ``accepted``."""
RETRY_S = (0.2, 1.0)
"""Before a refused job is sent again."""
FINAL = {"completed": "completed", "unknown": "unknown"}


class PrintingTill:
    """One terminal, any number of jobs at a time."""

    def __init__(self, address: PosAddress, oracle: PrintOracle, seed: int) -> None:
        self.statistics = PosStatistics()
        self._oracle = oracle
        self._random = Random(f"{seed}/{address.terminal_id}")
        self._terminal_id = address.terminal_id
        self._link = PosLink(
            address, Random(f"{seed}/{address.terminal_id}/link"), self.statistics, self._event_came, SystemClock()
        )
        self._asked = 0

    async def run(self) -> None:
        """Keep the connection, until cancelled."""
        await self._link.run()

    async def print(self, job: TortureJob) -> None:
        """From the request to the job's end, whatever it takes; cancel it to give up."""
        known = self._oracle.known(job)
        async with self._change_of_mind(job):
            await self._ask_for(known)
            await self._wait_for_end(known)
        if known.is_accepted and job.is_repeated:
            self._tell(known, "repeat", await self._insist(job, self._params(job)))
        if known.is_accepted and job.is_contradicted:
            other = {**self._params(job), "document": [{"type": "text", "text": "something else"}]}
            reply = await self._insist(job, other)
            known.contradicted = _code(reply) or str(reply.get("status"))

    async def look(self, job: TortureJob) -> Mapping[str, Any] | None:
        """The job's record; None: the gateway does not know it."""
        return await self._read(job.printer, job.job_id)

    async def reprint(self, known: Known) -> None:
        """Ask for a copy, as a person does who has looked at the paper, and wait for its end."""
        job = known.job
        copy_id = f"{job.job_id}.copy"
        params = {"job_id": job.job_id, "operator": "op-1", "reason": "nobody knows what became of it"}
        await self._ask(job.printer, "reprint", params, copy_id)
        while known.reprint is None:
            record = await self._read(job.printer, copy_id)
            if record is not None and record["state"] in ENDS:
                known.reprint = record
            await asyncio.sleep(self._random.uniform(*LOOK_S))

    async def dismiss(self, known: Known) -> None:
        """Leave an unknown job as it is, as a person does who has found it on the paper."""
        job = known.job
        await self._ask(job.printer, "dismiss", {"job_id": job.job_id, "operator": "op-1"}, self._new_id())

    async def _ask_for(self, known: Known) -> None:
        job = known.job
        reply = await self._insist(job, self._params(job))
        if not self._tell(known, "reply", reply):
            known.refusal = str(reply.get("error"))

    async def _insist(self, job: TortureJob, params: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to ``print``. What is refused for now was not printed, and is sent again."""
        while True:
            request_id = self._new_id() if job.is_named else job.job_id
            reply = await self._ask(job.printer, "print", params, request_id)
            if reply.get("status") != "failed" or _job_of(reply) is not None or not _is_retryable(reply):
                return reply
            self.statistics.errors[f"refused: {_code(reply)}"] += 1
            await asyncio.sleep(self._random.uniform(*RETRY_S))

    async def _wait_for_end(self, known: Known) -> None:
        while known.is_accepted and not known.told:
            await asyncio.sleep(self._random.uniform(*LOOK_S))
            record = await self.look(known.job)
            if record is None:
                return  # lost: the end of the campaign says so
            known.tell("read_job", str(record["state"]))

    @asynccontextmanager
    async def _change_of_mind(self, job: TortureJob) -> AsyncIterator[None]:
        """Cancel the job while it is under way, where it is one of those."""
        cancelling = None if job.cancel_after_s is None else asyncio.create_task(self._cancel(job, job.cancel_after_s))
        try:
            yield
        finally:
            if cancelling is not None:
                cancelling.cancel()
                await asyncio.wait({cancelling})

    async def _cancel(self, job: TortureJob, after_s: float) -> None:
        await asyncio.sleep(after_s)
        reply = await self._ask(job.printer, "cancel_job", {"job_id": job.job_id}, self._new_id())
        self.statistics.errors[f"cancel_job: {_code(reply)}"] += bool(_code(reply))

    def _tell(self, known: Known, source: str, reply: Mapping[str, Any]) -> bool:
        """What a reply to ``print`` says of the job. False: it was refused, there is no such job."""
        status, job = str(reply.get("status")), _job_of(reply)
        if status == "failed":
            if job is None:
                return False
            known.tell(source, str(job["state"]))
        elif status in FINAL:
            known.tell(source, FINAL[status])
        known.is_accepted = True
        return True

    def _params(self, job: TortureJob) -> dict[str, Any]:
        wanted = {
            "document": job.document,
            "job_id": job.job_id if job.is_named else None,
            "answer": job.answer,
            "priority": job.priority,
            "deadline_s": job.deadline_s,
            "on_paper_end": job.policy,
        }
        return {key: value for key, value in wanted.items() if value is not None}

    def _new_id(self) -> str:
        self._asked += 1
        return f"{self._terminal_id}.{self._asked}.{self._random.getrandbits(32):08x}"

    async def _read(self, printer: str, job_id: str) -> Mapping[str, Any] | None:
        while True:
            reply = await self._ask(printer, "read_job", {"job_id": job_id}, self._new_id())
            if reply.get("status") == "completed":
                record: Mapping[str, Any] = reply["result"]["job"]
                return record
            if _code(reply) == "not_found":
                return None
            await asyncio.sleep(self._random.uniform(*RETRY_S))

    async def _ask(self, printer: str, name: str, params: Mapping[str, Any], request_id: str) -> dict[str, Any]:
        topic = f"pos_printer/{printer}/command/{name}"
        return await self._link.request(topic, params, request_id=request_id, repeat_s=REPEAT_S)

    def _event_came(self, device_class: str, _: str, name: str, data: Mapping[str, Any], received: float) -> None:
        if device_class == "pos_printer" and name == "print_job_changed":
            known = self._oracle.by_id(str(data.get("job_id")))
            if known is not None:
                known.tell("event", str(data.get("state")))


def _job_of(reply: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The record of the job that a reply with an error is about."""
    error = reply.get("error")
    job = (error.get("details") or {}).get("job") if isinstance(error, dict) else None
    return job if isinstance(job, dict) else None


def _code(reply: Mapping[str, Any]) -> str:
    error = reply.get("error")
    return str(error.get("code")) if isinstance(error, dict) else ""


def _is_retryable(reply: Mapping[str, Any]) -> bool:
    error = reply.get("error")
    return isinstance(error, dict) and error.get("retryable") is True
