"""The decision of a machine's newest row; the alarm counts rows instead of looking back at them.

Axis: M machines.
"""

from __future__ import annotations

import torch

from common.export.torch import to_onnx
from pilots.manufacturing.alarm import Alarm
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.graph import DECIDED, DecisionGraph
from pilots.manufacturing.stream.memory import NEXT, Memory, Step

MEMORY = [
    Memory("under", "int64", unit="rows", meaning="rows in a row at or under the threshold, up to the last"),
    Memory("over", "int64", unit="rows", meaning="rows in a row above threshold and hysteresis, up to the last"),
    Memory("since", "int64", unit="rows", meaning="rows seen when the alarm came on, 0 = there is none"),
]


class AlarmStep(torch.nn.Module):
    """`Alarm` for one more row: rul [M], threshold, row [M] and its memory -> alarm, alarm_row [M], next memory."""

    def __init__(self, alarm: Alarm):
        super().__init__()
        self.alarm = alarm

    def forward(
        self, rul: torch.Tensor, threshold: torch.Tensor, row: torch.Tensor,
        under: torch.Tensor, over: torch.Tensor, since: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        a = self.alarm
        under = torch.where(rul <= threshold, under + 1, 0)
        over = torch.where(rul > threshold + a.hysteresis, over + 1, 0)
        kept = torch.where(over >= a.persistence, 0, since)
        raised = (under >= a.persistence + a.on_delay) & (kept == 0)
        since = torch.where(raised, row + 1, kept)
        return since > 0, since - 1, under, over, since


class DecisionStep(torch.nn.Module):
    """rul_raw [M, 1], threshold, row [M], lost [M], the alarm's memory and risk [M, 1] or none -> DECIDED [M]
    and the next memory."""

    def __init__(self, decision: Decision):
        super().__init__()
        self.batch, self.alarm = DecisionGraph(decision), AlarmStep(decision.alarm)

    def forward(
        self, rul_raw: torch.Tensor, threshold: torch.Tensor, row: torch.Tensor, lost: torch.Tensor,
        under: torch.Tensor, over: torch.Tensor, since: torch.Tensor, risk: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        rul, low, high, p_fail = (x[:, 0] for x in self.batch.answers(rul_raw, lost[:, None], risk))
        return rul, low, high, p_fail, *self.alarm(rul, threshold, row, under, over, since)

    def export(self) -> Step:
        """As an ONNX graph; inputs rul_raw, threshold, row, lost, the memory and, if the model gives it, risk."""
        example = {"rul_raw": torch.zeros(2, 1), "threshold": torch.tensor(30.0), "row": torch.tensor([0, 1])}
        example |= {"lost": torch.zeros(2)} | {m.name: torch.from_numpy(m.start(2)) for m in MEMORY}
        example |= {"risk": torch.zeros(2, 1)} if self.batch.decision.has_risk else {}
        axes = {name: {0: "machine"} for name in example if name != "threshold"}
        return Step(to_onnx(self, example, axes, [*DECIDED, *(m.name + NEXT for m in MEMORY)]), MEMORY)
