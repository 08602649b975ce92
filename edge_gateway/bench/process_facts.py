"""What the kernel knows of a process and of a disk: proc(5), and the block layer's statistics."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

SECTOR_BYTES: Final = 512
"""Of /sys/dev/block/*/stat, whatever the disk's own sectors are (Documentation/block/stat.rst)."""
_SECTORS_WRITTEN: Final = 6
"""Field of that file."""


def bytes_asked_to_write(pid: int | str = "self") -> int:
    """Of all its write calls. (``write_bytes`` beside it counts whole folios: hundreds of kB for a page.)"""
    return _proc_number(Path(f"/proc/{pid}/io"), "wchar")


def memory_peak_mb(pid: int | str = "self") -> float:
    """Most memory it ever had resident."""
    return round(_proc_number(Path(f"/proc/{pid}/status"), "VmHWM") * 1024 / 1e6, 1)


def memory_mb(pid: int | str = "self") -> float:
    """Resident now."""
    return round(_proc_number(Path(f"/proc/{pid}/status"), "VmRSS") * 1024 / 1e6, 1)


def device_bytes_written(directory: Path) -> int | None:
    """Written to the disk that holds the directory since boot, by everybody; None where there is no such disk."""
    device = directory.stat().st_dev
    statistics = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
    try:
        return int(statistics.read_text().split()[_SECTORS_WRITTEN]) * SECTOR_BYTES
    except OSError:
        return None


def _proc_number(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        found, _, rest = line.partition(":")
        if found == name:
            return int(rest.split()[0])
    raise RuntimeError(f"{path} has no {name}")
