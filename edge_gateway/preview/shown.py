"""Bytes of a print as a person will see them: read by the simulated printer that speaks the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.preview.rendered import Job


@dataclass(frozen=True)
class Shown:
    """``png``: the paper, a dot for a dot; ``problems``: what a real printer would garble."""

    png: bytes
    text: str
    problems: tuple[str, ...]


def show(job: Job) -> Shown:
    """Raises RequestError(UNSUPPORTED): there is no simulated printer for this language."""
    language = job.printer.codec.partition(".")[0]
    if language not in _LANGUAGES:
        known = ", ".join(sorted(_LANGUAGES))
        raise RequestError(
            ErrorCode.UNSUPPORTED,
            f"preview: no simulated printer understands {language!r} yet; it understands: {known}",
        )
    return _LANGUAGES[language](job)


def _escpos(job: Job) -> Shown:
    from edge_gateway.preview.escpos import show_escpos

    return show_escpos(job)


def _star(job: Job) -> Shown:
    from edge_gateway.preview.star import show_star

    return show_star(job)


def _labels(language: str) -> Callable[[Job], Shown]:
    def show_them(job: Job) -> Shown:
        from edge_gateway.preview.labels import show_labels

        return show_labels(job, language)

    return show_them


_LANGUAGES: Final[Mapping[str, Callable[[Job], Shown]]] = {
    "escpos": _escpos,
    "star": _star,
    "zpl": _labels("zpl"),
    "epl": _labels("epl"),
    "tspl": _labels("tspl"),
    "bixolon_slcs": _labels("slcs"),
}
"""By the first word of the profile's codec."""
