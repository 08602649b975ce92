"""Each weight that is sold leaves an audit event, with the reading of the scale it came from or the reason of none."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.clock import EventIds, rfc3339
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.events import DeviceEvent, StampedEvent
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.contracts.weight_sold import WeightSoldData
from edge_gateway.services.transactions import TransactionService
from edge_gateway.services.weighings import TILL_CLOCK_S_MAX, WEIGHING_AGE_S_MAX, WEIGHINGS_MAX, Weighings
from edge_gateway.services.weight_audit import WeightAudit
from tests.support.bus import STORE
from tests.support.clock import FakeClock
from tests.support.stores import Store, open_store
from tests.support.transactions import example


class Lane:
    """A till and scales: what is shown, what is sold, what is kept of it."""

    def __init__(self, store: Store, clock: FakeClock, scale_lanes: set[str]) -> None:
        self.clock = clock
        self.store = store
        ids = EventIds(clock)
        self.weighings = Weighings(clock, lambda: scale_lanes, lambda: store.database.epoch)
        self.audit = WeightAudit(STORE, store.outbox, self.weighings, ids, lambda: store.database.epoch)
        self.service = TransactionService(STORE, store.outbox, clock, ids, lambda: store.database.epoch, self.audit)
        self._sequence = 0

    def show(
        self,
        weight: str | None,
        *,
        unit: str = "kg",
        status: str = "stable_weight",
        lane: str = "lane-3",
        age_ms: int = 0,
        net: bool | None = False,
    ) -> None:
        self._sequence += 1
        data = {"status": status, "weight": weight, "unit": unit, "net": net, "age_ms": age_ms}
        self.weighings.note(
            StampedEvent(
                f"{lane}-scale", "scale", lane, self._sequence, DeviceEvent("weight_changed", data),
                self.clock.now(), self.clock.monotonic(),
            )
        )  # fmt: skip

    async def sell(self, transaction_id: str, *lines: Mapping[str, Any], **changes: Any) -> Reply:
        transaction = sale_of(transaction_id, *lines, **changes)
        return await self.service.handle(
            Request(transaction_id, "lane-3", "pos", "T3", "submit_transaction", {"transaction": transaction})
        )

    async def kept(self) -> list[dict[str, Any]]:
        """``data`` of the audit events, each checked against the published model."""
        events = [json.loads(event.payload) for event in await self.store.pending("audit", 100)]
        for event in events:
            assert event["type"] == "com.edge-gateway.pos.weight_sold.v1"
            assert event["subject"] == event["data"]["transaction_id"]
            WeightSoldData.model_validate(event["data"])
        return [event["data"] for event in events]


def line(number: int, quantity: str, unit: str = "kg") -> dict[str, Any]:
    """At a price of one, so that the sums are easy."""
    return {
        "line_number": number, "sku": f"sku-{number}", "name": "Apples", "quantity": quantity, "unit": unit,
        "unit_price": "100.00", "total": f"{float(quantity) * 100:.2f}",
    }  # fmt: skip


def sale_of(transaction_id: str, *lines: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    total = f"{sum(float(each['total']) for each in lines):.2f}"
    return example(
        transaction_id=transaction_id, lines=list(lines), taxes=[],
        totals={"gross": total, "net": total, "tax": "0", "discount": "0", "tendered": total, "change": "0"},
        tenders=[{"method": "cash", "status": "completed", "amount": total}], **changes,
    )  # fmt: skip


@asynccontextmanager
async def lane(directory: Path, scale_lanes: set[str] | None = None, **limits: Any) -> AsyncIterator[Lane]:
    clock = FakeClock()
    async with open_store(directory, clock=clock, **limits) as store:
        yield Lane(store, clock, {"lane-3"} if scale_lanes is None else scale_lanes)


async def test_weight_sold_stands_beside_the_reading_it_came_from(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        till.show("0.500", status="weight_unstable")
        await till.clock.advance(1)
        measured_at = till.clock.now()
        till.show("1.234", age_ms=12)
        await till.clock.advance(4)
        shown_until = till.clock.now()
        till.show(None, status="weight_zero")
        await till.clock.advance(20)
        assert (await till.sell("S-1", line(1, "2", "each"), line(2, "1.2340"))).status is ReplyStatus.ACCEPTED
        [sold] = await till.kept()
    assert (sold["transaction_id"], sold["line_number"], sold["sku"]) == ("S-1", 2, "sku-2")
    assert (sold["quantity"], sold["unit"], sold["no_reading"]) == ("1.2340", "kg", None)
    reading = sold["reading"]
    assert (reading["device_id"], reading["weight"], reading["unit"]) == ("lane-3-scale", "1.234", "kg")
    assert (reading["status"], reading["sequence"], reading["also_for"]) == ("stable_weight", 2, None)
    assert datetime.fromisoformat(reading["measured_at"]) < measured_at
    assert reading["shown_until"] == rfc3339(shown_until)
    assert reading["age_s"] == 24.012


async def test_weight_that_still_lies_on_the_scale_is_found_however_long_it_lies_there(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        till.show("1.5")
        await till.clock.advance(WEIGHING_AGE_S_MAX * 3)
        await till.sell("S-1", line(1, "1.50"))
        [sold] = await till.kept()
    assert (sold["reading"]["weight"], sold["reading"]["shown_until"]) == ("1.5", None)


@pytest.mark.parametrize(
    ("scale_lanes", "show", "wait_s", "reason"),
    [
        (set(), None, 0, "no_scale"),
        ({"lane-4"}, {"weight": "1.5", "lane": "lane-4"}, 0, "no_scale"),
        ({"lane-3"}, None, 0, "no_matching_reading"),
        ({"lane-3"}, {"weight": "1.501"}, 0, "no_matching_reading"),
        ({"lane-3"}, {"weight": "1.5", "unit": "lb"}, 0, "no_matching_reading"),
        ({"lane-3"}, {"weight": "1.5", "status": "weight_unstable"}, 0, "no_matching_reading"),
        ({"lane-3"}, {"weight": "1.5"}, WEIGHING_AGE_S_MAX + 1, "no_matching_reading"),
        ({"lane-3", "lane-4"}, {"weight": "1.5", "lane": "lane-4"}, 0, "no_matching_reading"),
    ],
)
async def test_weight_sold_without_a_reading_says_why(
    tmp_path: Path, scale_lanes: set[str], show: dict[str, Any] | None, wait_s: float, reason: str
) -> None:
    async with lane(tmp_path, scale_lanes) as till:
        if show:
            till.show(**show)
            till.weighings.gone(f"{show.get('lane', 'lane-3')}-scale")
        await till.clock.advance(wait_s)
        assert (await till.sell("S-1", line(1, "1.5"))).status is ReplyStatus.ACCEPTED
        [sold] = await till.kept()
    assert (sold["reading"], sold["no_reading"]) == (None, reason)


@pytest.mark.parametrize("net", [True, False, None])
async def test_weight_sold_says_net_as_the_scale_does(tmp_path: Path, net: bool | None) -> None:
    async with lane(tmp_path) as till:
        till.show("1.5", net=net)
        await till.sell("S-1", line(1, "1.5"))
        [sold] = await till.kept()
    assert sold["reading"]["net"] is net


async def test_sale_that_waited_for_the_gateway_takes_no_reading_made_after_it(tmp_path: Path) -> None:
    """The next customer buys the same weight: it is not evidence of the sale before."""
    async with lane(tmp_path) as till:
        await till.clock.advance(6 * 3600)
        late = rfc3339(till.clock.now() - timedelta(hours=5))
        till.show("1.5")
        await till.sell("LATE", line(1, "1.5"), line(2, "7.5"), completed_at=late)
        await till.sell("NOW", line(1, "1.5"), completed_at=rfc3339(till.clock.now()))
        first, second, now = await till.kept()
    assert [(each["reading"], each["no_reading"]) for each in (first, second)] == [(None, "submitted_late")] * 2
    assert (now["reading"]["weight"], now["reading"]["also_for"]) == ("1.5", None)


@pytest.mark.parametrize(
    ("completed_after_s", "reason"),
    [
        (-TILL_CLOCK_S_MAX - 1, "submitted_late"),
        (-TILL_CLOCK_S_MAX + 1, None),
        (300, None),
        (WEIGHING_AGE_S_MAX, None),
        (WEIGHING_AGE_S_MAX + 1, "no_matching_reading"),
    ],
)
async def test_reading_is_of_the_quarter_of_an_hour_before_the_sale_was_completed(
    tmp_path: Path, completed_after_s: float, reason: str | None
) -> None:
    """However much later it is submitted."""
    async with lane(tmp_path) as till:
        await till.clock.advance(3600)
        shown_at = till.clock.now()
        till.show("1.5")
        till.weighings.gone("lane-3-scale")
        completed_at = shown_at + timedelta(seconds=completed_after_s)
        await till.clock.advance(max(0.0, completed_after_s) + 840)
        await till.sell("S-1", line(1, "1.5"), completed_at=rfc3339(completed_at))
        [sold] = await till.kept()
    assert sold["no_reading"] == reason
    assert (sold["reading"] is None) == (reason is not None)


async def test_till_whose_clock_is_fast_has_its_reading(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        till.show("1.5")
        till.weighings.gone("lane-3-scale")
        await till.sell("S-1", line(1, "1.5"), completed_at=rfc3339(till.clock.now() + timedelta(hours=2)))
        [sold] = await till.kept()
    assert sold["reading"]["weight"] == "1.5"


async def test_scale_that_all_lanes_share_is_looked_at_too(tmp_path: Path) -> None:
    async with lane(tmp_path, {"shared"}) as till:
        till.show("1.5", lane="shared")
        await till.sell("S-1", line(1, "1.5"))
        [sold] = await till.kept()
    assert sold["reading"]["lane"] == "shared"


async def test_two_lines_of_one_weight_have_two_readings_and_a_third_says_whose_it_has(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        for _ in range(2):
            till.show("0.250")
            till.show("0.000", status="weight_zero")
        await till.sell("S-1", line(1, "0.25"), line(2, "0.25"))
        await till.sell("S-2", line(7, "0.25"))
        sold = await till.kept()
    assert [each["reading"]["sequence"] for each in sold] == [3, 1, 3]
    assert [each["reading"]["also_for"] for each in sold] == [None, None, "S-1/1"]


async def test_weight_sold_is_noted_once_however_often_the_sale_is_repeated(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        till.show("1.5")
        for _ in range(3):
            assert (await till.sell("S-1", line(1, "1.5"))).status is ReplyStatus.ACCEPTED
        assert (await till.sell("S-1", line(1, "1.6"))).error_code is ErrorCode.CONFLICT
        assert len(await till.kept()) == 1


@pytest.mark.parametrize("changes", [{"type": "return", "original_transaction_id": "S-0"}])
async def test_weight_that_comes_back_is_not_sold(tmp_path: Path, changes: dict[str, Any]) -> None:
    async with lane(tmp_path) as till:
        till.show("1.5")
        assert (await till.sell("S-1", line(1, "1.5"), **changes)).status is ReplyStatus.ACCEPTED
        assert await till.kept() == []


async def test_sale_that_is_refused_leaves_the_reading_for_the_next(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        till.show("1.5")
        await till.store.database.read(lambda connection: connection.execute("PRAGMA query_only = ON").close())
        assert (await till.sell("S-1", line(1, "1.5"))).error_code is ErrorCode.INTERNAL
        await till.store.database.read(lambda connection: connection.execute("PRAGMA query_only = OFF").close())
        assert await till.kept() == []
        assert till.audit.counters["not_kept"] == 1
        await till.sell("S-2", line(1, "1.5"))
        [sold] = await till.kept()
    assert (sold["transaction_id"], sold["reading"]["also_for"]) == ("S-2", None)


async def test_sale_is_accepted_where_there_is_room_for_sales_only(tmp_path: Path) -> None:
    async with lane(tmp_path, bytes_max=1_000_000) as till:
        till.show("1.5")
        number = 0
        while till.audit.counters["not_kept"] == 0:
            number += 1
            assert (await till.sell(f"S-{number}", line(1, "1.5"), notes="x" * 2000)).status is ReplyStatus.ACCEPTED


async def test_sale_is_accepted_whatever_goes_wrong_with_its_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lane(tmp_path) as till:
        monkeypatch.setattr(till.weighings, "_scale_lanes", lambda: 1 / 0)
        assert (await till.sell("S-1", line(1, "1.5"))).status is ReplyStatus.ACCEPTED
        assert till.audit.counters["not_kept"] == 1


async def test_weight_sold_and_its_sale_are_one_commit(tmp_path: Path) -> None:
    """Whatever ends the gateway, it has both or none."""
    async with lane(tmp_path) as till:
        till.show("1.5")
        batches: list[int] = []
        writer = till.store.database._writer
        assert writer is not None
        commit = writer._transactor.commit

        def counted(connection: Any, work: Any) -> Any:
            batches.append(sum(operation.name == "append" for operation, _ in work))
            return commit(connection, work)

        writer._transactor.commit = counted  # type: ignore[method-assign]
        await till.sell("S-1", line(1, "1.5"), line(2, "0.5"), line(3, "0.25"))
        assert len(await till.kept()) == 3
        assert [size for size in batches if size] == [4]


async def test_weighings_are_bounded(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        for number in range(WEIGHINGS_MAX + 50):
            till.show(f"{number + 1}.0")
        await till.sell("S-1", line(1, "50"), line(2, "51"))
        assert [each["reading"] is None for each in await till.kept()] == [True, False]


async def test_audit_numbers_have_no_gap_where_a_sale_was_refused(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        await till.store.database.read(lambda c: c.execute("PRAGMA query_only = ON").close())
        assert (await till.sell("S-1", line(1, "1.5"), line(2, "2.5"))).status is not ReplyStatus.ACCEPTED
        await till.clock.settle()
        await till.store.database.read(lambda c: c.execute("PRAGMA query_only = OFF").close())
        assert (await till.sell("S-1", line(1, "1.5"), line(2, "2.5"))).status is ReplyStatus.ACCEPTED
        assert (await till.sell("S-2", line(1, "1.5"))).status is ReplyStatus.ACCEPTED
        assert [sold["sequence"] for sold in await till.kept()] == [1, 2, 3]


async def test_load_that_trembles_is_weighed_once_and_pushes_no_other_out(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        till.show("1.234")
        await till.clock.advance(3)
        till.show(None, status="weight_zero")
        for _ in range(WEIGHINGS_MAX):
            for weight in ("0.500", "0.501"):
                till.show(weight)
                await till.clock.advance(0.1)
        await till.sell("S-1", line(1, "1.234"), line(2, "0.501"), line(3, "0.500"), line(4, "0.500"))
        found = [sold["reading"] for sold in await till.kept()]
    assert [each["weight"] for each in found] == ["1.234", "0.501", "0.500", "0.500"]
    assert [each["also_for"] for each in found] == [None, None, None, "S-1/3"], "it lay there once"
    assert found[1]["shown_until"] is None


async def test_two_loads_of_one_weight_are_two_weighings_however_soon(tmp_path: Path) -> None:
    async with lane(tmp_path) as till:
        for _ in range(2):
            till.show("0.500")
            await till.clock.advance(0.5)
            till.show(None, status="weight_zero")
            await till.clock.advance(0.5)
        await till.sell("S-1", line(1, "0.5"), line(2, "0.5"))
        assert [sold["reading"]["also_for"] for sold in await till.kept()] == [None, None]
