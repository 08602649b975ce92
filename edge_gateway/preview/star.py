"""Bytes for a Star printer on simulated paper."""

from __future__ import annotations

from typing import Any

from edge_gateway.preview.receipts import SilentMachine, show_receipts
from edge_gateway.preview.rendered import Job
from edge_gateway.preview.shown import Shown
from simulators.escpos_paper import FONTS, Paper
from simulators.star_interpreter import StarInterpreter


class _Machine(SilentMachine):
    def enable_automatic_status(self, is_on: bool) -> None:
        pass

    def count_etb(self) -> None:
        pass

    def clear_etb(self) -> None:
        pass

    def count_print_end(self, function: int, document: bytes) -> None:
        pass

    def answer_version(self) -> None:
        pass

    def answer_information(self, parameters: bytes) -> None:
        pass


def show_star(job: Job) -> Shown:
    """As the simulated Star printer reads it: Line Mode and StarPRNT."""
    options: Any = job.printer.settings.encoder_options()  # type: ignore[attr-defined] # of the Star driver
    fonts = {name: (options.font_dots[name], FONTS[name][1]) for name in ("a", "b")}
    paper, machine = Paper(options.columns, fonts), _Machine()
    return show_receipts(job, paper, StarInterpreter(paper, machine, is_impact=options.is_impact), machine)
