"""What the readers of NHS England's files share: the words of their licence, and which organisations are forecast.

Axes: B bottom series, S series with their sums.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from common.fault import Fault, did_you_mean
from pilots.healthtech.data.contract import Counts, Finding, Level

LICENCE = "Open Government Licence v3.0: contains public sector information of NHS England, {}"
RECENT = {"D": 28, "MS": 3}  # periods at the end in which an organisation that still reports has a count


def choose(counts: Counts, orgs: str | Sequence[str]) -> Counts:
    """Keep some organisations as bottom series: those that still report, all with a count, or those of a list.

    Sums keep what they added up, so their past holds organisations that are left out; of a list no sum is known. Which
    organisation still reports is known at the end of the data only: a backtest that must not know it takes all.
    """
    own_B = np.array(counts.names_S[: counts.bottom])
    known_BT = np.isfinite(counts.y_ST[: counts.bottom])
    if orgs not in ("all", "reporting"):
        wanted = [orgs] if isinstance(orgs, str) else [str(org) for org in orgs]
        for org in wanted:
            if org not in own_B:
                raise Fault(f"data.orgs: {counts.name} has no organisation '{org}': {did_you_mean(org, own_B)}")
        chosen = _rows(counts, np.isin(own_B, wanted), sums=False)
        about = {"", *chosen.names_S}
        return dataclasses.replace(chosen, findings=tuple(f for f in counts.findings if f.series in about))
    ever_B, late_B = known_BT.any(axis=1), known_BT[:, -RECENT[counts.freq] - counts.delay :].any(axis=1)
    findings = []
    if not ever_B.all():
        findings.append(Finding("left out", f"{listed(own_B[~ever_B])} never have a count: left out"))
    if orgs == "reporting" and (ever_B & ~late_B).any():
        gone = own_B[ever_B & ~late_B]
        text = f"{listed(gone)} no longer report and are not forecast (data.orgs=all keeps them); sums hold their past"
        findings.append(Finding("left out", text, count=len(gone)))
    kept = _rows(counts, ever_B & (late_B if orgs == "reporting" else True), sums=True)
    return dataclasses.replace(kept, findings=(*counts.findings, *findings))


def listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _rows(counts: Counts, keep_B: np.ndarray, sums: bool) -> Counts:
    """Counts of the bottom series that are kept, and of the sums that still have a part."""
    upper_S = np.arange(counts.series) >= counts.bottom
    keep_S = np.append(keep_B, np.zeros(upper_S.sum(), bool)) | (
        upper_S & sums & (counts.sums_SB[:, keep_B].sum(1) > 0)
    )
    place_S = np.cumsum(keep_S) - 1
    kept = (
        [Level(v.name, tuple(int(place_S[m]) for m in v.member_S if keep_S[m])) for v in counts.levels] if sums else []
    )
    names_S = [str(name) for name in np.array(counts.names_S)[keep_S]]
    return dataclasses.replace(
        counts,
        y_ST=counts.y_ST[keep_S],
        names_S=tuple(names_S),
        sums_SB=counts.sums_SB[keep_S][:, keep_B],
        levels=tuple(kept),
        table={**counts.table, "names": names_S},
    )
