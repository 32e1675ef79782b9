"""Where we lose: sites, steps, hours, weekdays, months and days of the calendar where a simpler forecast was closer.

Axes: O origins, S series, H steps, K members of a kind, R resamples.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pilots.healthtech.cells import Tested
from pilots.healthtech.evaluate import interval
from pilots.healthtech.kinds import Kind

FEW = 4  # origins; a member that occurs in fewer has no interval


@dataclass(frozen=True)
class Loss:
    """One member of a kind where the rival's pinball loss was lower.

    more       share by which our loss is higher than the rival's
    low, high  95 % interval of that share; None where too few origins know the member
    clear      the interval lies above 0
    """

    name: str
    cells: int
    ours: float
    theirs: float
    more: float
    low: float | None
    high: float | None
    clear: bool


@dataclass(frozen=True)
class Lost:
    """kind: such as "weekday"; rival: the model that was closer; of: members compared; rows: the worst first."""

    kind: str
    rival: str
    of: int
    rows: tuple[Loss, ...]

    @property
    def clear(self) -> int:
        return sum(row.clear for row in self.rows)


def where_we_lose(tested: Tested, ours: str, rivals: Iterable[str], kinds: Iterable[Kind]) -> list[Lost]:
    """Every kind against every rival, over the bottom series and the steps that both could forecast."""
    return [_lost(tested, ours, rival, kind) for rival in rivals for kind in kinds]


def _lost(tested: Tested, ours: str, rival: str, kind: Kind) -> Lost:
    bottom = tested.bottom
    own_OSH, their_OSH = (tested.by_model[name].loss_OSH[:, :bottom] for name in (ours, rival))
    (own_OK, n_OK), (their_OK, _) = kind.sums(own_OSH + 0 * their_OSH), kind.sums(their_OSH + 0 * own_OSH)
    own_K, their_K, n_K = own_OK.sum(axis=0), their_OK.sum(axis=0), n_OK.sum(axis=0)
    rows = []
    for k in np.flatnonzero((own_K > their_K) & (n_K > 0)):
        more = own_K[k] / their_K[k] - 1 if their_K[k] > 0 else np.inf
        low, high = _interval(more, own_OK[:, k], their_OK[:, k], n_OK[:, k], tested.weight_RO)
        clear = low is not None and low > 0
        mean = own_K[k] / n_K[k], their_K[k] / n_K[k]
        rows.append(Loss(kind.members[k], int(n_K[k]), *map(float, mean), float(more), low, high, clear))
    rows.sort(key=lambda row: (not row.clear, -row.more))
    return Lost(kind.name, rival, int((n_K > 0).sum()), tuple(rows))


def _interval(
    more: float, own_O: np.ndarray, their_O: np.ndarray, n_O: np.ndarray, weight_RO: np.ndarray | None
) -> tuple[float | None, float | None]:
    if weight_RO is None or (n_O > 0).sum() < FEW or not np.isfinite(more):
        return None, None
    theirs_R = weight_RO @ their_O
    return interval(more, (weight_RO @ own_O) / np.where(theirs_R > 0, theirs_R, np.nan) - 1)


def inside_by(tested: Tested, name: str, kind: Kind, percent: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Share of outcomes inside the range for every member [K], and how many outcomes there were [K]."""
    inside_OK, n_OK = kind.sums(tested.by_model[name].inside_OSH(percent)[:, : tested.bottom])
    n_K = n_OK.sum(axis=0)
    return inside_OK.sum(axis=0) / np.where(n_K > 0, n_K, np.nan), n_K
