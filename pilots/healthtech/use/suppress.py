"""Small numbers hidden from whoever is outside the hospital, also from those who subtract.

The rule of NHS Digital for hospital episodes since 2018: a count of 1 to 7 becomes *, any other is rounded to the
nearest 5, and 0 stays 0. A total is hidden too where, with what is published around it, it would narrow a hidden
count to less than 1 to 7. What a reader could work out is found by interval arithmetic: a published number stands for
all that round to it, and every sum bounds its parts, again and again until nothing moves.

Axes: N numbers, E equations, M numbers inside equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilots.healthtech.use.additive import Equations

STAR = "*"
SMALL, NEAREST = 7, 5
MANY = 1e12  # stands for "no upper limit"
SWEEPS = 100


@dataclass(frozen=True)
class Kind:
    """What a published number may be away from the true one, and between what a hidden one lies."""

    half: float
    low: float
    high: float


WHOLE, REAL = Kind(2.0, 1.0, 7.0), Kind(2.5, 0.0, 7.5)  # counts, and expected counts


def suppress(table: pd.DataFrame, hidden: pd.DataFrame) -> pd.DataFrame:
    """The table with * and rounded numbers; `hidden`: True where to put *, by column."""
    shown = table.copy()
    for name in hidden:
        x_N = table[name].to_numpy(float, na_value=np.nan)
        rounded = pd.array(nearest(np.where(np.isfinite(x_N), x_N, 0.0)).astype(int), "Int64")
        rounded[~np.isfinite(x_N)] = pd.NA
        shown[name] = pd.Series(rounded, dtype=object).mask(hidden[name].to_numpy(), STAR).to_numpy()
    return shown


def nearest(x_N: np.ndarray) -> np.ndarray:
    return NEAREST * np.floor(x_N / NEAREST + 0.5)


def small(x_N: np.ndarray) -> np.ndarray:
    """True for what is hidden by itself: above 0 and, to the nearest whole number, at most 7."""
    with np.errstate(invalid="ignore"):
        return (x_N > 0) & (x_N < SMALL + 0.5)


def hide(x_N: np.ndarray, sums: Equations, kind: Kind = WHOLE) -> np.ndarray:
    """True where * must stand: small numbers, and the sums that would give them away. NaN is nothing."""
    x_N = np.where(np.isfinite(x_N), x_N, 0.0)
    own_N = small(x_N)
    hidden_N = own_N.copy()
    if not len(sums.parent_E):
        return hidden_N
    is_sum_N = np.zeros(len(x_N), bool)
    is_sum_N[sums.parent_E] = True
    while True:
        telling_E = _telling(x_N, hidden_N, own_N & ~is_sum_N, is_sum_N, sums, kind)
        more = _to_hide(telling_E, hidden_N, x_N, sums)
        if not more:
            return hidden_N
        hidden_N[more] = True


def _telling(
    x_N: np.ndarray, hidden_N: np.ndarray, part_N: np.ndarray, is_sum_N: np.ndarray, sums: Equations, kind: Kind
) -> np.ndarray:
    """telling_E: True for equations from which a reader learns that a hidden part is not 1, or not 7."""
    shown_N = nearest(x_N)
    low_N = np.where(hidden_N, kind.low, np.maximum(shown_N - kind.half, np.where(shown_N > 0, kind.high, 0.0)))
    high_N = np.where(hidden_N, np.where(is_sum_N, MANY, kind.high), shown_N + np.where(shown_N > 0, kind.half, 0.0))
    telling_E = np.zeros(len(sums.parent_E), bool)
    equation_M, child_M, parent_E = sums.equation_M, sums.child_M, sums.parent_E
    for _ in range(SWEEPS):
        least_E = np.bincount(equation_M, low_N[child_M], len(parent_E))
        most_E = np.bincount(equation_M, high_N[child_M], len(parent_E))
        up_M = high_N[parent_E][equation_M] - (least_E[equation_M] - low_N[child_M])
        down_M = low_N[parent_E][equation_M] - (most_E[equation_M] - high_N[child_M])
        # Forecasts of sums need not be the sums of forecasts: a bound that the number breaks tells nothing of it.
        up_M, down_M = np.where(up_M >= x_N[child_M], up_M, MANY), np.where(down_M <= x_N[child_M], down_M, 0.0)
        telling_E[equation_M[part_N[child_M] & ((up_M < SMALL) | (down_M > 1.0))]] = True
        before = low_N.copy(), high_N.copy()
        np.minimum.at(high_N, child_M, up_M)
        np.maximum.at(low_N, child_M, down_M)
        np.minimum.at(high_N, parent_E, np.where(most_E >= x_N[parent_E], most_E, MANY))
        np.maximum.at(low_N, parent_E, np.where(least_E <= x_N[parent_E], least_E, 0.0))
        if np.array_equal(before[0], low_N) and np.array_equal(before[1], high_N):
            break
    return telling_E


def _to_hide(telling_E: np.ndarray, hidden_N: np.ndarray, x_N: np.ndarray, sums: Equations) -> list[int]:
    """The sums of telling equations. Where one is hidden already, its own sums could tell, and its parts of another
    kind (a day as its shifts): the former are hidden, and the smallest of the latter."""
    more, met, reach = set(), set(), set(sums.parent_E[telling_E].tolist())
    while reach - met:
        number = (reach - met).pop()
        met.add(number)
        if not hidden_N[number] and x_N[number] > 0:
            more.add(number)
            continue
        reach |= set(sums.parent_E[sums.equation_M[sums.child_M == number]].tolist())
        for equation in np.flatnonzero(sums.parent_E == number):
            parts = sums.child_M[sums.equation_M == equation]
            if not hidden_N[parts].any() and (x_N[parts] > 0).any():
                more.add(int(parts[np.argmin(np.where(x_N[parts] > 0, x_N[parts], np.inf))]))
    return sorted(more)


def hide_columns(table: pd.DataFrame, names: Sequence[str], real: Sequence[str], sums: Equations) -> pd.DataFrame:
    """`hide` for every column of counts; those in `real` are expected counts."""
    found = {n: hide(table[n].to_numpy(float, na_value=np.nan), sums, REAL if n in real else WHOLE) for n in names}
    return pd.DataFrame(found, index=table.index)
