"""Child processes that neither outlive their parent nor hear its Ctrl-C, and ports that are really free."""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path

STAND_STILL_S_MAX = 10.0
"""A stopped process stands still at once, unless the machine is too busy to let it."""
LOOK_INTERVAL_S = 0.002


def as_child(*command: str | Path) -> list[str]:
    """The command under setpriv(1), so that the kernel ends it when its parent is killed; without setpriv, as it is.

    Start it with ``start_new_session=True`` as well: Ctrl-C in a terminal is for the parent, which stops it in order.
    """
    words = [str(word) for word in command]
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *words] if setpriv else words


def require_free(port: int, purpose: str, host: str = "127.0.0.1") -> None:
    """Raises RuntimeError, for people, if something listens there already. Port 0 is always free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise RuntimeError(
                f"port {port} for {purpose} is in use; choose another one, or 0 for a free one"
            ) from error


async def until_still(pid: int) -> None:
    """Return when SIGSTOP has reached every thread of the process and of the group that it leads.

    kill(2) returns before: a thread that runs on another core still answers. Raises TimeoutError.
    """
    async with asyncio.timeout(STAND_STILL_S_MAX):
        while not all(state in "TtZX" for each in _group(pid) for state in _thread_states(each)):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(LOOK_INTERVAL_S)


def _group(leader: int) -> list[int]:
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
    return [pid for pid in pids if pid == leader or _stat(Path(f"/proc/{pid}"))[2:3] == [str(leader)]]


def _thread_states(pid: int) -> list[str]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # it has ended
        return []
    return [state for thread in threads for state in _stat(thread)[:1]]


def _stat(folder: Path) -> list[str]:
    """Of proc(5): state, parent, group and so on; empty once it has ended. The name before them may hold anything."""
    try:
        return (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
