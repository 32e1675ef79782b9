"""The pattern of a week, a year and its holidays, in the logarithm of an expected count.

Axes: S series, W periods of a window, B rows, C cells of the season, P places in the day (week) whose year and holidays
differ, Q waves of the year, K calendar columns, F future columns.
"""

from __future__ import annotations

import numpy as np
import torch

from pilots.healthtech.calendar import DAY, Calendar

YEAR = 365.25  # days
CELLS = {"h": 168, "D": 7, "MS": 12}
PLACES = {"h": 24, "D": 7, "MS": 1}


class Pattern(torch.nn.Module):
    """log of the expected count but for its level: forward(when_BW, series_B, future_BWF) -> [B, W]."""

    def __init__(self, freq: str, calendar: Calendar, series: int, waves: int, futures: int):
        super().__init__()
        self.freq, self.waves, self.first = freq, waves, calendar.first
        table_DK = calendar.table_DK if freq != "MS" else np.zeros((1, 0))  # a month has no day of its own
        shape = {
            "cell": (series, CELLS[freq]),
            "year": (series, PLACES[freq], 2 * waves),
            "day": (series, PLACES[freq], table_DK.shape[1]),
            "future": (series, futures),
        }
        for name, size in shape.items():
            self.register_buffer(name, torch.zeros(size, dtype=torch.float64))
        self.register_buffer("table", torch.as_tensor(table_DK))
        self.register_buffer("middle", torch.zeros(futures, dtype=torch.float64))
        self.register_buffer("spread", torch.ones(futures, dtype=torch.float64))

    def cells(self, when: torch.Tensor) -> torch.Tensor:
        day = torch.div(when, DAY, rounding_mode="floor")
        if self.freq == "MS":  # the first of month m lies within a day of 30.44 m days into the year
            return torch.round(torch.remainder(day.double(), YEAR) / (YEAR / 12)).long() % 12
        weekday = (day + 3) % 7
        return weekday if self.freq == "D" else weekday * 24 + torch.div(when % DAY, 3600, rounding_mode="floor")

    def waves_of(self, when: torch.Tensor) -> torch.Tensor:
        """[..., 2 waves] sines and cosines of the year."""
        turn = when.double()[..., None] * (2 * np.pi / (YEAR * DAY)) * torch.arange(1, self.waves + 1)
        return torch.cat([torch.sin(turn), torch.cos(turn)], dim=-1)

    def days_of(self, when: torch.Tensor) -> torch.Tensor:
        """[..., K] calendar columns."""
        day = torch.div(when, DAY, rounding_mode="floor") - self.first
        return self.table[day.clamp(0, len(self.table) - 1)]

    def forward(self, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor) -> torch.Tensor:
        cell = self.cells(when)
        row = series[:, None]
        log_mean = self.cell.reshape(-1)[row * CELLS[self.freq] + cell]
        places = PLACES[self.freq]
        place = row * places + cell % places
        if self.waves:
            log_mean = log_mean + (self.year.reshape(-1, 2 * self.waves)[place] * self.waves_of(when)).sum(-1)
        if self.day.shape[2]:
            log_mean = log_mean + (self.day.reshape(-1, self.day.shape[2])[place] * self.days_of(when)).sum(-1)
        if self.future.shape[1]:
            scaled = torch.where(torch.isfinite(future), (future - self.middle) / self.spread, 0.0)
            log_mean = log_mean + (self.future[series][:, None, :] * scaled).sum(-1)
        return log_mean
