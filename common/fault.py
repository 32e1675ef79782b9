"""A mistake that a person can mend, said in one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Fault(Exception):
    """What is wrong, where, the value, and the words that repair it. Shown without a traceback, exit code 2."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a Fault about a word nobody knows: the nearest one, or all there are."""
    words = list(known)
    near = difflib.get_close_matches(word.casefold(), [w.casefold() for w in words], 1)
    if near:
        return f"did you mean '{next(w for w in words if w.casefold() == near[0])}'?"
    shown = ", ".join(words[:20]) + (f" and {len(words) - 20} more" if len(words) > 20 else "")
    return f"known: {shown or 'none'}"
