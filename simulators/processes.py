"""Child processes that neither outlive their parent nor hear its Ctrl-C, and ports that are really free."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path


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
