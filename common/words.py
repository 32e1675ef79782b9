"""Figures as a person says them, in every pilot's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NBSP = "\N{NO-BREAK SPACE}"


def percent(share: float, certain: bool = True) -> str:
    """`certain=False` for probabilities: none is printed as 0 or 100 %, the data cannot know that."""
    if not certain and not 0.01 <= share <= 0.99:
        return f"<{NBSP}1{NBSP}%" if share < 0.5 else f">{NBSP}99{NBSP}%"
    return f"{100 * share:.0f}{NBSP}%"


def percents(low: float, high: float) -> str:
    """As "5 to 40 %"."""
    return f"{100 * low:.0f} to {percent(high)}"


def short(value: float | None) -> str:
    """Three digits: more would be noise."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")


def unjudged(card: Mapping[str, Any]) -> Iterator[str]:
    """Fields of card.yaml that still wait for a person."""
    for key, value in card.items():
        if value is None or value in ("", [], {}):
            yield key.replace("_", " ")
        elif isinstance(value, Mapping):
            yield from (f"{key.replace('_', ' ')}: {inner}" for inner in unjudged(value))
