"""Drivers say conditions in words that the rest of the gateway knows."""

from __future__ import annotations

import importlib
import inspect
import itertools
import typing
from dataclasses import fields
from pathlib import Path

import pytest

import drivers
from drivers.printer_condition import OpenLevel, PrinterCondition
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.states import FLAGS_IN_WAY, DeviceFlag, flag_words
from edge_gateway.status.health import roll_up
from tests.status.snapshots import bus, gateway, outbox, printer

MODULES = sorted(path.stem for folder in drivers.__path__ for path in Path(folder).glob("[a-z]*.py"))
SAYS_FLAGS = {"cash_drawer", "label_base", "printer_telling", "scanner_reads"}
"""Drivers with conditions; what each can say is driven to its ends below."""


def test_printer_says_known_flags_and_each_of_them() -> None:
    said: set[str] = set()
    readings = [each.name for each in fields(PrinterCondition) if each.name != "drawer_open_level"]
    for level in typing.get_args(OpenLevel):
        for values in itertools.product((None, False, True), repeat=len(readings)):
            said |= PrinterCondition(level, **dict(zip(readings, values, strict=True))).flags()
    labels = {DeviceFlag.PAUSED, DeviceFlag.RIBBON_EMPTY, DeviceFlag.SILENT}
    assert said == set(DeviceFlag) - labels - {DeviceFlag.SEPARATORS_MISSING}


def test_every_driver_that_says_flags_is_known_here() -> None:
    sources = {name: inspect.getsource(importlib.import_module(f"drivers.{name}")) for name in MODULES}
    assert {
        name for name, source in sources.items() if ".set_flags(" in source or ".set_condition(" in source
    } == SAYS_FLAGS


def test_session_takes_only_known_flags() -> None:
    """The type checker holds every driver to it, also those of tomorrow."""
    for says in (Session.set_flags, Session.set_condition):
        assert typing.get_type_hints(says)["flags"] == frozenset[DeviceFlag]


@pytest.mark.parametrize("flag", list(DeviceFlag))
def test_flag_in_the_way_degrades_the_health_and_another_does_not(flag: DeviceFlag) -> None:
    report = roll_up(gateway(), outbox(), bus(), (), (printer(flags=(flag,)),))
    assert [reason.text for reason in report.reasons] == ([flag_words((flag,))] if flag in FLAGS_IN_WAY else [])


def test_printer_that_cannot_print_has_a_flag_in_the_way() -> None:
    for reading, value in {
        "online": False,
        "cover_open": True,
        "paper_loaded": False,
        "cutter_error": True,
        "unrecoverable_error": True,
        "recoverable_error": True,
        "auto_recoverable_error": True,
    }.items():
        condition = PrinterCondition("unknown", **{reading: value})  # type: ignore[arg-type] # by name
        assert condition.obstacle() is not None
        assert condition.flags() & FLAGS_IN_WAY, reading
