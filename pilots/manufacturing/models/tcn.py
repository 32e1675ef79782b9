"""Remaining useful life by a causal temporal convolution over the whole history (Bai, Kolter, Koltun 2018).

Shapes: L lives, T rows, D features, I inputs of the net, H hidden channels.
"""

from __future__ import annotations

import threading

import numpy as np
import onnx
import torch
from torch import nn

from common.export.torch import to_onnx
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.stream.memory import NEXT, Memory, Step

INIT = threading.Lock()  # torch draws first weights from one global generator; folds are fitted side by side


class TcnRul:
    """A few dilated causal convolutions on smoothed, condition-normalised sensors.

    kinds    feature kinds of each sensor that the net sees
    hidden   channels of every layer
    dilation rows between the three taps of each layer's filter; the net looks back 2 x their sum, the features further
    epochs   passes over the training lives; a budget in steps, so a slow machine gives the same net
    batch    lives per step
    rate     largest learning rate (one cycle: up, then down to nothing)
    decay    weight decay
    blind    share of sensors hidden from the net in each step, so that a lost sensor is nothing new to it
    cap      rows; longer lives are not told apart
    age      use the number of rows since the log began; false for logs that begin anywhere in a life

    A sensor without a reading counts as its training mean. Wrong on fleets of fewer than about 30 failures,
    where the trees need less data, and on conditions never seen.
    """

    def __init__(
        self,
        kinds: list[str],
        hidden: int = 32,
        dilation: list[int] | None = None,
        epochs: int = 40,
        batch: int = 10,
        rate: float = 4e-3,
        decay: float = 0.02,
        blind: float = 0.1,
        cap: float = 125.0,
        age: bool = True,
    ):
        if min(hidden, epochs, batch) < 1 or min(rate, cap) <= 0 or not 0 <= blind < 1:
            raise ValueError("hidden, epochs, batch must be >= 1, rate and cap > 0, blind in 0..1")
        self.kinds, self.hidden, self.dilation = list(kinds), hidden, list(dilation or [1, 2, 4, 8])
        self.epochs, self.batch, self.rate, self.decay, self.blind = epochs, batch, rate, decay, blind
        self.cap, self.age = cap, age

    def fit(self, h: Histories, seed: int) -> TcnRul:
        """Learn from lives whose failure is known; bit-identical for a seed on one machine."""
        self.columns_I = h.columns(self.kinds, self.age)
        sensors = [h.names_D[i].partition(".")[0] for i in self.columns_I]
        self.sensor_I = np.unique(sensors, return_inverse=True)[1]
        known = np.flatnonzero(np.isfinite(h.rul_LT[:, 0]))
        seen = h.x_LTD[known][h.inside_LT[known]][:, self.columns_I].astype(np.float64)
        mean_I, std_I = np.nan_to_num(np.nanmean(seen, axis=0)), np.nanstd(seen, axis=0)
        std_I = np.where(std_I > 1e-9, std_I, 1.0)
        with INIT, torch.random.fork_rng():
            torch.manual_seed(seed)
            self.net = Net(self.columns_I, mean_I, std_I, self.hidden, self.dilation, self.cap)
        self._train(h, known, seed)
        return self

    def _train(self, h: Histories, known: np.ndarray, seed: int) -> None:
        random = np.random.default_rng(seed)
        steps = self.epochs * -(-len(known) // self.batch)
        optimiser = torch.optim.AdamW(self.net.parameters(), lr=self.rate, weight_decay=self.decay)
        cycle = torch.optim.lr_scheduler.OneCycleLR(  # a plan for four steps would divide by zero
            optimiser, self.rate, total_steps=max(steps, 5), pct_start=0.25
        )
        z_LTI, inside_LT = self.net.scaled(torch.from_numpy(h.x_LTD)), torch.from_numpy(h.inside_LT)
        target_LT = np.minimum(np.nan_to_num(h.rul_LT), self.cap).astype(np.float32)
        for _ in range(self.epochs):
            order = random.permutation(known)
            for some in np.array_split(order, -(-len(order) // self.batch)):
                rows = int(h.length_L[some].max())
                shown = random.random((len(some), 1, self.sensor_I.max() + 1)) >= self.blind
                x = z_LTI[some, :rows] * torch.from_numpy(shown[..., self.sensor_I].astype(np.float32))
                inside = inside_LT[some, :rows]
                wrong = (self.net.answer(x) - torch.from_numpy(target_LT[some, :rows])) / self.cap
                loss = (wrong.square() * inside).sum() / inside.sum()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
                optimiser.step()
                cycle.step()
        self.net.eval()

    def predict(self, x_LTD: np.ndarray, length_L: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            parts = [self.net(torch.from_numpy(x_LTD[i : i + 16])).numpy() for i in range(0, len(x_LTD), 16)]
        return np.concatenate(parts)

    def state(self) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in self.net.state_dict().items()}

    def restore(self, state: dict[str, np.ndarray]) -> TcnRul:
        self.columns_I = state["columns"]
        self.net = Net(self.columns_I, state["mean"], state["std"], self.hidden, self.dilation, self.cap).eval()
        self.net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
        return self

    def graph(self) -> onnx.ModelProto:
        example = {"features": torch.zeros(2, 7, int(self.columns_I.max()) + 1)}
        return to_onnx(self.net, example, {"features": {0: "machine", 1: "time"}}, ["rul"])

    def step(self) -> Step:
        """The net for one new row, with the past rows of every layer that its taps reach back to."""
        rows = 2 * sum(self.dilation)
        past = Memory("past", "float32", (("row", rows), ("hidden", self.hidden)), "", "past inputs of every layer")
        example = {"features": torch.zeros(2, 1, int(self.columns_I.max()) + 1)}
        example["past"] = torch.from_numpy(past.start(2))
        axes = {name: {0: "machine"} for name in example}
        return Step(to_onnx(NetStep(self.net), example, axes, ["rul", "past" + NEXT]), [past])


class Net(nn.Module):
    """features [L, T, D] float32, NaN allowed -> rul [L, T] in rows."""

    def __init__(self, columns_I, mean_I, std_I, hidden: int, dilation: list[int], cap: float):
        super().__init__()
        self.cap = cap
        self.register_buffer("columns", torch.as_tensor(columns_I))
        self.register_buffer("mean", torch.as_tensor(mean_I, dtype=torch.float32))
        self.register_buffer("std", torch.as_tensor(std_I, dtype=torch.float32))
        self.enter = nn.Conv1d(len(columns_I), hidden, 1)
        self.layers = nn.ModuleList(nn.Conv1d(hidden, hidden, 3, dilation=d) for d in dilation)
        self.leave = nn.Conv1d(hidden, 1, 1)

    def scaled(self, x_LTD: torch.Tensor) -> torch.Tensor:
        """Inputs with mean 0 and spread 1 in training, at most 5 from it; 0 where there is no reading."""
        z = (x_LTD.index_select(2, self.columns) - self.mean) / self.std
        return torch.where(torch.isnan(z), 0.0, z).clamp(-5.0, 5.0)

    def answer(self, z_LTI: torch.Tensor) -> torch.Tensor:
        x_LHT = torch.relu(self.enter(z_LTI.transpose(1, 2)))
        for layer in self.layers:
            past = 2 * layer.dilation[0]  # padded on the left alone: no row sees a later one
            x_LHT = x_LHT + torch.relu(layer(nn.functional.pad(x_LHT, (past, 0))))
        return torch.sigmoid(self.leave(x_LHT)[:, 0]) * (1.1 * self.cap)  # 10 % over, so that the cap can be reached

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.answer(self.scaled(features))


class NetStep(nn.Module):
    """(features [L, 1, D], past [L, rows, H]) -> rul [L, 1] and the next past: the net's own layers on one row."""

    def __init__(self, net: Net):
        super().__init__()
        self.net = net

    def forward(self, features: torch.Tensor, past: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        net, kept = self.net, []
        x_LH = torch.relu(_at_a_row(net.enter, net.scaled(features)[:, 0]))
        for layer, past_LRH in zip(
            net.layers, past.split([2 * layer.dilation[0] for layer in net.layers], 1), strict=True
        ):
            taps = torch.cat([past_LRH[:, 0], past_LRH[:, layer.dilation[0]], x_LH], dim=1)
            kept += [past_LRH[:, 1:], x_LH[:, None]]
            x_LH = x_LH + torch.relu(_at_a_row(layer, taps))
        rul = torch.sigmoid(_at_a_row(net.leave, x_LH)) * (1.1 * net.cap)
        return rul, torch.cat(kept, dim=1)


def _at_a_row(layer: nn.Conv1d, taps: torch.Tensor) -> torch.Tensor:
    """A convolution at one place as a matrix product; `taps` holds its inputs, tap by tap."""
    return nn.functional.linear(taps, layer.weight.permute(0, 2, 1).flatten(1), layer.bias)
