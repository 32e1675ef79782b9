"""Convolutions that go round: what leaves a picture on the right comes back on the left.

The surroundings are cut from the other side and joined on (Slice and Concat), which every ONNX runtime knows;
`padding_mode="circular"` would become Pad(mode=wrap), which some refuse.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class TorusConv2d(nn.Conv2d):
    """A Conv2d whose padding is taken from the opposite side.

    around   left, right, top, bottom; pixels
    """

    around: tuple[int, int, int, int]

    def _conv_forward(self, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        return F.conv2d(wrap(input, self.around), weight, bias, self.stride, 0, self.dilation, self.groups)


def wrap(x_BCHW: torch.Tensor, around: tuple[int, int, int, int]) -> torch.Tensor:
    """The picture with `around` (left, right, top, bottom) pixels of its other sides."""
    left, right, top, bottom = around
    rows = [x_BCHW[:, :, -top:]] * (top > 0) + [x_BCHW] + [x_BCHW[:, :, :bottom]] * (bottom > 0)
    x_BCHW = torch.cat(rows, 2) if len(rows) > 1 else x_BCHW
    columns = [x_BCHW[..., -left:]] * (left > 0) + [x_BCHW] + [x_BCHW[..., :right]] * (right > 0)
    return torch.cat(columns, 3) if len(columns) > 1 else x_BCHW


def make_periodic(net: nn.Module) -> int:
    """Turn every padded convolution of `net` into one that goes round, in place; how many there were."""
    from diffusers.models.downsampling import Downsample2D

    turned = 0
    for module in net.modules():
        if isinstance(module, Downsample2D) and module.use_conv and module.padding == 0:
            _go_round(module.conv, (0, 1, 0, 1))  # it would add zeros at the right and below by itself
            module.padding = 1  # and now believes that the convolution does it
            turned += 1
    for module in net.modules():
        if isinstance(module, nn.Conv2d) and not isinstance(module, TorusConv2d) and module.padding not in (0, (0, 0)):
            left, right, top, bottom = module._reversed_padding_repeated_twice
            _go_round(module, (left, right, top, bottom))
            turned += 1
    return turned


def _go_round(conv: nn.Conv2d, around: tuple[int, int, int, int]) -> None:
    conv.__class__ = TorusConv2d  # same weights, same place in the net: only the padding differs
    conv.around = around
