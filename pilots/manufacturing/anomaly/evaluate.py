"""What an alarm is worth on logs that were left out: false alarms, misses, F1 and delay, beside an alarm never silent.

Axes: L logs, T rows, R stated rates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pilots.manufacturing.anomaly.healthy import Parts
from pilots.manufacturing.metrics import DRAWS, with_interval


def truth(parts: Parts, horizon: int) -> np.ndarray:
    """[L, T]: 0 normal, 1 abnormal, NaN not scored.

    Where the data set labels its rows, every row behind the baseline counts. Elsewhere rows that were stated healthy
    are normal and the last `horizon` rows before a failure are abnormal; what lies between, nobody knows.
    """
    test, step_T = parts.test, np.arange(parts.test.length_L.max(initial=1))
    from_L = parts.from_L[:, None]
    if test.abnormal_R is not None:
        said_LT = np.full((test.lives, len(step_T)), np.nan)
        said_LT[test.life_R, test.position_R] = test.abnormal_R
        return np.where(step_T >= from_L, said_LT, np.nan)
    normal_LT = (step_T >= from_L) & (step_T < parts.normal_L[:, None])
    rul_LT = test.rul_LT()
    abnormal_LT = (rul_LT <= horizon) & (step_T >= from_L) & (test.length_L > parts.normal_L)[:, None]
    return np.where(abnormal_LT, 1.0, np.where(normal_LT & ~(rul_LT <= horizon), 0.0, np.nan))


def scores(truth_LT: np.ndarray, alarm_LT: np.ndarray, unit: str) -> dict[str, dict]:
    """far, and where anything abnormal is known f1, mar and delay_median; 95 % bootstrap over logs."""
    ours, always = (_counts(truth_LT, alarm) for alarm in (alarm_LT, np.ones_like(alarm_LT)))
    found = {}
    sums = {"far": (("fp",), ("fp", "tn"))}
    if (truth_LT == 1).any():
        sums |= {"mar": (("fn",), ("fn", "tp")), "f1": (("tp", "tp"), ("tp", "tp", "fp", "fn"))}
    for name, (top, bottom) in sums.items():
        made = [with_interval(sum(c[k] for k in top)[None], sum(c[k] for k in bottom)[None]) for c in (ours, always)]
        found[name] = {**made[0], "unit": "share", "naive": made[1]["value"]}
    delay_E = delays(truth_LT, alarm_LT)
    if len(delay_E):
        found["delay_median"] = {**_median(delay_E), "unit": unit, "naive": 0.0}
    order = ("f1", "far", "mar", "delay_median")
    return {name: found[name] for name in order if name in found and np.isfinite(found[name]["value"])}


def delays(truth_LT: np.ndarray, alarm_LT: np.ndarray) -> np.ndarray:
    """Rows from the start of each log's first abnormal stretch to the first alarm in it.

    An alarm that was on already has delay 0; a stretch without any alarm counts with its whole length.
    """
    found = []
    for truth_T, alarm_T in zip(truth_LT, alarm_LT, strict=True):
        rows = np.flatnonzero(truth_T == 1)
        if len(rows):
            ends = np.flatnonzero(np.diff(rows) > 1)
            first = rows[: ends[0] + 1] if len(ends) else rows
            at = np.flatnonzero(alarm_T[first])
            found.append(at[0] if len(at) else len(first))
    return np.array(found, float)


def lead(parts: Parts, alarm_LT: np.ndarray, horizon: int, unit: str) -> dict[str, dict]:
    """Rows that were left when the alarm began that lasts to the log's end, on logs that end shortly before a failure.

    0 where the last row does not alarm. Empty where no such log is known.
    """
    test = parts.test
    found = []
    for life in np.flatnonzero((test.rul_L >= 0) & (test.rul_L <= horizon) & (test.length_L > parts.normal_L)):
        alarm_T = alarm_LT[life, : test.length_L[life]]
        quiet = np.flatnonzero(~alarm_T)
        lasting = len(alarm_T) - (quiet[-1] + 1 if len(quiet) else 0)
        found.append((lasting - 1 + test.rul_L[life] if lasting else 0.0, len(alarm_T) - 1 + test.rul_L[life]))
    if not found:
        return {}
    ours_E, whole_E = np.array(found, float).T
    return {"alarm_lead_median": {**_median(ours_E), "unit": unit, "naive": float(np.median(whole_E))}}


def by_rate(truth_LT: np.ndarray, score_LT: np.ndarray, limit, rates: Sequence[float], unit: str) -> list[dict]:
    """The same at other stated rates: how the limit would have done, were it moved."""
    return [{"rate": float(r), "metrics": scores(truth_LT, score_LT > limit(r), unit)} for r in rates]


def _counts(truth_LT: np.ndarray, alarm_LT: np.ndarray) -> dict[str, np.ndarray]:
    pairs = {"tp": (1, True), "fn": (1, False), "fp": (0, True), "tn": (0, False)}
    return {k: ((truth_LT == said) & (alarm_LT == on)).sum(1).astype(float) for k, (said, on) in pairs.items()}


def _median(x_E: np.ndarray) -> dict[str, float]:
    pick = np.random.default_rng(0).integers(0, len(x_E), (DRAWS, len(x_E)))
    low, high = np.percentile(np.median(x_E[pick], axis=1), [2.5, 97.5])
    return {"value": float(np.median(x_E)), "low": float(low), "high": float(high)}
