"""The calendar inside a graph: the same table, gathered by the number of the day.

The table's cells are 0 or 1 and are kept as single bytes: 14 years of 12 columns are 60 kB of a graph.
"""

from __future__ import annotations

import torch

from pilots.healthtech.calendar import DAY, Calendar


class CalendarTable(torch.nn.Module):
    """when [...] int64 seconds of the wall clock read as UTC -> [..., K] float64, as `Calendar.at`."""

    table_DK: torch.Tensor

    def __init__(self, calendar: Calendar):
        super().__init__()
        self.first, self.last_second = calendar.first, calendar.last_second
        self.register_buffer("table_DK", torch.from_numpy(calendar.table_DK.astype("uint8")))

    def forward(self, when: torch.Tensor) -> torch.Tensor:
        row = torch.clamp(when, min=0) // DAY - self.first  # before 1970 a division would round the other way in ONNX
        return self.table_DK[torch.clamp(row, 0, self.table_DK.shape[0] - 1)].to(torch.float64)

    def out_of_date(self, when: torch.Tensor) -> torch.Tensor:
        """bool, no axes: some time lies beyond the table's last day."""
        return when.max() > self.last_second
