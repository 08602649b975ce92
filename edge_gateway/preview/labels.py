"""Labels as the simulated label printers read them, as picture and as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_gateway.preview.rendered import Job
from edge_gateway.preview.shown import Shown
from simulators.label_machine import LabelMachine
from simulators.label_parts import PrintedLabel

LABELS_SHOWN_MAX = 20
"""Of one job, as a picture: numbered labels look alike."""


def show_labels(job: Job, language: str) -> Shown:
    """``language``: zpl, epl, tspl or slcs."""
    from simulators.label_picture import LabelPicture
    from simulators.label_printer import LANGUAGES

    printer = LabelMachine(LANGUAGES[language])
    printer.receive(job.rendered.data)
    picture = LabelPicture(language)
    png = picture.png(printer.labels[:LABELS_SHOWN_MAX])
    problems = [*printer.errors, *dict.fromkeys(picture.problems)]
    if printer.parser.is_in_middle:
        problems.append("cut off in the middle of a label")
    return Shown(png, "\n".join(_text(printer.labels)) + "\n", tuple(problems))


def _text(labels: Sequence[PrintedLabel]) -> Iterator[str]:
    """What stands on each, from top to bottom; equal labels once."""
    place = 0
    while place < len(labels):
        label, count = labels[place], 1
        while place + count < len(labels) and labels[place + count] == label:
            count += 1
        place += count
        yield f"--- {count} x {label.width} x {label.height} dots"
        for item in sorted(label.items, key=lambda item: (item.y, item.x)):
            about = item.about
            match item.kind:
                case "text":
                    yield str(about["data"])
                case "picture":
                    yield f"[picture {about['width']} x {about['height']} dots]"
                case "barcode" | "code":
                    yield f"[{about['symbology']} {about['data']}]"
