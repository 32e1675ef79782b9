"""Causal features of every row of every life, defined once: one ONNX graph for training and for use.

A feature of row t looks at rows 0..t alone. A reading that is missing or faulty (faults.py) is replaced by what the
other sensors of its row let expect (relation.py); a row without any good reading is left out. Sums run in float64: in
float32 a reading that sits on a tree's threshold would fall on the other side of it (up to 5.5 cycles were seen).

Axes: M machines (or lives), T rows, F channels, S settings, K sensors kept, C operating conditions, D features.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from common.bundle.session import Session
from common.export.torch import to_onnx
from pilots.manufacturing.conditions import Conditions
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.faults import (
    GOOD,
    LATELY,
    MISSING,
    NEAR,
    UNSEEN,
    FaultGraph,
    Faults,
    code_of,
    lately,
    running,
)
from pilots.manufacturing.histories import Histories

KIND = re.compile(r"(mean|std|slope)([2-9]|[1-9]\d{1,3}|_start)")
SORTS = ("mean", "shift", "std", "slope")
EVERY = 2**31  # rows: a window longer than any log reaches back to its start


def sort_and_rows(kind: str) -> tuple[str, int]:
    """ "slope30" is a slope over 30 rows, "slope_start" one over all rows since the log began."""
    if kind == "shift":
        return kind, 0
    sort, rows = KIND.fullmatch(kind).groups()
    return sort, EVERY if rows == "_start" else int(rows)


class Features:
    """Readings in, features out, by the graph that `fit` makes from training machines alone.

    kinds  of every sensor that moves: mean, std or slope of the last so many rows ("mean15") or of all rows since
           the log began ("slope_start"), and "shift", the mean of the last 5 rows less that of the `first` rows
    first  rows at a log's start that stand for "as new"
    """

    def __init__(self, kinds: list[str], first: int = 10):
        for kind in kinds:
            if kind != "shift" and not KIND.fullmatch(kind):
                raise ValueError(f"{kind!r} is no feature: write mean15, std30, slope60, slope_start, … or shift")
        if first < 1 or len(set(kinds)) < len(kinds) or not kinds:
            raise ValueError(f"name each feature once and first >= 1 rows, got {kinds} and {first}")
        self.first = first
        self.kinds = sorted(kinds, key=lambda kind: SORTS.index(sort_and_rows(kind)[0]))  # as the graph makes them
        self.rows: dict[str, list[int]] = {}
        for sort, rows in map(sort_and_rows, self.kinds):
            self.rows.setdefault(sort, []).append(rows)

    def fit(self, fleet: Fleet, seed: int) -> Features:
        """Operating conditions, healthy levels and scales, from the lives in `fleet` and no others."""
        self.conditions = Conditions.fit(fleet, seed)
        self.faults = Faults.fit(fleet, self.conditions)
        sensors = [fleet.channels[i].name for i in self.conditions.kept_K]
        self.names_D = tuple([f"{sensor}.{kind}" for kind in self.kinds for sensor in sensors] + ["age"])
        self.graph = to_onnx(
            FeatureGraph(self),
            {
                "readings": torch.zeros(2, 7, len(fleet.channels)),
                "length": torch.tensor([7, 5]),
                "judge": torch.ones(()),
            },
            {"readings": {0: "machine", 1: "time"}, "length": {0: "machine"}},
            ["features64", *FLAGS],
        )
        self._session = Session(self.graph.SerializeToString(), threads=2)
        return self

    def __call__(self, fleet: Fleet) -> Histories:
        """Features of every life in `fleet`, padded to the longest."""
        readings_LTF, length_L = fleet.padded()
        step_T = np.arange(readings_LTF.shape[1])
        left_LT = np.where(step_T < length_L[:, None], length_L[:, None] - 1.0 - step_T, np.nan)
        x_LTD = np.empty((*readings_LTF.shape[:2], len(self.names_D)), np.float32)
        lost_LT = np.empty(readings_LTF.shape[:2], np.float32)
        for start in range(0, len(length_L), 16):  # 16 lives at a time stay in the processor's cache
            part = slice(start, start + 16)
            made = self.run(readings_LTF[part], length_L[part])
            x_LTD[part], lost_LT[part] = made["features64"], made["lost"]
        return Histories(x_LTD, length_L, self.names_D, fleet.rul_LT(), left_LT, lost_LT)

    def run(self, readings_MTF: np.ndarray, length_M: np.ndarray) -> dict[str, np.ndarray]:
        """Every output of the feature graph, features in float64."""
        return self._session.run({"readings": readings_MTF, "length": length_M, "judge": np.array(1, np.float32)})


FLAGS = [
    "condition_ok",
    "quality",
    "healthy",
    "healthy_low",
    "healthy_high",
    "lost",
]  # what the graph says besides features
FINITE = 3.4028234e38  # largest float32
SHIFT = 5  # rows whose mean is held against the first ones


def moments(z_MKT: torch.Tensor, n_M1T: torch.Tensor, t_M1T: torch.Tensor, squares: bool) -> list[torch.Tensor]:
    """What the running sums sum, row by row, S channels: 1, z of each sensor, z² if `squares`, then t, t², z·t."""
    square = [z_MKT * z_MKT] if squares else []
    nt_M1T = n_M1T * t_M1T
    return [n_M1T, z_MKT, *square, nt_M1T, nt_M1T * t_M1T, z_MKT * t_M1T]


class FeatureGraph(torch.nn.Module):
    """The feature formulas. Inside, rows come last, for speed (faults.py).

    (readings [M, T, F] float32, length [M] int64, judge () float32) -> float64 features and row flags
    """

    def __init__(self, features: Features):
        super().__init__()
        self.look_up(features.conditions, features.faults.spread_K)
        self.rows, self.first, self.squares = features.rows, features.first, "std" in features.rows
        self.faults = FaultGraph(features.faults, features.conditions.kept_K, len(features.conditions.seen_low_F))

    def look_up(self, conditions: Conditions, unit_K: np.ndarray) -> None:
        """Keep the conditions' numbers, in the shape in which `look` uses them; z-scores come divided by `unit_K`."""
        c = conditions.constants()
        place, scale = c["centre"], c["scale"]
        numbers = {
            "kept": c["kept"],
            # (x / scale - centre)^2 summed over known settings, multiplied out: one product with known, x and x^2
            "apart": np.hstack([place**2, -2.0 * place / scale, np.tile(scale**-2.0, (len(place), 1))]),
            "radius": c["radius"],
            "level": np.hstack([c["mean"], c["std"] * unit_K]).T.copy(),
            "healthy": np.hstack(list(c["healthy"])),
            "seen_low": c["seen_low"][:, None],
            "seen_high": c["seen_high"][:, None],
        }
        for name, value in numbers.items():
            self.register_buffer(name, torch.as_tensor(value))

    @property
    def settings(self) -> int:
        return self.apart.shape[1] // 3

    def forward(self, readings: torch.Tensor, length: torch.Tensor, judge: torch.Tensor) -> tuple[torch.Tensor, ...]:
        row_T = torch.arange(readings.shape[1])
        inside_M1T = row_T < length.reshape(-1, 1, 1)
        u_MKT, good_MKT, (nearest_MT, *flags) = self.judged(readings.transpose(1, 2), inside_M1T, judge > 0.5)
        n_M1T = good_MKT.double().sum(1, keepdim=True).clamp(max=1.0)
        z_MKT, t_T = self.faults.completed(u_MKT, good_MKT), row_T.double()
        each = moments(z_MKT, n_M1T, t_T, self.squares)
        count = sum(int(part.shape[1]) for part in each)
        early_T = (row_T < self.first).double()
        sums = running(torch.cat([*each, n_M1T * early_T, z_MKT * early_T], dim=1))[:, None]
        now, new = sums.split([count, 1 + len(self.kept)], dim=2)
        windows = [rows for many in self.rows.values() for rows in (*many, SHIFT) if rows < EVERY]
        most = max(windows, default=0)
        before = nn.functional.pad(now, (most, 0))  # no row had been seen before the first

        def last(rows: int, some: int) -> torch.Tensor:
            """The first `some` sums over the last so many rows: [M, 1, some, T]."""
            here, then = (now, before) if some == count else (now[:, :, :some], before[:, :, :some])
            return here if rows == EVERY else here - then[..., most - rows : -rows]

        made = self.formulas(last, new)
        age_M1T = n_M1T * 0.0 + (t_T + 1.0)
        return self.in_rows(made, age_M1T), *self.flags(readings, nearest_MT, *flags)

    def look(self, readings_MFT: torch.Tensor, inside_M1T: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What each row says alone.

        z-scores [M, K, T] (of any value where absent), which are present, which readings are given [M, F, T], their
        codes, the condition [M, T], and whether it is a known one
        """
        given_MFT = readings_MFT.abs() <= FINITE  # False for NaN too
        nearest_MT, condition_ok = self.condition(readings_MFT, given_MFT)
        mean_MKT, std_MKT = self.levels(nearest_MT)
        x_MKT = readings_MFT.index_select(1, self.kept)
        present_MKT = given_MFT.index_select(1, self.kept) & inside_M1T
        seen_MFT = (readings_MFT >= self.seen_low) & (readings_MFT <= self.seen_high)
        seen_MFT = torch.where(seen_MFT, code_of(GOOD), code_of(UNSEEN))
        plain_MFT = torch.where(given_MFT, seen_MFT, code_of(MISSING))
        return (x_MKT.double() - mean_MKT) / std_MKT, present_MKT, given_MFT, plain_MFT, nearest_MT, condition_ok

    def judged(
        self, readings_MFT: torch.Tensor, inside_M1T: torch.Tensor, judge: torch.Tensor, last: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, tuple]:
        """What the last `REACH` rows up to each one say of it, whatever came earlier; of the `last` rows if told.

        What `FaultGraph.completed` needs; each row's condition, whether it is a known one, codes [M, F, T], and the
        number of sensors lost, mean of the last rows.
        """
        near = slice(None) if last is None else slice(-last - NEAR, None)
        u_MKT, present_MKT, given_MFT, plain_MFT, *found = self.look(readings_MFT[..., near], inside_M1T[..., near])
        u_MKT, good_MKT, code_MFT = self.faults(readings_MFT, given_MFT, plain_MFT, u_MKT, present_MKT, judge, last)
        inside = inside_M1T.float()[..., -last:] if last else inside_M1T.float()
        lost, rows = lately([(len(self.kept) - good_MKT.float().sum(1, keepdim=True)) * inside, inside], LATELY)
        lost_MT = (lost / rows.clamp(min=1.0))[:, 0]
        return u_MKT, good_MKT, (*found, code_MFT, lost_MT)

    def flags(
        self, readings: torch.Tensor, nearest_MT: torch.Tensor, condition_ok: torch.Tensor, code_MFT: torch.Tensor,
        lost_MT: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        """As in FLAGS, from `readings` [M, T, F]."""
        one, size = len(self.healthy) == 1, readings.shape[:2]
        healthy = self.healthy[0].expand(*size, -1) if one else self.healthy[nearest_MT]
        given = readings[:, :, : self.settings]
        healthy = (torch.cat([given, level], dim=2) for level in healthy.split(self.healthy.shape[1] // 3, dim=2))
        return condition_ok, code_MFT.to(torch.int8).transpose(1, 2), *healthy, lost_MT

    def formulas(self, last: Callable, new: torch.Tensor) -> list[torch.Tensor]:
        """Every kind of feature from sums of moments alone: [M, kinds, K, T], several kinds at once.

        last  (rows, how many sums) -> the sums over the last so many rows, [M, 1, count, T]
        new   number of rows and sum of z of the first rows, [M, 1, 1 + K, T]
        """
        width, made = len(self.kept), {}
        parts = {"mean": [1, width], "std": [1, width, width]}
        parts["slope"] = [*(parts["std"] if self.squares else parts["mean"]), 1, 1, width]

        def columns(sort: str, rows_W: list[int]) -> torch.Tensor:
            each = [last(rows, sum(parts[sort])) for rows in rows_W]
            sums = torch.cat(each, dim=1) if len(each) > 1 else each[0]
            n, total, *rest = sums.split(parts[sort], dim=2)
            if sort == "mean":
                return total / n  # 0/0 = NaN: no row in this window
            if sort == "std":
                average = total / n
                return (rest[0] / n - average * average).clamp(min=0.0).sqrt()
            t, tt, tz = rest[-3:]
            den = n * tt - t * t  # a whole number; 0, like the numerator, for fewer than two rows
            return (n * tz - t * total) / den.clamp(min=1.0)

        def shift() -> torch.Tensor:
            means = self.rows.get("mean", [])
            number = means.index(SHIFT) if SHIFT in means else None
            now = columns("mean", [SHIFT]) if number is None else made["mean"][:, number, None]
            first_n, first = new.split([1, width], dim=2)
            return now - first / first_n

        for sort, rows_W in self.rows.items():  # means before shifts
            made[sort] = shift() if sort == "shift" else columns(sort, rows_W)
        return list(made.values())

    def in_rows(self, made: list[torch.Tensor], age_M1T: torch.Tensor) -> torch.Tensor:
        """Features [M, T, D] from those of each kind and the age."""
        made_MDT = torch.cat(made, dim=1).flatten(1, 2)
        return torch.cat([made_MDT, age_M1T], dim=1).transpose(1, 2)

    def condition(self, readings_MFT: torch.Tensor, given_MFT: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest operating condition of each row, [M, T], and whether it is near enough."""
        if not self.settings:
            return torch.zeros_like(readings_MFT[:, 0], dtype=torch.int64), given_MFT[:, 0] | ~given_MFT[:, 0]
        given = given_MFT[:, : self.settings]
        known, x = given.double(), torch.where(given, readings_MFT[:, : self.settings], 0.0).double()
        near_MT, nearest_MT = (self.apart @ torch.cat([known, x, x * x], dim=1)).min(dim=1)
        return nearest_MT, (near_MT <= self.radius * self.radius) & given.all(1)  # unknown is not met

    def levels(self, nearest_MT: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Mean and spread of each kept sensor in the condition of each row, [M, K, T] or [K, 1]."""
        width, conditions = len(self.kept), self.level.shape[1]
        if conditions == 1:  # nothing to look up
            return self.level.split(width)
        one = nearest_MT[:, None] == torch.arange(conditions)[:, None]
        return (self.level @ one.double()).split([width, width], dim=1)  # 1 x number + 0 x others: the number itself
