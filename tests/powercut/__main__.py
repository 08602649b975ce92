"""The power cut test for as long as one likes: more commits, more reconstructions of each cut."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from tests.powercut.session import Session


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.powercut", description=__doc__)
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--cuts-each", type=int, default=4, help="random reconstructions of each cut")
    parser.add_argument(
        "--pragma", action="append", default=[], help="such as wal_autocheckpoint=64, synchronous=NORMAL"
    )
    parser.add_argument("--with-store", action="store_true", help="open each reconstruction with the real store")
    parser.add_argument("--directory", type=Path, help="an empty one, which keeps the trace")
    arguments = parser.parse_args()
    directory = arguments.directory or Path(tempfile.mkdtemp(prefix="powercut-"))
    directory.mkdir(exist_ok=True)
    with Session(directory, arguments.seed) as session:
        pragmas = [part for pragma in arguments.pragma for part in ("--pragma", pragma)]
        session.run("--commits", str(arguments.commits), *pragmas)
        session.check_trace()
        report = session.cut_everywhere(with_store=arguments.with_store, cuts_each=arguments.cuts_each)
    result = {"seed": arguments.seed, "commits": arguments.commits, **report.counters, "broken": report.broken}
    print(json.dumps({"lost": 0, **result}, indent=2))
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
