"""What a historian says beside a value: good, uncertain or bad.

OPC UA             a StatusCode of 32 bits; the two highest are the severity: 00 good, 01 uncertain, 10 bad, 11 reserved
                   and to be taken as bad (OPC 10000-4, StatusCode). Decimal, signed or hexadecimal
OPC Classic (DA)   8 bits; the two highest: 11 good, 01 uncertain, 00 bad; 10 is not used (OPC Data Access 3.00).
                   Sparkplug's and Ignition's 0, 192 and 500 (stale) are read with it
names and words    GoodNoData, Bad_CommFailure, Uncertain, Questionable

0 is good in OPC UA and bad in OPC Classic: which of them a file means is told from its other codes, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from common.fault import Fault

GOOD, UNCERTAIN, BAD = 0, 1, 2
LEVELS = {"good": GOOD, "uncertain": UNCERTAIN, "bad": BAD}
CODES = {"ua": "OPC UA", "da": "OPC Classic"}
WORDS = {"": GOOD, "ok": GOOD, "questionable": UNCERTAIN, "doubtful": UNCERTAIN, "suspect": UNCERTAIN, "stale": BAD}
NAME = re.compile(r"(?i:(good|uncertain|bad))(?![a-z])")  # GoodNoData and "Bad, no data", but not "goodness"
NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[+-]?\d{1,10}(?:\.0*)?")
STALE = 500  # Sparkplug 3.0.0 §6.4.16, and Ignition


def read_quality(
    cells: Mapping[str, pd.Series],
    where: Callable[[str, int], str],
    *,
    codes: str | None = None,
    words: Mapping[str, Sequence[str]] | None = None,
    setting: str | None = "data",
) -> tuple[dict[str, np.ndarray], str | None]:
    """GOOD, UNCERTAIN or BAD for every cell of the quality columns of one file, and which codes these were.

    cells    text, index = line; an empty cell is good, as nothing speaks against the reading
    where    name and line -> the start of a sentence
    codes    "ua", "da", or None = told from the file
    words    good, uncertain, bad -> the user's own words and codes, which go before all others
    """
    own = {str(word).strip().lower(): LEVELS[level] for level, listed in (words or {}).items() for word in listed}
    first: dict[str, tuple[str, int]] = {}  # every different text, and where it stands first
    for name, cell_R in cells.items():
        for text, line in _different(cell_R):
            first.setdefault(text, (name, line))
    level: dict[str, int] = {}
    number: dict[str, int] = {}
    for text in first:
        word, match = text.strip().lower(), NAME.match(text.strip())
        if word in own or word in WORDS:
            level[text] = {**WORDS, **own}[word]
        elif match:
            level[text] = LEVELS[match[1].lower()]
        elif NUMBER.fullmatch(word):
            number[text] = _code(word)
        else:
            raise Fault(f"{where(*first[text])} = '{text[:40]}' is no status that is known.{_say('words', setting)}")
    used = codes or (_which(number, first, where, setting) if number else None)
    for text, code in number.items():
        found = (severity_ua if used == "ua" else severity_da)(code)
        if found is None:
            raise Fault(
                f"{where(*first[text])} = '{text[:40]}' is no status code of {CODES[used or 'ua']}."
                f"{_say('words', setting)}"
            )
        level[text] = found
    return {name: _levels(cell_R, level) for name, cell_R in cells.items()}, used


def severity_ua(code: int) -> int | None:
    """Of an OPC UA StatusCode; None = wider than 32 bits."""
    return (GOOD, UNCERTAIN, BAD, BAD)[code >> 30] if 0 <= code < 1 << 32 else None


def severity_da(code: int) -> int | None:
    """Of an OPC Classic quality; None = not used by the standard."""
    if code == STALE:
        return BAD
    return (BAD, UNCERTAIN, None, GOOD)[code >> 6] if 0 <= code < 256 else None


def _different(cell_R: pd.Series) -> list[tuple[str, int]]:
    """Each text of a column, with the line where it stands first."""
    once_R = cell_R.dropna().drop_duplicates()
    return list(zip(once_R.tolist(), once_R.index.tolist(), strict=True))


def _levels(cell_R: pd.Series, level: dict[str, int]) -> np.ndarray:
    place_R, texts = pd.factorize(cell_R)
    of_text = np.array([*(level[text] for text in texts), GOOD], np.int8)  # -1, an empty cell, is the last
    return of_text[place_R]


def _code(word: str) -> int:
    """A number as OPC means it; a signed one is the same 32 bits."""
    if word.startswith("0x"):
        return int(word, 16)
    code = int(word.partition(".")[0])
    return code + (1 << 32) if -(1 << 31) <= code < 0 else code


def _which(number: dict[str, int], first: dict, where: Callable[[str, int], str], setting: str | None) -> str:
    """ "ua" or "da": the one that all codes fit."""
    fits_ua = {text: code == 0 or code > 0xFFFF or code & 0x0C00 == 0x0400 for text, code in number.items()}
    fits_da = {text: severity_da(code) is not None for text, code in number.items()}
    if all(fits_ua.values()) and all(fits_da.values()):
        if any(text.lower().startswith("0x") and len(text) > 4 for text in number):
            return "ua"  # eight digits are 32 bits
        raise Fault(
            f"{where(*first[next(iter(number))])}: every status code is 0, which is good in OPC UA and bad in OPC "
            f"Classic.{_say('codes', setting)}"
        )
    for codes, fits in (("ua", fits_ua), ("da", fits_da)):
        if all(fits.values()):
            return codes
    odd = next((text for text in number if not fits_ua[text] and not fits_da[text]), None)
    odd = odd or next(text for text in number if not fits_ua[text])
    raise Fault(
        f"{where(*first[odd])} = '{odd[:40]}' fits the other status codes of the file neither as OPC UA nor as OPC "
        f"Classic.{_say('words', setting)}"
    )


def _say(what: str, setting: str | None) -> str:
    if not setting:
        return " Write good, uncertain or bad"
    if what == "codes":
        return f" Say which with {setting}.quality.codes=ua or da"
    return f" Name it in {setting}.quality.words, under good, uncertain or bad"
