"""The alarm: a state with memory, so that one odd reading neither raises nor clears it (ISA-18.2, EEMUA 191).

Axes: L lives (or machines), T rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view


@dataclass(frozen=True)
class Alarm:
    """When the alarm sounds and when it is over, in rows.

    persistence  rows in a row at or under the threshold before there is anything to announce
    on_delay     further rows that this must last before the alarm sounds
    hysteresis   the forecast must lie this far above the threshold, `persistence` rows in a row, to end the alarm
    """

    persistence: int
    on_delay: int
    hysteresis: float

    def states(self, rul_LT: np.ndarray, threshold: float) -> np.ndarray:
        """True where the alarm sounds, [L, T]; row t knows rows 0..t alone."""
        return self.sounds(*self.reach(rul_LT), threshold)

    def reach(self, rul_LT: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The largest forecast of the rows that raise and the smallest of those that clear; NaN counts as neither."""
        held = self.persistence + self.on_delay
        high_LT = _rolled(np.where(np.isnan(rul_LT), np.inf, rul_LT), held, np.inf).max(-1)
        low_LT = _rolled(np.where(np.isnan(rul_LT), -np.inf, rul_LT), self.persistence, -np.inf).min(-1)
        return high_LT, low_LT

    def sounds(self, high_LT: np.ndarray, low_LT: np.ndarray, threshold: float) -> np.ndarray:
        """The states from what `reach` gives, which is the same for every threshold."""
        step_T = np.arange(high_LT.shape[1])
        changes = high_LT <= threshold, low_LT > threshold + self.hysteresis
        raised, cleared = (np.maximum.accumulate(np.where(change, step_T, -1), axis=1) for change in changes)
        return raised > cleared


def _rolled(x_LT: np.ndarray, rows: int, before: float) -> np.ndarray:
    """Each row with the rows before it, [L, T, rows]; `before` stands where the log had not begun."""
    front = np.full((len(x_LT), rows - 1), before)
    return sliding_window_view(np.concatenate([front, x_LT], axis=1), rows, axis=1)


class AlarmGraph(torch.nn.Module):
    """`Alarm` in torch: rul [M, T], length [M], threshold -> alarm [M] and the row that raised it [M], -1 if none."""

    def __init__(self, alarm: Alarm):
        super().__init__()
        self.alarm = alarm

    def forward(
        self, rul: torch.Tensor, length: torch.Tensor, threshold: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        a, step_T = self.alarm, torch.arange(rul.shape[1])
        inside = step_T < length[:, None]
        raised = _in_a_row(rul <= threshold, a.persistence + a.on_delay) & inside
        cleared = _in_a_row(rul > threshold + a.hysteresis, a.persistence) & inside
        last_cleared = torch.where(cleared, step_T, -1).amax(dim=1, keepdim=True)
        since = torch.where(raised & (step_T > last_cleared), step_T, rul.shape[1]).amin(dim=1)
        alarm = since < length
        return alarm, torch.where(alarm, since, -1)


def _in_a_row(yes: torch.Tensor, rows: int) -> torch.Tensor:
    """True where the last `rows` rows were all `yes`."""
    upto = torch.cumsum((~yes).int(), dim=1)
    before = torch.nn.functional.pad(upto, (rows, 0))[:, : yes.shape[1]]
    return (upto == before) & (torch.arange(yes.shape[1]) >= rows - 1)
