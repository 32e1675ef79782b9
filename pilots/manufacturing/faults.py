"""Sensor faults, told reading by reading: stuck, spike, offset, wrong unit. Limits are learned from training lives.

A verdict looks at no more than the last 60 rows up to its reading, and never changes afterwards.

stuck       the value has not moved for longer than 1.5 times what healthy machines showed, and two rows more
spike       the reading is farther from the median of the three before it than any healthy reading was
offset      the mean of the last 24 rows is farther from what the other sensors let expect than it ever was in
            training; wear moves the sensors together and is therefore none (Dunia & Qin 1998)
wrong unit  outside the range seen, and inside it once converted from a unit that loggers use instead

Axes: M machines, F channels, K sensors kept, T rows, U other units, P pairs of channel and other unit, R rows of all
lives, L lives. Rows come last: numbers per sensor then meet long runs of rows, and windows are slices of them.
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
NEAR = WINDOW + 2  # rows before one that can have a say in whether it is a spike or offset
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
        z = torch.as_tensor(z_LTK, dtype=torch.float64).transpose(1, 2)
        present = torch.isfinite(z)
        spread = torch.as_tensor(spread_K)[:, None]
        jump, several = jumps(z, present)
        jump_LK = torch.where(present & several, jump, 0.0).amax(2).numpy()
        level, known = levels(torch.where(present, z, 0.0), present)
        u = complete(level / spread, known, steps(bond_KK, COARSE))
        apart = (torch.as_tensor(bond_KK) @ u).abs() * spread
        apart_LK = torch.where(known, apart, 0.0).amax(2).numpy()
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


def jumps(z: torch.Tensor, present: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How far each reading lies from the median of the three rows before it, float32, and where there is such a median.

    What stands where there is none, or where the reading is not `present`, means nothing.
    """
    near = z.float()
    # a gap counts as very high or very low in turn: the median of the others stays in the middle
    high = pad(torch.where(present, near, BEYOND), (3, 0), value=BEYOND)
    low = pad(torch.where(present, near, -BEYOND), (2, 0), value=-BEYOND)
    a, b, c = high[..., :-3], low[..., :-2], high[..., 2:-1]
    middle = torch.maximum(torch.minimum(a, b), torch.minimum(torch.maximum(a, b), c))
    return (near - middle).abs(), middle.abs() < BEYOND


BEYOND = 1e30  # no z-score


