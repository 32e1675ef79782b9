"""Small numbers hidden from whoever is outside the hospital, also from those who subtract.

The rule of NHS Digital for hospital episodes since 2018: a count of 1 to 7 becomes *, any other is rounded to the
nearest 5, and 0 stays 0. A total is hidden too where, with what is published around it, it would narrow a hidden
count to less than 1 to 7. What a reader could work out is found by interval arithmetic: a published number stands for
all that round to it, and every sum bounds its parts, again and again until nothing moves.

Axes: N numbers, E equations, M numbers inside equations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pilots.healthtech.use.additive import Equations, equations

STAR = "*"
SMALL, NEAREST = 7, 5
CHANCE = 0.05  # chances are rounded as coarsely
MANY = 1e12  # stands for "no upper limit"
SWEEPS = 100


@dataclass(frozen=True)
class Kind:
    """What a published number may be away from the true one, and between what a hidden one lies."""

    half: float
    low: float
    high: float


WHOLE, REAL = Kind(2.0, 1.0, 7.0), Kind(2.5, 0.0, 7.5)  # counts, and expected counts


def suppress(
    forecast: pd.DataFrame, totals: pd.DataFrame, history: pd.DataFrame, flow: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The tables of an answer with * and rounded numbers, from which everything else is then made."""
    steps = forecast.assign(period="step", steps=1)
    both = pd.concat([steps, totals], ignore_index=True)
    sums = equations([steps, totals], flow)
    for name in ("mean", *(name for name in totals if name.startswith("q"))):
        x_N = both[name].to_numpy(float, na_value=np.nan)
        shown_N = shown(x_N, hide(x_N, sums, REAL if name == "mean" else WHOLE))
        forecast = forecast.assign(**{name: shown_N[: len(forecast)]})
        totals = totals.assign(**{name: shown_N[len(forecast) :]})
    count_N = history["count"].to_numpy(float)
    own = equations([history.assign(period="step", steps=1)], flow)
    history = history.assign(count=shown(count_N, hide(count_N, own)))
    chance = pd.Series((forecast["p_exceed"] / CHANCE).round() * CHANCE, dtype=object).round(2)
    chance = chance.mask((forecast["mean"] == STAR) | (forecast["level"] <= SMALL), STAR)
    return forecast.assign(p_exceed=chance), totals, history


def shown(x_N: np.ndarray, hidden_N: np.ndarray) -> np.ndarray:
    """What is published: *, a multiple of 5, or nothing where there is no number."""
    made = np.full(len(x_N), pd.NA, object)
    known_N = np.isfinite(x_N)
    made[known_N] = nearest(x_N[known_N]).astype(int)
    made[hidden_N] = STAR
    return made


def nearest(x_N: np.ndarray) -> np.ndarray:
    return NEAREST * np.floor(x_N / NEAREST + 0.5)


def small(x_N: np.ndarray) -> np.ndarray:
    """True for what is hidden by itself: above 0 and, to the nearest whole number, at most 7."""
    with np.errstate(invalid="ignore"):
        return (x_N > 0) & (x_N < SMALL + 0.5)


def hide(x_N: np.ndarray, sums: Equations, kind: Kind = WHOLE) -> np.ndarray:
    """True where * must stand: small numbers, and what would give them away. NaN is nothing."""
    x_N = np.where(np.isfinite(x_N), x_N, 0.0)
    hidden_N = small(x_N)
    while len(sums.parent_E):
        more = _Reader(x_N, hidden_N, sums, kind).what_tells()
        if not more:
            break
        hidden_N[more] = True
    return hidden_N


