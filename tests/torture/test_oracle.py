"""The oracle can see: a ledger with a missing, doubled, swapped or changed event does not pass."""

from __future__ import annotations

from typing import Any

from simulators.cloud.event_reading import TRANSACTION_TYPE, content_digest
from simulators.cloud.ledger import Ledger
from simulators.torture.oracle import Oracle, Verdict

TILL, SCANNER = "/stores/S/devices/T1", "/stores/S/devices/scanner"


def _transaction(number: int, **changes: Any) -> dict[str, Any]:
    return {"transaction_id": f"t{number}", "type": "sale", "totals": {"gross": "1.00"}, **changes}


def _event(
    number: int, transaction: dict[str, Any] | None = None, *, epoch: int | None = None, event_id: str | None = None
) -> dict[str, Any]:
    data: dict[str, Any] = {"sequence": number, "transaction": transaction or _transaction(number)}
    return {
        "specversion": "1.0",
        "id": event_id or f"e{number}",
        "source": TILL,
        "type": TRANSACTION_TYPE,
        "time": "2026-11-21T10:00:00Z",
        "data": data if epoch is None else {**data, "epoch": epoch},
    }


def _sent(ledger: Ledger, *events: dict[str, Any]) -> None:
    for event in events:
        ledger.receive(event)
        ledger.take(event, "/v1/orders/events")


def _promised(ledger: Ledger, count: int) -> Oracle:
    oracle = Oracle(ledger)
    for number in range(1, count + 1):
        oracle.sale_accepted(TILL, f"t{number}", f"e{number}", content_digest(_transaction(number)))
    return oracle


def _kinds(verdict: Verdict) -> list[str]:
    return [breach.kind for breach in verdict.breaches]


def test_oracle_is_content_with_what_was_promised() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 3)
    _sent(ledger, _event(1), _event(2), _event(2), _event(3))
    verdict = oracle.judge()
    assert (verdict.accepted, verdict.delivered, verdict.received_again) == (3, 3, 1)
    assert (verdict.missing, verdict.destroyed, verdict.breaches) == ([], [], [])


def test_oracle_sees_a_missing_event() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 3)
    _sent(ledger, _event(1), _event(3))
    verdict = oracle.judge()
    assert [obligation.key for obligation in verdict.missing] == ["t2"]
    assert verdict.delivered == 2


def test_oracle_takes_no_other_event_of_the_same_sale_for_the_promised_one() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 1)
    _sent(ledger, _event(1, event_id="other"))
    assert [obligation.key for obligation in oracle.judge().missing] == ["t1"]


def test_oracle_sees_an_event_that_took_effect_twice() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 2)
    _sent(ledger, _event(1), _event(2))
    ledger.entries["e2"].applied += 1
    assert _kinds(oracle.judge()) == ["applied_twice"]


def test_oracle_sees_a_sale_that_took_effect_under_two_events() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 2)
    _sent(ledger, _event(1), _event(2), _event(9, _transaction(2)))
    verdict = oracle.judge()
    assert _kinds(verdict) == ["applied_twice"]
    assert verdict.breaches[0].key == "t2"


def test_oracle_sees_events_swapped_against_the_order_of_their_promises() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 3)
    _sent(ledger, _event(1), _event(3), _event(2))
    verdict = oracle.judge()
    assert [(breach.kind, breach.key) for breach in verdict.breaches] == [("out_of_order", "e2")]


def test_oracle_sees_events_swapped_against_epoch_and_sequence_though_nobody_was_promised_them() -> None:
    ledger = Ledger()
    oracle = Oracle(ledger)
    _sent(ledger, _event(7, epoch=1), _event(1, epoch=2), _event(8, epoch=1))
    assert [(breach.kind, breach.key) for breach in oracle.judge().breaches] == [("out_of_order", "e8")]


def test_oracle_sees_two_events_with_one_epoch_and_sequence() -> None:
    ledger = Ledger()
    oracle = Oracle(ledger)
    _sent(ledger, _event(7, epoch=1), _event(7, _transaction(8), epoch=1, event_id="e8"))
    assert _kinds(oracle.judge()) == ["out_of_order"]


def test_oracle_counts_a_new_boot_as_later_though_its_sequence_begins_anew() -> None:
    ledger = Ledger()
    oracle = Oracle(ledger)
    _sent(ledger, _event(7, epoch=1), _event(1, epoch=2), _event(2, epoch=2))
    assert oracle.judge().breaches == []


def test_oracle_sees_changed_content() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 2)
    _sent(ledger, _event(1), _event(2, _transaction(2, totals={"gross": "1.01"})))
    assert _kinds(oracle.judge()) == ["content_mismatch"]


def test_oracle_compares_content_and_not_how_it_is_written() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 1)
    _sent(ledger, _event(1, dict(reversed(_transaction(1).items()))))
    assert oracle.judge().breaches == []


def test_oracle_sees_a_repeat_that_was_accepted_as_another_event() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 1)
    oracle.sale_accepted(TILL, "t1", "e1", content_digest(_transaction(1)))
    assert oracle.judge().breaches == []
    oracle.sale_accepted(TILL, "t1", "e9", content_digest(_transaction(1)))
    assert _kinds(oracle.judge()) == ["answered_otherwise"]


def test_oracle_sees_a_missing_and_a_changed_device_event() -> None:
    ledger = Ledger()
    oracle = Oracle(ledger)
    scan = {
        **_event(1, event_id="s1"), "type": "com.edge-gateway.scanner.barcode_scanned.v1", "source": SCANNER,
        "data": {"text": "4006381333931"},
    }  # fmt: skip
    oracle.event_kept(SCANNER, "s1", content_digest(scan))
    assert [obligation.key for obligation in oracle.judge().missing] == ["s1"]
    _sent(ledger, {**scan, "data": {"text": "4006381333932"}})
    assert _kinds(oracle.judge()) == ["content_mismatch"]


def test_oracle_counts_apart_what_injected_damage_may_have_destroyed() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 3)
    oracle.put_at_risk({"e1", "e2"})
    _sent(ledger, _event(1))
    verdict = oracle.judge()
    assert verdict.delivered == 1
    assert [obligation.key for obligation in verdict.destroyed] == ["t2"]
    assert [obligation.key for obligation in verdict.missing] == ["t3"]


def test_oracle_lets_a_destroyed_sale_be_submitted_again() -> None:
    ledger = Ledger()
    oracle = _promised(ledger, 1)
    oracle.put_at_risk({"e1"})
    oracle.sale_accepted(TILL, "t1", "e7", content_digest(_transaction(1)))
    assert [obligation.key for obligation in oracle.judge().missing] == ["t1"], "the new copy was at no risk"
    _sent(ledger, _event(7, _transaction(1)))
    verdict = oracle.judge()
    assert (verdict.delivered, verdict.missing, verdict.breaches) == (1, [], [])


def test_oracle_counts_apart_a_sale_doubled_because_damage_destroyed_its_id() -> None:
    ledger = Ledger()
    oracle = Oracle(ledger)
    _sent(ledger, _event(1), _event(2))
    oracle.put_at_risk(set())
    oracle.sale_accepted(TILL, "t1", "e7", content_digest(_transaction(1)))
    _sent(ledger, _event(7, _transaction(1)))
    assert _kinds(oracle.judge()) == ["doubled_by_damage"]
    _sent(ledger, _event(8, _transaction(2)), _event(9, _transaction(2)))
    assert _kinds(oracle.judge()) == ["doubled_by_damage", "applied_twice"], "no damage between the last two"
