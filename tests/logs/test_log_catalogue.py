"""Every log call says a name of the catalogue: alarms and runbooks are keyed on them."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from edge_gateway.contracts import log_events

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for package in ("edge_gateway", "drivers", "simulators") for path in (ROOT / package).rglob("*.py")
)
LEVELS = {"debug", "info", "warning", "warn", "error", "critical", "exception", "fatal", "msg"}
LOGGER_NAMES = {"log", "_log", "logger", "_logger", "LOG"}


def _log_calls(tree: ast.AST) -> list[ast.Call]:
    """Calls such as ``log.info(…)``, ``self._log.warning(…)``, ``log.bind(…).error(…)``."""
    calls = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            receiver: ast.expr = node.func.value
            while isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Attribute):
                receiver = receiver.func.value
            name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
            if name in LOGGER_NAMES:
                calls.append(node)
    return calls


def _constant_of(argument: ast.expr) -> str | None:
    """``log_events.DEVICE_LOST`` or ``DEVICE_LOST``; both branches of a conditional must be one."""
    if isinstance(argument, ast.IfExp):
        return _constant_of(argument.body) if _constant_of(argument.orelse) else None
    name = argument.attr if isinstance(argument, ast.Attribute) else getattr(argument, "id", None)
    return name if name and name.isupper() and hasattr(log_events, name) else None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_log_calls_use_the_catalogue(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if "structlog" not in source:
        return
    for call in _log_calls(ast.parse(source)):
        assert call.args, f"{path}:{call.lineno}: a log call without an event name"
        assert _constant_of(call.args[0]), (
            f"{path}:{call.lineno}: {ast.unparse(call.args[0])} is no constant of edge_gateway/contracts/log_events.py"
        )


def test_loggers_have_the_names_that_the_check_above_looks_for() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and "structlog.get_logger(" in ast.unparse(node.value):
                target = node.targets[0]
                name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
                assert name in LOGGER_NAMES, f"{path}:{node.lineno}: name this logger log"


def test_catalogue_has_no_duplicates_and_each_name_is_its_value() -> None:
    tree = ast.parse((ROOT / "edge_gateway/contracts/log_events.py").read_text(encoding="utf-8"))
    names = [
        node.target.id for node in tree.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert {name: getattr(log_events, name) for name in names} == {name: name.lower() for name in names}


def test_each_event_is_logged_in_exactly_one_place() -> None:
    """A runbook that is keyed on an event says what to do about one cause."""
    places: dict[str, list[str]] = {name: [] for name in vars(log_events) if name.isupper()}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "log_events":
                places[node.attr].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) != 1} == {}
