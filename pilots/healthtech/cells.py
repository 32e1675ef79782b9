"""The test, cell by cell: what each model said of every step, what came, and what that cost.

Axes: O origins, S series, H scored steps, Q the seven levels of a fan, C cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pilots.healthtech.distribution.levels import LEVELS, SCORED
from pilots.healthtech.distribution.recalibrate import spread
from pilots.healthtech.evaluate import Backtest, Judged

FAN = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])  # ends of 95, 80 and 50 %, and the middle
INSIDE = {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}  # per cent: levels


@dataclass(frozen=True)
class Cells:
    """One model. NaN where nothing was counted or nothing could be forecast.

    fan_OSHQ   whole-number quantiles at FAN
    mean_OSH   expected count
    loss_OSH   pinball loss, mean over the levels 0.05 .. 0.95
    off_OSH, signed_OSH   |count - median| and count - median
    below_OSH, upto_OSH   F(count - 1) and F(count), between which the count spreads its weight
    """

    fan_OSHQ: np.ndarray
    mean_OSH: np.ndarray
    loss_OSH: np.ndarray
    off_OSH: np.ndarray
    below_OSH: np.ndarray
    upto_OSH: np.ndarray
    signed_OSH: np.ndarray

    def inside_OSH(self, percent: int) -> np.ndarray:
        """Share of each count's weight that lies inside the range of 50, 80 or 95 %."""
        low, high = INSIDE[percent]
        share = spread(self.below_OSH, self.upto_OSH, high) - spread(self.below_OSH, self.upto_OSH, low)
        return np.where(np.isfinite(self.upto_OSH), share, np.nan)

    def closed_OSH(self, percent: int) -> np.ndarray:
        """1 where the count lies between the two printed whole numbers, both included."""
        low, high = np.searchsorted(FAN, INSIDE[percent])
        count = self.fan_OSHQ[..., 3] + self.signed_OSH
        inside = (self.fan_OSHQ[..., low] <= count) & (count <= self.fan_OSHQ[..., high])
        return np.where(np.isfinite(count), inside, np.nan)


@dataclass(frozen=True)
class Tested:
    """y_OSH: what was counted; when_OH: datetime64[s], the start of each step; by_model: cells of ours and its rivals.

    bottom     the first series, which no other adds up to
    weight_RO  how often each origin counts in each resample of the block bootstrap; None with too few origins
    """

    y_OSH: np.ndarray
    when_OH: np.ndarray
    by_model: Mapping[str, Cells]
    bottom: int
    weight_RO: np.ndarray | None


def cell_by_cell(by_model: Mapping[str, Judged], test: Backtest, weight_RO: np.ndarray | None) -> Tested:
    """The cells of the models given; the periods not yet reported at an origin are left out."""
    delay, origin_O = test.counts.delay, test.origins.test_O
    y_OSH = test.truth(origin_O)[..., delay:]
    when_OH = test.counts.time_T[origin_O[:, None] + np.arange(y_OSH.shape[2])]
    cells = {name: _cells(judged, test) for name, judged in by_model.items()}
    return Tested(y_OSH, when_OH, cells, test.counts.bottom, weight_RO)


def _cells(judged: Judged, test: Backtest) -> Cells:
    parts = []
    for block, made in judged.made:
        y_OSH = test.truth(block)
        shape, y_BH = y_OSH.shape, y_OSH.reshape(-1, y_OSH.shape[2])
        q_BHQ = made.quantiles(LEVELS)
        known_BH = np.isfinite(y_BH) & np.isfinite(made.mean_BH)
        y0_BH = np.where(known_BH, y_BH, 0.0)
        gap_BHQ = q_BHQ[..., 1:-1] - y0_BH[..., None]
        signed_BH = y0_BH - q_BHQ[..., len(LEVELS) // 2]
        of_counts = {
            "loss_OSH": np.mean(gap_BHQ * ((gap_BHQ >= 0) - SCORED), axis=-1),
            "off_OSH": np.abs(signed_BH),
            "signed_OSH": signed_BH,
            "below_OSH": made.cdf(y0_BH - 1),
            "upto_OSH": made.cdf(y0_BH),
        }
        part = {name: np.where(known_BH, x_BH, np.nan).reshape(shape) for name, x_BH in of_counts.items()}
        part["mean_OSH"] = made.mean_BH.reshape(shape)
        fan_BHQ = np.where(np.isfinite(made.mean_BH)[..., None], q_BHQ[..., np.searchsorted(LEVELS, FAN)], np.nan)
        part["fan_OSHQ"] = fan_BHQ.reshape(*shape, len(FAN))
        parts.append({name: x[:, :, test.counts.delay :] for name, x in part.items()})
    return Cells(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def pit_histogram(cells: Cells, bottom: int, bins: int = 10) -> np.ndarray:
    """Share of the counts' weight in each of `bins` equal bins of the forecast's own probability; flat = reliable.

    The non-randomised PIT of Czado, Gneiting and Held (2009): the count y spreads evenly over F(y - 1) .. F(y).
    """
    known = np.isfinite(cells.upto_OSH[:, :bottom])
    below_C, upto_C = (x[:, :bottom][known] for x in (cells.below_OSH, cells.upto_OSH))
    if not len(upto_C):
        return np.full(bins, np.nan)
    return np.diff([spread(below_C, upto_C, at).mean() for at in np.linspace(0, 1, bins + 1)])
