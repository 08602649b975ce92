"""From a device class and a name to the files of a driver: each in its place, none overwritten."""

from __future__ import annotations

import importlib.resources
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_gateway.contracts.states import DeviceClass

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
NAME_CHARACTERS_MAX = 40
"""It becomes a file name, a module and a topic level."""

REPLAY_S_MAX = 60.0
"""A recording of half a second, on a busy machine."""

_TEMPLATES = "edge_gateway.scaffold.templates"

SCALE_FILES: Mapping[str, str] = {
    "scale_codec": "protocols/scales/{snake}.py",
    "scale_profile": "firmware_profiles/{name}.toml",
    "scale_simulator": "simulators/{snake}.py",
    "scale_recording": "{recording}",
    "scale_test": "tests/drivers/test_{snake}.py",
}
SCANNER_FILES: Mapping[str, str] = {
    "scanner_codec": "protocols/scanners/{snake}.py",
    "scanner_driver": "drivers/{snake}_scanner.py",
    "scanner_profile": "firmware_profiles/{name}.toml",
    "scanner_simulator": "simulators/{snake}.py",
    "scanner_recording": "{recording}",
    "scanner_test": "tests/drivers/test_{snake}.py",
}
OTHER_FILES: Mapping[str, str] = {
    "other_family": "protocols/{device_class}/__init__.py",
    "other_codec": "protocols/{device_class}/{snake}.py",
    "other_driver": "drivers/{snake}.py",
    "other_profile": "firmware_profiles/{name}.toml",
    "other_simulator": "simulators/{snake}.py",
    "other_recording": "{recording}",
    "other_test": "tests/drivers/test_{snake}.py",
}


@dataclass(frozen=True, slots=True)
class NewDriver:
    """What is to be written. ``name``: lower case words with dashes."""

    device_class: DeviceClass
    name: str

    @property
    def snake(self) -> str:
        """As a module."""
        return self.name.replace("-", "_")

    @property
    def camel(self) -> str:
        """As a class."""
        return "".join(word.capitalize() for word in self.name.split("-"))

    @property
    def recording(self) -> str:
        """Its path below the source tree."""
        return f"tests/recordings/{self.device_class.value}/{self.name}.normal.rec"

    @property
    def protocol(self) -> str:
        """As ``edge-gateway decode`` knows it."""
        return f"{self.device_class.value}/{self.name}"

    def problem(self) -> str | None:
        """What is wrong with the name, and what was expected; None: nothing."""
        if NAME.fullmatch(self.name) and len(self.name) <= NAME_CHARACTERS_MAX:
            return None
        return (
            f"name {self.name!r}: expected lower case words with dashes, such as acme-9, {NAME_CHARACTERS_MAX} at most"
        )

    def files(self) -> dict[str, str]:
        """Path below the source tree to content."""
        templates = {DeviceClass.SCALE: SCALE_FILES, DeviceClass.SCANNER: SCANNER_FILES}
        places = templates.get(self.device_class, OTHER_FILES)
        return {self._filled(place, "{}"): self._filled(_template(name), "@@") for name, place in places.items()}

    def _filled(self, text: str, marks: str) -> str:
        words = {
            "name": self.name,
            "snake": self.snake,
            "camel": self.camel,
            "device_class": self.device_class.value,
            "DEVICE_CLASS": self.device_class.name,
            "protocol": self.protocol,
            "recording": self.recording,
        }
        for word, value in words.items():
            text = text.replace(f"{marks[0]}{word}{marks[1]}", value)
        return text


def is_source_tree(directory: Path) -> bool:
    """A checkout: only there have the files their places."""
    return all((directory / folder).is_dir() for folder in ("edge_gateway", "protocols", "drivers", "tests"))


def write(new: NewDriver, directory: Path) -> list[Path]:
    """Write all files, or none: FileExistsError names those that are there already. Returns what was written."""
    contents = {directory / place: text for place, text in new.files().items()}
    shared = {path for path in contents if path.name == "__init__.py" and path.exists()}
    if taken := sorted(str(path) for path in contents if path.exists() and path not in shared):
        raise FileExistsError(f"already there: {', '.join(taken)}; choose another name, or take them away first")
    written = [path for path in contents if path not in shared]
    for path in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents[path], encoding="utf-8")
    _format([path for path in written if path.suffix == ".py"])
    return written


def expect(new: NewDriver, directory: Path) -> Path:
    """Replay the recording, and write what the driver says as its expectation. Raises OSError with what went wrong."""
    recording = directory / new.recording
    replayed = subprocess.run(
        [sys.executable, "-m", "edge_gateway", "replay", str(recording.resolve())],
        cwd=directory,  # the tree's own packages, which now hold the new files
        env={**os.environ, "PYTHONPATH": str(directory.resolve())},
        capture_output=True,
        text=True,
        timeout=REPLAY_S_MAX,
        check=False,
    )
    if replayed.returncode != 0:
        raise OSError(f"{recording}: written, but not replayed: {replayed.stderr.strip()}")
    expectation = recording.with_name(f"{recording.stem}.expected.jsonl")
    expectation.write_text(replayed.stdout, encoding="utf-8")
    return expectation


def _format(modules: list[Path]) -> None:
    """As the house lays them out, which depends on how long the name is. Without ruff they stay as they are."""
    if importlib.util.find_spec("ruff") is not None:
        for step in (("check", "--fix", "--select", "I"), ("format",)):
            subprocess.run([sys.executable, "-m", "ruff", *step, "-q", "--no-cache", *map(str, modules)], check=True)


def _template(name: str) -> str:
    return importlib.resources.files(_TEMPLATES).joinpath(f"{name}.tmpl").read_text("utf-8")
