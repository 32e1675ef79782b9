"""Many small lasso problems at once, each solved exactly.

Block principal pivoting: Kim and Park (2010), Fast active-set-type algorithms for l1-regularized linear regression,
AISTATS. Axes: S problems, C variables.
"""

from __future__ import annotations

import numpy as np

SLACK = 1e-10  # of the penalty: how far a gradient may lie above it by rounding
PATIENCE = 3  # whole-block exchanges without progress before variables are exchanged one by one (Murty's rule)
STEPS = 500  # ends on its own long before, unless rounding makes a problem go round


def lasso(
    gram_SCC: np.ndarray, pull_SC: np.ndarray, penalty_S: np.ndarray, sign_SC: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """argmin x'Gx/2 - pull'x + penalty |x|_1: x_SC and its signs; `sign_SC` (-1, 0, 1) is where the search starts."""
    x_SC, sign_SC = np.zeros_like(pull_SC), sign_SC.copy()
    series, changes = pull_SC.shape
    if not changes:
        return x_SC, sign_SC
    best_S, patience_S, open_ = np.full(series, changes + 1), np.full(series, PATIENCE), np.arange(series)
    for _ in range(STEPS):
        sign, gram, penalty = sign_SC[open_], gram_SCC[open_], penalty_S[open_, None]
        x = _with_signs(gram, pull_SC[open_] - penalty * sign, sign)
        left = pull_SC[open_] - np.einsum("sij,sj->si", gram, x)
        wrong = np.where(sign != 0, sign * x < 0, np.abs(left) > penalty * (1 + SLACK))
        count = wrong.sum(axis=1)
        better = count < best_S[open_]
        best_S[open_] = np.minimum(best_S[open_], count)
        patience_S[open_] = np.where(better, PATIENCE, patience_S[open_] - 1)
        alone = patience_S[open_] < 0
        last = changes - 1 - np.argmax(wrong[:, ::-1], axis=1)
        wrong[alone] &= np.arange(changes) == last[alone, None]
        sign_SC[open_] = np.where(wrong, np.where(sign != 0, 0, np.sign(left)), sign)
        x_SC[open_] = x
        open_ = open_[count > 0]
        if not len(open_):
            break
    return x_SC, sign_SC


def _with_signs(gram: np.ndarray, pull: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """The minimum where the variables of sign 0 stay 0; only as many equations as the fullest problem has."""
    active = sign != 0
    most = int(active.sum(axis=1).max())
    if not most:
        return np.zeros_like(pull)
    first = np.argsort(~active, axis=1, kind="stable")[:, :most]
    used = np.take_along_axis(active, first, axis=1)
    rows = np.arange(len(gram))[:, None, None]
    small = np.where(used[:, :, None] & used[:, None, :], gram[rows, first[:, :, None], first[:, None, :]], 0.0)
    small[:, np.arange(most), np.arange(most)] += ~used
    solved = np.linalg.solve(small, np.where(used, np.take_along_axis(pull, first, axis=1), 0.0)[..., None])[..., 0]
    x = np.zeros_like(pull)
    np.put_along_axis(x, first, np.where(used, solved, 0.0), axis=1)
    return x
