"""The whole chain as one ONNX graph: readings in, decision out. Nothing is left to re-implement.

readings, length -> features (float64) -> float32 -> model -> decision -> rul, low, high, p_fail, alarm, since when
"""

from __future__ import annotations

import numpy as np
import onnx
import torch
from onnx import TensorProto, compose, helper

from common.export.strip import strip
from common.export.torch import to_onnx
from pilots.manufacturing.alarm import AlarmGraph
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.features import FLAGS
from pilots.manufacturing.interval import Curve

DECIDED = ["rul", "low", "high", "p_fail", "alarm", "alarm_row"]
OUTPUTS = [*DECIDED, *FLAGS]


def whole(features: onnx.ModelProto, model: onnx.ModelProto, decision: Decision) -> onnx.ModelProto:
    """Join the three graphs; inputs readings, length, threshold, judge; outputs as in OUTPUTS."""
    last = to_onnx(
        DecisionGraph(decision),
        {
            "rul_raw": torch.zeros(2, 7),
            "length": torch.tensor([7, 5]),
            "threshold": torch.tensor(decision.threshold, dtype=torch.float32),
            "lost": torch.zeros(2, 7),
            **({"risk": torch.zeros(2, 7)} if decision.has_risk else {}),
        },
        {name: {0: "machine", 1: "time"} for name in ("rul_raw", "lost", "risk")} | {"length": {0: "machine"}},
        DECIDED,
    )
    links = [("rul", "rul_raw"), *([("p_fail", "risk")] if decision.has_risk else [])]
    front = compose.merge_models(
        compose.add_prefix(cast(features), "feature_", rename_inputs=False, rename_outputs=False),
        compose.add_prefix(model, "model_", rename_inputs=False),
        io_map=[("features", "features")],
    )
    back = compose.add_prefix(last, "decision_", rename_outputs=False)
    joined = compose.merge_models(front, back, io_map=[(f"model_{a}", f"decision_{b}") for a, b in links])
    return strip(_one_length(joined))


def cast(features: onnx.ModelProto) -> onnx.ModelProto:
    """features64 -> features, the one cast to float32 in front of trees and net."""
    model = onnx.ModelProto()
    model.CopyFrom(features)
    model.graph.node.append(helper.make_node("Cast", ["features64"], ["features"], to=TensorProto.FLOAT))
    old = next(o for o in model.graph.output if o.name == "features64")
    new = helper.make_tensor_value_info("features", TensorProto.FLOAT, [])
    new.type.tensor_type.shape.CopyFrom(old.type.tensor_type.shape)
    kept = [o for o in model.graph.output if o.name != "features64"]
    del model.graph.output[:]
    model.graph.output.extend([new, *kept])
    return model


def _one_length(model: onnx.ModelProto) -> onnx.ModelProto:
    """The decision reads the same `length` as the features, and `lost` from them; `threshold` keeps its own name."""
    names = {"decision_length": "length", "decision_threshold": "threshold", "decision_lost": "lost"}
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = names.get(name, name)
    inputs = {i.name: i for i in model.graph.input}
    inputs["decision_threshold"].name = "threshold"
    outputs = {o.name: o for o in model.graph.output}
    del model.graph.input[:], model.graph.output[:]
    model.graph.input.extend([inputs["readings"], inputs["length"], inputs["decision_threshold"], inputs["judge"]])
    model.graph.output.extend([outputs[name] for name in OUTPUTS])
    model.graph.name = "remaining_useful_life"
    return model


class DecisionGraph(torch.nn.Module):
    """`Decision` in torch, float32; see there."""

    def __init__(self, decision: Decision):
        super().__init__()
        self.decision, self.alarm = decision, AlarmGraph(decision.alarm)
        self.ends = CurveGraph(decision.interval.low, decision.interval.high)
        self.chance = CurveGraph(decision.risk)
        self.wider = CurveGraph(decision.interval.wider)

    def forward(
        self,
        rul_raw: torch.Tensor,
        length: torch.Tensor,
        threshold: torch.Tensor,
        lost: torch.Tensor,
        risk: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        rul, low, high, p_fail = self.answers(rul_raw, lost, risk)
        outside = torch.arange(rul.shape[1])[None, :] >= length[:, None]
        nothing = torch.where(outside, float("nan"), 0.0)
        answers = (x + nothing for x in (rul, low, high, p_fail))
        return (*answers, *self.alarm(rul, length, threshold))

    def answers(self, rul_raw: torch.Tensor, lost: torch.Tensor, risk: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        """rul, low, high and p_fail of each row by itself."""
        cap = self.decision.cap
        rul = rul_raw.clamp(0.0, cap)
        p_fail = self.chance(1.0 - rul / cap if risk is None else risk)[..., 0]
        low, high = (rul[..., None] + self.wider(lost) * self.ends(rul)).clamp(0.0, cap).unbind(-1)
        return rul, low, high, p_fail


class CurveGraph(torch.nn.Module):
    """Piecewise straight curves on the same knots as sums of hinges: x -> [..., curve]."""

    def __init__(self, *curves: Curve):
        super().__init__()
        at = curves[0].at_K
        slopes = [np.diff(curve.value_K) / np.diff(at) for curve in curves]
        bends = [np.diff(np.concatenate([[0.0], slope, [0.0]])) for slope in slopes]
        self.register_buffer("first", torch.tensor([float(curve.value_K[0]) for curve in curves]))
        self.register_buffer("at", torch.as_tensor(at))
        self.register_buffer("bend", torch.as_tensor(np.stack(bends, axis=1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hinge = (x.double()[..., None] - self.at).clamp(min=0.0)  # float64: steep bends cancel in float32
        return (hinge @ self.bend).float() + self.first
