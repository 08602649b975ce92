"""A wall clock that jumps under a running process: libfaketime, where it is installed (Debian: libfaketime)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LIBRARY_PATTERN = "*/faketime/libfaketimeMT.so.1"
"""Below /usr/lib; the variant for programs with threads."""
PACKAGE = "libfaketime"


def library() -> Path | None:
    """Where it is installed; None if it is not."""
    return next(iter(sorted(Path("/usr/lib").glob(LIBRARY_PATTERN))), None)


class FakeClock:
    """``environment`` is for the process whose clock is to jump; ``set`` moves it, about a second later."""

    def __init__(self, path: Path) -> None:
        self.offset_s = 0
        self._path = path
        self._library = library()

    @property
    def is_available(self) -> bool:
        return self._library is not None

    @property
    def environment(self) -> Mapping[str, str]:
        """Monotonic clock and times of files stay true; the file is read again once a second."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # it would mend timed waits that newer C libraries have right, and threads wait a hundred times as long
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }

    def set(self, offset_s: int) -> None:
        """Seconds from the true time; the file is replaced at once, so that half a number is never read."""
        self.offset_s = offset_s
        new = self._path.with_suffix(".new")
        new.write_text(f"{offset_s:+d}\n")
        new.rename(self._path)
