"""The quantiles every forecast states, and what a distribution of counts answers."""

from __future__ import annotations

from typing import Protocol

import numpy as np

SCORED = np.round(np.arange(1, 20) * 0.05, 2)  # 0.05 .. 0.95
LEVELS = np.array([0.025, *SCORED, 0.975])
SLACK = 1e-9  # the quantile at p is the smallest n with F(n) >= p - SLACK: rounding must not move a count


class Distribution(Protocol):
    """One distribution of a count per row and step: B rows, H steps."""

    mean_BH: np.ndarray

    def quantiles(self, levels_Q: np.ndarray) -> np.ndarray:
        """[B, H, Q] whole numbers: the smallest n with F(n) >= level."""
        ...

    def cdf(self, y_BH: np.ndarray) -> np.ndarray:
        """F(y), 0 below zero."""
        ...

    def crps(self, y_BH: np.ndarray) -> np.ndarray:
        """Continuous ranked probability score, in counts."""
        ...
