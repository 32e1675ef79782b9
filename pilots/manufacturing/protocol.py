"""Who is learned from, who is scored, and on which rows: decided before anything is fitted.

Axes: L lives, T rows of the longest, N scored rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.fault import Fault
from common.split import by_unit
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.rungs import LEAST_FAILURES

LATEST_START = 0.8  # share of a life that may be missing from the start of its log


def held_out(fleet: Fleet, test_share: float, seed: int) -> tuple[Fleet, Fleet]:
    """Training lives and test lives. A public set's own test lives are kept; otherwise whole machines are drawn.

    Drawn test lives are cut at a random row, as in C-MAPSS: scored at their failure they would all be RUL 0.
    """
    if fleet.test_L.any():
        return fleet.take(np.flatnonzero(~fleet.test_L)), fleet.take(np.flatnonzero(fleet.test_L & (fleet.rul_L >= 0)))
    failed = np.flatnonzero(fleet.end_L == "failed")
    if len(failed) < LEAST_FAILURES:
        raise Fault(
            f"{fleet.name} holds {len(failed)} failures; remaining life needs at least {LEAST_FAILURES}. "
            "Name more with data.events, or see what is possible now: pilot-manufacturing check"
        )
    _, test = by_unit(fleet.machine_L[failed], test_share, seed)
    machines = fleet.machine_L[failed[test]]
    held = fleet.take(failed[test])
    keep_L = np.random.default_rng(seed).integers(1, held.length_L + 1)
    return fleet.take(np.flatnonzero(~np.isin(fleet.machine_L, machines))), held.cut(keep_L)


def begun_anywhere(fleet: Fleet, seed: int) -> Fleet:
    """Every life twice: as it was logged, and as if its log had begun at a random later row.

    For models without age: a log that begins in mid-life is then nothing new to them.
    """
    twice = fleet.take(np.tile(np.arange(fleet.lives), 2))
    share_L = np.random.default_rng(seed).uniform(0.0, LATEST_START, fleet.lives)
    return twice.without_first(np.concatenate([np.zeros(fleet.lives), share_L]))


def sensors_lost(fleet: Fleet, seed: int) -> Fleet:
    """Every life with some of its sensors lost, half of them from the start and half from a random row on.

    How many: one, two, three, five, half of them or all, each equally often.
    """
    random = np.random.default_rng(seed)
    sensors = np.array([f for f, channel in enumerate(fleet.channels) if channel.role == "sensor"])
    counts = np.minimum([1, 2, 3, 5, -(-len(sensors) // 2), len(sensors)], len(sensors))
    from_L = np.where(random.random(fleet.lives) < 0.5, 0, random.integers(0, fleet.length_L))
    lost_LF = np.zeros((fleet.lives, len(fleet.channels)), bool)
    for life, count in enumerate(random.choice(counts, fleet.lives)):
        lost_LF[life, random.choice(sensors, count, replace=False)] = True
    gone_RF = lost_LF[fleet.life_R] & (fleet.position_R >= from_L[fleet.life_R])[:, None]
    return fleet.with_readings(np.where(gone_RF, np.float32(np.nan), fleet.x_RF))


@dataclass(frozen=True)
class Rows:
    """Rows to score: their life, their place in it, and the weight that gives every life the same say."""

    life_N: np.ndarray
    step_N: np.ndarray

    @property
    def weight_N(self) -> np.ndarray:
        return 1.0 / np.bincount(self.life_N)[self.life_N]

    def of(self, x_LT: np.ndarray) -> np.ndarray:
        """Values of a padded table at these rows."""
        return x_LT[self.life_N, self.step_N]

    def where(self, keep_N: np.ndarray) -> Rows:
        return Rows(self.life_N[keep_N], self.step_N[keep_N])

    def __add__(self, other: Rows) -> Rows:
        return Rows(np.concatenate([self.life_N, other.life_N]), np.concatenate([self.step_N, other.step_N]))


def last_rows(h: Histories) -> Rows:
    """The newest row of every life."""
    return Rows(np.arange(len(h.length_L)), h.length_L - 1)


def all_rows(h: Histories) -> Rows:
    """Every row whose remaining life is known."""
    return Rows(*np.nonzero(np.isfinite(h.rul_LT)))


def cut_rows(h: Histories, count: int, seed: int) -> Rows:
    """`count` random rows of every life, as if its log had ended there (features are causal)."""
    step_LC = np.random.default_rng(seed).integers(0, h.length_L[:, None], (len(h.length_L), count))
    return Rows(np.repeat(np.arange(len(h.length_L)), count), step_LC.ravel())
