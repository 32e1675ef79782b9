"""Muon for the convolutions, AdamW for all else (Jordan 2024; Loshchilov and Hutter 2019, ICLR).

Muon's step has the same length along every direction of a layer's weights, which here saves about a third of AdamW's
steps. Its state is two plain lists, so that a training can be put down and taken up again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

DECAY = 0.01  # of the weights, per step at rate 1
SLOW = 0.95  # of Muon's mean gradient
BETAS = 0.9, 0.98  # of AdamW's two means
LEAST = 32  # channels on both sides from which on a layer is worth the work
LIKE_ADAM = 0.2  # root mean square of an AdamW step at rate 1: both are driven by one rate (Liu et al. 2025)


class Descent:
    """Steps down the gradients of `parameters`; `first` and `second` are its running means, one tensor each."""

    def __init__(self, parameters: Iterable[nn.Parameter]):
        self.parameters = list(parameters)
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.count = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        self.count += 1
        for p, first, second in zip(self.parameters, self.first, self.second, strict=True):
            move = _muon if p.ndim == 4 and min(p.shape[:2]) >= LEAST else self._adam
            p.mul_(1 - rate * DECAY).sub_(move(p.grad, first, second), alpha=rate)
            p.grad = None

    def _adam(self, grad: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        first.lerp_(grad, 1 - BETAS[0])
        second.lerp_(grad.square(), 1 - BETAS[1])
        spread = (second / (1 - BETAS[1] ** self.count)).sqrt_().add_(1e-8)
        return first / spread / (1 - BETAS[0] ** self.count)


def _muon(grad: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    first.lerp_(grad, 1 - SLOW)
    x = orthogonal(grad.lerp(first, SLOW).flatten(1)).view_as(grad)
    return x * (LIKE_ADAM * math.sqrt(max(grad.shape[0], grad[0].numel())))


def orthogonal(x: torch.Tensor) -> torch.Tensor:
    """The nearest matrix of equal singular values, roughly: five turns of Newton and Schulz with Jordan's numbers."""
    x = (x / (x.norm() + 1e-7)).to(torch.bfloat16 if bfloat16_is_quick() else torch.float32)
    for _ in range(5):
        xx = x @ x.T
        x = 3.4445 * x + (2.0315 * xx @ xx - 4.7750 * xx) @ x
    return x.float()


def bfloat16_is_quick() -> bool:
    """The processor multiplies bfloat16 in hardware; elsewhere it is slower than float32."""
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))
