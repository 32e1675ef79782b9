"""Expected counts by a log-linear Poisson model: the pattern of week, year and holidays times the recent level.

Axes: B rows, L past periods, H steps, W = L + H, O origins, S series, N windows, J features, V waves of the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil, gcd

import numpy as np
import onnx
import torch

from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import Windows
from pilots.healthtech.data.contract import SEASON, Counts
from pilots.healthtech.graph import mean_graph, tensors
from pilots.healthtech.models.level import Ahead, Level
from pilots.healthtech.models.pattern import Pattern
from pilots.healthtech.models.pattern_fit import Prior, learn

NEEDS = {"h": 8, "D": 8, "MS": 1.5}  # weeks (years for months) without which levels and pattern cannot be told apart
ROWS = 150_000  # forecasts of one count, the most that the weights of the level are learned from
MOST_KEPT = 40  # fitted models remembered
KEPT: dict[bytes, LogLinear] = {}
VALUES = 2_000_000  # of windows, looked at in one go


class GlmCounts:
    """Pattern times level, by frequency (h, D, MS) where a setting says so.

    refit_every  periods from one fit to the next; levels move at every origin
    windows      periods of each look at the level, shortest first
    reference    the one of them whose level a forecast starts from
    place        periods after which the same place in the day (week, year) comes again
    stretch      such places averaged for a level of their own
    fades        steps over which what the windows say loses its weight
    waves        of the year
    apart        periods between the knots of the trend in the fit
    half_life    periods after which a count has half its say in the pattern
    prior        standard deviations of logarithms, see `Prior`
    ridge        pull of the level's weights to none, in per mille of their information, > 0

    Wrong when the pattern itself changes: a new opening hour takes months to be learned.
    """

    def __init__(
        self,
        refit_every: Mapping[str, int],
        windows: Mapping[str, list[int]],
        reference: Mapping[str, int],
        place: Mapping[str, int],
        stretch: Mapping[str, int],
        fades: Mapping[str, list[float]],
        waves: Mapping[str, int],
        apart: Mapping[str, int],
        half_life: Mapping[str, float],
        prior: Mapping[str, Mapping[str, float]],
        ridge: float = 1.0,
    ):
        for freq in SEASON:
            if list(windows[freq]) != sorted(windows[freq]) or reference[freq] not in windows[freq]:
                raise ValueError(f"windows.{freq} must grow and hold reference.{freq}={reference[freq]}")
            if min(refit_every[freq], place[freq], stretch[freq], apart[freq], half_life[freq], *fades[freq]) <= 0:
                raise ValueError(f"refit_every, place, stretch, apart, half_life and fades must be > 0 for {freq}")
        if ridge <= 0:
            raise ValueError(f"ridge must be > 0, got {ridge}")
        self.refit_every, self.windows, self.reference, self.place = refit_every, windows, reference, place
        self.stretch, self.fades, self.waves, self.apart = stretch, fades, waves, apart
        self.half_life, self.ridge = half_life, ridge
        self.prior = {freq: Prior(**sizes) for freq, sizes in prior.items()}

    def past(self, freq: str) -> int:
        return max(self.windows[freq][-1], self.place[freq] * self.stretch[freq])

    def needs(self, freq: str) -> int:
        return int(SEASON[freq] * NEEDS[freq])

    def fit(self, seen: Counts, task: Task) -> GlmCounts:
        self.task, self.columns = task, len(seen.future_K)
        key = self._key(seen, task)
        if key not in KEPT:
            while len(KEPT) >= MOST_KEPT:
                KEPT.pop(next(iter(KEPT)))
            KEPT[key] = self._learned(seen, task)
        self.module = KEPT[key]
        return self

    def _key(self, seen: Counts, task: Task) -> bytes:
        """All that the fit depends on: trees on top of this model, or another seed, need not learn it again."""
        freq = seen.freq
        settings = [self.windows, self.reference, self.place, self.stretch, self.fades, self.waves, self.apart]
        settings += [self.half_life, self.prior]
        said = blake2b(repr([freq, task.horizon, self.ridge, *(each[freq] for each in settings)]).encode())
        for x in (seen.y_ST, seen.when_T, seen.future_STK, task.calendar.table_DK):
            said.update(np.ascontiguousarray(x).tobytes())
        return said.digest()

    def _learned(self, seen: Counts, task: Task) -> LogLinear:
        freq = seen.freq
        level, ahead = self._level(task, freq)
        pattern = learn(seen, task.calendar, self.prior[freq], self.waves[freq], self.apart[freq], self.half_life[freq])
        module = LogLinear(pattern, level, ahead)
        looked = looks_back(module, seen, ROWS)
        if looked is not None:
            ahead.learn(looked.pattern_BH, looked.level_B, looked.feature_BHJ, looked.y_BH, self.ridge)
        return module

    def _level(self, task: Task, freq: str) -> tuple[Level, Ahead]:
        look = self.windows[freq], self.reference[freq], self.place[freq], self.stretch[freq]
        level = Level(*look, self.past(freq), task.horizon)
        return level, Ahead(level.features, task.horizon, self.fades[freq])

    def mean(self, rows: Windows) -> np.ndarray:
        return in_parts(self.module, rows)

    def state(self) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in self.module.state_dict().items()}

    def restore(self, state: dict[str, np.ndarray], task: Task, freq: str) -> GlmCounts:
        self.task, (series, _, twice), futures = task, state["pattern.year"].shape, state["pattern.future"].shape[1]
        level, ahead = self._level(task, freq)
        self.module = LogLinear(Pattern(freq, task.calendar, series, twice // 2, futures), level, ahead)
        self.module.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
        return self

    def graph(self) -> onnx.ModelProto:
        return mean_graph(self.module, self.task.past, self.task.horizon, self.columns)


class LogLinear(torch.nn.Module):
    """exp(pattern + level + what the level's features say of each step): [B, H]."""

    def __init__(self, pattern: Pattern, level: Level, ahead: Ahead):
        super().__init__()
        self.pattern, self.level, self.ahead = pattern, level, ahead

    def parts(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """pattern_BH, level_B, features_BHJ; only as much of the past is looked at as the level needs."""
        past, width = self.level.past, self.level.past + self.level.horizon
        pattern = self.pattern(when[:, -width:], series, future[:, -width:])
        return pattern[:, -self.level.horizon :], *self.level(counts[:, -past:], pattern)

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> torch.Tensor:
        return torch.exp(self.ahead(*self.parts(counts, when, series, future)))


@dataclass(frozen=True)
class Looked:
    """What the model would have been asked at earlier origins, and what was counted then.

    pattern_BH, level_B, feature_BHJ as in `LogLinear.parts`; when_BH, series_B, future_BHF of the steps; y_BH, NaN =
    not known.
    """

    pattern_BH: np.ndarray
    level_B: np.ndarray
    feature_BHJ: np.ndarray
    when_BH: np.ndarray
    series_B: np.ndarray
    future_BHF: np.ndarray
    y_BH: np.ndarray


def looks_back(module: LogLinear, seen: Counts, rows: int) -> Looked | None:
    """At most `rows` forecasts of one count, from origins spread over what has been seen; None where there is none.

    The pattern is worked out once for all periods: the windows of neighbours overlap.
    """
    past, horizon, periods, series = module.level.past, module.level.horizon, len(seen.time_T), seen.series
    first = min(past, periods // 2)
    apart = max(1, horizon // 8)  # neighbours that share nearly all their steps add little
    most = min(rows // (horizon * series), (periods - first) // apart)
    origin_O = spread(first, periods, most, SEASON[seen.freq])
    if not len(origin_O):
        return None
    future = seen.future_STK if seen.future_K else np.zeros((series, periods, 0))
    at_OW = origin_O[:, None] + np.arange(past + horizon)

    def cut(x_ST: np.ndarray, fill: float) -> np.ndarray:
        return np.pad(x_ST, ((0, 0), (past, horizon)), constant_values=fill)[:, at_OW].reshape(-1, past + horizon)

    with torch.no_grad():
        when_ST = np.tile(seen.when_T, (series, 1))
        pattern_ST = module.pattern(torch.from_numpy(when_ST), torch.arange(series), torch.from_numpy(future)).numpy()
        pattern_BW, y_BW = cut(pattern_ST, 0.0), cut(seen.y_ST, np.nan)
        level, features = module.level(torch.from_numpy(y_BW[:, :past]), torch.from_numpy(pattern_BW))
    at_OH = np.minimum(origin_O[:, None] + np.arange(horizon), periods - 1)  # beyond it nothing has been counted
    return Looked(
        pattern_BW[:, past:],
        level.numpy(),
        features.numpy(),
        np.tile(seen.when_T[at_OH], (series, 1)),
        np.repeat(np.arange(series), len(origin_O)),
        future[:, at_OH].reshape(series * len(origin_O), horizon, -1 if seen.future_K else 0),
        y_BW[:, past:],
    )


def spread(first: int, end: int, most: int, season: int) -> np.ndarray:
    """At most `most` origins from `first` to before `end`, the newest included, in all places of the season in turn."""
    stride = max(1, ceil((end - first) / max(1, most)))
    while gcd(stride, season) > 1:
        stride += 1
    return np.arange(end - 1, first - 1, -stride)[::-1]


def in_parts(module: Callable[..., torch.Tensor], rows: Windows) -> np.ndarray:
    """The module's answer, some rows at a time so that memory stays small."""
    size = max(1, VALUES // rows.when_BW.shape[1])
    with torch.no_grad():
        said = [module(*tensors(rows.take(slice(at, at + size)))).numpy() for at in range(0, len(rows.y_BL), size)]
    return np.concatenate(said)
