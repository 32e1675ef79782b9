"""From torch to ONNX: every model of this pilot is a module on rows, exported with one clock for all series.

counts [series, L], when [W], series [series], future [series, W, K] -> mean [series, H]
"""

from __future__ import annotations

import onnx
import torch

from common.export.torch import to_onnx
from pilots.healthtech.backtest.windows import Windows

AXES = {name: {0: "series"} for name in ("counts", "series", "future")}


def tensors(rows: Windows) -> tuple[torch.Tensor, ...]:
    """What a model's module is called with: counts_BL, when_BW, series_B, future_BWK."""
    return tuple(torch.from_numpy(x) for x in (rows.y_BL, rows.when_BW, rows.series_B, rows.future_BWK))


def mean_graph(module: torch.nn.Module, past: int, horizon: int, columns: int) -> onnx.ModelProto:
    """Export forward(counts_BL, when_BW, series_B, future_BWK) -> mean_BH (float64)."""
    example = {
        "counts": torch.ones(2, past, dtype=torch.float64),
        "when": torch.arange(past + horizon) * 3600,
        "series": torch.zeros(2, dtype=torch.int64),
        "future": torch.zeros(2, past + horizon, columns, dtype=torch.float64),
    }
    return to_onnx(OneClock(module), example, AXES, ["mean"])


class OneClock(torch.nn.Module):
    """The graph is asked for all series at one origin: they share the clock."""

    def __init__(self, module: torch.nn.Module):
        super().__init__()
        self.module = module

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> torch.Tensor:
        return self.module(counts, when[None, :].expand(counts.shape[0], -1), series, future)
