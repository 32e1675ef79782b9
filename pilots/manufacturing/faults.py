"""Sensor faults, told reading by reading: stuck, spike, offset, wrong unit. Limits are learned from training lives.

A verdict looks at no more than the last 60 rows up to its reading, and never changes afterwards.

stuck       the value has not moved for longer than 1.5 times what healthy machines showed, and two rows more
spike       the reading is farther from the median of the three before it than any healthy reading was
offset      the mean of the last 24 rows is farther from what the other sensors let expect than it ever was in
            training; wear moves the sensors together and is therefore none (Dunia & Qin 1998)
wrong unit  outside the range seen, and inside it once converted from a unit that loggers use instead

Axes: M machines, T rows, F channels, K sensors kept, U other units, R rows of all lives, L lives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import pad

from pilots.manufacturing.conditions import Conditions
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.relation import complete, precision, steps
from pilots.manufacturing.units import OTHER_UNITS

GOOD, MISSING, UNSEEN, STUCK, SPIKE, OFFSET, UNIT = range(7)  # values of the output `quality`
WINDOW, LEAST = 24, 12  # rows of the mean that is held against the other sensors, and readings it needs
LONGEST = 20  # rows; a sensor that naturally rests longer cannot be told from a stuck one
SHORTEST = 5  # rows; fewer equal readings are chance
LATELY = 15  # rows over which lost sensors are counted: one lost reading is everyday life
REACH = WINDOW + LONGEST + LATELY - 2  # rows that can have a say in what is told of one: 57
ROUNDS = 2  # sensors that may be found offset at once
FINE, COARSE = 6, 3  # steps of completion for readings, and for the means that only serve to find offsets
SHARE, MARGIN = 0.98, 1.25  # limit: margin times what this share of the training lives stay below
NEVER = 2**31


@dataclass(frozen=True)
class Faults:
    """Limits per sensor and the relation between sensors.

    still_K         rows of one value from which on a sensor is stuck; NEVER where that cannot be told
    jump_K          z-score between a reading and the median before it
    apart_K         z-score between the mean of the last rows and what the others let expect
    spread_K        conditional spread of a sensor given the others
    bond_KK         precision of the z-scores divided by `spread_K`: ones on the diagonal
    unit_low_UF, unit_high_UF   where readings lie that are in another unit; an empty range where there is none
    """

    still_K: np.ndarray
    jump_K: np.ndarray
    apart_K: np.ndarray
    spread_K: np.ndarray
    bond_KK: np.ndarray
    unit_low_UF: np.ndarray
    unit_high_UF: np.ndarray

    @classmethod
    def fit(cls, fleet: Fleet, found: Conditions) -> Faults:
        """Learn from every row of `fleet`: training lives only."""
        z_RK = found.scores(fleet.x_RF)
        precision_KK = precision(z_RK, fleet.life_R)
        spread_K = 1.0 / np.sqrt(np.diag(precision_KK))
        bond_KK = precision_KK * spread_K * spread_K[:, None]
        z_LTK, _ = fleet.with_readings(z_RK).padded()
        z = torch.as_tensor(z_LTK, dtype=torch.float64)
        present = torch.isfinite(z)
        z = torch.where(present, z, 0.0)
        jump_LK = jumps(z, present).amax(1).numpy()
        level, known = levels(z, present)
        u = complete(level / torch.as_tensor(spread_K), known, steps(bond_KK, COARSE))
        apart = (u @ torch.as_tensor(bond_KK)).abs() * torch.as_tensor(spread_K)
        apart_LK = torch.where(known, apart, 0.0).amax(1).numpy()
        run_LK = _longest_runs(fleet.x_RF[:, found.kept_K], fleet.life_R)
        still_K = np.ceil(1.5 * np.quantile(run_LK, SHARE, axis=0)) + 2
        still_K = np.where(still_K > LONGEST, NEVER, np.maximum(still_K, SHORTEST)).astype(np.int64)
        jump_K, apart_K = (MARGIN * np.quantile(x_LK, SHARE, axis=0) for x_LK in (jump_LK, apart_LK))
        units = _other_units(fleet, found)
        return cls(still_K, _or_never(jump_K), _or_never(apart_K), spread_K, bond_KK, *units)


def _or_never(limit_K: np.ndarray) -> np.ndarray:
    """A sensor that no training life could be judged on is never judged."""
    return np.where(limit_K > 0, limit_K, np.inf)


def _longest_runs(x_RK: np.ndarray, life_R: np.ndarray) -> np.ndarray:
    """Longest run of equal readings in each life, [L, K]."""
    run_LK = np.ones((life_R[-1] + 1, x_RK.shape[1]), int)
    run_K = np.zeros(x_RK.shape[1], int)
    for r in range(len(x_RK)):
        same_K = (x_RK[r] == x_RK[r - 1]) if r and life_R[r] == life_R[r - 1] else np.zeros(len(run_K), bool)
        run_K = np.where(same_K, run_K, 0) + 1
        run_LK[life_R[r]] = np.maximum(run_LK[life_R[r]], run_K)
    return run_LK


def _other_units(fleet: Fleet, found: Conditions) -> tuple[np.ndarray, np.ndarray]:
    """Where each channel's readings would lie in other units, as far as that is outside the range seen: [U, F] each."""
    most = max(len(units) for units in OTHER_UNITS.values())
    low_UF = np.full((most, len(fleet.channels)), np.inf, np.float32)
    high_UF = -low_UF
    for f, channel in enumerate(fleet.channels):
        low, high = found.seen_low_F[f], found.seen_high_F[f]
        near = 0.25 * (high - low)
        for u, (factor, offset) in enumerate(OTHER_UNITS.get(channel.unit, {}).values()):
            ends = (low - near - offset) / factor, (high + near - offset) / factor
            if ends[0] > high + near or ends[1] < low - near:
                low_UF[u, f], high_UF[u, f] = ends
    used_U = np.isfinite(low_UF).any(1)
    used_U[0] = True
    return low_UF[used_U], high_UF[used_U]


