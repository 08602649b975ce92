"""A client id that two clients use: told in words, and each waits, longer each time."""

from __future__ import annotations

from random import Random

from edge_gateway.bus.dispute import (
    DELAY_S_MAX,
    DELAY_S_MIN,
    SHORT_COUNT,
    SHORT_S,
    SUSPECTED_WORDS,
    UNDISPUTED_S,
    Dispute,
)
from edge_gateway.bus.mqtt_reasons import TAKEN_OVER, TAKEN_OVER_WORDS, in_words
from edge_gateway.mqtt.connection import reason_code
from tests.support.clock import FakeClock


def test_take_over_that_the_broker_tells_is_told_at_once() -> None:
    from aiomqtt import MqttCodeError
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.reasoncodes import ReasonCode

    error = MqttCodeError(ReasonCode(PacketTypes.DISCONNECT, identifier=TAKEN_OVER))
    assert (reason_code(error), in_words(error)) == (TAKEN_OVER, TAKEN_OVER_WORDS)
    dispute = Dispute(FakeClock(), Random(1))
    away_s = dispute.lost(in_words(error), 60.0, is_session_present=True)
    assert away_s is not None
    assert DELAY_S_MIN <= away_s <= 2 * DELAY_S_MIN
    assert dispute.words == TAKEN_OVER_WORDS


def test_bad_password_is_told_in_words() -> None:
    from aiomqtt.exceptions import MqttConnectError
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.reasoncodes import ReasonCode

    error = MqttConnectError(ReasonCode(PacketTypes.CONNACK, identifier=0x87))
    assert "not authorised (bus.username, bus.password_file" in in_words(error)
    assert in_words(OSError("no route")) == "no route"


async def test_connections_that_end_soon_are_a_dispute_until_it_is_quiet() -> None:
    clock = FakeClock()
    dispute = Dispute(clock, Random(1))
    ends = [dispute.lost("closed", SHORT_S / 2, is_session_present=True) for _ in range(SHORT_COUNT)]
    assert ends[:-1] == [None] * (SHORT_COUNT - 1)
    assert dispute.words == SUSPECTED_WORDS
    longest = max(dispute.lost("closed", SHORT_S * 2, is_session_present=True) or 0.0 for _ in range(20))
    assert DELAY_S_MAX / 2 < longest <= DELAY_S_MIN + DELAY_S_MAX
    await clock.advance(UNDISPUTED_S)
    assert dispute.words is None
    assert dispute.lost("closed", UNDISPUTED_S, is_session_present=True) is None


def test_broker_that_restarts_is_no_dispute() -> None:
    dispute = Dispute(FakeClock(), Random(1))
    assert [dispute.lost("closed", 0.1, is_session_present=False) for _ in range(10)] == [None] * 10
    for _ in range(10):
        assert dispute.lost("closed", 0.1, is_session_present=True) is None
        dispute.failed()
