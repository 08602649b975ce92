"""Arabic letters joined: each in the form that its neighbours give it, for code pages that hold those forms.

Source: The Unicode Standard, section 9.2 (joining); which form is which is what the compatibility decompositions of the
Arabic presentation forms B say.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Final

Has = Callable[[str], bool]

_FORMS_B: Final = range(0xFE70, 0xFEFD)
_SUBSTITUTES: Final = {"medial": "initial", "initial": "medial", "final": "isolated", "isolated": "final"}
"""Code pages of one byte have one of each pair for most letters."""
_LAM: Final = "\u0644"
_TATWEEL: Final = "\u0640"


def shaped(text: str, has: Has) -> str:
    """With letters as presentation forms, where ``has`` has a form for each letter; else the text as it was.

    Vowel marks are left out: a letter and its marks would be two cells.
    """
    if not any(letter in _forms() for letter in text):
        return text
    letters = [letter for letter in text if not (unicodedata.category(letter) == "Mn" and _is_arabic(letter))]
    found: list[str] = []
    index = 0
    while index < len(letters):
        letter = letters[index]
        name, length = letter, 1
        if letter == _LAM and index + 1 < len(letters) and letter + letters[index + 1] in _forms():
            name, length = letter + letters[index + 1], 2
        form = _form(name, _joins_after(letters, index), _joins_before(letters, index + length - 1), has)
        if form is None:
            return text
        found.append(form)
        index += length
    return "".join(found)


def _form(name: str, is_joined_before: bool, is_joined_after: bool, has: Has) -> str | None:
    forms = _forms().get(name)
    if forms is None:
        return name
    wanted = ("medial" if is_joined_after else "final") if is_joined_before else "initial" if is_joined_after else ""
    wanted = wanted or "isolated"
    for kind in (wanted, _SUBSTITUTES[wanted]):
        if kind in forms and has(forms[kind]):
            return forms[kind]
    return None


def _joins_after(letters: list[str], index: int) -> bool:
    """Whether the letter before reaches out to this one."""
    return index > 0 and (letters[index - 1] == _TATWEEL or "initial" in _forms().get(letters[index - 1], {}))


def _joins_before(letters: list[str], index: int) -> bool:
    """Whether this letter reaches out to the next one."""
    if "initial" not in _forms().get(letters[index], {}) or index + 1 == len(letters):
        return False
    return letters[index + 1] == _TATWEEL or "final" in _forms().get(letters[index + 1], {})


def _is_arabic(character: str) -> bool:
    return "\u0600" <= character <= "\u06ff"


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Letter (or lam and alef) to its forms by name."""
    found: dict[str, dict[str, str]] = {}
    for code in _FORMS_B:
        kind, *letters = unicodedata.decomposition(chr(code)).split() or ("",)
        name = "".join(chr(int(letter, 16)) for letter in letters)
        if kind and " " not in name:
            found.setdefault(name, {})[kind.strip("<>")] = chr(code)
    return found
