"""Runs a store's year in virtual time. The same seed on the same commit is the same year, to the last byte."""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import structlog

from tests.sim.year import Year, YearReport

ROOT = Path(__file__).parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--json", type=Path, help="write the report there")
    parser.add_argument("--verbose", action="store_true", help="a line a day, and the gateway's log")
    arguments = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of a set of strings would be another one in each run.
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.sim", *_same(arguments)],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    if not arguments.verbose:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    memory = Path("/dev/shm")
    directory = Path(tempfile.mkdtemp(prefix="sim-", dir=memory if memory.is_dir() else None))
    year = Year(arguments.seed, arguments.days, directory, _line if arguments.verbose else _progress)
    commit = _commit()
    try:
        report = year.run()
    except BaseException:
        print(f"\nfailed: seed {arguments.seed}, day {year.report.days + 1}, commit {commit}", file=sys.stderr)
        print(f"again: python -m tests.sim --seed {arguments.seed} --days {arguments.days}", file=sys.stderr)
        raise
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    text = json.dumps({**report.to_json(), "commit": commit}, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text)
    return 0


def _same(arguments: argparse.Namespace) -> list[str]:
    """The seed too, where it was drawn."""
    words = ["--seed", str(arguments.seed), "--days", str(arguments.days)]
    if arguments.json:
        words += ["--json", str(arguments.json)]
    return words + ["--verbose"] * arguments.verbose


def _line(report: YearReport) -> None:
    took = f"{report.wall_s} s, {report.cpu_s} s of them on the processor"
    print(f"day {report.days}: {report.sales} sales, {report.starts} starts, {took}; {report.digest}", flush=True)


def _progress(report: YearReport) -> None:
    if report.days % 10 == 0:
        _line(report)


def _commit() -> str:
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    is_changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], capture_output=True, check=False).returncode
    return f"{commit or 'unknown'}{' with changes' if is_changed else ''}"


if __name__ == "__main__":
    sys.exit(main())
