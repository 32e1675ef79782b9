"""The whole chain for one new row as one ONNX graph: state and row in, next state and decision out."""

from __future__ import annotations

import onnx
from onnx import compose

from common.export.strip import strip
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.features import Features
from pilots.manufacturing.graph import FLAGS, cast
from pilots.manufacturing.stream.decision import SAID, DecisionStep
from pilots.manufacturing.stream.features import FeatureStep
from pilots.manufacturing.stream.memory import NEXT, Step, step_of

OUTPUTS = [*SAID, *FLAGS]


def whole_step(features: Features, model, decision: Decision) -> Step:
    """Join features, model and decision; inputs readings, threshold and the state, outputs OUTPUTS and its next."""
    first, last = FeatureStep(features).export(), DecisionStep(decision).export()
    said = step_of(model)
    memory = [*first.memory, *said.memory, *last.memory]
    joined = _merge(cast(first.graph), "feature", said.graph, "model", {"features": "features"})
    inner = {"rul": "rul_raw"} | ({"p_fail": "risk"} if decision.has_risk else {})
    joined = _merge(joined, "", last.graph, "decision", inner)
    outputs = {value.name: value for value in joined.graph.output}
    del joined.graph.output[:]
    joined.graph.output.extend(outputs[name] for name in [*OUTPUTS, *(m.name + NEXT for m in memory)])
    joined.graph.name = "remaining_useful_life_step"
    return Step(strip(joined), memory)


def _merge(
    front: onnx.ModelProto, of_front: str, back: onnx.ModelProto, of_back: str, links: dict[str, str]
) -> onnx.ModelProto:
    """`back` behind `front`, `links` naming front's outputs and back's inputs; what is inside gets a prefix."""
    front = _apart(front, of_front, {name: f"{name}_before_{of_back}" for name in links})
    back = _apart(back, of_back, {name: f"{name}_of_{of_back}" for name in links.values()})
    pairs = [(f"{a}_before_{of_back}", f"{b}_of_{of_back}") for a, b in links.items()]
    return compose.merge_models(front, back, io_map=pairs)


def _apart(model: onnx.ModelProto, prefix: str, names: dict[str, str]) -> onnx.ModelProto:
    """The graph with `prefix` before every inner name and with new names for some of its inputs and outputs."""
    if prefix:
        model = compose.add_prefix(model, f"{prefix}_", rename_inputs=False, rename_outputs=False)
    graph = model.graph
    for node in graph.node:
        for part in (node.input, node.output):
            part[:] = [names.get(name, name) for name in part]
    for value in [*graph.input, *graph.output]:
        value.name = names.get(value.name, value.name)
    return model
