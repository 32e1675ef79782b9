"""What a maintenance policy costs on machines that ran to failure: an alarm, a fixed interval, or neither.

A life is renewed by its planned work or by its breakdown; cost per time is total cost over total running time
(renewal reward; Barlow and Proschan, "Mathematical Theory of Reliability", 1965, chapter 3 for the fixed interval).

Axes: L lives that ended in failure, T rows of the longest, K choices of one policy (thresholds, or intervals).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.manufacturing.alarm import Alarm


@dataclass(frozen=True)
class Prices:
    """Assumptions in £; every one is the user's to replace.

    breakdown             a failure in service, with its repair and the lost production
    planned_replacement   the same work at a time of one's own choice
    lost_life_per_row     each row of life that planned work throws away, over and above that it comes sooner
    inspection            somebody looks at the machine: once each time an alarm sounds
    """

    breakdown: float
    planned_replacement: float
    lost_life_per_row: float
    inspection: float


@dataclass(frozen=True)
class Outcome:
    """What a policy does to each life under each choice, [L, K].

    rows    rows in operation, until planned work or failure
    notice  rows between the alarm (or the planned day) and the failure; 0 where nothing announced it in time
    missed  it broke down
    false   alarms with more than `early` rows to run
    cost    £
    """

    rows: np.ndarray
    notice: np.ndarray
    missed: np.ndarray
    false: np.ndarray
    cost: np.ndarray

    def at(self, life_N: np.ndarray, choice_N: np.ndarray) -> Outcome:
        """One choice for each of these lives, as arrays [N]."""
        return Outcome(*(x[life_N, choice_N] for x in self.__dict__.values()))

    def rate(self, life_N: np.ndarray) -> np.ndarray:
        """£ per row in operation over these lives, for each choice."""
        return self.cost[life_N].sum(0) / self.rows[life_N].sum(0)


def by_alarm(
    rul_LT: np.ndarray, length_L: np.ndarray, thresholds: np.ndarray, alarm: Alarm, planning: int, early: float,
    p: Prices,
) -> Outcome:  # fmt: skip
    """The work is done `planning` rows after the alarm, if it still sounds then; one that ends by itself costs a look.

    rul_LT  forecasts of machines that no fitting has seen; the last row of each life is its failure
    """
    high_LT, low_LT = alarm.reach(rul_LT)
    step_T, lives = np.arange(rul_LT.shape[1]), np.arange(len(rul_LT))
    inside_LT, left_LT = step_T < length_L[:, None], length_L[:, None] - 1 - step_T
    made = []
    for threshold in thresholds:
        on_LT = alarm.sounds(high_LT, low_LT, threshold) & inside_LT
        starts_LT = on_LT & ~np.pad(on_LT, ((0, 0), (1, 0)))[:, :-1]
        start_LT = np.maximum.accumulate(np.where(starts_LT, step_T, -1), axis=1)
        done_LT = on_LT & (step_T - start_LT >= planning) & (left_LT > 0)
        missed_L = ~done_LT.any(1)
        end_L = np.where(missed_L, length_L - 1, done_LT.argmax(1))
        before_LT = starts_LT & (step_T <= end_L[:, None])
        looks_L, false_L = before_LT.sum(1), (before_LT & (left_LT > early)).sum(1)
        left_L = left_LT[lives, end_L]
        notice_L = np.where(on_LT[lives, end_L], length_L - 1 - start_LT[lives, end_L], 0)
        cost_L = _cost(missed_L, left_L, p) + p.inspection * looks_L
        made.append((end_L + 1.0, notice_L, missed_L, false_L, cost_L))
    return Outcome(*(np.stack(column, axis=1) for column in zip(*made, strict=True)))


def by_interval(length_L: np.ndarray, intervals: np.ndarray, early: float, p: Prices) -> Outcome:
    """Every machine is renewed after so many rows in operation, or at its failure if that comes first.

    An interval of `inf` is running to failure. A renewal with more than `early` rows to run counts as a false alarm.
    """
    missed_LK = length_L[:, None] <= intervals
    rows_LK = np.where(missed_LK, length_L[:, None], intervals)
    left_LK = length_L[:, None] - rows_LK
    return Outcome(rows_LK, left_LK, missed_LK, left_LK > early, _cost(missed_LK, left_LK, p))


def _cost(missed: np.ndarray, left: np.ndarray, p: Prices) -> np.ndarray:
    return np.where(missed, p.breakdown, p.planned_replacement + p.lost_life_per_row * left)


def intervals(length_L: np.ndarray) -> np.ndarray:
    """Every fixed interval worth trying: just before each observed failure, and never."""
    return np.append(np.unique(length_L - 1)[np.unique(length_L - 1) > 0], np.inf)


def cheapest(rate_K: np.ndarray) -> int:
    """The choice in the middle of the cheapest stretch: each is judged together with its two neighbours.

    A single dip in a curve from a few dozen lives is luck; a machine that comes next will not fall into it.
    """
    padded = np.pad(rate_K, 1, mode="edge")
    return int(np.argmin((padded[:-2] + padded[1:-1] + padded[2:]) / 3))
