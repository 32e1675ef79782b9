"""Expected counts by boosted trees: what the log-linear model leaves over, learned from all series together.

Axes: B rows, L past periods, H steps, J features of the level, D features of the trees, N training rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import onnx
import torch
from onnx import TensorProto, compose, helper
from sklearn.ensemble import HistGradientBoostingRegressor

from common.export import forest
from common.export.torch import to_onnx
from common.export.trees import boosted
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import Windows
from pilots.healthtech.data.contract import Counts
from pilots.healthtech.graph import AXES, OneClock
from pilots.healthtech.models.glm import GlmCounts, LogLinear, in_parts, looks_back
from pilots.healthtech.models.level import FAR
from pilots.healthtech.models.pattern import PLACES


class GbdtCounts:
    """One Poisson boosting over all series, direct: the step is a feature, and all else is known at the origin.

    base   the log-linear model whose forecast the trees multiply
    trees  how many
    rate   learning rate
    leaves per tree
    least  counts that a leaf must hold; one that was forecast from several origins is one
    share  of the features offered to each split
    rows   forecasts of one count, the most that the trees are grown from

    Boosting y / m with weight m, where m is the base model's forecast, is Poisson boosting with the offset log m: trees
    cannot follow a trend, the base model does. Wrong where a hospital behaves as none did before.
    """

    def __init__(
        self,
        base: GlmCounts,
        trees: int = 40,
        rate: float = 0.03,
        leaves: int = 8,
        least: int = 100,
        share: float = 0.2,
        rows: int = 60_000,
    ):
        if min(trees, least, rows) < 1 or leaves < 2 or not 0 < share <= 1 or rate <= 0:
            raise ValueError("trees, least and rows must be >= 1, leaves >= 2, share in 0..1 and rate > 0")
        self.base, self.trees, self.rate, self.leaves = base, trees, rate, leaves
        self.least, self.share, self.rows = least, share, rows

    @property
    def refit_every(self) -> Mapping[str, int]:
        return self.base.refit_every

    def past(self, freq: str) -> int:
        return self.base.past(freq)

    def needs(self, freq: str) -> int:
        return self.base.needs(freq)

    def fit(self, seen: Counts, task: Task) -> GbdtCounts:
        self.base.fit(seen, task)
        self.module = WithFeatures(self.base.module, seen.freq)
        self.grown = None
        looked = looks_back(self.base.module, seen, 2 * self.rows)
        if looked is None or not np.isfinite(looked.y_BH).any():
            return self  # nothing seen to grow trees on: it stays the log-linear model
        with torch.no_grad():
            steps = (torch.from_numpy(x) for x in (looked.when_BH, looked.series_B, looked.future_BHF))
            parts = [torch.from_numpy(x) for x in (looked.pattern_BH, looked.level_B, looked.feature_BHJ)]
            log_mean = self.base.module.ahead(*parts)
            x_BHD = self.module.features(*steps, parts[2]).numpy()
        known_BH = np.isfinite(looked.y_BH)
        y_N, mean_N = looked.y_BH[known_BH], np.exp(log_mean.numpy()[known_BH])
        extra = max(0.0, float(((y_N - mean_N) ** 2 - mean_N).sum() / (mean_N**2).sum()))
        spread_N = np.sqrt(mean_N + extra * mean_N**2)
        y_N = np.clip(y_N, np.maximum(mean_N - FAR * spread_N, 0.0), mean_N + FAR * spread_N)
        say_N = mean_N / (1 + extra * mean_N)
        # drawn in proportion to their weight, not weighted: sorting by weight takes longer than growing the trees
        drawn = np.random.default_rng(task.seed).choice(len(y_N), min(len(y_N), self.rows), p=say_N / say_N.sum())
        once = max(1.0, len(drawn) / np.isfinite(seen.y_ST).sum())  # forecasts per count
        self.grown = HistGradientBoostingRegressor(
            loss="poisson",
            max_iter=self.trees,
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=round(self.least * once),
            max_features=self.share,
            early_stopping=False,
            random_state=task.seed,
        ).fit(x_BHD[known_BH][drawn], (y_N / mean_N)[drawn])
        return self

    def mean(self, rows: Windows) -> np.ndarray:
        return in_parts(self._answer, rows)

    def _answer(self, *tensors: torch.Tensor) -> torch.Tensor:
        features, log_mean = self.module(*tensors)
        if self.grown is None:
            return torch.exp(log_mean)
        factor = self.grown.predict(features.numpy().reshape(-1, features.shape[-1])).reshape(log_mean.shape)
        return torch.exp(log_mean) * torch.from_numpy(factor)

    def state(self) -> dict[str, np.ndarray]:
        grown = {} if self.grown is None else forest.state([self.grown])
        return self.base.state() | {f"trees/{key}": value for key, value in grown.items()}

    def restore(self, state: dict[str, np.ndarray], task: Task, freq: str) -> GbdtCounts:
        grown = {key.removeprefix("trees/"): value for key, value in state.items() if key.startswith("trees/")}
        self.base.restore({key: value for key, value in state.items() if not key.startswith("trees/")}, task, freq)
        self.module, self.grown = WithFeatures(self.base.module, freq), None
        if grown:
            poisson = partial(HistGradientBoostingRegressor, loss="poisson")
            (self.grown,) = forest.restored(poisson, grown, self.module.width)
        return self

    def graph(self) -> onnx.ModelProto:
        """The module's features go to the trees; their score is added to its logarithm of the mean."""
        if self.grown is None:
            return self.base.graph()
        task, columns = self.base.task, self.base.columns
        example = {
            "counts": torch.ones(2, task.past, dtype=torch.float64),
            "when": torch.arange(task.past + task.horizon) * 3600,
            "series": torch.zeros(2, dtype=torch.int64),
            "future": torch.zeros(2, task.past + task.horizon, columns, dtype=torch.float64),
        }
        first = to_onnx(OneClock(self.module), example, AXES, ["features", "log_mean"])
        trees = compose.add_prefix(boosted([[self.grown]], "score"), "trees_")
        kept = ["log_mean", "trees_score"]
        joined = compose.merge_models(first, trees, io_map=[("features", "trees_features")], outputs=kept)
        joined.graph.node.extend([
            helper.make_node("Cast", ["trees_score"], ["wide_score"], to=TensorProto.DOUBLE),
            helper.make_node("Add", ["log_mean", "wide_score"], ["log_whole"]),
            helper.make_node("Exp", ["log_whole"], ["mean"]),
        ])  # fmt: skip
        mean = helper.make_tensor_value_info("mean", TensorProto.DOUBLE, ["series", task.horizon])
        del joined.graph.output[:]
        joined.graph.output.append(mean)
        return joined


