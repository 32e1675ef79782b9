"""The data-quality page in order: what kinds of findings there are, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from pilots.healthtech.data.contract import Finding

TITLES = {
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


def by_kind(findings: Sequence[Finding], most: int | None = None) -> list[tuple[str, list[str]]]:
    """(title, sentences) in the order of TITLES, kinds of other readers last; beyond `most` of a kind the rest counted.

    The series with the most periods concerned come first.
    """
    kinds = sorted({f.kind for f in findings}, key=lambda kind: (kind not in TITLES, [*TITLES, kind].index(kind), kind))
    page = []
    for kind in kinds:
        own = sorted((f for f in findings if f.kind == kind), key=lambda f: (f.series != "", -f.count, f.series))
        lines = [f.text for f in own[:most]]
        if len(own) > len(lines):
            lines.append(f"and {len(own) - len(lines):,} more series like these")
        page.append((TITLES.get(kind, kind.capitalize()), lines))
    return page
