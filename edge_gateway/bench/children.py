"""Programs beside the gateway in a benchmark: each a module of its own process, ended with the benchmark."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulators.processes import as_child

STOP_TIMEOUT_S = 10.0


@contextmanager
def child(module: str, *arguments: str | int | Path) -> Iterator[subprocess.Popen[str]]:
    """``python -m module``, after it printed ``ready``. Raises RuntimeError if it says anything else."""
    command = as_child(sys.executable, "-P", "-m", module, *map(str, arguments))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            said = line_of(process)
            if said != "ready":
                raise RuntimeError(f"{module} did not start: it said '{said}', expected 'ready'")
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line it prints. Raises RuntimeError if it ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended")
    return line.rstrip("\n")


def ask(process: subprocess.Popen[str], question: str) -> str:
    """A line to its standard input; the line it answers."""
    assert process.stdin is not None
    process.stdin.write(question + "\n")
    process.stdin.flush()
    return line_of(process)
