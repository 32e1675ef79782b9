"""Expected counts by a small net on the last counts and on what is known of the steps ahead, one net for all series.

Axes: B rows, L past periods, H steps, W = L + H, C covariates of a step, K future columns.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from torch import nn

from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import Windows, truth, windows
from pilots.healthtech.calendar import DAY, Calendar
from pilots.healthtech.data.contract import SEASON, Counts
from pilots.healthtech.graph import mean_graph, tensors
from pilots.healthtech.models.glm import in_parts, spread

WAVES = {"h": ((1.0, 4), (7.0, 3), (365.25, 2)), "D": ((7.0, 3), (365.25, 2)), "MS": ((365.25, 4),)}  # days, pairs
BATCH = 128
CODED, DECODED = 4, 8  # numbers a step's covariates are coded in, and a step is decoded from


class TideCounts:
    """Dense encoder and decoder (TiDE, Das et al. 2023, Transactions on Machine Learning Research), Poisson loss.

    refit_every  periods from one training to the next
    least        periods of history below which a net only learns its few examples by heart
    look         periods of counts it reads; they are divided by their mean, so trends over years do not confuse it
    width        of the hidden layers
    steps        of the optimiser (AdamW)
    rate         learning rate at the start; falls to none along a cosine
    rows         forecasts it is trained on

    Wrong with little history, and around holidays of which it has seen few.
    """

    def __init__(
        self,
        refit_every: Mapping[str, int],
        least: Mapping[str, int],
        look: Mapping[str, int],
        width: int = 64,
        steps: int = 400,
        rate: float = 0.003,
        rows: int = 3000,
    ):
        if min(width, steps, rows, *look.values(), *least.values(), *refit_every.values()) < 1 or rate <= 0:
            raise ValueError("refit_every, least, look, width, steps and rows must be >= 1, rate > 0")
        self.refit_every, self.least, self.look, self.width = refit_every, least, look, width
        self.steps, self.rate, self.rows = steps, rate, rows

    def past(self, freq: str) -> int:
        return self.look[freq]

    def needs(self, freq: str) -> int:
        return max(self.least[freq], 2 * self.look[freq])

    def fit(self, seen: Counts, task: Task) -> TideCounts:
        self.task, self.columns = task, len(seen.future_K)
        look, periods = self.look[seen.freq], len(seen.time_T)
        origin_O = spread(look, periods - task.horizon + 1, self.rows // seen.series, SEASON[seen.freq])
        if not len(origin_O):
            origin_O = np.array([look])
        with torch.random.fork_rng():
            torch.manual_seed(task.seed)
            self.module = Tide(seen.freq, task.calendar, look, task.horizon, self.columns, self.width).double()
            rows, y_OSH = windows(seen, origin_O, look, task.horizon), truth(seen, origin_O, task.horizon)
            self._train(rows, torch.from_numpy(y_OSH.reshape(-1, task.horizon)))
        return self

    def _train(self, rows: Windows, y_BH: torch.Tensor) -> None:
        known_BH = torch.isfinite(y_BH)
        count_BH = torch.where(known_BH, y_BH, 0.0)
        optimiser = torch.optim.AdamW(self.module.parameters(), self.rate, weight_decay=0.01)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.steps)
        self.module.learn_scale(torch.from_numpy(rows.future_BWK))
        inputs = tensors(rows)
        for _ in range(self.steps):
            batch = torch.randint(len(y_BH), (min(BATCH, len(y_BH)),))
            log_mean_BH, level_B = self.module.log_mean(*(x[batch] for x in inputs))
            weight_BH = known_BH[batch] * torch.exp(-level_B / 2)[:, None]  # between counts alike and hospitals alike
            loss_BH = torch.exp(log_mean_BH) - count_BH[batch] * log_mean_BH
            loss = (weight_BH * loss_BH).sum() / weight_BH.sum().clamp(min=1e-9)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
            optimiser.step()
            falling.step()

    def mean(self, rows: Windows) -> np.ndarray:
        return in_parts(self.module, rows)

    def state(self) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in self.module.state_dict().items()}

    def restore(self, state: dict[str, np.ndarray], task: Task, freq: str) -> TideCounts:
        size = self.look[freq], task.horizon, len(state["middle"]), self.width
        self.task, self.module = task, Tide(freq, task.calendar, *size).double()
        self.module.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
        return self

    def graph(self) -> onnx.ModelProto:
        return mean_graph(self.module, self.task.past, self.task.horizon, self.columns)


class Tide(nn.Module):
    """forward(counts_BL, when_BW, series_B, future_BWK) -> mean_BH."""

    def __init__(self, freq: str, calendar: Calendar, look: int, horizon: int, columns: int, width: int):
        super().__init__()
        self.freq, self.look, self.horizon, self.first, self.columns = freq, look, horizon, calendar.first, columns
        days = calendar.table_DK if freq != "MS" else np.zeros((1, 0))
        self.register_buffer("table", torch.as_tensor(days))
        self.register_buffer("middle", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))
        covariates = days.shape[1] + columns + 2 * sum(pairs for _, pairs in WAVES[freq])
        self.code = nn.Linear(covariates, CODED)
        self.encode = nn.Sequential(
            nn.Linear(look + horizon * CODED, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.decode = nn.Linear(width, horizon * DECODED)
        self.each = nn.Sequential(nn.Linear(DECODED + covariates, width), nn.ReLU(), nn.Linear(width, 1))
        self.straight = nn.Linear(look, horizon)
        for last in (self.each[2], self.straight):  # begins as the mean of the last counts
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def learn_scale(self, future_BWK: torch.Tensor) -> None:
        """Mean and standard deviation of each future column."""
        flat = future_BWK.flatten(0, 1)
        known = torch.isfinite(flat)
        count = known.sum(0).clamp(min=1)
        self.middle.copy_(torch.where(known, flat, 0.0).sum(0) / count)
        spread = torch.sqrt(torch.where(known, (flat - self.middle) ** 2, 0.0).sum(0) / count)
        self.scale.copy_(torch.where(spread > 0, spread, 1.0))

    def ahead(self, when: torch.Tensor, future: torch.Tensor) -> torch.Tensor:
        """[B, H, C]: waves of day, week and year, the calendar, future columns."""
        day = when.double() / DAY
        parts = []
        for period, pairs in WAVES[self.freq]:
            turn = torch.remainder(day, period)[..., None] * (2 * np.pi / period) * torch.arange(1, pairs + 1)
            parts += [torch.sin(turn), torch.cos(turn)]
        if self.table.shape[1]:
            row = torch.div(when, DAY, rounding_mode="floor") - self.first
            parts.append(self.table[row.clamp(0, len(self.table) - 1)])
        if self.columns:
            parts.append(torch.where(torch.isfinite(future), (future - self.middle) / self.scale, 0.0))
        return torch.cat(parts, dim=-1)

    def log_mean(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """log_mean_BH, and level_B: the logarithm of the mean of the counts it reads."""
        counts = counts[:, -self.look :]
        known = torch.isfinite(counts)
        total = torch.where(known, counts, 0.0).sum(1)
        level = torch.log((total + 0.5) / known.double().sum(1).clamp(min=1.0))
        apart = torch.where(known, torch.log((counts + 1) / (torch.exp(level)[:, None] + 1)), 0.0)
        ahead = self.ahead(when[:, -self.horizon :], future[:, -self.horizon :])
        coded = self.code(ahead).reshape(-1, self.horizon * CODED)
        decoded = self.decode(self.encode(torch.cat([apart, coded], dim=1))).reshape(-1, self.horizon, DECODED)
        said = self.each(torch.cat([decoded, ahead], dim=-1)).squeeze(-1) + self.straight(apart)
        return level[:, None] + said.clamp(-5.0, 5.0), level

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> torch.Tensor:
        return torch.exp(self.log_mean(counts, when, series, future)[0])
