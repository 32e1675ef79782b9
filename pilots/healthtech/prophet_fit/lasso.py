"""Many small lasso problems at once, each solved exactly by an active set.

A coefficient enters where the gradient asks for it most; all move towards the minimum for the signs they have, and stop
where the first of them reaches 0, which then leaves. Every move lowers the objective, so it ends. Feature-sign search:
Lee, Battle, Raina and Ng (2006), Efficient sparse coding algorithms, NIPS. Axes: S problems, C variables in an order in
which neighbours resemble each other: of neighbours that ask to enter at once, the one that asks most does.
"""

from __future__ import annotations

import numpy as np

SLACK = 1e-9  # of the penalty: how far a gradient may lie above it by rounding
STEPS = 500  # ends on its own long before, unless rounding makes a problem go round


def lasso(gram_SCC: np.ndarray, pull_SC: np.ndarray, penalty_S: np.ndarray, start_SC: np.ndarray) -> np.ndarray:
    """x_SC = argmin x'Gx/2 - pull'x + penalty |x|_1, searched for from `start_SC`."""
    x_SC = start_SC.copy()
    if not x_SC.shape[1]:
        return x_SC
    sign_SC, open_ = np.sign(x_SC), np.arange(len(x_SC))
    for _ in range(STEPS):
        x, sign, gram, pull, penalty = x_SC[open_], sign_SC[open_], gram_SCC[open_], pull_SC[open_], penalty_S[open_]
        goal = _with_signs(gram, pull - penalty[:, None] * sign, sign)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(sign * goal < 0, x / (x - goal), 1.0)  # 0 to 1: how far until it is 0
        far = reach.min(axis=1, keepdims=True)
        whole = far[:, 0] == 1
        x = np.where(whole[:, None], goal, np.where(reach > far, x + far * (goal - x), 0.0))
        sign = np.where(whole[:, None] | (reach > far), sign, 0.0)
        left = pull - np.einsum("sij,sj->si", gram, x)
        asks = np.where(sign == 0, np.abs(left) - penalty[:, None] * (1 + SLACK), 0.0)
        asks[~whole] = 0
        enters = (asks > 0) & (asks >= np.pad(asks, ((0, 0), (1, 0)))[:, :-1])
        enters &= asks > np.pad(asks, ((0, 0), (0, 1)))[:, 1:]
        x_SC[open_], sign_SC[open_] = x, np.where(enters, np.sign(left), sign)
        open_ = open_[~whole | enters.any(axis=1)]
        if not len(open_):
            break
    return x_SC


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