class WithFeatures(torch.nn.Module):
    """What the trees see of a step, and the log-linear model's answer: features_BHD float32, log_mean_BH."""

    def __init__(self, base: LogLinear, freq: str):
        super().__init__()
        self.base, self.freq = base, freq

    @property
    def width(self) -> int:
        """D, how many features the trees see."""
        days = self.base.pattern.day.shape[2] if self.freq != "MS" else 0
        return 3 + self.base.level.features + days + self.base.pattern.future.shape[1]

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        horizon = self.base.level.horizon
        pattern, level, seen = self.base.parts(counts, when, series, future)
        log_mean = self.base.ahead(pattern, level, seen)
        return self.features(when[:, -horizon:], series, future[:, -horizon:], seen), log_mean

    def features(
        self,
        when: torch.Tensor,
        series: torch.Tensor,
        future: torch.Tensor,
        seen: torch.Tensor,
    ) -> torch.Tensor:
        """[B, H, D] float32: step, place in the day (week), cell of the season, levels, calendar, future columns.

        No day of the year: in two years it tells one winter from another, and trees learn that winter's level.
        """
        cell = self.base.pattern.cells(when)
        step = torch.arange(when.shape[1], dtype=torch.float64).expand(when.shape)
        parts = [torch.stack([step, (cell % PLACES[self.freq]).double(), cell.double()], dim=-1), seen]
        if self.freq != "MS":
            parts.append(self.base.pattern.days_of(when))
        if self.base.pattern.future.shape[1]:
            parts.append(future)
        return torch.cat(parts, dim=-1).float()
