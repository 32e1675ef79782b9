"""The features of a machine's newest row, from sums that grow by one row at a time.

The batch graph takes a window as the difference of two running sums, now and when the window began. Both are carried
here: the second is the first, so many rows late, and grows by the row that leaves the window. The additions are the
batch's own in the batch's own order, so the features are equal in every bit.

Axes: M machines, F channels, K sensors kept, R rows of readings and W of z-scores remembered, G windows, S sums.
"""

from __future__ import annotations

import onnx
import torch

from common.export.torch import to_onnx
from pilots.manufacturing.faults import LATELY, REACH
from pilots.manufacturing.features import EVERY, FLAGS, SHIFT, FeatureGraph, Features, moments
from pilots.manufacturing.stream.memory import NEXT, Memory, Step


class FeatureStep(torch.nn.Module):
    """(readings [M, F], row [M], recent [M, R, F], told [M, W, K + 1], sums [M, 1 + G, S], first [M, 1 + K]) ->
    features64 [M, 1, D], flags [M, …] and the next row, recent, told, sums and first."""

    def __init__(self, features: Features):
        super().__init__()
        self.batch = FeatureGraph(features)
        lengths = {rows for sort, many in features.rows.items() for rows in (many if sort != "shift" else [SHIFT])}
        self.windows = sorted(lengths - {EVERY})  # a sum over every row leaves no row behind

    @property
    def memory(self) -> list[Memory]:
        """The state of one machine."""
        sensors, channels, windows = len(self.batch.kept), len(self.batch.seen_low), len(self.windows)
        return [
            Memory("row", "int64", unit="rows", meaning="rows seen"),
            Memory(
                "recent", "float32", (("row", REACH - 1), ("channel", channels)),
                "of each channel", "the last readings, oldest first, NaN = missing", missing=True,
            ),
            Memory(
                "told", "float64", (("row", max(self.windows, default=1)), ("sensor", sensors + 1)), "",
                "the last rows' z-scores, oldest first, what was lost or faulty replaced; then 1 for a row that counts",
            ),
            Memory(
                "sums", "float64", (("window", 1 + windows), ("sum", 3 + (2 + self.batch.squares) * sensors)), "",
                f"1, z{', z²' if self.batch.squares else ''}, t, t², z·t summed over all rows, then over those before "
                f"each window: {', '.join(map(str, self.windows)) or 'none'}",
            ),
            Memory("first", "float64", (("sum", 1 + sensors),), "", "1 and z summed over the first rows"),
        ]  # fmt: skip

    def forward(
        self, readings: torch.Tensor, row: torch.Tensor, recent: torch.Tensor, told: torch.Tensor,
        sums: torch.Tensor, first: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:  # fmt: skip
        batch, width = self.batch, len(self.batch.kept)
        age_G = torch.tensor([0, *self.windows])  # the newest row, and the one that leaves each window
        recent = torch.cat([recent, readings[:, None]], dim=1)
        inside_M1R = row[:, None, None] >= torch.arange(REACH - 1, -1, -1)
        # before the first row nothing stood still
        log_MFR = torch.where(inside_M1R, recent.transpose(1, 2), float("nan"))
        u_MKR, good_MKR, said = batch.judged(log_MFR, inside_M1R, torch.tensor(True), last=LATELY)
        u_MK1, good_MK1, *said = (x[..., -1:] for x in (u_MKR, good_MKR, *said))
        n_M11 = good_MK1.double().sum(1, keepdim=True).clamp(max=1.0)
        z_MK1 = batch.faults.completed(u_MK1, good_MK1)
        told = torch.cat([told, torch.cat([z_MK1, n_M11], dim=1).transpose(1, 2)], dim=1)
        z_MKG, n_M1G = told.index_select(1, told.shape[1] - 1 - age_G).transpose(1, 2).split([width, 1], dim=1)
        t_M1G = (row[:, None] - age_G).double()[:, None]
        sums = sums + torch.cat(moments(z_MKG, n_M1G, t_M1G, batch.squares), dim=1).transpose(1, 2)
        now_MS = sums[:, 0]
        first = torch.where((row < batch.first)[:, None], now_MS[:, : 1 + width], first)

        def last(rows: int, count: int) -> torch.Tensor:
            here_MS = now_MS if rows == EVERY else now_MS - sums[:, 1 + self.windows.index(rows)]
            return here_MS[:, None, :count, None]

        made = batch.formulas(last, first[:, None, :, None])
        age_M11 = (row + 1).double()[:, None, None]
        flags = (flag[:, 0] for flag in batch.flags(readings[:, None], *said))
        return batch.in_rows(made, age_M11), *flags, row + 1, recent[:, 1:], told[:, 1:], sums, first

    def export(self) -> Step:
        """As an ONNX graph; inputs readings and the memory, outputs features64, the flags and the next memory."""
        example = {"readings": torch.zeros(2, len(self.batch.seen_low))}
        example |= {m.name: torch.from_numpy(m.start(2)) for m in self.memory}
        names = ["features64", *FLAGS, *(m.name + NEXT for m in self.memory)]
        graph: onnx.ModelProto = to_onnx(self, example, {name: {0: "machine"} for name in example}, names)
        return Step(graph, self.memory)
