"""Scores of count forecasts, each as a mean over steps 1..h, with a block bootstrap over origins.

Axes: O origins, S series, H steps, Q the 21 levels, R resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from pilots.healthtech.data.contract import Counts
from pilots.healthtech.distribution.levels import LEVELS, SCORED, Distribution

MEANS = ("pinball", "crps", "mae", "smape", "mase")
COVERAGES = {"coverage_50": (0.25, 0.75), "coverage_80": (0.1, 0.9), "coverage_95": (0.025, 0.975)}
KEYS = ("pinball", "crps", "quantile_bias", "mae", "smape", "mase", *COVERAGES)
RESAMPLES = 1000


@dataclass(frozen=True)
class Scored:
    """Sums over the steps of each origin and series, from which every score follows.

    sum_OS    by score: its sum over the scored steps
    below_OSQ how much of the outcomes lay at or below each level, by the non-randomised PIT
    closed_OSC outcomes inside each of the three closed intervals of whole quantiles
    known_OS  scored steps
    """

    sum_OS: dict[str, np.ndarray]
    below_OSQ: np.ndarray
    closed_OSC: np.ndarray
    known_OS: np.ndarray


def naive_scale(counts: Counts, origin_O: np.ndarray) -> np.ndarray:
    """scale_OS: mean absolute error of "as last season" over everything known before each origin (MASE)."""
    off_ST = np.abs(counts.y_ST[:, counts.season :] - counts.y_ST[:, : -counts.season])
    total_ST = np.cumsum(np.where(np.isfinite(off_ST), off_ST, 0.0), axis=1)
    known_ST = np.cumsum(np.isfinite(off_ST), axis=1)
    at_O = origin_O - counts.delay - counts.season - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        scale_SO = np.where(at_O >= 0, total_ST[:, at_O] / known_ST[:, at_O], np.nan)
    return np.where(scale_SO > 0, scale_SO, np.nan).T


def score(made: Distribution, y_OSH: np.ndarray, scale_OS: np.ndarray, steps: list[int]) -> dict[int, Scored]:
    """Scores over steps 1..h for every h of `steps`. `made` has rows origin-major and as many steps as y_OSH.

    pinball is the mean of (q - y)(1[y <= q] - a) over the 19 levels a = 0.05 .. 0.95; point scores take the median;
    coverage and quantile bias spread each count evenly over F(y-1) .. F(y) (Czado, Gneiting and Held 2009).
    """
    origins, series, horizon = y_OSH.shape
    y_BH = y_OSH.reshape(-1, horizon)
    known_BH = np.isfinite(y_BH) & np.isfinite(made.mean_BH)
    y0_BH = np.where(known_BH, y_BH, 0.0)
    q_BHQ = made.quantiles(LEVELS)
    scored_Q = slice(1, -1)
    gap_BHQ = q_BHQ[..., scored_Q] - y0_BH[..., None]
    off_BH = np.abs(q_BHQ[..., len(LEVELS) // 2] - y0_BH)
    both_BH = q_BHQ[..., len(LEVELS) // 2] + y0_BH
    each_BH = {
        "pinball": np.mean(gap_BHQ * ((gap_BHQ >= 0) - SCORED), axis=-1),
        "crps": made.crps(y0_BH),
        "mae": off_BH,
        "smape": 200 * off_BH / np.where(both_BH > 0, both_BH, 1.0),
        "mase": off_BH / scale_OS.reshape(-1, 1),
    }
    low_BH, high_BH = made.cdf(y0_BH - 1), made.cdf(y0_BH)
    width_BH = np.maximum(high_BH - low_BH, 1e-12)
    below_BHQ = np.clip((LEVELS - low_BH[..., None]) / width_BH[..., None], 0.0, 1.0)
    at = [np.searchsorted(LEVELS, ends) for ends in COVERAGES.values()]
    closed_BHC = np.stack([(q_BHQ[..., i] <= y0_BH) & (y0_BH <= q_BHQ[..., j]) for i, j in at], axis=-1)

    def summed(x: np.ndarray, h: int) -> np.ndarray:
        kept = np.where(known_BH[:, :h].reshape(len(x), h, *[1] * (x.ndim - 2)), x[:, :h], 0.0)
        return kept.sum(axis=1).reshape(origins, series, *x.shape[2:])

    return {
        h: Scored(
            {name: summed(x_BH, h) for name, x_BH in each_BH.items()},
            summed(below_BHQ, h),
            summed(closed_BHC.astype(float), h),
            known_BH[:, :h].sum(axis=1).reshape(origins, series).astype(float),
        )
        for h in steps
    }


def join(parts: list[dict[int, Scored]]) -> dict[int, Scored]:
    """Scores of successive origins as one."""
    return {
        h: Scored(
            {name: np.concatenate([part[h].sum_OS[name] for part in parts]) for name in MEANS},
            *(
                np.concatenate([getattr(part[h], name) for part in parts])
                for name in ("below_OSQ", "closed_OSC", "known_OS")
            ),
        )
        for h in parts[0]
    }


def figures(scored: Scored, weight_RO: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Every score per series [R, S]; NaN for a series without any known outcome. R = 1 without weights."""
    weight_RO = np.ones((1, len(scored.known_OS))) if weight_RO is None else weight_RO
    known_RS = weight_RO @ scored.known_OS
    known_RS = np.where(known_RS > 0, known_RS, np.nan)
    found = {name: weight_RO @ scored.sum_OS[name] / known_RS for name in MEANS}
    share_RSQ = np.einsum("ro,osq->rsq", weight_RO, scored.below_OSQ) / known_RS[..., None]
    closed_RSC = np.einsum("ro,osc->rsc", weight_RO, scored.closed_OSC) / known_RS[..., None]
    found["quantile_bias"] = np.abs(share_RSQ[..., 1:-1] - SCORED).mean(axis=-1)
    for number, (name, ends) in enumerate(COVERAGES.items()):
        low, high = np.searchsorted(LEVELS, ends)
        found[name] = share_RSQ[..., high] - share_RSQ[..., low]
        found[f"{name}_closed"] = closed_RSC[..., number]
    return found


def resamples(origins: int, horizon: int, step: int, seed: int) -> np.ndarray | None:
    """weight_RO of a circular block bootstrap; blocks of origins whose forecasts overlap stay together.

    None where there are too few origins for any interval (under 4 blocks).
    """
    block = max(1, ceil(horizon / step))
    block = min(block, max(1, origins // 4))
    if origins < 4:
        return None
    rng = np.random.default_rng(seed)
    blocks = ceil(origins / block)
    at_RK = rng.integers(0, origins, (RESAMPLES, blocks))
    at_RN = ((at_RK[..., None] + np.arange(block)) % origins).reshape(RESAMPLES, -1)[:, :origins]
    weight_RO = np.zeros((RESAMPLES, origins))
    np.add.at(weight_RO, (np.arange(RESAMPLES)[:, None], at_RN), 1.0)
    return weight_RO
