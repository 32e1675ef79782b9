"""The last touch on a drawn latent: strength of bands and spread of values as in the exemplar (Heeger, Bergen 1995).

A sampler of few steps draws softly. What it lacks is measured once after training, on pictures drawn in the manner of
each exemplar, beside the exemplar's own left part; the cure is a small filter and a monotone curve, both local. What
small pieces then still lack is put right in `transport`.
Axes: S step lengths, I training pictures, B batch, C latent channels, K bands, Q bends of the curve, H and W pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from pilots.creative.flow import transport
from pilots.creative.flow.net import wrap

REACH = (1, 2, 4)  # pixels between the taps of each low-pass
BANDS = 3 * len(REACH) + 1  # fine along both axes, along one, along the other, at each reach; and what is left
REST = sum(REACH)  # pixels that the filter looks to either side
LOOKS = REST + transport.REACH  # and the whole last touch
BENDS = 12  # of the curve
ROUNDS = 4  # the curve changes the bands a little, so both are found in turns
LEAST, MOST = 0.3, 4.0  # gain of a band


class Finish(nn.Module):
    """(latent [B, C, H, W], length of the last step [1], condition [B, I]) -> latent.

    spans  lengths of the last step for which the cure is known, rising; between them it is mixed
    """

    def __init__(self, spans: list[float], images: int, channels: int):
        super().__init__()
        many = (len(spans), images, channels)
        self.register_buffer("spans", torch.tensor(spans, dtype=torch.float32))
        self.register_buffer("gain", torch.ones(*many, BANDS))
        self.register_buffer("bend", torch.zeros(*many, BENDS))  # where the curve bends, and by how much
        self.register_buffer("turn", torch.zeros(*many, BENDS))
        self.register_buffer("start", torch.zeros(*many, 2))  # height at 0 and slope before the first bend
        self.start[..., 1] = 1
        self.transport = transport.Transport(images, channels)

    def forward(self, latent: torch.Tensor, dt: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        return self.transport(self.shaped(latent, dt, condition), condition)

    def shaped(self, latent: torch.Tensor, dt: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Bands and values put right."""
        gain, bend, turn, start = (self._mixed(x, dt, condition) for x in (self.gain, self.bend, self.turn, self.start))
        x = sum(part * gain[..., k] for k, part in enumerate(bands(latent)))
        y = start[..., 0] + start[..., 1] * x
        for q in range(BENDS):
            y = y + turn[..., q] * torch.relu(x - bend[..., q])
        return y

    def _mixed(self, table: torch.Tensor, dt: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """[B, C, 1, 1, N]: the row of the last step's length and of the picture, mixed where it lies between."""
        past = ((dt - self.spans[:-1]) / (self.spans[1:] - self.spans[:-1])).clamp(0, 1)
        several = len(self.spans) > 1
        here = torch.cat([1 - past[:1], past[:-1] - past[1:], past[-1:]]) if several else torch.ones_like(self.spans)
        of_picture = (here @ table.flatten(1)).view(table.shape[1], -1)
        return (condition @ of_picture).view(-1, table.shape[2], 1, 1, table.shape[3])

    @torch.no_grad()
    def learn(self, s: int, i: int, drawn_NCHW: torch.Tensor, true_CHW: torch.Tensor, periodic: bool) -> torch.Tensor:
        """Find the cure for pictures drawn in the manner of picture `i` with the last step `s`; gives them cured."""
        rows = slice(None) if periodic else slice(REST, -REST)
        true = [part[0, :, rows, REST:-REST].flatten(1) for part in bands(true_CHW[None])]
        wanted = torch.stack([part.std(1) for part in true], dim=1)  # [C, K]
        values = sum(true)
        dt, condition = self.spans[s : s + 1], torch.eye(self.gain.shape[1])[[i] * len(drawn_NCHW)]
        for _ in range(ROUNDS):
            self._learn_curve(s, i, drawn_NCHW, values)
            made = [part.transpose(0, 1).flatten(1).std(1) for part in bands(self.shaped(drawn_NCHW, dt, condition))]
            self.gain[s, i] = (self.gain[s, i] * wanted / torch.stack(made, dim=1).clamp(min=1e-3)).clamp(LEAST, MOST)
        self._learn_curve(s, i, drawn_NCHW, values)
        return self.shaped(drawn_NCHW, dt, condition)

    def _learn_curve(self, s: int, i: int, drawn: torch.Tensor, values: torch.Tensor) -> None:
        """The monotone curve from quantiles of what was drawn, with the present gains, to those of the exemplar."""
        gain = self.gain[s, i][None, :, None, None]
        x_CN = sum(part * gain[..., k] for k, part in enumerate(bands(drawn))).transpose(0, 1).flatten(1).numpy()
        level = np.concatenate([[0.002], (np.arange(BENDS - 1) + 0.5) / (BENDS - 1), [0.998]])
        for c, x in enumerate(x_CN):
            knots, heights = np.quantile(x, level), np.quantile(values[c].numpy(), level)
            knots += 1e-4 * np.arange(len(knots))  # two equal ones would have no slope between them
            slope = np.clip(np.diff(heights) / np.diff(knots), 0, 4)
            self.start[s, i, c, 0] = float(heights[0] - slope[0] * knots[0])
            self.start[s, i, c, 1] = float(slope[0])
            self.bend[s, i, c] = torch.tensor(knots[:-1], dtype=torch.float32)
            self.turn[s, i, c] = torch.tensor(np.diff(slope, prepend=slope[0]), dtype=torch.float32)


def bands(x: torch.Tensor) -> list[torch.Tensor]:
    """`x` [B, C, H, W] in BANDS parts that add up to it, fine ones first; on the torus."""
    parts = []
    for n in REACH:
        wide = wrap(x, n)
        smooth_y = 0.25 * (wide[..., : -2 * n, :] + wide[..., 2 * n :, :]) + 0.5 * wide[..., n:-n, :]
        smooth_x = 0.25 * (wide[..., n:-n, : -2 * n] + wide[..., n:-n, 2 * n :]) + 0.5 * x
        low = 0.25 * (smooth_y[..., : -2 * n] + smooth_y[..., 2 * n :]) + 0.5 * smooth_y[..., n:-n]
        smooth_y = smooth_y[..., n:-n]
        parts += [x - smooth_x - smooth_y + low, smooth_x - low, smooth_y - low]
        x = low
    return [*parts, x]
