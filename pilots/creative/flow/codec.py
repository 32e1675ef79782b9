"""Planes of a picture and the latent that the flow draws: colours decorrelated for each exemplar, every channel unit.

Axes: B batch, P planes, C latent channels, I training pictures, H and W pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

FAINT = 1.5 / 255  # standard deviation under which a channel says nothing; three grey planes leave one channel


class Codec(nn.Module):
    """encode(planes [B, P, H, W], condition [B, I]) -> [B, C, H, W]; decode is its inverse.

    The three colours are turned to their principal axes (brightness first), height and roughness are channels of
    their own; each is shifted and scaled to mean 0 and standard deviation 1 over its exemplar.
    """

    def __init__(self, mean_IP: torch.Tensor, into_ICP: torch.Tensor, back_IPC: torch.Tensor):
        super().__init__()
        self.register_buffer("mean", mean_IP)
        self.register_buffer("into", into_ICP)
        self.register_buffer("back", back_IPC)

    @classmethod
    def of(cls, pictures_IHWP: Sequence[np.ndarray]) -> Codec:
        """The codec of these pictures; a channel that is faint in all of them is left out."""
        found = [_axes(picture.reshape(-1, picture.shape[-1]).astype(np.float64)) for picture in pictures_IHWP]
        mean_IP, axes_IPC, std_IC = (np.stack(parts) for parts in zip(*found, strict=True))
        alive_C = (std_IC > FAINT).any(axis=0)
        alive_C[0] = True
        axes_IPC, std_IC = axes_IPC[..., alive_C], np.maximum(std_IC[:, alive_C], FAINT)
        into_ICP = (axes_IPC / std_IC[:, None]).swapaxes(1, 2)
        return cls(*(torch.tensor(x, dtype=torch.float32) for x in (mean_IP, into_ICP, axes_IPC * std_IC[:, None])))

    @property
    def channels(self) -> int:
        return self.back.shape[2]

    def encode(self, known: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        mean, into = _mixed(self.mean, condition), _mixed(self.into, condition)
        return _turned(into, known - mean[..., None, None])

    def decode(self, latent: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        mean, back = _mixed(self.mean, condition), _mixed(self.back, condition)
        return _turned(back, latent) + mean[..., None, None]


def _axes(x_NP: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean [P], axes [P, C] and standard deviations [C] of one exemplar's pixels."""
    mean_P = x_NP.mean(axis=0)
    planes = x_NP.shape[1]
    axes_PC = np.eye(planes)
    _, vectors = np.linalg.eigh(np.cov(x_NP[:, :3].T))
    vectors = vectors[:, ::-1]  # the strongest first
    strongest = np.abs(vectors).argmax(axis=0)
    vectors *= np.sign(vectors[strongest, range(3)])  # an axis has no sign of its own
    axes_PC[:3, :3] = vectors
    return mean_P, axes_PC, ((x_NP - mean_P) @ axes_PC).std(axis=0)


def _mixed(table: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
    """Rows of a table over the training pictures, mixed by the weights of `condition`."""
    return (condition @ table.flatten(1)).view(-1, *table.shape[1:])


def _turned(matrix: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """`matrix` [B, O, C] times the channels of `x` [B, C, H, W]: products and sums, channel by channel."""
    parts = [matrix[:, :, c, None, None] * x[:, c : c + 1] for c in range(matrix.shape[2])]
    return sum(parts[1:], parts[0])
