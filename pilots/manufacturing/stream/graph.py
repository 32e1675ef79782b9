"""The whole chain for one new row as one ONNX graph: state and row in, next state and decision out."""

from __future__ import annotations

import onnx
from onnx import compose

from common.export.strip import strip
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.features import Features
from pilots.manufacturing.graph import OUTPUTS, cast
from pilots.manufacturing.stream.decision import DecisionStep
from pilots.manufacturing.stream.features import FeatureStep
from pilots.manufacturing.stream.memory import NEXT, Step, step_of


def whole_step(features: Features, model, decision: Decision) -> Step:
    """Join features, model and decision; inputs readings, threshold and the state, outputs OUTPUTS,
    the features (for the proof alone) and the next state."""
    first, said, last = FeatureStep(features).export(), step_of(model), DecisionStep(decision).export()
    chain = [
        _inside(cast(first.graph), "feature", {}),
        _inside(said.graph, "model", {"rul": "rul_raw", "p_fail": "risk"}),
        _inside(last.graph, "decision", {}),
    ]
    memory = [*first.memory, *said.memory, *last.memory]
    outputs = [*OUTPUTS, "features", *(m.name + NEXT for m in memory)]
    return Step(strip(_chained(chain, outputs)), memory)


def _inside(model: onnx.ModelProto, prefix: str, names: dict[str, str]) -> onnx.ModelProto:
    """The graph with `prefix` before what is inside it, and new names for some of its outputs."""
    model = compose.add_prefix(model, f"{prefix}_", rename_inputs=False, rename_outputs=False)
    for node in model.graph.node:
        for part in (node.input, node.output):
            part[:] = [names.get(name, name) for name in part]
    for value in model.graph.output:
        value.name = names.get(value.name, value.name)
    return model


def _chained(parts: list[onnx.ModelProto], outputs: list[str]) -> onnx.ModelProto:
    """One graph of several: what an earlier one gives feeds the later input of the same name."""
    made: dict[str, onnx.ValueInfoProto] = {}
    asked: dict[str, onnx.ValueInfoProto] = {}
    opsets: dict[str, onnx.OperatorSetIdProto] = {}
    graph = onnx.GraphProto(name="remaining_useful_life_step")
    for part in parts:
        asked |= {value.name: value for value in part.graph.input if value.name not in made | asked}
        made |= {value.name: value for value in part.graph.output}
        opsets |= {opset.domain: opset for opset in part.opset_import}
        graph.node.extend(part.graph.node)
        graph.initializer.extend(part.graph.initializer)
    graph.input.extend(asked.values())
    graph.output.extend(made[name] for name in outputs)
    model = onnx.helper.make_model(graph, opset_imports=list(opsets.values()), ir_version=parts[0].ir_version)
    onnx.checker.check_model(model, full_check=True)
    return model
