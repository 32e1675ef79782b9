"""The sampler as one ONNX graph: a Loop over the time grid, the net's weights inside its body.

Three pieces are traced (what comes before the steps, one step, what comes after) and joined here by name.
"""

from __future__ import annotations

import onnx
import torch
from onnx import TensorProto, helper

from common.export.torch import IR, OPSET, to_onnx
from pilots.creative.flow.sampler import Decode, Encode, Sampler

PICTURE = {0: "batch", 2: "height", 3: "width"}
AXES = {
    **dict.fromkeys(("noise", "state", "known", "mask", "target", "next"), PICTURE),
    "grid": {0: "points"},
    "condition": {0: "batch"},
}


def sampler(whole: Sampler, channels: int, planes: int, images: int, side: int | None = None) -> onnx.ModelProto:
    """noise, state, grid, condition, known, mask -> picture, next; shapes as in `Sampler`.

    side  height and width, where the flow knows but one
    """
    n, height, width = side or 32, side or "height", side or "width"
    example = {
        "noise": torch.zeros(2, channels, n, n),
        "state": torch.zeros(2, channels, n, n),
        "grid": torch.linspace(0, 1, 3),
        "condition": torch.full((2, images), 1 / images),
        "known": torch.zeros(2, planes, n, n),
        "mask": torch.ones(2, 1, n, n),
    }
    moving = {"t": torch.zeros(1), "dt": torch.ones(1), "target": torch.zeros(2, channels, n, n)}
    names = ("state", "t", "dt", "condition", "noise", "target", "mask")
    before = to_onnx(Encode(whole), example, AXES, ["target", "begun"])
    step = to_onnx(whole.step, {name: (example | moving)[name] for name in names}, AXES, ["stepped"])
    late = {"next": example["state"], **{name: example[name] for name in ("grid", "condition", "known", "mask")}}
    after = to_onnx(Decode(whole), late, AXES, ["picture"])

    nodes = [*_inlined(before, "before/"), *_loop(step), *_inlined(after, "after/")]
    float_value = helper.make_tensor_value_info
    shape = {
        "noise": ["batch", "channel", height, width],
        "state": ["batch", "channel", height, width],
        "grid": ["points"],
        "condition": ["batch", images],
        "known": ["batch", planes, height, width],
        "mask": ["batch", 1, height, width],
        "picture": ["batch", planes, height, width],
        "next": ["batch", "channel", height, width],
    }
    shape = {name: [channels if axis == "channel" else axis for axis in axes] for name, axes in shape.items()}
    values = {name: float_value(name, TensorProto.FLOAT, axes) for name, axes in shape.items()}
    graph = helper.make_graph(nodes, "sampler", [values[name] for name in example], [values["picture"], values["next"]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="")
    onnx.checker.check_model(model, full_check=True)
    return model


def _loop(step: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The Loop over the intervals of the grid, and the count of them."""
    body = [
        *_constants({"one": ([1], 1), "axis": ([1], 0)}),
        helper.make_node("Unsqueeze", ["turn", "axis"], ["at"]),
        helper.make_node("Add", ["at", "one"], ["at_next"]),
        helper.make_node("Gather", ["grid", "at"], ["t"]),
        helper.make_node("Gather", ["grid", "at_next"], ["t_next"]),
        helper.make_node("Sub", ["t_next", "t"], ["dt"]),
        *_inlined(step, "step/", {"state": "state_in"}),
        helper.make_node("Identity", ["go_on"], ["go_on_out"]),
    ]
    channel_picture = ["batch", None, "height", "width"]
    inside = helper.make_graph(
        body,
        "step",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state_in", TensorProto.FLOAT, channel_picture),
        ],
        [
            helper.make_tensor_value_info("go_on_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("stepped", TensorProto.FLOAT, channel_picture),
        ],
    )
    return [
        *_constants({"loop/one": ([], 1)}),
        helper.make_node("Size", ["grid"], ["points"]),
        helper.make_node("Sub", ["points", "loop/one"], ["turns"]),
        helper.make_node("Loop", ["turns", "", "begun"], ["next"], body=inside),
    ]


def _constants(values: dict[str, tuple[list[int], int]]) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Constant", [], [name], value=helper.make_tensor(name, TensorProto.INT64, dims, [value]))
        for name, (dims, value) in values.items()
    ]


def _inlined(model: onnx.ModelProto, prefix: str, called: dict[str, str] | None = None) -> list[onnx.NodeProto]:
    """The nodes of `model`, weights as constants; what is neither its input nor its output is named with `prefix`."""
    kept = {value.name: value.name for value in [*model.graph.input, *model.graph.output]} | (called or {}) | {"": ""}
    weights = [helper.make_node("Constant", [], [w.name], value=w) for w in model.graph.initializer]
    nodes = []
    for node in [*weights, *model.graph.node]:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for names in (copy.input, copy.output):
            names[:] = [kept.get(name, prefix + name) for name in names]
        copy.name = prefix + node.name if node.name else ""
        nodes.append(copy)
    return nodes
