"""The data-quality page: findings of one kind together, long lists shortened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pilots.healthtech.data.contract import Finding

SHOWN, FOLDED = 5, 40  # sentences at once, and after unfolding


@dataclass(frozen=True)
class Group:
    """kind: as the reader names it; number: of findings; shown, folded: sentences; more: sentences left out."""

    kind: str
    number: int
    shown: tuple[str, ...]
    folded: tuple[str, ...]
    more: int


def by_kind(findings: Iterable[Finding]) -> list[Group]:
    """In the order of the readers, within a kind the largest first."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    groups = []
    for kind, found in kinds.items():
        texts = [one.text for one in sorted(found, key=lambda one: -one.count)]
        first, folded = texts[:SHOWN], texts[SHOWN : SHOWN + FOLDED]
        groups.append(Group(kind, len(texts), tuple(first), tuple(folded), max(0, len(texts) - SHOWN - FOLDED)))
    return groups
