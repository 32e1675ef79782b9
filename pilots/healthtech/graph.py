"""From torch to ONNX: every model of this pilot is a module on rows, exported with one clock for all series.

A model's own graph   counts [series, L], when [W], series [series], future [series, W, K] -> mean [series, H]
The bundle's graph    the members' means -> their weighted mean -> the count head, and whether the calendar has ended
"""

from __future__ import annotations

import onnx
import torch
from onnx import TensorProto, compose, helper

from common.export.strip import strip
from common.export.torch import IR, to_onnx
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


class HeadOneMean(torch.nn.Module):
    """Members' means, each [B, H], combined and handed to the count head."""

    def __init__(self, combine: torch.nn.Module, head: torch.nn.Module):
        super().__init__()
        self.combine, self.head = combine, head

    def forward(self, series: torch.Tensor, level: torch.Tensor, *means: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.head(self.combine(series, *means), series, level)


def whole(
    models: dict[str, onnx.ModelProto],
    combine: torch.nn.Module | None,
    head: torch.nn.Module | None,
    past: int,
    horizon: int,
    columns: int,
    last: int,
) -> onnx.ModelProto:
    """Join models, their combination and the head; `last`: the last second that the calendar knows.

    A model that gives values instead of means (no head) has the answers already.
    """
    parts = [_named(name, model) for name, model in models.items()]
    if head is not None:
        example = {"series": torch.zeros(2, dtype=torch.int64), "level": torch.zeros(2, dtype=torch.float64)}
        axes = {name: {0: "series"} for name in (*example, *(f"mean_{m}" for m in models))}
        example |= {f"mean_{name}": torch.ones(2, horizon, dtype=torch.float64) for name in models}
        parts.append(compose.add_prefix(
            to_onnx(HeadOneMean(combine, head), example, axes, ANSWERS),
            "head_", rename_inputs=False, rename_outputs=False))  # fmt: skip
    future = {"future": (TensorProto.DOUBLE, ["series", past + horizon, columns])} if columns else {}
    inputs = {
        "counts": (TensorProto.DOUBLE, ["series", past]),
        "when": (TensorProto.INT64, [past + horizon]),
        "series": (TensorProto.INT64, ["series"]),
        "level": (TensorProto.DOUBLE, ["series"]),
        **future,
    }
    return _joined(parts, [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()], last)


def _named(name: str, model: onnx.ModelProto) -> onnx.ModelProto:
    """Everything inside gets the model's name; inputs keep theirs, and the output `mean` becomes mean_<name>."""
    only = [output.name for output in model.graph.output]
    made = compose.add_prefix(model, f"{name}_", rename_inputs=False, rename_outputs=only == ["mean"])
    if only != ["mean"]:
        return made
    for node in made.graph.node:
        node.output[:] = [f"mean_{name}" if o == f"{name}_mean" else o for o in node.output]
        node.input[:] = [f"mean_{name}" if i == f"{name}_mean" else i for i in node.input]
    made.graph.output[0].name = f"mean_{name}"
    return made


def _joined(parts: list[onnx.ModelProto], inputs: list[onnx.ValueInfoProto], last: int) -> onnx.ModelProto:
    """One graph; inputs that no model looks at (a mean needs no clock) are inputs all the same."""
    nodes = [node for part in parts for node in part.graph.node]
    nodes += [
        helper.make_node("ReduceMax", ["when"], ["newest"], keepdims=0),
        helper.make_node("Greater", ["newest", "calendar_ends"], ["out_of_date"]),
    ]
    constants = [c for part in parts for c in part.graph.initializer]
    constants.append(helper.make_tensor("calendar_ends", TensorProto.INT64, [], [last]))
    outputs = [o for o in parts[-1].graph.output if o.name in ANSWERS]
    outputs.append(helper.make_tensor_value_info("out_of_date", TensorProto.BOOL, []))
    graph = helper.make_graph(nodes, "patient_flow", inputs, outputs, constants)
    opsets = {o.domain: o.version for part in parts for o in part.opset_import}
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in opsets.items()], ir_version=IR)
    return strip(made)
