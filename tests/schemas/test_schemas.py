"""The published schemas: in step with the code, with the drivers, and with what is really sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge_gateway.bus import states
from edge_gateway.commands.schemas import differing, generated
from edge_gateway.contracts.cloudevents import cloud_event, event_type
from edge_gateway.contracts.commands import Reply
from edge_gateway.contracts.envelopes import ReplyEnvelope, RequestEnvelope
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.events import DeviceState, WeightRead
from edge_gateway.contracts.states import ReplyStatus, ScaleStatus
from edge_gateway.devices.profiles import load_driver, load_profile
from edge_gateway.schemas import examples
from edge_gateway.schemas.asyncapi import asyncapi
from edge_gateway.schemas.catalogue import (
    ALERTS,
    CLOUD_EVENTS,
    COMMANDS,
    COMMON_COMMANDS,
    COMMON_EVENTS,
    EVENTS,
    PRINT_COMMANDS,
    PRINT_EVENTS,
    STATES,
)
from edge_gateway.schemas.payloads import devices, gateway, scales

ROOT = Path(__file__).parents[2]


def test_schemas_that_are_checked_in_are_those_of_the_code() -> None:
    out = ROOT / "docs" / "schemas"
    changed = [str(path.relative_to(ROOT)) for path in differing(out, generated(out))]
    assert changed == [], "run: edge-gateway schemas"


def test_event_of_every_device_names_the_schema_that_is_published() -> None:
    """Its type has the device's class; the schema is one for all."""
    for event in COMMON_EVENTS:
        for device_class in ("scale", "scanner"):
            sent = json.loads(
                cloud_event(
                    event_id="1",
                    source="/stores/S1/devices/d",
                    event_type=event_type(device_class, event.name),
                    time=datetime(2026, 11, 21, tzinfo=UTC),
                    data={},
                )
            )
            assert sent["type"] == f"com.edge-gateway.{device_class}.{event.name}.v1"
            published = json.loads((ROOT / "docs" / "schemas" / f"device.{event.name}.v1.json").read_text())
            assert sent["dataschema"] == published["$id"]


def test_schemas_command_writes_checks_and_removes(tmp_path: Path) -> None:
    import typer

    from edge_gateway.commands.schemas import register

    app = typer.Typer()
    register(app)
    run = CliRunner()
    out = tmp_path / "schemas"
    assert run.invoke(app, ["--out", str(out), "--check"]).exit_code == 1
    assert run.invoke(app, ["--out", str(out)]).exit_code == 0
    assert run.invoke(app, ["--out", str(out), "--check", "--json"]).exit_code == 0
    (out / "old.json").write_text("{}")
    (out / "transaction.json").write_text("{}")
    result = run.invoke(app, ["--out", str(out), "--check", "--json"])
    assert result.exit_code == 1
    assert sorted(Path(path).name for path in json.loads(result.stdout)["differs"]) == ["old.json", "transaction.json"]
    assert run.invoke(app, ["--out", str(out)]).exit_code == 0
    assert not (out / "old.json").exists()


def test_examples_are_valid_and_each_is_of_something() -> None:
    events = {f"{each.device_class}.{each.name}": each for each in (*EVENTS, *PRINT_EVENTS, *COMMON_EVENTS)}
    events |= {f"{each.device_class}.{each.name}": each for each in CLOUD_EVENTS}
    commands = {f"{each.device_class}.{each.name}": each for each in (*COMMANDS, *PRINT_COMMANDS, *COMMON_COMMANDS)}
    for what, wanted, given in (
        ("events", {name: each.data for name, each in events.items()}, examples.EVENT_DATA),
        ("alerts", {f"alert.{each.name}": each.data for each in ALERTS}, examples.ALERT_DATA),
        ("params", {name: each.params for name, each in commands.items()}, examples.PARAMS),
        ("results", {name: each.result for name, each in commands.items()}, examples.RESULTS),
        ("states", {each.name: each.payload for each in STATES}, examples.STATES),
    ):
        assert given.keys() == wanted.keys(), what
        for name, model in wanted.items():
            model.model_validate(given[name])


