"""Scores on machines that were left out, each beside its naive value and with an interval.

Axes: L test lives, T rows, S seeds, N scored rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pilots.manufacturing.histories import Histories
from pilots.manufacturing.metrics import with_interval
from pilots.manufacturing.protocol import Rows, cut_rows, last_rows

SOON = 60  # rows; rmse_rul_le_60 asks how good the forecast is where it matters
URGENT = 50  # rows; width_90_rul_le_50 asks how narrow the interval is where it is acted on


class Answers(NamedTuple):
    """What one model answers on the test lives, per seed: rul, low, high, p_fail, each [S, L, T]."""

    rul: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_fail: np.ndarray

    @classmethod
    def of(cls, per_seed: list[dict[str, np.ndarray]]) -> Answers:
        return cls(*(np.stack([a[name] for a in per_seed]) for name in ("rul", "low", "high", "p_fail")))

    @classmethod
    def naive(cls, learn: Histories, cap: float, horizon: int, level: float) -> Answers:
        """Best constants from training lives: the mean for points, quantiles for intervals, the share for p_fail."""
        rul_N = learn.rul_LT[np.isfinite(learn.rul_LT)]
        capped_N = np.minimum(rul_N, cap)
        low, high = np.quantile(capped_N, [(1 - level) / 2, (1 + level) / 2])
        constants = (capped_N.mean(), low, high, (rul_N <= horizon).mean())
        return cls(*(np.full((1, 1, 1), value) for value in constants))

    def at(self, rows: Rows) -> Answers:
        """The same answers at chosen rows, each [S, N]."""
        shape = (rows.life_N.max() + 1, rows.step_N.max() + 1)
        return Answers(*(np.stack([rows.of(np.broadcast_to(x, shape) if x.size == 1 else x) for x in a]) for a in self))


def scores(
    h: Histories, ours: Answers, naive: Answers, *, unit: str, cap: float, horizon: int, cuts: int, seed: int
) -> dict:
    """Every metric of design section 3 for the test lives `h`, as {"value", "unit", "low", "high", "naive"}.

    Points are scored on the last row of each life, against labels clipped at `cap` and against raw labels;
    intervals and probabilities on the last row plus `cuts` random rows of each life, lives weighted equally.
    """
    last = last_rows(h)
    soon = last.where(last.of(h.rul_LT) <= SOON)
    table = {
        "rmse_clipped": _metric(squared_error, np.sqrt, unit, last, h, ours, naive, cap),
        "rmse_raw": _metric(squared_error, np.sqrt, unit, last, h, ours, naive),
        "score_clipped": _metric(nasa_penalty, _sum(last), "NASA score", last, h, ours, naive, cap),
        "score_raw": _metric(nasa_penalty, _sum(last), "NASA score", last, h, ours, naive),
        "rmse_rul_le_60": _metric(squared_error, np.sqrt, unit, soon, h, ours, naive, cap),
    }
    for suffix, rows in (("", last + cut_rows(h, cuts, seed)), ("_last_row", last)):
        table[f"coverage_90{suffix}"] = _metric(covered, None, "share", rows, h, ours, naive, cap)
        table[f"width_90{suffix}"] = _metric(width, None, unit, rows, h, ours, naive, cap)
        urgent = _metric(width, None, unit, rows, h, ours, naive, cap, only=lambda a: a.rul <= URGENT)
        urgent["naive"] = table[f"width_90{suffix}"]["naive"]  # the naive forecast is never that low
        table[f"width_90_rul_le_50{suffix}"] = urgent
        error = _metric(squared_risk(horizon), None, "squared probability", rows, h, ours, naive)
        table[f"brier{suffix}"] = error
    return {name: metric for name, metric in table.items() if np.isfinite(metric["value"])}


def points(table: dict) -> dict[str, float]:
    """Bare values of the point scores: interval and probability belong to the model they were calibrated on."""
    return {key: metric["value"] for key, metric in table.items() if key.startswith(("rmse", "score"))}


def _sum(rows: Rows) -> Callable:
    """From a mean over lives back to their sum, as the NASA score is published."""
    return lambda mean: mean * len(np.unique(rows.life_N))


def _metric(
    error: Callable, finish: Callable | None, unit: str, rows: Rows, h: Histories, ours: Answers, naive: Answers,
    cap: float = np.inf, only: Callable | None = None,
) -> dict:  # fmt: skip
    """Mean over lives of each life's mean `error`, then `finish`; mean over seeds; the naive value beside it.

    only  which rows count, from the answers; a life without such a row does not count
    """
    if not len(rows.life_N):
        return {"value": np.nan}
    rul_N = np.minimum(rows.of(h.rul_LT), cap)
    lives, life_N = np.unique(rows.life_N, return_inverse=True)

    def by_life(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
        at_SN = answers.at(rows)
        keep_SN = np.ones_like(at_SN.rul) if only is None else only(at_SN).astype(float)
        wrong_SN = error(rul_N, at_SN) * keep_SN
        share_N = 1.0 / np.bincount(life_N)[life_N]
        return tuple(
            np.stack([np.bincount(life_N, share_N * x_N, len(lives)) for x_N in x_SN]) for x_SN in (wrong_SN, keep_SN)
        )

    made = with_interval(*by_life(ours), finish)
    return {**made, "unit": unit, "naive": with_interval(*by_life(naive), finish)["value"]}


def squared_error(rul_N: np.ndarray, a: Answers) -> np.ndarray:
    return (a.rul - rul_N) ** 2


def nasa_penalty(rul_N: np.ndarray, a: Answers) -> np.ndarray:
    """exp(-d/13)-1 for early and exp(d/10)-1 for late forecasts, d = said - true (Saxena et al., PHM08)."""
    late = a.rul - rul_N
    return np.where(late < 0, np.expm1(-late / 13.0), np.expm1(late / 10.0))


def covered(rul_N: np.ndarray, a: Answers) -> np.ndarray:
    return ((a.low <= rul_N) & (rul_N <= a.high)).astype(float)


def width(rul_N: np.ndarray, a: Answers) -> np.ndarray:
    return a.high - a.low


def squared_risk(horizon: int) -> Callable:
    """Error of the Brier score: (p - 1[failed within `horizon`])^2."""
    return lambda rul_N, a: (a.p_fail - (rul_N <= horizon)) ** 2
