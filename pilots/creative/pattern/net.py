"""The velocity of the patterns' flow: a U-Net on the torus whose answer repeats as often as the kind asked for.

Every kind of pattern has shifts that leave it as it is. State and velocity are kept as they are under these shifts
("even"), so that all repeats of a figure are the same figure to the last bit of the net's precision. Where the figures
lie is read off the state and told to the net, which is left with what they look like.

Axes: B batch, S cells of a side, K kinds of patterns.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pilots.creative.data.patterns import library, symmetry
from pilots.creative.flow.net import EMBED, WAVES, Block, TorusConv

PATCH = 4  # cells of a field that are one place of the finest level
MULTIPLE = 4 * PATCH  # cells; rolls by multiples of it change nothing but the place
WIDTHS = (40, 80, 128)  # channels where a place is 4, 8 and 16 cells
DEEP = 3  # blocks of the coarsest level
SPREAD = 3.0  # cells, standard deviation of the library's fields
PLACE = 4  # cosines and sines that say where on its lattice a cell lies
OWN = 0.6  # of what the net is told of a kind belongs to the kind, the rest is its class's at the start


def unit(x: torch.Tensor) -> torch.Tensor:
    """Root mean square 1 over the channels of each place (Zhang, Sennrich 2019)."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-4)


class Net(nn.Module):
    """(x [B, 1, S, S], t [B], condition [B, K]) -> velocity, the same shape, from noise at t = 0 to field at 1.

    x is even, field and noise of it with standard deviation 1; so is the velocity even.
    """

    waves: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.even, self.place = Even(), Place()
        one, two, three = WIDTHS
        self.enter = TorusConv(1 + PLACE, one, kernel=3 * PATCH, stride=PATCH, around=PATCH)
        self.down_two, self.down_three = nn.Conv2d(one, two, 2, 2), nn.Conv2d(two, three, 2, 2)
        self.up_two, self.up_one = nn.ConvTranspose2d(three, two, 2, 2), nn.ConvTranspose2d(two, one, 2, 2)
        widths = [one, two, *[three] * DEEP, two, one]
        self.blocks = nn.ModuleList(Block(width) for width in widths)
        self.leave = TorusConv(one, PATCH * PATCH)
        nn.init.zeros_(self.leave.weight)
        of_class = torch.randn(len(library.NAMES), EMBED)[torch.from_numpy(library.CLASS_K)]
        self.picture = nn.Parameter((1 - OWN**2) ** 0.5 * of_class + OWN * torch.randn(len(library.KINDS), EMBED))
        self.time, self.mix = nn.Linear(WAVES, EMBED), nn.Linear(EMBED, EMBED)
        self.tell = nn.Linear(EMBED, 2 * sum(widths))
        nn.init.zeros_(self.tell.weight)
        self.register_buffer("waves", torch.pi * torch.arange(WAVES), persistent=False)
        self.parts = [width for width in widths for _ in range(2)]

    def forward(self, x: torch.Tensor, t: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        told = self.time(torch.cos(t[:, None] * self.waves)) + condition @ self.picture
        told = self.tell(functional.silu(self.mix(functional.silu(told))))[..., None, None].split(self.parts, dim=1)
        blocks = [lambda x, i=i: self.blocks[i](x, 1 + told[2 * i], told[2 * i + 1]) for i in range(len(self.blocks))]
        one = blocks[0](self.enter(torch.cat([x, self.place(x, condition)], 1)))
        two = blocks[1](self.down_two(one))
        three = self.down_three(two)
        for block in blocks[2:-2]:
            three = block(three)
        two = blocks[-2](two + self.up_two(three))
        one = blocks[-1](one + self.up_one(two))
        found = self.even(functional.pixel_shuffle(self.leave(unit(one)), PATCH).float(), condition)
        t = t[:, None, None, None]
        # What the velocity would be if every cell were white noise of its own: the net learns the rest.
        return found + x * ((2 * t - 1) / (t * t + (1 - t) * (1 - t)))


class Even(nn.Module):
    """(fields [B, 1, S, S], condition [B, K]) -> the same with every repeat of the kind's pattern the mean of all.

    A product with the kind's mask between two discrete Fourier transforms, which are written as products of matrices:
    OpenVINO and ONNX Runtime then need nothing special, and 64 cells make them cheap.
    """

    masks: torch.Tensor
    cos: torch.Tensor
    sin: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        kinds = range(len(library.KINDS))
        masks = np.stack([symmetry.frequencies(kind) for kind in kinds]).reshape(len(kinds), -1)
        self.register_buffer("masks", torch.from_numpy(masks), persistent=False)
        turn = 2 * torch.pi / library.SIZE * torch.outer(*2 * [torch.arange(library.SIZE, dtype=torch.float64)])
        self.register_buffer("cos", torch.cos(turn).float(), persistent=False)
        self.register_buffer("sin", torch.sin(turn).float(), persistent=False)

    def forward(self, fields: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", enabled=False):
            mask = (condition @ self.masks).view(-1, 1, library.SIZE, library.SIZE) / library.SIZE**2
            c, s = self.cos, self.sin
            by_c, by_s = fields @ c, fields @ s
            real, imaginary = mask * (c @ by_c - s @ by_s), mask * (c @ by_s + s @ by_c)
            return c @ (real @ c + imaginary @ s) + s @ (imaginary @ c - real @ s)


class Place(nn.Module):
    """(fields [B, 1, S, S], condition [B, K]) -> [B, PLACE, S, S]: where on its lattice each cell lies.

    Cosine and sine of the kind's two waves, in the phases that they have in the field. On the straight way from noise
    to a field of the same phases they do not move, and what is rolled takes them along.
    """

    waves: torch.Tensor
    there: torch.Tensor
    cells: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        of_kind = [[*symmetry.waves(kind), (0, 0)][:2] for kind in range(len(library.KINDS))]
        of_kind = torch.tensor(of_kind, dtype=torch.float32)  # [K, 2, (p, q)]
        self.register_buffer("waves", of_kind.flatten(1), persistent=False)
        self.register_buffer("there", of_kind.abs().amax(2).clamp(max=1), persistent=False)
        self.register_buffer("cells", 2 * torch.pi / library.SIZE * torch.arange(library.SIZE), persistent=False)

    def forward(self, fields: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", enabled=False):
            wave = (condition @ self.waves).view(-1, 2, 2, 1, 1)
            angle = wave[:, :, 0] * self.cells + wave[:, :, 1] * self.cells[:, None]
            cos, sin = torch.cos(angle), torch.sin(angle)
            a, b = (fields * cos).sum((2, 3), keepdim=True), (fields * sin).sum((2, 3), keepdim=True)
            strength = (condition @ self.there)[..., None, None] * torch.rsqrt(a * a + b * b + 1e-6)
            return torch.cat([(a * cos + b * sin) * strength, (a * sin - b * cos) * strength], 1)


class Velocity(nn.Module):
    """(state [B, 1, S, S], t [B], condition [B, K]) -> velocity, for a state that begins as plain white noise.

    Of white noise only what is even matters, made as strong as its repeats are many; the rest is let go of on the
    straight way to nothing, for no field of the kind holds any of it.
    """

    loud: torch.Tensor

    def __init__(self, net: Net):
        super().__init__()
        self.net = net
        self.register_buffer("loud", _loud(), persistent=False)

    def forward(self, state: torch.Tensor, t: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        loud = (condition @ self.loud)[..., None, None]
        even = self.net.even(state, condition)
        rest = (state - even) / (1 - t[:, None, None, None]).clamp(min=1e-4)
        return self.net(loud * even, t, condition) / loud - rest


def _loud() -> torch.Tensor:
    """[K, 1]: how much stronger the noise of one repeat is than that of the mean of all."""
    return torch.tensor([[symmetry.repeats(kind) ** 0.5] for kind in range(len(library.KINDS))], dtype=torch.float32)


class Codec(nn.Module):
    """Fields as pictures in 0..1 (0.5 = the rim, 0 and 1 = FAR cells inside and outside) and as the flow's latent."""

    scale: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", 2 * library.FAR / SPREAD / _loud(), persistent=False)

    def encode(self, known: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        return (known - 0.5) * (condition @ self.scale)[..., None, None]

    def decode(self, latent: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        return latent / (condition @ self.scale)[..., None, None] + 0.5


class Plain(nn.Module):
    """No last touch: (latent, length of the last step, condition) -> latent."""

    def forward(self, latent: torch.Tensor, dt: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        return latent
