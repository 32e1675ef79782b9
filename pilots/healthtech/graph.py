"""From torch to ONNX: every model of this pilot is a module on rows, exported with one clock for all series.

counts [series, L], when [W], series [series], future [series, W, K] -> mean [series, H]
"""

from __future__ import annotations

import onnx
import torch

from common.export.torch import to_onnx
from pilots.healthtech.backtest.windows import Windows
from pilots.healthtech.distribution.sampled import SampledGraph

ANSWERS = ["quantiles", "mean", "p_exceed"]
AXES = {name: {0: "series"} for name in ("counts", "series", "future")}


def tensors(rows: Windows) -> tuple[torch.Tensor, ...]:
    """What a model's module is called with: counts_BL, when_BW, series_B, future_BWK."""
    return tuple(torch.from_numpy(x) for x in (rows.y_BL, rows.when_BW, rows.series_B, rows.future_BWK))


def mean_graph(module: torch.nn.Module, past: int, horizon: int, columns: int) -> onnx.ModelProto:
    """Export forward(counts_BL, when_BW, series_B, future_BWK) -> mean_BH (float64)."""
    return to_onnx(OneClock(module), _example(past, horizon, columns), AXES, ["mean"])


def sample_graph(module: torch.nn.Module, past: int, horizon: int, columns: int) -> onnx.ModelProto:
    """Export forward(…) -> sample_BHN with what follows from it: quantiles, mean, p_exceed."""
    example = _example(past, horizon, columns) | {"level": torch.zeros(2, dtype=torch.float64)}
    return to_onnx(SampleOneClock(module), example, AXES | {"level": {0: "series"}}, ANSWERS)


def _example(past: int, horizon: int, columns: int) -> dict[str, torch.Tensor]:
    return {
        "counts": torch.ones(2, past, dtype=torch.float64),
        "when": torch.arange(past + horizon) * 3600,
        "series": torch.zeros(2, dtype=torch.int64),
        "future": torch.zeros(2, past + horizon, columns, dtype=torch.float64),
    }


class OneClock(torch.nn.Module):
    """The graph is asked for all series at one origin: they share the clock."""

    def __init__(self, module: torch.nn.Module):
        super().__init__()
        self.module = module

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> torch.Tensor:
        return self.module(counts, when[None, :].expand(counts.shape[0], -1), series, future)


class SampleOneClock(torch.nn.Module):
    """As OneClock, for a module that gives values instead of a mean."""

    def __init__(self, module: torch.nn.Module):
        super().__init__()
        self.sample, self.answers = OneClock(module), SampledGraph()

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor, level: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        return self.answers(self.sample(counts, when, series, future), level)
