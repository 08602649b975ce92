"""A small disk of the gateway's own, that can be filled up and freed again."""

from __future__ import annotations

import asyncio
import errno
import os
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

DISK_BYTES = 96_000_000
"""Room for an hour of sales and a WAL; small enough that a ballast costs no memory worth mentioning."""
DISK_FREE_BYTES_MIN = 8_000_000
"""``outbox.disk_free_bytes_min`` on it."""
FILL_ATTEMPTS_MAX = 5
"""Between looking and filling the gateway may have taken some of it."""


class SmallDisk:
    """A tmpfs at ``path``, where this user may mount one; else a plain directory that cannot be filled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.why_not = ""
        """Why it is no disk of its own."""
        self._is_mounted = False
        self._ballast = path / "ballast"

    @property
    def is_small(self) -> bool:
        return self._is_mounted

    async def mount(self) -> None:
        """Idempotent."""
        self.path.mkdir(parents=True, exist_ok=True)
        if self._is_mounted:
            return
        said = await _run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0750", "tmpfs", str(self.path))
        self._is_mounted = said is None
        self.why_not = said or ""

    async def unmount(self) -> None:
        """Everything on it is gone."""
        if self._is_mounted and await _run("umount", str(self.path)) is None:
            self._is_mounted = False

    def fill(self, free_bytes: int) -> int:
        """Leave about so much free; how much is free then."""
        with self._ballast.open("ab") as file:
            for _ in range(FILL_ATTEMPTS_MAX):
                wanted = self._free_bytes() - free_bytes
                if wanted <= 0:
                    break
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), wanted)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return self._free_bytes()

    def _free_bytes(self) -> int:
        disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize

    def free(self) -> None:
        """Take the ballast away."""
        self._ballast.unlink(missing_ok=True)


async def _run(*command: str) -> str | None:
    """None if it went well, else what it said."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    except OSError as error:
        return str(error)
    _, said = await process.communicate()
    return None if process.returncode == 0 else said.decode(errors="replace").strip() or f"exit {process.returncode}"
