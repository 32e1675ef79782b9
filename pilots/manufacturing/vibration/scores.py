"""Scores of a classifier, with intervals from blocks of time: windows next to each other are alike.

Axes: W windows, C classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BLOCK = 2  # windows, so 1 s
DRAWS = 2000


def accuracy(p_WC: np.ndarray, state_W: np.ndarray) -> float:
    """Share of windows whose most probable class is the true one."""
    return float((p_WC.argmax(axis=1) == state_W).mean())


def balanced_accuracy(p_WC: np.ndarray, state_W: np.ndarray) -> float:
    """Mean over the states of the share found."""
    hit_W = p_WC.argmax(axis=1) == state_W
    return float(np.mean([hit_W[state_W == state].mean() for state in np.unique(state_W)]))


def brier(p_WC: np.ndarray, state_W: np.ndarray) -> float:
    """Mean squared distance of the probabilities from what was true, 0 to 2 (Brier 1950)."""
    return float(((p_WC - np.eye(p_WC.shape[1])[state_W]) ** 2).sum(axis=1).mean())


SCORES: dict[str, tuple[Callable, str]] = {
    "accuracy": (accuracy, "share of windows"),
    "balanced_accuracy": (balanced_accuracy, "mean share of windows over states"),
    "brier": (brier, "0 to 2"),
}


def draws(recording_W: np.ndarray, seed: int) -> list[np.ndarray]:
    """Window numbers of DRAWS bootstrap samples: whole blocks of time, drawn anew within each recording."""
    random, made = np.random.default_rng(seed), []
    blocks = []
    for recording in np.unique(recording_W):
        at = np.flatnonzero(recording_W == recording)
        blocks.append([at[i : i + BLOCK] for i in range(0, len(at), BLOCK)])
    for _ in range(DRAWS):
        picked = [b[i] for b in blocks for i in random.integers(0, len(b), len(b))]
        made.append(np.concatenate(picked))
    return made


def scored(p_WC: np.ndarray, naive_WC: np.ndarray, state_W: np.ndarray, recording_W: np.ndarray, seed: int) -> dict:
    """Each score with its 95 % interval and its naive value, as run.json wants them."""
    samples, metrics = draws(recording_W, seed), {}
    for name, (score, unit) in SCORES.items():
        low, high = np.percentile([score(p_WC[w], state_W[w]) for w in samples], [2.5, 97.5])
        value, naive = score(p_WC, state_W), score(naive_WC, state_W)
        metrics[name] = {"value": value, "unit": unit, "low": float(low), "high": float(high), "naive": naive}
    return metrics
