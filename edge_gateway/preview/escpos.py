"""ESC/POS bytes on simulated paper, with the width, the fonts and the code pages of the printer's settings."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

from edge_gateway.preview.receipts import SilentMachine, show_receipts
from edge_gateway.preview.rendered import Job
from edge_gateway.preview.shown import Shown
from simulators.escpos_characters import CODE_PAGES, UNKNOWN, Characters
from simulators.escpos_interpreter import Interpreter
from simulators.escpos_paper import FONTS, Paper


class _Machine(SilentMachine):
    def enable_automatic_status(self, mask: int) -> None:
        pass

    def set_real_time(self, is_enabled: bool) -> None:
        pass

    def answer_status(self, n: int) -> None:
        pass

    def answer_identity(self, n: int) -> None:
        pass

    def answer_process_id(self, process_id: bytes) -> None:
        pass


def show_escpos(job: Job) -> Shown:
    """As the simulated ESC/POS printer reads it."""
    options: Any = job.printer.settings.encoder_options()  # type: ignore[attr-defined] # of every ESC/POS driver
    fonts = {name: (options.font_dots[name], FONTS[name][1]) for name in ("a", "b")}
    paper, machine = Paper(options.columns, fonts), _Machine()
    wide = options.encoding if options.is_wide_first else options.wide_encoding
    interpreter = Interpreter(paper, machine, Characters(_pages(options), wide))
    return show_receipts(job, paper, interpreter, machine, lambda: interpreter.graphics.is_awaiting)


def _pages(options: Any) -> Mapping[int, str]:
    """The numbers are the printer's; what is in a page is Python's to say, where it knows the page."""
    pages: dict[int, str] = {}
    for page in options.character_sets().pages:
        try:
            pages[page.slot] = codecs.lookup(page.name).name
        except LookupError:
            upper = [UNKNOWN] * 128
            for character, byte in page.bytes_of.items():
                if byte >= 0x80:
                    upper[byte - 0x80] = character
            pages[page.slot] = "".join(upper)
    return pages or CODE_PAGES
