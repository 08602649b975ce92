"""Pictures of a simulated receipt printer: GS v 0, GS ( L and GS 8 L, ESC *, and graphics kept under a key or number.

A picture is larger than a printer's receive buffer: what is announced is taken piece by piece as it comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simulators.escpos_modes import Modes
from simulators.escpos_paper import ColumnImage, Paper, Picture

DOTS_MAX = 32_000_000
"""Of one picture; a real printer has less memory."""
_COLUMN_MODES = {0: (8, 2, 3), 1: (8, 1, 3), 32: (24, 2, 1), 33: (24, 1, 1)}
"""m of ESC * to bits of a column, dot width and height."""


class Graphics:
    """``take`` is handed what was received while a picture is awaited."""

    def __init__(self, paper: Paper, modes: Modes, errors: deque[str]) -> None:
        self._paper = paper
        self._modes = modes
        self._errors = errors
        self._awaited = 0
        self._received = bytearray()
        self._finish: Callable[[bytes], None] | None = None
        self.kept: dict[str, Picture] = {}
        """What was stored in the printer before: by key (GS ( L) or by number (FS p)."""

    @property
    def is_awaiting(self) -> bool:
        """Within a picture."""
        return self._finish is not None

    def take(self, buffer: bytearray) -> int:
        """Bytes taken of the buffer."""
        count = min(len(buffer), self._awaited - len(self._received))
        self._received += buffer[:count]
        if len(self._received) == self._awaited and self._finish is not None:
            finish, data = self._finish, bytes(self._received)
            self._finish = None
            self._received.clear()
            finish(data)
        return count

    def forget(self) -> None:
        """The receive buffer is cleared, and what of a picture was in it."""
        self._finish = None
        self._received.clear()

    def raster(self, buffer: bytearray) -> int:
        """GS v 0 m xL xH yL yH d..., its head."""
        if len(buffer) < 8:
            return 0
        mode, row_bytes = buffer[3], int.from_bytes(buffer[4:6], "little")
        height = int.from_bytes(buffer[6:8], "little")
        if mode % 48 not in (0, 1, 2, 3) or not row_bytes or not height:
            self._errors.append(f"GS v 0: mode {mode}, {row_bytes} bytes by {height} rows")
        if not self._paper.is_at_line_start:
            self._errors.append("GS v 0 in the middle of a line")
        scale = (2 if mode & 1 else 1, 2 if mode & 2 else 1)

        def finish(data: bytes) -> None:
            self._put(Picture(row_bytes * 8, height, data, self._modes.align_value, *scale, self._modes.style.is_red))

        self._await(row_bytes * height, finish)
        return 8

    def columns(self, buffer: bytearray) -> int:
        """ESC * m nL nH d..., as a whole."""
        if len(buffer) < 5:
            return 0
        mode, count = buffer[2], int.from_bytes(buffer[3:5], "little")
        if mode not in _COLUMN_MODES:
            self._errors.append(f"ESC * mode {mode}")
            return 5
        bits, dot_width, dot_height = _COLUMN_MODES[mode]
        size = bits // 8
        if len(buffer) < 5 + count * size:
            return 0
        data = bytes(buffer[5 : 5 + count * size])
        columns = tuple(int.from_bytes(data[place : place + size], "big") for place in range(0, len(data), size))
        image = ColumnImage(columns, bits, dot_width, dot_height, self._modes.style.is_red)
        if image.dots > self._paper.room_dots:
            self._errors.append(f"ESC *: {image.dots} dots are wider than the paper")
        self._paper.put(image, self._modes.align_value)
        return 5 + len(data)

    def graphics(self, buffer: bytearray) -> int:
        """GS ( L pL pH m fn ..., GS 8 L p1 p2 p3 p4 m fn ...: their heads."""
        size_bytes = 2 if buffer[1] == ord("(") else 4
        start = 3 + size_bytes
        if len(buffer) < start + 2:
            return 0
        length = int.from_bytes(buffer[3:start], "little")
        function = buffer[start + 1]
        if length < 2 or buffer[start] != 48 or function not in (2, 50, 69, 112):
            self._errors.append(f"GS ( L function {function}")
        if length > DOTS_MAX // 8:
            self._errors.append(f"GS ( L of {length} bytes")
        self._await(length, self._carry_out)
        return start

    def stored_number(self, parameters: bytes) -> None:
        """FS p n m"""
        self._print_kept(f"number {parameters[0]}")

    def _carry_out(self, parameters: bytes) -> None:
        function = parameters[1] if len(parameters) > 1 else -1
        if function == 112:
            self._store(parameters[2:])
        elif function in (2, 50):
            if not self._modes.stored.pictures:
                self._errors.append("GS ( L 50 without graphics")
            for picture in self._modes.stored.pictures:
                self._put(picture)
            self._modes.stored.pictures.clear()
        elif function == 69:
            self._print_kept(f"key {parameters[2:4].decode('latin-1')}")

    def _store(self, parameters: bytes) -> None:
        """a bx by c xL xH yL yH d..."""
        if len(parameters) < 8:
            self._errors.append("GS ( L 112 is too short")
            return
        tone, scale_x, scale_y, colour = parameters[:4]
        width, height = int.from_bytes(parameters[4:6], "little"), int.from_bytes(parameters[6:8], "little")
        data = parameters[8:]
        if tone not in (48, 52) or scale_x not in (1, 2) or scale_y not in (1, 2) or colour not in (49, 50):
            self._errors.append(f"GS ( L 112: {parameters[:4].hex(' ')}")
        if len(data) != (width + 7) // 8 * height:
            self._errors.append(f"GS ( L 112: {len(data)} bytes for {width} x {height} dots")
            return
        self._modes.stored.pictures.append(
            Picture(width, height, data, self._modes.align_value, scale_x, scale_y, colour == 50)
        )

    def _print_kept(self, name: str) -> None:
        kept = self.kept.get(name)
        if kept is None:
            # A printer prints nothing then; a simulated one has what nobody stored in it.
            kept = Picture(96, 48, _crossed_box(96, 48), 0)
        self._put(Picture(kept.width_dots, kept.height_dots, kept.rows, self._modes.align_value))

    def _put(self, picture: Picture) -> None:
        if picture.dots > self._paper.room_dots:
            self._errors.append(f"a picture of {picture.dots} dots is wider than the paper")
        if picture.width_dots and picture.height_dots:
            self._paper.put_symbol(picture)

    def _await(self, count: int, finish: Callable[[bytes], None]) -> None:
        if count:
            self._awaited, self._finish = count, finish
        else:
            finish(b"")


def _crossed_box(width: int, height: int) -> bytes:
    """Stands for a logo whose picture only the real printer has."""
    rows = bytearray()
    for y in range(height):
        crossing = {y * width // height, width - 1 - y * width // height}
        dots = [x in crossing or x in (0, width - 1) or y in (0, height - 1) for x in range(width)]
        rows += bytes(sum(dots[x + bit] << 7 - bit for bit in range(8)) for x in range(0, width, 8))
    return bytes(rows)
