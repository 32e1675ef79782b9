"""From a forecast to what a planner acts on: interval, probability of failure, alarm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.manufacturing.interval import Conformal, Curve


@dataclass(frozen=True)
class Decision:
    """What stands between the model's number and the answer.

    cap          rows; lives longer than this are not told apart
    horizon      rows; p_fail is the probability of failure within them
    threshold    rows; the alarm's default, an input of the bundle
    persistence  rows in a row at or under the threshold before the alarm sounds
    has_risk     the model gives its own probability; otherwise it is read off the forecast
    """

    cap: float
    horizon: int
    threshold: float
    persistence: int
    has_risk: bool
    interval: Conformal
    risk: Curve

    def __call__(
        self, rul_MT: np.ndarray, risk_MT: np.ndarray | None, length_M: np.ndarray, threshold: float | None = None
    ) -> dict[str, np.ndarray]:
        """The answer in NumPy, padding as NaN: rul, low, high, p_fail [M, T] and alarm [M]."""
        threshold = self.threshold if threshold is None else threshold
        inside_MT = np.arange(rul_MT.shape[1]) < length_M[:, None]
        rul = np.clip(rul_MT, 0.0, self.cap)
        low, high = self.interval(rul)
        p_fail = self.risk(signal(rul, risk_MT, self.cap))
        out = {"rul": rul, "low": low, "high": high, "p_fail": p_fail}
        out = {name: np.where(inside_MT, value, np.nan) for name, value in out.items()}
        last = length_M[:, None] - 1 - np.arange(self.persistence)
        under = np.take_along_axis(rul, last.clip(min=0), axis=1) <= threshold
        return {**out, "alarm": under.all(1) & (length_M >= self.persistence)}


def signal(rul: np.ndarray, risk: np.ndarray | None, cap: float) -> np.ndarray:
    """What the probability of failure is calibrated on: the model's own, else the share of `cap` used up."""
    return 1.0 - rul / cap if risk is None else risk
