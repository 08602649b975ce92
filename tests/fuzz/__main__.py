"""Feeds codecs inputs from a seed: without names every one, else those of the named protocols.

A million inputs into each take some minutes a codec. The same seed on the same commit is the same run; a finding ends
its codec's run, names the batch and quotes its bytes. Exit code 1: there are findings.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from protocols.decoding import find_protocols
from tests.fuzz.corpus import corpus_of
from tests.fuzz.engine import Report, fuzz
from tests.support.codec_harness import subjects

INPUTS = 1_000_000
EXIT_FINDINGS, EXIT_USAGE = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("protocols", nargs="*", metavar="PROTOCOL", help="such as scale/dialog-06; without any: all")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="into each codec (one direction of a protocol)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="codecs at a time")
    parser.add_argument("--json", type=Path, help="write the report there")
    arguments = parser.parse_args(argv)
    names = [str(each) for each in subjects() if not arguments.protocols or each.protocol in arguments.protocols]
    unknown = sorted(set(arguments.protocols) - set(find_protocols()))
    if unknown:
        print(f"no protocol {', '.join(unknown)}; there are: {', '.join(find_protocols())}", file=sys.stderr)
        return EXIT_USAGE
    reports: list[Report] = []
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for report in pool.map(partial(fuzz_named, inputs=arguments.inputs, seed=arguments.seed), names):
            reports.append(report)
            print(_line(report), flush=True)
    findings = sum(len(report.findings) for report in reports)
    inputs, seconds = sum(report.inputs for report in reports), sum(report.seconds for report in reports)
    print(
        f"{len(reports)} codecs, {inputs} inputs, {seconds:.0f} s of work, seed {arguments.seed}: {findings} findings"
    )
    if arguments.json:
        told = {"seed": arguments.seed, "findings": findings, "codecs": [report.to_json() for report in reports]}
        arguments.json.write_text(json.dumps(told, indent=2))
    return EXIT_FINDINGS if findings else 0


def fuzz_named(name: str, inputs: int, seed: int) -> Report:
    """In a process of its own: a codec is found there by its name."""
    subject = next(each for each in subjects() if str(each) == name)
    return fuzz(subject, find_protocols()[subject.protocol], corpus_of(subject), inputs, seed)


def _line(report: Report) -> str:
    verdict = "; ".join(report.findings) or "ok"
    return (
        f"{report.subject}: {report.inputs} inputs, {report.bytes} bytes, {report.events} events, "
        f"{report.rejections} rejected, at most {report.memory_bytes_max} bytes held, {report.seconds:.1f} s: {verdict}"
    )


if __name__ == "__main__":
    sys.exit(main())
