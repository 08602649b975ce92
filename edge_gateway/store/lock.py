"""One process owns the directory of a store: a lock that the kernel lets go of, however the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from edge_gateway.contracts.errors import StoreError

LOCK_FILE: Final = "outbox.lock"


class DirectoryLock:
    """``flock`` on a file that holds the owner's process id, for the message a second process gives."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK_FILE
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises StoreError, with a remedy, if another process is the owner or the directory cannot be used."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StoreError(_directory_problem(self._path.parent, error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreError(
                f"{self._path.parent} is already in use by process {owner}: "
                "stop it first, or give this gateway an outbox.directory of its own"
            ) from error
        self._descriptor = descriptor
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            # A full disk: the lock holds all the same, only the message for a second process is poorer.
            return

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _directory_problem(directory: Path, error: OSError) -> str:
    if not directory.exists():
        remedy = "create it and give it to the user that runs edge-gateway, or set outbox.directory"
        return f"the directory of the outbox, {directory}, does not exist: {remedy}"
    if not directory.is_dir():
        return f"the directory of the outbox, {directory}, is not a directory: set outbox.directory"
    remedy = "give it to the user that runs edge-gateway and see that its file system is writable"
    return f"the directory of the outbox, {directory}, cannot be written ({error.strerror}): {remedy}"