def jumps(z: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """How far each reading lies from the median of those in the three rows before it, float32; 0 without two."""
    near, rows = z.float(), z.shape[1]
    # a gap counts as very high or very low in turn: the median of the others stays in the middle
    high = pad(torch.where(present, near, BEYOND), (0, 0, 3, 0), value=BEYOND)
    low = pad(torch.where(present, near, -BEYOND), (0, 0, 3, 0), value=-BEYOND)
    a, b, c = high[:, :rows], low[:, 1 : 1 + rows], high[:, 2 : 2 + rows]
    middle = torch.maximum(torch.minimum(a, b), torch.minimum(torch.maximum(a, b), c))
    return torch.where(present & (middle.abs() < BEYOND), (near - middle).abs(), 0.0)


BEYOND = 1e30  # no z-score


def levels(z: torch.Tensor, sound: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean of each sensor's sound readings in the last rows, and whether there are enough of them."""
    here = sound.double()
    sums = torch.cumsum(torch.cat([here, z * here], dim=2), dim=1)
    sums = sums - pad(sums, (0, 0, WINDOW, 0))[:, : z.shape[1]]
    count, total = sums.chunk(2, dim=2)
    known = count >= LEAST
    return torch.where(known, total / count.clamp(min=1.0), 0.0), known


def lately(value_MT1: torch.Tensor, inside_MT1: torch.Tensor) -> torch.Tensor:
    """Mean of the last rows, [M, T] float32; the value is 0 outside."""
    sums = torch.cumsum(torch.cat([value_MT1, inside_MT1.float()], dim=2), dim=1)
    sums = sums - pad(sums, (0, 0, LATELY, 0))[:, : value_MT1.shape[1]]
    return sums[..., 0] / sums[..., 1].clamp(min=1.0)


class FaultGraph(torch.nn.Module):
    """Verdicts of `Faults` for readings and z-scores, and z-scores in which what is faulty has been replaced."""

    def __init__(self, faults: Faults, kept_K: np.ndarray, channels: int):
        super().__init__()
        for name in ("still", "spread"):
            self.register_buffer(name, torch.as_tensor(getattr(faults, f"{name}_K")))
        self.register_buffer("jump", torch.as_tensor(faults.jump_K, dtype=torch.float32))
        self.register_buffer("apart", torch.as_tensor(faults.apart_K / faults.spread_K))
        self.register_buffer("bond", torch.as_tensor(faults.bond_KK))
        self.fine, self.coarse = (steps(faults.bond_KK, count) for count in (FINE, COARSE))
        self.register_buffer("unit_low", torch.as_tensor(faults.unit_low_UF))
        self.register_buffer("unit_high", torch.as_tensor(faults.unit_high_UF))
        self.register_buffer("kept", torch.as_tensor(kept_K))
        place_F = np.zeros(channels, np.int64)
        place_F[kept_K] = 1 + np.arange(len(kept_K))
        self.register_buffer("place", torch.as_tensor(place_F))

    def forward(
        self,
        readings: torch.Tensor,
        z: torch.Tensor,
        present: torch.Tensor,
        judge: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Completed z-scores [M, T, K], which of them are good readings, and fault codes [M, T, F] (0 = none).

        readings [M, T, F]; z [M, T, K] with 0 where not `present`;
        judge () bool: false = every reading is taken as it is
        """
        unit = self._other_unit(readings) & judge
        stuck = self._stuck(readings.index_select(2, self.kept)) & judge
        spike = (jumps(z, present) > self.jump) & judge
        sound = present & ~(stuck | spike | unit.index_select(2, self.kept))
        u = torch.where(sound, z / self.spread, 0.0)
        offset = self._offset(u, sound) & judge
        good = sound & ~offset
        code = torch.where(stuck, STUCK, torch.where(spike, SPIKE, torch.where(offset, OFFSET, GOOD)))
        code = torch.where(unit, UNIT, pad(code, (1, 0)).index_select(2, self.place))
        return complete(torch.where(good, u, 0.0), good, self.fine) * self.spread, good, code

    def _other_unit(self, readings: torch.Tensor) -> torch.Tensor:
        within = torch.zeros_like(readings, dtype=torch.bool)
        for low, high in zip(self.unit_low, self.unit_high, strict=True):
            within = within | ((readings >= low) & (readings <= high))
        return within

    def _stuck(self, x: torch.Tensor) -> torch.Tensor:
        moved = pad((x[:, 1:] != x[:, :-1]).float(), (0, 0, 1, 0))  # NaN moves, too
        moves = torch.cumsum(moved, dim=1)
        since_TK = torch.arange(x.shape[1])[:, None] + 1 - self.still
        flat = (since_TK.clamp(min=0) * x.shape[2] + torch.arange(x.shape[2])).flatten()
        then = moves.flatten(1).index_select(1, flat).view(moves.shape)
        return (moves == then) & (since_TK >= 0)

    def _offset(self, u: torch.Tensor, sound: torch.Tensor) -> torch.Tensor:
        level, known = levels(u, sound)
        level = complete(level, known, self.coarse)
        found = torch.zeros_like(known)
        for _ in range(ROUNDS):  # the worst first: it had pulled the others' expectations along
            rest = level @ self.bond
            share = torch.where(known, rest.abs() / self.apart, 0.0)
            worst = (share >= share.amax(-1, keepdim=True)) & (share > 1.0)
            found = found | worst
            level = torch.where(worst, level - rest, level)
        return found & sound
