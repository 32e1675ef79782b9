"""From a forecast to what a planner acts on: interval, probability of failure, alarm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.manufacturing.alarm import Alarm
from pilots.manufacturing.interval import Conformal, Curve


@dataclass(frozen=True)
class Decision:
    """What stands between the model's number and the answer.

    cap          rows; lives longer than this are not told apart
    horizon      rows; p_fail is the probability of failure within them
    threshold    rows; the alarm's default, an input of the bundle
    alarm        how a forecast under the threshold becomes an alarm, and how the alarm ends
    has_risk     the model gives its own probability; otherwise it is read off the forecast
    """

    cap: float
    horizon: int
    threshold: float
    alarm: Alarm
    has_risk: bool
    interval: Conformal
    risk: Curve

    def __call__(
        self,
        rul_MT: np.ndarray,
        risk_MT: np.ndarray | None,
        length_M: np.ndarray,
        threshold: float | None = None,
        lost_MT: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """The answer in NumPy, padding as NaN: rul, low, high, p_fail [M, T], alarm [M] and the row it
        began at [M], -1 where there is none. `lost_MT` sensors, mean of the last rows, widen the interval."""
        inside_MT = np.arange(rul_MT.shape[1]) < length_M[:, None]
        rul = np.clip(rul_MT, 0.0, self.cap)
        low, high = self.interval(rul, lost_MT)
        p_fail = self.risk(signal(rul, risk_MT, self.cap))
        out = {"rul": rul, "low": low, "high": high, "p_fail": p_fail}
        out = {name: np.where(inside_MT, value, np.nan) for name, value in out.items()}
        return out | self.sounding(out["rul"], length_M, threshold)

    def p_fail_span(self, rul_MT: np.ndarray, risk_MT: np.ndarray | None, off: float) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest p_fail of forecasts up to `off` rows away: a steep curve makes per cents of a hair."""
        at_MT = signal(np.clip(rul_MT, 0.0, self.cap), risk_MT, self.cap)
        return self.risk(at_MT - off / self.cap), self.risk(at_MT + off / self.cap)

    def sounding(
        self, rul_MT: np.ndarray, length_M: np.ndarray, threshold: float | None = None
    ) -> dict[str, np.ndarray]:
        """The alarm at each machine's last row and the row that raised it."""
        threshold = np.float32(self.threshold if threshold is None else threshold)
        step_T = np.arange(rul_MT.shape[1])
        on_MT = self.alarm.states(rul_MT.astype(np.float32), threshold)
        alarm_M = on_MT[np.arange(len(length_M)), length_M - 1]
        quiet_MT = ~on_MT & (step_T < length_M[:, None])
        return {"alarm": alarm_M, "alarm_row": np.where(alarm_M, np.where(quiet_MT, step_T, -1).max(1) + 1, -1)}


def signal(rul: np.ndarray, risk: np.ndarray | None, cap: float) -> np.ndarray:
    """What the probability of failure is calibrated on: the model's own, else the share of `cap` used up."""
    return 1.0 - rul / cap if risk is None else risk
