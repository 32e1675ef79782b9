"""The decision of a machine's newest row; the alarm counts rows instead of looking back at them.

Axis: M machines.
"""

from __future__ import annotations

import torch

from common.export.torch import trace
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.graph import DecisionGraph
from pilots.manufacturing.stream.memory import NEXT, Memory, Step

MEMORY = [Memory("under", "int64", unit="rows", meaning="at or under the threshold, up to the last")]
SAID = ["rul", "low", "high", "p_fail", "alarm"]


class DecisionStep(torch.nn.Module):
    """rul_raw [M, 1], threshold, under [M], risk [M, 1] or none -> rul, low, high, p_fail, alarm [M] and next under."""

    def __init__(self, decision: Decision):
        super().__init__()
        self.decision, self.batch = decision, DecisionGraph(decision)

    def forward(
        self, rul_raw: torch.Tensor, threshold: torch.Tensor, under: torch.Tensor, risk: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, ...]:
        rul, low, high, p_fail = (x[:, 0] for x in self.batch.answers(rul_raw, risk))
        under = torch.where(rul <= threshold, under + 1, 0)
        return rul, low, high, p_fail, under >= self.decision.persistence, under

    def export(self) -> Step:
        """As an ONNX graph; inputs rul_raw, threshold, the memory and, if the model gives it, risk."""
        example = {"rul_raw": torch.zeros(2, 1), "threshold": torch.tensor(30.0)}
        example |= {m.name: torch.from_numpy(m.start(2)) for m in MEMORY}
        example |= {"risk": torch.zeros(2, 1)} if self.decision.has_risk else {}
        axes = {name: {0: "machine"} for name in example if name != "threshold"}
        return Step(trace(self, example, axes, [*SAID, *(m.name + NEXT for m in MEMORY)]), MEMORY)
