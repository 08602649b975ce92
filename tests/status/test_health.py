"""The roll-up says unhealthy only when a sale cannot be taken, and always says why."""

from __future__ import annotations

from typing import Any

import pytest

from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.contracts.states import Health, PowerState, flag_words
from edge_gateway.status.source import JobsStatus, StreamStatus
from tests.status.snapshots import bus, gateway, outbox, printer, scale, snapshot, uplink


def test_health_of_a_store_without_problems_has_no_reasons() -> None:
    health = snapshot().health
    assert (health.status, health.reasons) == (Health.HEALTHY, ())


@pytest.mark.parametrize(
    ("parts", "status", "part", "text"),
    [
        ({"gateway": gateway(state="starting")}, Health.UNHEALTHY, "gateway", "starting"),
        ({"outbox": outbox(is_open=False, reason="disk full")}, Health.UNHEALTHY, "store", "refused: disk full"),
        (
            {"outbox": outbox(health=Health.DEGRADED, reason="set aside a corrupt database")},
            Health.DEGRADED,
            "store",
            "corrupt",
        ),
        (
            {"outbox": outbox(streams={"transactions": StreamStatus(pending=0, dead=2, delivered_total=0)})},
            Health.DEGRADED,
            "store",
            "2 of transactions refused",
        ),
        ({"bus": bus(is_connected=False, reason="refused")}, Health.DEGRADED, "bus", "127.0.0.1:1883: refused"),
        ({"bus": bus(reason="refuses our subscription")}, Health.DEGRADED, "bus", "refuses our subscription"),
        (
            {"uplinks": (uplink(health=Health.UNHEALTHY, reason="401"),)},
            Health.DEGRADED,
            "uplink/https",
            "401",
        ),
        ({"uplinks": (uplink(health=Health.INACTIVE),)}, Health.HEALTHY, "uplink/https", "not configured"),
        (
            {"devices": (scale(power=PowerState.OFF, reason="no such node"),)},
            Health.DEGRADED,
            "device/lane1-scale",
            "off: no such node",
        ),
        ({"devices": (scale(power=PowerState.UNKNOWN),)}, Health.HEALTHY, "device/lane1-scale", "not looked for"),
        (
            {"devices": (printer(flags=("cover_open", "paper_near_end")),)},
            Health.DEGRADED,
            "device/lane1-printer",
            "cover open",
        ),
        (
            {"devices": (printer(jobs=JobsStatus(waiting=0, unknown=1)),)},
            Health.DEGRADED,
            "device/lane1-printer",
            "1 print job waits for somebody to look at the paper; see: edge-gateway print jobs lane1-printer",
        ),
        (
            {"devices": (scale(firmware="1.8", firmware_status=FirmwareStatus.BELOW_MINIMUM),)},
            Health.DEGRADED,
            "device/lane1-scale",
            "firmware 1.8 is older than allowed (at least 1.9)",
        ),
        (
            {"devices": (scale(firmware="3.0", firmware_status=FirmwareStatus.OTHER_PROFILE),)},
            Health.DEGRADED,
            "device/lane1-scale",
            "firmware 3.0: profile mettler-toledo-8217 is for other versions",
        ),
        (
            {"devices": (scale(profile_problems=("a.toml: line 9: baud = 1: expected a rate",)),)},
            Health.DEGRADED,
            "device/lane1-scale",
            "goes on as it was: a.toml: line 9: baud = 1: expected a rate",
        ),
    ],
)
def test_health_names_the_part_and_the_reason(parts: dict[str, Any], status: Health, part: str, text: str) -> None:
    health = snapshot(**parts).health
    assert health.status is status
    assert [reason.part for reason in health.reasons] == [part]
    assert text in health.reasons[0].text


def test_health_is_the_worst_of_all_and_keeps_every_reason() -> None:
    health = snapshot(bus=bus(is_connected=False), outbox=outbox(is_open=False), uplinks=()).health
    assert health.status is Health.UNHEALTHY
    assert {reason.part for reason in health.reasons} == {"store", "bus"}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("offline", "cover_open"), "cover open"),
        (("paper_near_end", "offline"), "it says it is offline, paper near end"),
        (("paper_empty", "paper_near_end"), "paper empty, paper near end"),
        (("a_flag_of_tomorrow",), "a flag of tomorrow"),
    ],
)
def test_flags_in_words_name_the_cause_before_offline(flags: tuple[str, ...], words: str) -> None:
    assert flag_words(flags) == words
