"""Causal features of every row of every life, defined once: one ONNX graph for training and for use.

A feature of row t looks at rows 0..t alone. A reading that is missing or faulty (faults.py) is replaced by what the
other sensors of its row let expect (relation.py); a row without any good reading is left out. Sums run in float64: in
float32 a reading that sits on a tree's threshold would fall on the other side of it (up to 5.5 cycles were seen).

Axes: M machines (or lives), T rows, F channels, S settings, K sensors kept, C operating conditions, D features.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from common.bundle.session import Session
from common.export.torch import to_onnx
from common.fault import Fault
from pilots.manufacturing.conditions import Conditions
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.faults import GOOD, MISSING, UNSEEN, FaultGraph, Faults, lately

KIND = re.compile(r"(mean|std|slope)([2-9]|[1-9]\d{1,3}|_start)")
SORTS = ("mean", "shift", "std", "slope")
EVERY = 2**31  # rows: a window longer than any log reaches back to its start


def sort_and_rows(kind: str) -> tuple[str, int]:
    """ "slope30" is a slope over 30 rows, "slope_start" one over all rows since the log began."""
    if kind == "shift":
        return kind, 0
    sort, rows = KIND.fullmatch(kind).groups()
    return sort, EVERY if rows == "_start" else int(rows)


@dataclass(frozen=True)
class Histories:
    """Features of whole lives and what became of them: what every model learns from.

    x_LTD      float32, NaN = no sensor has given a reading in this window
    length_L   rows in each life; rows beyond are padding
    names_D    "<sensor>.<kind>" and "age"
    rul_LT     rows to failure, float64; NaN = nobody knows (censored) or padding
    left_LT    rows observed after this one, float64: a lower bound where rul_LT is unknown; NaN = padding
    lost_LT    float32, sensors that were lost or faulty, mean of the last rows; None = nobody counted
    """

    x_LTD: np.ndarray
    length_L: np.ndarray
    names_D: tuple[str, ...]
    rul_LT: np.ndarray
    left_LT: np.ndarray
    lost_LT: np.ndarray | None = None

    @property
    def inside_LT(self) -> np.ndarray:
        """True on real rows, False on padding."""
        return np.arange(self.x_LTD.shape[1])[None, :] < self.length_L[:, None]

    def columns(self, kinds: list[str], age: bool) -> np.ndarray:
        """Numbers of the columns of these kinds, and of the age if wanted."""
        wanted = [
            i for i, name in enumerate(self.names_D) if name.partition(".")[2] in kinds or (age and name == "age")
        ]
        missing = set(kinds) - {name.partition(".")[2] for name in self.names_D}
        if missing:
            raise Fault(f"no feature is called {', '.join(sorted(missing))}: name it in features.kinds too")
        return np.array(wanted)

    def take(self, lives: np.ndarray) -> Histories:
        """Only these lives."""
        lost_LT = None if self.lost_LT is None else self.lost_LT[lives]
        rul_LT, left_LT = self.rul_LT[lives], self.left_LT[lives]
        return Histories(self.x_LTD[lives], self.length_L[lives], self.names_D, rul_LT, left_LT, lost_LT)


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


def moments(z_MTK: torch.Tensor, present_MT1: torch.Tensor, t_MT1: torch.Tensor, squares: bool) -> torch.Tensor:
    """What the running sums sum, row by row: [M, T, S] of 1, z of each sensor, z² if `squares`, then t, t², z·t."""
    n_MT1 = present_MT1.double()
    nt_MT1 = n_MT1 * t_MT1
    square = [z_MTK * z_MTK] if squares else []
    return torch.cat([n_MT1, z_MTK, *square, nt_MT1, nt_MT1 * t_MT1, z_MTK * t_MT1], dim=2)


class FeatureGraph(torch.nn.Module):
    """The feature formulas.

    (readings [M, T, F] float32, length [M] int64, judge () float32) -> float64 features and row flags
    """

    def __init__(self, features: Features):
        super().__init__()
        self.settings = features.conditions
        self.rows, self.first, self.squares = features.rows, features.first, "std" in features.rows
        for name, value in features.conditions.constants().items():
            self.register_buffer(name, torch.as_tensor(value))
        self.faults = FaultGraph(features.faults, features.conditions.kept_K, len(features.conditions.seen_low_F))

    def forward(self, readings: torch.Tensor, length: torch.Tensor, judge: torch.Tensor) -> tuple[torch.Tensor, ...]:
        row_T = torch.arange(readings.shape[1])
        z_MTK, present_MT1, flags = self.judged(readings, row_T < length[:, None], judge)
        sums = torch.cumsum(moments(z_MTK, present_MT1, row_T.double()[:, None], self.squares), dim=1)
        sums = nn.functional.pad(sums, (0, 0, 1, 0))  # row t holds what was seen before row t
        now, width = sums[:, 1:], len(self.kept)

        def before(rows_W: list[int], count: int) -> torch.Tensor:
            """The first `count` sums as they stood when each of these windows began: [M, T, W, count]."""
            start_TW = (row_T[:, None] + 1 - torch.tensor(rows_W)).clamp(min=0)
            found = sums[:, :, :count].index_select(1, start_TW.flatten())
            return found.view(readings.shape[0], readings.shape[1], len(rows_W), count)

        def new() -> torch.Tensor:
            """Number of rows and sum of z of the rows that stand for "as new": [M, T, 1 + K]."""
            return now[:, :, : 1 + width].index_select(1, row_T.clamp(max=self.first - 1))

        age = (row_T + 1).double()[None, :, None].expand(readings.shape[0], -1, 1)
        return torch.cat([*self.formulas(now, before, new), age], dim=2), *flags

    def look(self, readings: torch.Tensor, inside_MT: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, tuple]:
        """What each row says alone: z-scores [M, T, K] (0 where absent), which are present, and the rows' flags."""
        given_MTF = readings.abs() <= FINITE  # False for NaN too
        healthy_3MTF, centre_MTK, spread_MTK, condition_ok = self._expected(readings, given_MTF)
        kept_MTK = readings.index_select(2, self.kept)
        present_MTK = (kept_MTK.abs() <= FINITE) & inside_MT[..., None]
        z_MTK = (kept_MTK.double() - centre_MTK) / spread_MTK
        seen_MTF = (readings >= self.seen_low) & (readings <= self.seen_high)
        quality = torch.where(given_MTF, torch.where(seen_MTF, GOOD, UNSEEN), MISSING)
        flags = condition_ok, quality.to(torch.int8), *healthy_3MTF
        return torch.where(present_MTK, z_MTK, 0.0), present_MTK, flags

    def judged(
        self, readings: torch.Tensor, inside_MT: torch.Tensor, judge: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, tuple]:
        """What the last `REACH` rows up to each one say of it, whatever came earlier.

        z-scores [M, T, K], lost and faulty ones replaced by what the other sensors let expect (0 where the row has
        no good reading at all); whether there is a good reading [M, T, 1]; the row's flags.
        """
        z_MTK, present_MTK, (condition_ok, plain_MTF, *healthy_3MTF) = self.look(readings, inside_MT)
        z_MTK, good_MTK, fault_MTF = self.faults(readings, z_MTK, present_MTK, judge > 0.5)
        found_MTF = (fault_MTF > GOOD) & (plain_MTF != MISSING)
        quality = torch.where(found_MTF, fault_MTF, plain_MTF.long()).to(torch.int8)
        n_MT1 = good_MTK.float().sum(-1, keepdim=True)
        some_MT1 = n_MT1 > 0.5
        lost_MT = lately((len(self.kept) - n_MT1) * inside_MT[..., None], inside_MT[..., None])
        return z_MTK * some_MT1, some_MT1, (condition_ok, quality, *healthy_3MTF, lost_MT)

    def formulas(self, now: torch.Tensor, before: Callable, new: Callable) -> list[torch.Tensor]:
        """Every kind of feature from sums of moments alone, [M, T, …]: as they stand `now`, and as they stood then.

        before  (windows, how many sums) -> the sums when each window began, [M, T, W, count]
        new     () -> number of rows and sum of z of the first rows, [M, T, 1 + K]
        """
        width = len(self.kept)
        parts = {"mean": [1, width], "std": [1, width, width]}
        parts["slope"] = [*(parts["std"] if self.squares else parts["mean"]), 1, 1, width]

        def last(sort: str, rows_W: list[int]) -> tuple[torch.Tensor, ...]:
            """The moments that this sort needs, over the last so many rows for each window at once: [M, T, W, …]."""
            count = sum(parts[sort])
            return (now[:, :, None, :count] - before(rows_W, count)).split(parts[sort], dim=3)

        def columns(sort: str) -> torch.Tensor:
            """All kinds of this sort, window by window: [M, T, W * K]."""
            n, total, *rest = last(sort, self.rows[sort])
            if sort == "mean":
                return (total / n).flatten(2)  # 0/0 = NaN: no row in this window
            if sort == "std":
                average = total / n
                return (rest[0] / n - average * average).clamp(min=0.0).sqrt().flatten(2)
            t, tt, tz = rest[-3:]
            den = n * tt - t * t  # a whole number; 0, like the numerator, for fewer than two rows
            return ((n * tz - t * total) / den.clamp(min=1.0)).flatten(2)

        def shift() -> torch.Tensor:
            n, total = last("mean", [SHIFT])
            first = new()
            return (total / n)[:, :, 0] - first[:, :, 1:] / first[:, :, :1]

        return [shift() if sort == "shift" else columns(sort) for sort in self.rows]

    def _expected(self, readings: torch.Tensor, given_MTF: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What each channel shows on a healthy machine in this row's operating condition."""
        settings = len(self.scale)
        if settings:
            given = given_MTF[:, :, :settings]
            known, scaled = given.double(), readings[:, :, :settings].double() / self.scale
            place = torch.where(given, scaled, 0.0)
            # sum over known settings of (place - centre)^2, multiplied out: two small matrix products
            apart = (known @ self.centre.T.square()) - place @ (2.0 * self.centre.T)
            near, nearest = (apart + (place * place).sum(-1, keepdim=True)).min(dim=-1)
            condition_ok = (near <= self.radius * self.radius) & given.all(-1)  # unknown is not met
        else:
            condition_ok = torch.ones_like(readings[:, :, 0], dtype=torch.bool)
        if len(self.mean) == 1:  # one condition: nothing to look up
            mean, std = (table.expand(1, 1, -1) for table in (self.mean, self.std))
            band = [level.expand(*readings.shape[:2], -1) for level in self.healthy]
        else:
            mean, std, *band = (table[nearest] for table in (self.mean, self.std, *self.healthy))
        return [torch.cat([readings[:, :, :settings], level], dim=-1) for level in band], mean, std, condition_ok
