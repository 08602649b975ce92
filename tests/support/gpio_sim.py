"""A chip of wires made by this machine's kernel (Linux, Documentation/admin-guide/gpio/gpio-sim.rst). Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

CONFIGFS = Path("/sys/kernel/config/gpio-sim")


def missing() -> str | None:
    """Why there can be none here; None: there can."""
    if not os.environ.get("LAB_GPIO"):
        return "LAB_GPIO is not set: no chips are made in this kernel"
    if os.geteuid() != 0:
        return "not root: no simulated chips"
    try:
        subprocess.run([shutil.which("modprobe") or "/sbin/modprobe", "gpio-sim"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return "no kernel module gpio-sim"
    return None


class SimulatedChip:
    """``names``: of some of its lines, by number. What is outside of it: ``pull`` of inputs, ``level`` of outputs."""

    def __init__(self, names: Mapping[int, str], *, ident: str = "edge-test", count: int = 8) -> None:
        self._folder = CONFIGFS / ident
        bank = self._folder / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(count))
        for number, name in names.items():
            (bank / f"line{number}").mkdir()
            (bank / f"line{number}" / "name").write_text(name)
        (self._folder / "live").write_text("1")
        self.node = Path("/dev") / (bank / "chip_name").read_text().strip()

    def pull(self, number: int, level: int) -> None:
        self._line(number, "pull").write_text("pull-up" if level else "pull-down")

    def level(self, number: int) -> int:
        return int(self._line(number, "value").read_text())

    def remove(self) -> None:
        (self._folder / "live").write_text("0")
        bank = self._folder / "bank0"
        for folder in (*bank.glob("line*"), bank, self._folder):
            folder.rmdir()

    def _line(self, number: int, name: str) -> Path:
        device = (self._folder / "dev_name").read_text().strip()
        return Path(f"/sys/devices/platform/{device}/{self.node.name}/sim_gpio{number}/{name}")
