"""Remaining useful life by several models together, the probability of failure by one of them.

Shapes: L lives, T rows, D features.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, compose, helper

from pilots.manufacturing.histories import Histories
from pilots.manufacturing.stream.memory import NEXT, Step, step_of


class EnsembleRul:
    """Weighted mean of its members' forecasts, each cut to [0, cap].

    members  name: model; a member with a hazard also gives the chance of failure
    weights  name: share in the forecast, together 1; a member of weight 0 gives the chance of failure alone
    cap      rows; longer lives are not told apart
    age      false overrules the members: none uses the number of rows since the log began

    Trees jump where a net bends: their errors differ, so the mean is better than either (Krogh & Vedelsby 1995).
    Wrong wherever all members are.
    """

    def __init__(self, members: dict, weights: dict[str, float], cap: float = 125.0, age: bool = True):
        if set(members) != set(weights) or abs(sum(weights.values()) - 1) > 1e-9 or min(weights.values()) < 0:
            raise ValueError(f"weights must name the members {sorted(members)} and sum to 1, got {weights}")
        self.members, self.weights, self.cap, self.age = dict(members), dict(weights), cap, age
        if any(model.age != age for model in self.members.values()):
            raise ValueError("every member must have the ensemble's own setting of age")

    def fit(self, h: Histories, seed: int) -> EnsembleRul:
        for model in self.members.values():
            model.fit(h, seed)
        return self

    def predict(self, x_LTD: np.ndarray, length_L: np.ndarray) -> np.ndarray:
        said = [
            weight * np.clip(self.members[name].predict(x_LTD, length_L), 0.0, self.cap)
            for name, weight in self.weights.items()
            if weight > 0
        ]
        return np.sum(said, axis=0).astype(np.float32)

    def risk(self, x_LTD: np.ndarray, length_L: np.ndarray) -> np.ndarray:
        """Chance to fail within the horizon, by the first member that has one."""
        return self._with_risk().risk(x_LTD, length_L)

    def _with_risk(self):
        return next(model for model in self.members.values() if hasattr(model, "risk"))

    def state(self) -> dict[str, np.ndarray]:
        return {f"{name}/{key}": value for name, m in self.members.items() for key, value in m.state().items()}

    def restore(self, state: dict[str, np.ndarray]) -> EnsembleRul:
        for name, model in self.members.items():
            own = f"{name}/"
            model.restore({key.removeprefix(own): value for key, value in state.items() if key.startswith(own)})
        return self

    def graph(self) -> onnx.ModelProto:
        """The members' graphs side by side on one input, their forecasts cut, weighted and summed."""
        return self._joined({name: model.graph() for name, model in self._used().items()})

    def step(self) -> Step:
        """The same for one new row, with what the members remember."""
        steps = {name: step_of(model) for name, model in self._used().items()}
        memory = [memory.of(name) for name, step in steps.items() for memory in step.memory]
        return Step(self._joined({name: step.graph for name, step in steps.items()}), memory)

    def _used(self) -> dict:
        """The members that take part in an answer."""
        return {n: model for n, model in self.members.items() if self.weights[n] or model is self._with_risk()}

    def _joined(self, graphs: dict[str, onnx.ModelProto]) -> onnx.ModelProto:
        joined = None
        for name, graph in graphs.items():
            part = _on_features(compose.add_prefix(graph, f"{name}_"), f"{name}_features")
            joined = part if joined is None else side_by_side(joined, part)
        nodes, weights = [], [helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])]
        weights.append(helper.make_tensor("cap", TensorProto.FLOAT, [], [self.cap]))
        summed = []
        for name in (n for n in graphs if self.weights[n] > 0):
            weights.append(helper.make_tensor(f"weight_of_{name}", TensorProto.FLOAT, [], [self.weights[name]]))
            nodes.append(helper.make_node("Clip", [f"{name}_rul", "zero", "cap"], [f"cut_of_{name}"]))
            nodes.append(helper.make_node("Mul", [f"cut_of_{name}", f"weight_of_{name}"], [f"share_of_{name}"]))
            summed.append(f"share_of_{name}")
        nodes.append(helper.make_node("Sum", summed, ["rul"]))
        risky = next(name for name in graphs if self.members[name] is self._with_risk())
        nodes.append(helper.make_node("Identity", [f"{risky}_p_fail"], ["p_fail"]))
        joined.graph.node.extend(nodes)
        joined.graph.initializer.extend(weights)
        remembered = [value for value in joined.graph.output if value.name.endswith(NEXT)]
        said = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["machine", "time"]) for name in ("rul", "p_fail")
        ]
        del joined.graph.output[:]
        joined.graph.output.extend([*said, *remembered])
        return joined


def _on_features(model: onnx.ModelProto, old: str) -> onnx.ModelProto:
    """The graph with its input `old` called features, as every member's."""
    for node in model.graph.node:
        node.input[:] = ["features" if name == old else name for name in node.input]
    next(value for value in model.graph.input if value.name == old).name = "features"
    return model


def side_by_side(left: onnx.ModelProto, right: onnx.ModelProto) -> onnx.ModelProto:
    """Both graphs in one, on the input they share; names must differ but for it."""
    model = onnx.ModelProto()
    model.CopyFrom(left)
    model.graph.node.extend(right.graph.node)
    model.graph.initializer.extend(right.graph.initializer)
    model.graph.input.extend(value for value in right.graph.input if value.name != "features")
    model.graph.output.extend(right.graph.output)
    known = {opset.domain for opset in model.opset_import}
    model.opset_import.extend(opset for opset in right.opset_import if opset.domain not in known)
    return model
