"""How fast life is used up under another duty: what the fleet's own lives say, with no physics.

Accelerated life with a stress that changes from row to row (cumulative exposure: W. Nelson, "Accelerated Testing",
1990, chapter 10): a row at setting x uses exp(b (x - typical)) rows of typical life, and a machine fails when the rows
it has used reach a Weibull variate. b is estimated by maximum likelihood over a grid, with lives that ended without
failure as censored; its interval is the bootstrap over machines (Efron). One setting at a time: the other settings
went along as they did in the fleet, so a setting that always moved together with another carries that one's effect.

Wrong when machines were given their duty because of their state, or when lives of some length are missing from the log.

Axes: L lives, R rows, G slopes tried, K shapes tried, B bootstrap draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pilots.manufacturing.conditions import SAME
from pilots.manufacturing.data.contract import Fleet

DRAWS = 400
LEVEL = 0.9  # of the intervals: the level of the forecast's own
STEEPEST = 3.0  # slope tried, in log rate per standard deviation of the setting: a factor of 20 each
SLOPES = 121
SHAPES = np.geomspace(0.8, 12.0, 24)  # Weibull shapes tried: from early failures to almost a clock
TOGETHER = 0.5  # correlation from which on a setting is said to have moved along


def wear_by_duty(fleet: Fleet, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Per setting: whether it varied, its typical value, the slope of the log rate with interval, and what went along.

    {"speed": {"varied": True, "typical": 2620.0, "slope": 0.0018, "low": 0.0011, "high": 0.0027, "with": ["valve"]}}
    `slope` is per unit of the setting. A setting that hardly varied, between rows and between lives, has only `varied`.
    """
    settings = [c for c in fleet.channels if c.role == "setting"]
    x_RS = fleet.x_RF[:, : len(settings)].astype(np.float64)
    moved = [_moved(x_RS[:, s], c) for s, c in enumerate(settings)]
    told = {}
    for s, channel in enumerate(settings):
        told[channel.name] = {"varied": moved[s]}
        if not moved[s]:
            continue
        known_R = np.isfinite(x_RS[:, s])
        middle, spread = x_RS[known_R, s].mean(), x_RS[known_R, s].std()
        z_R = np.where(known_R, (x_RS[:, s] - middle) / spread, 0.0)
        slope, low, high = slope_of(z_R, fleet, seed) / spread
        along = [
            other.name
            for o, other in enumerate(settings)
            if o != s and moved[o] and abs(_correlation(x_RS[:, s], x_RS[:, o])) >= TOGETHER
        ]
        told[channel.name] |= {"typical": middle, "slope": slope, "low": low, "high": high, "with": along}
    return told


def slope_of(z_R: np.ndarray, fleet: Fleet, seed: int) -> np.ndarray:
    """[slope, low, high] of the log rate per unit of `z_R`, over the lives of `fleet`."""
    slope_G = np.linspace(-STEEPEST, STEEPEST, SLOPES)
    failed_L = (fleet.end_L == "failed").astype(float)
    used_LG = np.stack([np.bincount(fleet.life_R, np.exp(b * z_R), fleet.lives) for b in slope_G], axis=1)
    last_L = z_R[np.cumsum(fleet.length_L) - 1]
    scale_G = used_LG.mean(0)  # cancels in the likelihood; keeps the powers in range
    log_LG = np.log(used_LG / scale_G)
    times_BL = _draws(fleet.machine_L, seed)
    lost_BL = times_BL * failed_L
    failures_B1 = np.maximum(lost_BL.sum(1, keepdims=True), 1.0)
    # Weibull likelihood with its scale put at its maximum, for each slope and shape
    fixed_BG = lost_BL @ (np.outer(last_L, slope_G) - np.log(scale_G))
    best_BG = np.full((len(times_BL), SLOPES), -np.inf)
    for shape in SHAPES:
        power_BG = times_BL @ np.exp(shape * log_LG)
        like_BG = failures_B1 * (np.log(shape) - np.log(power_BG / failures_B1)) + (shape - 1) * (lost_BL @ log_LG)
        best_BG = np.maximum(best_BG, like_BG + fixed_BG)
    found_B = _peak(slope_G, best_BG)
    return np.array([found_B[0], *np.quantile(found_B[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])])


def _peak(x_G: np.ndarray, y_BG: np.ndarray) -> np.ndarray:
    """Where each curve is highest, between grid points by the parabola through the three highest."""
    at_B = np.clip(y_BG.argmax(1), 1, len(x_G) - 2)
    row_B = np.arange(len(y_BG))
    left, top, right = (y_BG[row_B, at_B + d] for d in (-1, 0, 1))
    bend = left - 2 * top + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    return x_G[at_B] + np.clip(shift, -1, 1) * (x_G[1] - x_G[0])


def _draws(machine_L: np.ndarray, seed: int) -> np.ndarray:
    """How often each life counts: the first line is every life once, the others draw whole machines anew."""
    machines, number_L = np.unique(machine_L, return_inverse=True)
    pick = np.random.default_rng(seed).integers(0, len(machines), (DRAWS, len(machines)))
    times = np.stack([np.bincount(row, minlength=len(machines)) for row in pick])[:, number_L]
    return np.concatenate([np.ones((1, len(machine_L))), times])


def _moved(x_R: np.ndarray, channel) -> bool:
    known_R = x_R[np.isfinite(x_R)]
    if not len(known_R):
        return False
    width = channel.high - channel.low
    return bool(known_R.std() >= SAME * (width if np.isfinite(width) else max(np.abs(known_R).max(), 1e-9)))


def _correlation(a_R: np.ndarray, b_R: np.ndarray) -> float:
    both = np.isfinite(a_R) & np.isfinite(b_R)
    return float(np.corrcoef(a_R[both], b_R[both])[0, 1])
