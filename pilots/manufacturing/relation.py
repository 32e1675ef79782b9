"""How a fleet's sensors move together, so that a lost one can be told from the others.

The z-scores of a row are taken as jointly Gaussian: what a lost sensor would show is its conditional mean given the
sensors that are left (Anderson, An Introduction to Multivariate Statistical Analysis, section 2.5). Learned from
means over 15 rows, where wear stands out from noise; being linear it holds for single rows, too.

Axes: M machines, K sensors kept, T rows, R rows of all lives.
"""

from __future__ import annotations

import numpy as np
import torch

ROWS = 15  # rows averaged before the covariance is taken
RIDGE = 0.05  # of a unit variance: keeps two sensors that say the same from being played off against each other
LEAST = 0.2  # eigenvalues of the bond between lost sensors below this are taken for it: a loss of nearly everything


def precision(z_RK: np.ndarray, life_R: np.ndarray) -> np.ndarray:
    """Inverse covariance [K, K] of the sensors' means over the last rows of each life; NaN = no reading."""
    given_RK = np.isfinite(z_RK)
    sums = np.cumsum(np.hstack([np.where(given_RK, z_RK, 0.0), given_RK]), axis=0)
    sums = np.vstack([np.zeros((1, sums.shape[1])), sums])
    first_R = np.searchsorted(life_R, life_R)  # lives are contiguous and numbered upwards
    row_R = np.arange(len(life_R))
    total_RK, count_RK = np.hsplit(sums[row_R + 1] - sums[np.maximum(first_R, row_R + 1 - ROWS)], 2)
    mean_RK = np.where(count_RK > 0, total_RK / np.maximum(count_RK, 1), 0.0)
    both_KK = (count_RK > 0).T.astype(float) @ (count_RK > 0)
    covariance_KK = mean_RK.T @ mean_RK / np.maximum(both_KK, 1)  # pair by pair, hence perhaps not quite a covariance
    value_K, vector_KK = np.linalg.eigh(covariance_KK)
    return (vector_KK / (np.maximum(value_K, 0.0) + RIDGE)) @ vector_KK.T


def roots(bond_KK: np.ndarray, count: int) -> np.ndarray:
    """Where the error's polynomial vanishes: at 1, the bond of one lost sensor alone, then as Chebyshev has them."""
    high = np.linalg.eigvalsh(bond_KK)[-1]  # no principal submatrix exceeds it (Cauchy)
    angle_N = np.pi * (np.arange(count - 1) + 0.5) / (count - 1)
    return np.append(1.0, (high + LEAST) / 2 + (high - LEAST) / 2 * np.cos(angle_N))


def steps(bond_KK: np.ndarray, count: int) -> list[torch.Tensor]:
    """What `complete` multiplies lost sensors with, step by step: unit matrix less bond over root, [K, K] each."""
    return [torch.as_tensor(np.eye(len(bond_KK)) - bond_KK / root) for root in roots(bond_KK, count)]


def complete(u: torch.Tensor, good: torch.Tensor, steps_KK: list[torch.Tensor]) -> torch.Tensor:
    """`u` with everything that is not `good` replaced by its conditional mean given the good: [M, K, T].

    u         z-scores divided by their conditional spread; 0 where not good
    steps_KK  as from `steps`; the bond is the precision in these units, symmetric, with ones on its diagonal

    Solves bond_lost,lost u_lost = -bond_lost,good u_good in every row by Richardson's iteration with Chebyshev's
    steps (Golub & Van Loan, Matrix Computations, section 11.2.8): the same few products for every row, exact where
    one sensor is lost.
    """
    for step_KK in steps_KK:
        u = torch.where(good, u, step_KK @ u)
    return u
