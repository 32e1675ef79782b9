"""From noise to a picture along a time grid, in PyTorch: what the exported graph must equal.

Axes: B batch, C latent channels, P planes, I training pictures, H and W pixels (multiples of 8), N points in time.
"""

from __future__ import annotations

from torch import nn


class Step(nn.Module):
    """(state, t [1], dt [1], condition, noise, target, mask) -> the state one Euler step later, what is known kept."""

    def __init__(self, velocity: nn.Module):
        super().__init__()
        self.velocity = velocity

    def forward(self, state, t, dt, condition, noise, target, mask):
        moved = state + dt * self.velocity(state, t.expand(state.shape[0]), condition)
        return held(moved, t + dt, noise, target, mask)


def held(state, t, noise, target, mask):
    """`state`, but where `mask` is 0 the known picture's own way from its noise."""
    return mask * state + (1 - mask) * ((1 - t) * noise + t * target)


class Sampler(nn.Module):
    """forward(noise, state, grid, condition, known, mask) -> picture [B, P, H, W] in 0..1, next state [B, C, H, W].

    What is known comes back as it was given. The last step's length is known to `finish`: the longer it is, the more
    there is to be put right.
    """

    def __init__(self, velocity: nn.Module, codec: nn.Module, finish: nn.Module):
        super().__init__()
        self.step, self.codec, self.finish = Step(velocity), codec, finish

    def forward(self, noise, state, grid, condition, known, mask):
        target = self.codec.encode(known, condition)
        state = held(state, grid[:1], noise, target, mask)
        for k in range(len(grid) - 1):
            state = self.step(
                state, grid[k : k + 1], grid[k + 1 : k + 2] - grid[k : k + 1], condition, noise, target, mask
            )
        return self.picture(state, grid[-1:] - grid[-2:-1], condition, known, mask), state

    def picture(self, state, dt, condition, known, mask):
        made = self.codec.decode(self.finish(state, dt, condition), condition).clamp(0, 1)
        return mask * made + (1 - mask) * known


class Encode(nn.Module):
    """(noise, state, grid, condition, known, mask) -> target, state at grid[0]: what comes before the steps."""

    def __init__(self, sampler: Sampler):
        super().__init__()
        self.codec = sampler.codec

    def forward(self, noise, state, grid, condition, known, mask):
        target = self.codec.encode(known, condition)
        return target, held(state, grid[:1], noise, target, mask)


class Decode(nn.Module):
    """(next, grid, condition, known, mask) -> picture: what comes after the steps."""

    def __init__(self, sampler: Sampler):
        super().__init__()
        self.sampler = sampler

    def forward(self, state, grid, condition, known, mask):
        return self.sampler.picture(state, grid[-1:] - grid[-2:-1], condition, known, mask)
