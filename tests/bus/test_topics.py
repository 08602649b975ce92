"""The topic tree, and where a reply may go."""

from __future__ import annotations

import pytest

from edge_gateway.bus.topics import CommandTopic, Topics

TOPICS = Topics("S001")


def test_topics_are_those_of_the_contract() -> None:
    assert TOPICS.gateway_state == "edge/v1/S001/gateway/state"
    assert TOPICS.gateway_health == "edge/v1/S001/gateway/health"
    assert TOPICS.device_info("lane-3", "scale", "s1") == "edge/v1/S001/lane-3/scale/s1/info"
    assert TOPICS.device_state("lane-3", "scale", "s1") == "edge/v1/S001/lane-3/scale/s1/state"
    event = TOPICS.device_event("lane-3", "scanner", "sc", "barcode_scanned")
    assert event == "edge/v1/S001/lane-3/scanner/sc/event/barcode_scanned"
    assert TOPICS.reply("lane-3", "pos", "T3") == "edge/v1/S001/lane-3/pos/T3/reply"
    assert TOPICS.alert("critical") == "edge/v1/S001/alert/critical"


def test_topics_read_their_own_commands() -> None:
    topic = TOPICS.command("lane-3", "pos", "T3", "submit_transaction")
    assert TOPICS.parse_command(topic) == CommandTopic("lane-3", "pos", "T3", "submit_transaction")
    assert TOPICS.default_reply(topic) == "edge/v1/S001/lane-3/pos/T3/reply"


@pytest.mark.parametrize(
    "topic",
    [
        "edge/v1/S002/lane-3/pos/T3/command/submit_transaction",
        "edge/v1/S001/lane-3/pos/T3/event/submit_transaction",
        "edge/v1/S001/lane-3/pos/T3/command/submit_transaction/x",
        "edge/v1/S001/lane-3/pos/T3/command/",
        "edge/v1/S001/lane 3/pos/T3/command/submit_transaction",
        "edge/v1/S001//pos/T3/command/submit_transaction",
        "edge/v1/S001/gateway/pos/T3/command/submit_transaction",
        "edge/v1/S001/lane-3/POS/T3/command/submit_transaction",
        "",
    ],
)
def test_topics_that_are_no_commands_are_not_read_as_such(topic: str) -> None:
    assert TOPICS.parse_command(topic) is None


@pytest.mark.parametrize(
    ("topic", "lane", "is_fit_for_payload", "is_fit_for_response"),
    [
        ("edge/v1/S001/lane-3/pos/T3/reply", "lane-3", True, True),
        ("edge/v1/S001/lane-3/pos/T3/reply/abc", "lane-3", True, True),
        ("edge/v1/S001/lane-3/replies/abc", "lane-3", True, True),
        ("edge/v1/S001/lane-4/pos/T4/reply", "lane-3", False, False),
        ("edge/v1/S001/lane-4/pos/T4/reply", "shared", True, True),
        ("edge/v1/S001/lane-4/scale/s1/state", "shared", False, False),
        ("edge/v1/S002/lane-3/pos/T3/reply", "lane-3", False, False),
        ("edge/v1/S001/lane-3/pos/T3/command/submit_transaction", "lane-3", False, False),
        ("edge/v1/S001/lane-3/scale/s1/state", "lane-3", False, False),
        ("edge/v1/S001/lane-3/scale/s1/info", "lane-3", False, False),
        ("edge/v1/S001/lane-3/scanner/s1/event/barcode_scanned", "lane-3", False, False),
        ("edge/v1/S001/lane-3/", "lane-3", True, True),
        ("edge/v1/S001/gateway/state", "gateway", False, False),
        ("edge/v1/S001/alert/critical", "lane-3", False, False),
        ("edge/v2/S001/lane-3/x", "lane-3", False, False),
        ("my/replies", "lane-3", False, True),
        ("$SYS/broker", "lane-3", False, False),
        ("my/+/replies", "lane-3", False, False),
        ("my/#", "lane-3", False, False),
        ("my/\x00", "lane-3", False, False),
        ("edge/v1/S001/lane-3/" + "x" * 2000, "lane-3", False, False),
        ("", "lane-3", False, False),
    ],
)
def test_topics_that_may_take_replies(
    topic: str, lane: str, is_fit_for_payload: bool, is_fit_for_response: bool
) -> None:
    assert (TOPICS.reply_to_problem(topic, lane) is None) == is_fit_for_payload
    assert (TOPICS.response_topic_problem(topic, lane) is None) == is_fit_for_response