def test_catalogue_has_the_commands_of_every_driver() -> None:
    profiles = sorted(path.stem for path in (ROOT / "firmware_profiles").glob("*.toml"))
    assert profiles
    found = set()
    for name in profiles:
        driver = load_driver(load_profile(name))
        found |= {(driver.device_class.value, command) for command in driver.commands}
    known = {(command.device_class, command.name) for command in COMMANDS if command.device_class != "pos"}
    assert found == known


def test_catalogue_has_the_events_of_every_driver() -> None:
    profiles = sorted(path.stem for path in (ROOT / "firmware_profiles").glob("*.toml"))
    drivers = [load_driver(load_profile(name)) for name in profiles]
    found = {(driver.device_class.value, event) for driver in drivers for event in driver.events}
    assert found == {(event.device_class, event.name) for event in EVENTS}


def test_asyncapi_refers_only_to_what_is_there() -> None:
    document = asyncapi()

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for part in value.values():
                yield from references(part)
        elif isinstance(value, list):
            for part in value:
                yield from references(part)

    found = set(references(document))
    assert len(found) > 20
    for reference in found:
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def test_asyncapi_has_every_topic_family_of_the_contract() -> None:
    addresses = {channel["address"] for channel in asyncapi()["channels"].values()}
    for address in (
        "edge/v1/{store}/gateway/state",
        "edge/v1/{store}/gateway/health",
        "edge/v1/{store}/{lane}/{class}/{device}/info",
        "edge/v1/{store}/{lane}/{class}/{device}/state",
        "edge/v1/{store}/{lane}/scanner/{device}/event/barcode_scanned",
        "edge/v1/{store}/{lane}/scale/{device}/command/read_weight",
        "edge/v1/{store}/{lane}/pos_printer/{device}/command/print",
        "edge/v1/{store}/{lane}/pos/{terminal}/command/submit_transaction",
        "edge/v1/{store}/{lane}/pos/{terminal}/reply",
        "edge/v1/{store}/{lane}/{class}/{device}/reply",
        "edge/v1/{store}/alert/{severity}",
    ):
        assert address in addresses


@pytest.mark.parametrize(
    "state",
    [
        DeviceState("online", datetime(2026, 11, 21, tzinfo=UTC), None, ("cover_open",), 0.5, 3, {"weight": "1.0"}),
        DeviceState("off", datetime(2026, 11, 21, tzinfo=UTC), "no such port"),
    ],
)
def test_states_that_are_sent_fit_their_models(state: DeviceState) -> None:
    sent = states.device_state(state)
    told = devices.DeviceStatePayload.model_validate_json(sent)
    assert told.model_dump(exclude_unset=True).keys() == json.loads(sent).keys()
    assert (told.power, told.since, told.reason, told.flags) == (state.power, state.since, state.reason, [*state.flags])
    of_gateway = gateway.GatewayStatePayload.model_validate_json(states.gateway_state("offline", None, "1"))
    assert (of_gateway.state, of_gateway.since, of_gateway.version) == ("offline", None, "1")


def test_readings_that_are_sent_fit_their_model() -> None:
    from drivers.scale_reading import Reading

    for status, weight in ((ScaleStatus.STABLE_WEIGHT, "1.234"), (ScaleStatus.WEIGHT_UNSTABLE, None)):
        reading = Reading.of(WeightRead(status, weight, "kg"), "kg", 1.0).to_json(2.0)
        fields = scales.WeightReading.model_validate(reading)
        assert fields.model_dump(mode="json") == dict(reading)


def test_replies_that_are_sent_fit_their_model() -> None:
    ReplyEnvelope.model_validate(Reply("1", ReplyStatus.COMPLETED, {"a": 1}).to_json())
    failed = Reply.failed("1", RequestError(ErrorCode.COVER_OPEN, "close it")).to_json()
    ReplyEnvelope.model_validate({**failed, "id": None})
    assert set(RequestEnvelope.model_fields) == {"id", "params", "expires_at", "claim", "reply_to"}
