"""What is made of the cloud's answers, honest and strange."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.foreign_words import FOREIGN_CHARS_MAX
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.uplinks.http.answers import (
    RETRY_AFTER_S_MAX,
    parse_results,
    raise_for_status,
    retry_after_s,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
IDS = {"a", "b", "c", "d"}


def test_results_tell_the_fate_of_each_event() -> None:
    answer = {
        "results": [
            {"id": "a", "status": "accepted"},
            {"id": "b", "status": "duplicate", "error": None},
            {"id": "c", "status": "rejected", "error": "unknown article"},
            {"id": "d", "status": "rejected"},
        ]
    }
    assert parse_results(json.dumps(answer).encode(), IDS, "cloud") == {
        "a": DELIVERED,
        "b": DELIVERED,
        "c": "unknown article",
        "d": "rejected without a reason",
    }


@pytest.mark.parametrize(
    "result",
    [
        {"id": "stranger", "status": "accepted"},
        {"id": "a", "status": "perhaps"},
        {"id": "a"},
        {"id": 7, "status": "accepted"},
        {"id": None, "status": "rejected", "error": "no id"},
        "a",
        None,
        ["a", "accepted"],
    ],
)
def test_results_that_are_not_understood_leave_the_event_to_be_sent_again(result: object) -> None:
    body = json.dumps({"results": [result, {"id": "b", "status": "accepted"}]}).encode()
    assert parse_results(body, IDS, "cloud") == {"b": DELIVERED}


@pytest.mark.parametrize(
    "body", [b"", b"<html>Please sign in</html>", b"[]", b"null", b'{"results": {}}', b"\xff\xfe", b"[" * 100_000]
)
def test_an_answer_that_is_none_is_a_reason_to_try_again(body: bytes) -> None:
    with pytest.raises(CloudTransientError, match=r"^cloud: the answer "):
        parse_results(body, IDS, "cloud")


JSON = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.fixed_dictionaries({"results": inner, "id": st.sampled_from(["a", "z"])}),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_results_never_raise_anything_else(body: bytes) -> None:
    try:
        outcomes = parse_results(body, IDS, "cloud")
    except CloudTransientError:
        return
    assert set(outcomes) <= IDS


def test_a_reason_is_cut_to_a_bearable_length() -> None:
    body = json.dumps({"results": [{"id": "a", "status": "rejected", "error": {"why": "x" * 5000}}]}).encode()
    assert len(parse_results(body, IDS, "cloud")["a"]) == FOREIGN_CHARS_MAX


def test_an_answer_that_echoes_what_it_got_is_not_quoted_whole() -> None:
    echo = "jane@example.com paid with 4111111111111111"
    body = json.dumps({"results": [{"id": "a", "status": "rejected", "error": {"value": echo}}]}).encode()
    said = [parse_results(body, IDS, "cloud")["a"]]
    with pytest.raises(CloudPermanentError) as refused:
        raise_for_status(422, None, json.dumps({"detail": echo}).encode(), NOW, "cloud")
    # The place where an answer is cut falls into the number.
    with pytest.raises(CloudTransientError) as unread:
        parse_results(b"." * 50 + b"4111111111111111", IDS, "cloud")
    for words in (*said, str(refused.value), str(unread.value)):
        assert "[digits]" in words
        assert "4111" not in words
        assert "jane" not in words


def test_status_of_success_passes_and_no_other() -> None:
    passed = []
    for status in range(100, 600):
        with suppress(CloudPermanentError, CloudTransientError):
            raise_for_status(status, None, b"", NOW, "cloud")
            passed.append(status)
    assert passed == [200, 202, 207]


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_status_about_the_content_is_permanent(status: int) -> None:
    with pytest.raises(CloudPermanentError, match=rf"cloud: {status} \(line 3 is missing\)"):
        raise_for_status(status, None, b'{"title": "bad", "detail": "line 3 is missing"}', NOW, "cloud")


@pytest.mark.parametrize(
    "status", [204, 301, 302, 304, 401, 403, 404, 405, 407, 408, 425, 429, 500, 502, 503, 504, 511, 599]
)
def test_status_that_is_not_the_events_fault_is_transient(status: int) -> None:
    with pytest.raises(CloudTransientError, match=str(status)):
        raise_for_status(status, None, b"", NOW, "cloud")


@pytest.mark.parametrize("status", [429, 503])
def test_status_that_asks_to_wait_carries_how_long(status: int) -> None:
    with pytest.raises(CloudTransientError) as caught:
        raise_for_status(status, "7", b"", NOW, "cloud")
    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("3", 3.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Sat, 21 Nov 2026 10:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2037 10:00:00 GMT", RETRY_AFTER_S_MAX),
        ("99999999999999999999", RETRY_AFTER_S_MAX),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("", None),
        ("\u0663", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, expected: float | None) -> None:
    assert retry_after_s(value, NOW) == expected