class _Reader:
    """Somebody who knows the rule, the sums and what is published, and narrows every number as far as that goes.

    low_N, high_N  what each number must lie between
    from_low_N, from_high_N  the equation that said so; -1 = the number's own cell
    """

    def __init__(self, x_N: np.ndarray, hidden_N: np.ndarray, sums: Equations, kind: Kind):
        self.x_N, self.hidden_N, self.sums = x_N, hidden_N, sums
        is_sum_N = np.zeros(len(x_N), bool)
        is_sum_N[sums.parent_E] = True
        self.part_N = small(x_N) & ~is_sum_N
        shown_N = nearest(x_N)
        self.low_N = np.where(shown_N > 0, np.maximum(shown_N - kind.half, kind.high), 0.0)
        self.high_N = np.where(shown_N > 0, shown_N + kind.half, 0.0)
        self.low_N[hidden_N] = kind.low
        self.high_N[hidden_N] = np.where(is_sum_N, MANY, kind.high)[hidden_N]
        self.from_low_N, self.from_high_N = (np.full(len(x_N), -1) for _ in range(2))

    def what_tells(self) -> list[int]:
        """Numbers that must be hidden too, as something hidden is known not to be 1, or not to be 7."""
        number_M, parent_M = self.sums.child_M, self.sums.parent_E[self.sums.equation_M]
        told: set[tuple[int, bool]] = set()
        for _ in range(SWEEPS):
            up_M, down_M, most_E, least_E = self._bounds()
            part_M = self.part_N[number_M]
            told |= {(int(p), True) for p in parent_M[part_M & (up_M < SMALL)]}
            told |= {(int(p), False) for p in parent_M[part_M & (down_M > 1.0)]}
            every_E = np.arange(len(most_E))
            moved = [
                self._narrow(self.high_N, self.from_high_N, number_M, up_M, self.sums.equation_M, np.less),
                self._narrow(self.high_N, self.from_high_N, self.sums.parent_E, most_E, every_E, np.less),
                self._narrow(self.low_N, self.from_low_N, number_M, down_M, self.sums.equation_M, np.greater),
                self._narrow(self.low_N, self.from_low_N, self.sums.parent_E, least_E, every_E, np.greater),
            ]
            if told or not any(moved):
                break
        return sorted({number for sum_, upper in told for number in self._behind(sum_, upper)})

    def _bounds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What the sums say of their parts, from above and below, and the parts of their sums.

        Forecasts of sums need not be the sums of forecasts: a bound that the number itself breaks tells nothing of it.
        """
        equation_M, child_M, parent_E = self.sums.equation_M, self.sums.child_M, self.sums.parent_E
        least_E = np.bincount(equation_M, self.low_N[child_M], len(parent_E))
        most_E = np.bincount(equation_M, self.high_N[child_M], len(parent_E))
        up_M = self.high_N[parent_E][equation_M] - (least_E[equation_M] - self.low_N[child_M])
        down_M = self.low_N[parent_E][equation_M] - (most_E[equation_M] - self.high_N[child_M])
        return (
            np.where(up_M >= self.x_N[child_M], up_M, MANY),
            np.where(down_M <= self.x_N[child_M], down_M, 0.0),
            np.where(most_E >= self.x_N[parent_E], most_E, MANY),
            np.where(least_E <= self.x_N[parent_E], least_E, 0.0),
        )

    @staticmethod
    def _narrow(bound_N, from_N, at_M, new_M, equation_M, better) -> bool:
        """Take the best of the new bounds of each number, and remember which equation said it."""
        order = np.argsort(new_M if better is np.less else -new_M, kind="stable")
        number, first = np.unique(at_M[order], return_index=True)
        best = order[first]
        win = better(new_M[best], bound_N[number] + (-1e-9 if better is np.less else 1e-9))
        bound_N[number[win]], from_N[number[win]] = new_M[best[win]], equation_M[best[win]]
        return bool(win.any())

    def _behind(self, number: int, upper: bool) -> list[int]:
        """What to hide so that this sum's bound goes: the sum, or what its bound was worked out from."""
        met: set[int] = set()
        while number not in met:
            met.add(number)
            if not self.hidden_N[number]:
                return [number]
            equation = int((self.from_high_N if upper else self.from_low_N)[number])
            if equation < 0:
                return []
            if self.sums.parent_E[equation] == number:
                parts = self.sums.child_M[self.sums.equation_M == equation]
                open_ = parts[~self.hidden_N[parts] & (self.x_N[parts] > 0)]
                return [int(open_[np.argmin(self.x_N[open_])])] if len(open_) else []
            number = int(self.sums.parent_E[equation])
        return []