def levels(z: torch.Tensor, sound: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean of each sensor's sound readings in the last rows, and whether there are enough of them; z is 0 elsewhere."""
    count, total = lately([sound.double(), z], WINDOW)
    known = count >= LEAST
    return torch.where(known, total / count, 0.0), known


def lately(parts: list[torch.Tensor], rows: int) -> tuple[torch.Tensor, ...]:
    """Sums of the last so many rows of each part."""
    sums = running(torch.cat(parts, dim=1))
    return (sums - pad(sums, (rows, 0))[..., :-rows]).split([int(part.shape[1]) for part in parts], dim=1)


def running(x: torch.Tensor) -> torch.Tensor:
    """Running sums over rows; ONNX Runtime's are five times as fast where another axis comes last."""
    return torch.cumsum(x.transpose(1, 2), dim=1).transpose(1, 2)


class FaultGraph(torch.nn.Module):
    """Verdicts of `Faults` for readings and z-scores, and z-scores in which what is faulty has been replaced."""

    def __init__(self, faults: Faults, kept_K: np.ndarray, channels: int):
        super().__init__()
        columns = {"spread": faults.spread_K, "jump": (faults.jump_K / faults.spread_K).astype(np.float32)}
        unit_U, self.unit_P = np.nonzero(faults.unit_low_UF <= faults.unit_high_UF)
        columns["unit_low"] = faults.unit_low_UF[unit_U, self.unit_P]
        columns["unit_high"] = faults.unit_high_UF[unit_U, self.unit_P]
        for name, value in columns.items():
            self.register_buffer(name, torch.as_tensor(value)[:, None])
        self.register_buffer("of_unit", torch.as_tensor(np.arange(channels)[:, None] == self.unit_P).float())
        self.register_buffer("share", torch.as_tensor(faults.bond_KK / (faults.apart_K / faults.spread_K)[:, None]))
        self.register_buffer("without", torch.as_tensor(np.eye(len(kept_K)) - faults.bond_KK))
        self.fine, self.coarse = (steps(faults.bond_KK, count) for count in (FINE, COARSE))
        self.still_K = faults.still_K
        self.register_buffer("kept", torch.as_tensor(kept_K))
        place_F = np.arange(channels)
        place_F[kept_K] = channels + np.arange(len(kept_K))
        self.register_buffer("place", torch.as_tensor(place_F))

    def forward(
        self, readings: torch.Tensor, given: torch.Tensor, plain: torch.Tensor, u: torch.Tensor,
        present: torch.Tensor, judge: torch.Tensor, last: int | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
        """What `completed` needs, [M, K, T] twice, and codes [M, F, T]; of the `last` rows alone if so many are named.

        All but `readings` may then have been cut to the last `last + NEAR` rows.
        readings [M, F, T], which of them are given, and their codes while no fault is found in them;
        u [M, K, T] z-scores divided by `spread`, of any value where not `present`;
        judge () bool: false = every reading is taken as it is
        """
        stuck = self._stuck(readings.index_select(1, self.kept))
        if last is not None:
            readings, stuck = (x[..., -last - NEAR :] for x in (readings, stuck))
        unit = self._other_unit(readings)
        jump, several = jumps(u, present)
        spike = several & (jump > self.jump)
        sound = present & ~((stuck | spike | unit.index_select(1, self.kept)) & judge)
        u = torch.where(sound, u, 0.0)
        level, known = levels(u, sound)
        if last is not None:
            parts = (u, sound, given, plain, unit, stuck, spike, level, known)
            u, sound, given, plain, unit, stuck, spike, level, known = (x[..., -last:] for x in parts)
        offset = self._offset(level, known) & judge
        code = torch.where(offset & sound, code_of(OFFSET), plain.index_select(1, self.kept))
        code = torch.where(stuck, code_of(STUCK), torch.where(spike, code_of(SPIKE), code))
        code = torch.cat([plain, code], dim=1).index_select(1, self.place)
        code = torch.where(given & judge, torch.where(unit, code_of(UNIT), code), plain)
        return u, sound & ~offset, code

    def completed(self, u: torch.Tensor, good: torch.Tensor) -> torch.Tensor:
        """Z-scores in which what is not good is what the good readings of the row let expect; 0 where there is none."""
        return complete(torch.where(good, u, 0.0), good, self.fine) * self.spread

    def _other_unit(self, readings: torch.Tensor) -> torch.Tensor:
        if not len(self.unit_P):
            return readings > float("inf")
        x = readings.index_select(1, torch.as_tensor(self.unit_P))
        within = (x >= self.unit_low) & (x <= self.unit_high)
        return self.of_unit @ within.float() > 0.5

    def _stuck(self, x: torch.Tensor) -> torch.Tensor:
        judged_K = self.still_K < NEVER
        still_K = np.where(judged_K, self.still_K, SHORTEST)
        most, which = int(still_K.max()), np.unique(still_K)
        x = pad(x, (most, 0), value=float("nan"))  # before the first row nothing stood still; NaN moves, too
        moves = running((x[..., 1:] != x[..., :-1]).float())
        then = [moves[..., most - rows : 1 - rows] for rows in map(int, which)]
        if len(which) > 1:
            groups = [np.flatnonzero(still_K == rows) for rows in which]
            then = [part.index_select(1, torch.as_tensor(group)) for part, group in zip(then, groups, strict=True)]
            order_K = np.argsort(np.concatenate(groups))
            then = [torch.cat(then, dim=1).index_select(1, torch.as_tensor(order_K))]
        flat = moves[..., most - 1 :] == then[0]
        return flat if judged_K.all() else flat & torch.as_tensor(judged_K)[:, None]

    def _offset(self, level: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        level = complete(level, known, self.coarse)
        found = None
        for _ in range(ROUNDS):  # the worst first: it had pulled the others' expectations along
            share = torch.where(known, self.share @ level, 0.0).abs()
            worst = share >= share.amax(1, keepdim=True).clamp(min=BEYOND_ONE)
            found = worst if found is None else found | worst
            level = torch.where(worst, self.without @ level, level)
        return found


BEYOND_ONE = float(np.nextafter(1.0, 2.0))


def code_of(code: int) -> torch.Tensor:
    """As the graph carries codes: ONNX Runtime chooses between bytes without a sign only."""
    return torch.tensor(code, dtype=torch.uint8)
