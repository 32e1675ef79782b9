"""A strictly local U-Net on the torus: the velocity of a rectified flow (Liu, Gong, Liu 2023, ICLR).

Axes: B batch, C latent channels, H and W pixels (multiples of 8), I training pictures.
No attention and no statistics over places: what happens at a pixel depends on its neighbourhood alone.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

MULTIPLE = 8  # pixels of a cell of the coarsest level
WIDTHS = (32, 64, 128)  # channels where a cell is 2, 4 and 8 pixels
DEEP = 3  # blocks of the coarsest level
EMBED = 128  # length of what the net is told of time and picture
WAVES = 16  # cosines that stand for the time


def wrap(x: torch.Tensor, n: int) -> torch.Tensor:
    """`x` [B, C, H, W] continued by `n` on every side as on a torus; slices, for OpenVINO knows no Pad(wrap)."""
    x = torch.cat([x[..., -n:, :], x, x[..., :n, :]], dim=-2)
    return torch.cat([x[..., -n:], x, x[..., :n]], dim=-1)


class TorusConv(nn.Conv2d):
    """A convolution whose picture has no border; `around` cells of the other side stand beyond each one."""

    def __init__(self, inside: int, outside: int, kernel: int = 3, stride: int = 1, around: int = 1):
        super().__init__(inside, outside, kernel, stride)
        self.around = around

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(wrap(x, self.around) if self.around else x)


class Block(nn.Module):
    """x + conv(relu(conv(x of unit size, scaled and shifted by time and picture)))."""

    def __init__(self, width: int):
        super().__init__()
        once = width < WIDTHS[-1]  # wide fields are continued once for both convolutions, small ones for each: quicker
        self.first = TorusConv(width, width, around=2 if once else 1)
        self.second = TorusConv(width, width, around=0 if once else 1)
        nn.init.zeros_(self.second.weight)
        self.register_buffer("even", torch.full((1, width, 1, 1), 1 / width), persistent=False)

    def forward(self, x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        return x + self.second(torch.relu(self.first(self.unit(x) * scale + shift)))

    def unit(self, x: torch.Tensor) -> torch.Tensor:
        """Root mean square 1 over the channels of each pixel (Zhang, Sennrich 2019), the mean as a product."""
        return x * torch.rsqrt(functional.conv2d(x * x, self.even) + 1e-4)


class Velocity(nn.Module):
    """(state [B, C, H, W], t [B], condition [B, I]) -> velocity [B, C, H, W], from noise at t = 0 to picture at 1."""

    def __init__(self, channels: int, images: int):
        super().__init__()
        one, two, three = WIDTHS
        self.enter = TorusConv(channels, one, kernel=6, stride=2, around=2)  # 3x3 on cells of 2x2 pixels
        self.down_two, self.down_three = nn.Conv2d(one, two, 2, 2), nn.Conv2d(two, three, 2, 2)
        self.up_two, self.up_one = nn.ConvTranspose2d(three, two, 2, 2), nn.ConvTranspose2d(two, one, 2, 2)
        widths = [two, *[three] * DEEP, two, one]
        self.blocks = nn.ModuleList(Block(width) for width in widths)
        self.leave = TorusConv(one, 4 * channels)
        nn.init.zeros_(self.leave.weight)
        self.picture = nn.Parameter(torch.randn(images, EMBED))
        self.time = nn.Linear(WAVES, EMBED)
        self.mix = nn.Linear(EMBED, EMBED)
        self.tell = nn.Linear(EMBED, 2 * sum(widths))
        nn.init.zeros_(self.tell.weight)
        self.register_buffer("waves", torch.pi * torch.arange(WAVES), persistent=False)
        self.parts = [width for width in widths for _ in range(2)]

    def forward(self, state: torch.Tensor, t: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        told = self.time(torch.cos(t[:, None] * self.waves)) + condition @ self.picture
        told = self.tell(functional.silu(self.mix(functional.silu(told))))[..., None, None].split(self.parts, dim=1)
        blocks = [lambda x, i=i: self.blocks[i](x, 1 + told[2 * i], told[2 * i + 1]) for i in range(len(self.blocks))]
        one = torch.relu(self.enter(state))
        two = blocks[0](self.down_two(one))
        x = self.down_three(two)
        for block in blocks[1:-2]:
            x = block(x)
        x = blocks[-2](two + self.up_two(x))
        x = blocks[-1](one + self.up_one(x))
        found = functional.pixel_shuffle(self.leave(x), 2)
        t = t[:, None, None, None]
        # What the velocity would be if every pixel were white noise of its own: the net learns the rest.
        return found + state * ((2 * t - 1) / (t * t + (1 - t) * (1 - t)))
