"""What the bytes of text mean at a simulated receipt printer: its code pages, and its modes for ideographs."""

from __future__ import annotations

from collections.abc import Mapping

UNKNOWN = "\ufffd"
KATAKANA = (
    "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯ "
    + "".join(map(chr, range(0xFF61, 0xFFA0)))
    + "═╞╪╡◢◣◥◤♠♥♦♣●○╱╲╳円年月日時分秒〒市区町村人▒ "
)
"""Page 1, with what Epson has beside the letters."""
_VIETNAMESE = (
    "?" * 40 + "ăâêôơưđ??????àảãáạ?ằẳẵắ???????ặầẩẫấậè?ẻẽéẹềểễếệìỉ???ĩíịò?ỏõóọồổỗốộờởỡớợù?ủũúụừửữứựỳỷỹýỵ?"
).replace("?", UNKNOWN)
_VIETNAMESE_CAPITALS = (
    "?" * 33 + "ĂÂ????Đ??ÊÔƠƯ???????ÀẢÃÁẠ?ẰẲẴẮ???????ẶẦẨẪẤẬÈ?ẺẼÉẸỀỂỄẾỆÌỈ???ĨÍỊÒ?ỎÕÓỌỒỔỖỐỘỜỞỠỚỢÙ?ỦŨÚỤỪỬỮỨỰỲỶỸÝỴ?"
).replace("?", UNKNOWN)
"""TCVN-3, in which small letters and capitals are pages of their own."""
CODE_PAGES: Mapping[int, str] = {
    **{1: KATAKANA, 30: _VIETNAMESE, 31: _VIETNAMESE_CAPITALS},
    **{0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737", 15: "iso8859-7"},
    **{16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 21: "tis-620", 32: "cp720", 33: "cp775", 34: "cp855"},
    **{35: "cp861", 36: "cp862", 37: "cp864", 38: "cp869", 39: "iso8859-2", 40: "iso8859-15", 44: "cp1125"},
    **{45: "cp1250", 46: "cp1251", 47: "cp1253", 48: "cp1254", 49: "cp1255", 50: "cp1256", 51: "cp1257"},
    **{52: "cp1258", 53: "kz1048"},
}
"""ESC t of Epson printers to a codec of Python's, or to the characters of the upper half."""
_LEADS = {
    "gbk": ((0x81, 0xFE),),
    "gb2312": ((0xA1, 0xF7),),
    "gb18030": ((0x81, 0xFE),),
    "cp932": ((0x81, 0x9F), (0xE0, 0xFC)),
    "big5": ((0xA1, 0xF9),),
    "euc_kr": ((0xA1, 0xFD),),
}
"""First bytes of two (of four, in GB 18030 with a digit behind)."""


def page_characters(encoding: str) -> str:
    """The upper half of a code page, UNKNOWN where it has nothing."""
    return "".join(bytes((byte,)).decode(encoding, "replace") for byte in range(0x80, 0x100))


class Characters:
    """Reads one character at a time. ``pages``: ESC t number to codec, or to the 128 characters of the upper half."""

    def __init__(self, pages: Mapping[int, str] = CODE_PAGES, wide_encoding: str | None = None) -> None:
        self._pages = pages
        self._wide = wide_encoding
        self.reset()

    def reset(self) -> None:
        """As after power-on: a printer for ideographs begins with them."""
        self._is_wide = self._wide is not None and self._wide != "cp932"
        self._is_shift_jis = False
        self.backslash = "\\"
        self.choose_page(min(self._pages, default=0))

    def choose_page(self, number: int) -> bool:
        """False: there is no such page."""
        if number not in self._pages:
            return False
        self._name = self._pages[number]
        self._upper = self._name if len(self._name) == 128 else page_characters(self._name)
        return True

    def set_wide(self, is_on: bool) -> bool:
        """FS & and FS . ; False: it has no ideographs, or those of seven bits (JIS), which are not simulated.

        A Japanese printer that was told to read Shift JIS reads it until it is told otherwise, and heeds neither.
        """
        if self._is_shift_jis:
            return True
        self._is_wide = is_on and self._wide not in (None, "cp932")
        return self._is_wide or not is_on

    def choose_system(self, number: int) -> bool:
        """FS C: 0 for JIS with its seven bits, 1 for Shift JIS; Japanese printers alone heed it."""
        if self._wide == "cp932":
            self._is_shift_jis = self._is_wide = number == 1
        return number in (0, 1)

    def read(self, data: bytes) -> tuple[str | None, int, int]:
        """The first character of the data, its bytes and cells. None: it is not there; 0 bytes: more are to come."""
        first = data[0]
        if first < 0x80:
            return self.backslash if first == 0x5C else chr(first), 1, 1
        if not self._is_wide or self._wide is None:
            character = self._upper[first - 0x80]
            return (None if character == UNKNOWN else character), 1, 1
        if self._wide == "cp932" and 0xA1 <= first <= 0xDF:
            return chr(0xFF61 + first - 0xA1), 1, 1
        if not any(low <= first <= high for low, high in _LEADS[self._wide]):
            return None, 1, 1
        if len(data) < 2:
            return None, 0, 0
        size = 4 if self._wide == "gb18030" and 0x30 <= data[1] <= 0x39 else 2
        if len(data) < size:
            return None, 0, 0
        try:
            return data[:size].decode(self._wide), size, 2
        except UnicodeDecodeError:
            return None, size, 2
