"""Checks of the machine: the store's directory, disk space, the clock, the device nodes and who may open them."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from edge_gateway.diagnosis.findings import Finding, failed, fine, warning
from edge_gateway.settings import DeviceSettings, OutboxSettings

CLOCK_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""Before this software was written: a box without a battery for its clock starts in the past."""
DISK_WARN_FACTOR = 4
"""Of the limit at which the store refuses: time to act before it does."""
TIMEDATECTL_S = 5.0


def check_box(outbox: OutboxSettings, now: datetime) -> Iterator[Finding]:
    """Of the machine itself."""
    yield check_directory(outbox.directory)
    yield check_disk(outbox)
    yield check_clock(now)


def check_directory(directory: Path) -> Finding:
    """The store's directory can be written, and a write reaches the disk."""
    name = "store directory"
    if not directory.is_dir():
        remedy = f"create it: install -d -o edge-gateway -g edge-gateway -m 750 {directory}"
        return failed(name, f"{directory} is not there", remedy)
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".doctor-") as probe:
            probe.write(b"x")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        owner = _owner(directory)
        remedy = f"it belongs to {owner}; run this as the gateway's user, or give the directory to it"
        return failed(name, f"{_user()} cannot write in {directory}: {error.strerror}", remedy)
    return fine(name, f"{directory} can be written by {_user()}")


def check_disk(outbox: OutboxSettings) -> Finding:
    """There is room; the store refuses new transactions below its limit."""
    directory = outbox.directory
    while not directory.exists() and directory != directory.parent:
        directory = directory.parent
    free_bytes = shutil.disk_usage(directory).free
    found = f"{free_bytes // 1_000_000} MB free at {directory}"
    remedy = f"free space; transactions are refused below {outbox.disk_free_bytes_min // 1_000_000} MB"
    if free_bytes < outbox.disk_free_bytes_min:
        return failed("disk space", found, remedy)
    if free_bytes < DISK_WARN_FACTOR * outbox.disk_free_bytes_min:
        return warning("disk space", found, remedy)
    return fine("disk space", found)


def check_clock(now: datetime) -> Finding:
    """The clock is not in the past and is kept right by somebody."""
    remedy = "set it, and let systemd-timesyncd or chrony keep it: timedatectl set-ntp true"
    if now < CLOCK_EARLIEST:
        return failed("clock", f"it says {now:%Y-%m-%d %H:%M} UTC, which is in the past", remedy)
    if (is_synchronized := _is_clock_synchronized()) is False:
        return warning("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, not synchronised", remedy)
    known = "synchronised" if is_synchronized else "whether it is synchronised is not known here"
    return fine("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, {known}")


def check_nodes(devices: Sequence[DeviceSettings]) -> Iterator[Finding]:
    """The nodes of the devices that are configured by a path: there, of the right kind, and open to this user."""
    for device in devices:
        path = device.transport.get("path")
        if isinstance(path, str | Path):
            yield check_node(device.id, Path(path))


def check_node(device_id: str, path: Path) -> Finding:
    """One node; it is not opened: opening a serial port can reset what is behind it."""
    name = f"device {device_id}"
    try:
        status = path.stat()
    except FileNotFoundError:
        if not path.is_absolute():
            return failed(name, f"{path} is not there", "give the whole path, such as one under /dev/serial/by-id")
        remedy = f"plug it in and switch it on; nodes that are there: {_neighbours(path)}"
        return failed(name, f"{path} is not there", remedy)
    except OSError as error:
        return failed(name, f"{path}: {error.strerror}", "check the path and the permissions of its directories")
    if not (stat.S_ISCHR(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
        return failed(
            name, f"{path} is no device node", "give the stable path under /dev/serial/by-id or /dev/input/by-id"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        group = _group(status.st_gid)
        remedy = f"add the user to the group of the node: usermod -a -G {group} {_user()}, then restart the gateway"
        return failed(name, f"{_user()} may not open {path} (group {group})", remedy)
    target = path.resolve()
    found = str(path) if target == path else f"{path} (now {target})"
    if target == path and path.name.startswith(("ttyUSB", "ttyACM", "event")):
        remedy = "use the stable name under /dev/serial/by-id or /dev/input/by-id: this one changes with the next plug"
        return warning(name, f"{path} is a name the kernel gives by order", remedy)
    return fine(name, found)


def _neighbours(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return f"none ({path.parent} is not there)"
    return ", ".join(names[:10]) or "none"


def _is_clock_synchronized() -> bool | None:
    """None: no systemd to ask."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=TIMEDATECTL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):
        return "an unknown user"


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
