"""The data-quality page, in the report and in `check`: findings of one kind together, long lists shortened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pilots.healthtech.data.contract import Finding

SHOWN, FOLDED = 5, 40  # sentences at once, and after unfolding
TITLES = {  # in the order of the page; kinds that one reader alone knows come last, under their own word
    "zero day": "Zeros that cannot be",
    "gap": "Gaps",
    "missing weekend": "Missing weekends",
    "clock change": "Nights on which the clocks change",
    "wrong clock": "Is the clock right?",
    "vanished": "Series that end",
    "late start": "Series that begin late",
    "merged": "Series that seem to have merged",
    "total row": "Totals",
    "part missing": "Sums of which a part is missing",
    "spike": "Counts far above the usual",
    "empty series": "Series without a count",
    "excluded": "Excluded by the settings",
    "delay": "Not reported yet",
    "no count yet": "Rows after the last count",
    "time of day": "Times inside a period",
    "read": "How the file was read",
    "unnamed column": "Columns not used",
}


@dataclass(frozen=True)
class Group:
    """kind: its title on the page; number: of findings; shown, folded: sentences; more: sentences left out."""

    kind: str
    number: int
    shown: tuple[str, ...]
    folded: tuple[str, ...]
    more: int


def by_kind(findings: Iterable[Finding], most: int = SHOWN) -> list[Group]:
    """Kinds in the order of TITLES; what is about the whole file first, then the series with most to say."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    order = {kind: place for place, kind in enumerate(TITLES)}
    groups = []
    for kind in sorted(kinds, key=lambda kind: order.get(kind, len(order))):
        texts = [one.text for one in sorted(kinds[kind], key=lambda one: (one.series != "", -one.count))]
        first, folded = texts[:most], texts[most : most + FOLDED]
        title = TITLES.get(kind, kind.capitalize())
        groups.append(Group(title, len(texts), tuple(first), tuple(folded), max(0, len(texts) - most - FOLDED)))
    return groups
