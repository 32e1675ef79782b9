"""Expected counts of sites, trusts and regions that fit together, where earlier forecasts say that this helps.

Axes: O origins, S series (the B bottom ones first), H steps, N origins x steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pilots.healthtech.data.contract import Level

OWN = "own forecast"
METHODS = ("bottom-up", "WLS", "MinT")
LEARN = 0.6  # share of the earlier origins that weights are learnt on; the rest judges
WORTH = 0.01  # share of error that a method must save before a level leaves its own forecast
NOTHING = 0.005  # share of error that levels which add up may cost
FEWEST = 10  # origins below which nothing is judged
FLOOR = 0.1  # of its own forecast: a reconciled count never falls below, so none is negative


@dataclass(frozen=True)
class Reconciler:
    """One constant matrix: reconciled_SH = matrix_SS @ own_SH.

    method_by_level  what each level uses, by its name ("bottom" for the series that are sums of nothing)
    error_by_level   its mean absolute error on the judging origins as a share of the own forecasts'
    adds_up          whether all levels use one method, so that the parts of a sum give the sum
    """

    matrix_SS: np.ndarray
    method_by_level: dict[str, str]
    error_by_level: dict[str, dict[str, float]]

    @property
    def adds_up(self) -> bool:
        used = set(self.method_by_level.values())
        return len(used) == 1 and OWN not in used

    def apply(self, mean_OSH: np.ndarray) -> np.ndarray:
        """[..., S, H]; a step at which some series has no forecast keeps the own ones."""
        return np.where(
            np.isfinite(mean_OSH).all(axis=-2, keepdims=True),
            np.maximum(self.matrix_SS @ np.nan_to_num(mean_OSH), FLOOR * mean_OSH),
            mean_OSH,
        )

    def module(self) -> ReconcileGraph:
        return ReconcileGraph(self.matrix_SS)


class ReconcileGraph(torch.nn.Module):
    """forward(mean [S, H], series [S]) -> mean [S, H]; unchanged where not every series is asked for."""

    def __init__(self, matrix_SS: np.ndarray):
        super().__init__()
        self.register_buffer("matrix", torch.from_numpy(matrix_SS))
        self.register_buffer("every", torch.arange(len(matrix_SS)))

    def forward(self, mean: torch.Tensor, series: torch.Tensor) -> torch.Tensor:
        asked = (series[:, None] == self.every).double().amax(dim=0).amin() > 0
        known = (mean == mean).double().amin(dim=0, keepdim=True) > 0
        matrix = self.matrix[series][:, series]
        joined = torch.maximum(matrix @ torch.where(known, mean, 0.0), FLOOR * mean)
        return torch.where(known & asked, joined, mean)


def choose(mean_OSH: np.ndarray, y_OSH: np.ndarray, sums_SB: np.ndarray, levels: Sequence[Level]) -> Reconciler:
    """Per level, the method with the smallest error on origins later than those it was learnt on.

    mean_OSH, y_OSH  earlier forecasts, oldest first, and their outcomes (NaN = not known)
    sums_SB, levels  as in `Counts`

    One method serves all levels, so that they add up, if at no level its error is 0.5 % above the best there.
    """
    members = {"bottom": tuple(range(sums_SB.shape[1]))} | {level.name: level.member_S for level in levels}
    own = np.eye(len(sums_SB))
    cut = round(LEARN * len(y_OSH))
    if not levels or len(y_OSH) < FEWEST:
        return Reconciler(own, dict.fromkeys(members, OWN), {})
    tried = matrices(mean_OSH[:cut], y_OSH[:cut], sums_SB)
    error = {name: _errors(matrix, mean_OSH[cut:], y_OSH[cut:], members) for name, matrix in tried.items()}
    error_by_level = {level: {name: error[name][level] for name in tried} for level in members}
    method_by_level = _chosen(error_by_level)
    final = matrices(mean_OSH, y_OSH, sums_SB) | {OWN: own}
    matrix_SS = own.copy()
    for level, method in method_by_level.items():
        matrix_SS[list(members[level])] = final[method][list(members[level])]
    return Reconciler(matrix_SS, method_by_level, error_by_level)


def matrices(mean_OSH: np.ndarray, y_OSH: np.ndarray, sums_SB: np.ndarray) -> dict[str, np.ndarray]:
    """matrix_SS of each method whose weights can be learnt from these forecasts.

    Minimum trace (Wickramasuriya, Athanasopoulos and Hyndman 2019) with the errors' variances (WLS), or with their
    covariances shrunk towards these (MinT).
    """
    from hierarchicalforecast.methods import BottomUp, MinTrace  # seconds to import: only where there is a hierarchy

    series, bottom = sums_SB.shape
    order_S = np.r_[bottom:series, :bottom]  # the library wants the bottom last
    y_SN, mean_SN = (x.transpose(1, 0, 2).reshape(series, -1)[order_S] for x in (y_OSH, mean_OSH))
    asked, error_SN = {"S": sums_SB[order_S], "y_hat": mean_SN[:, :1]}, y_SN - mean_SN
    known_SN = np.isfinite(error_SN)
    known_S, whole_N = known_SN.sum(axis=1, keepdims=True), known_SN.all(axis=0)
    found = {"bottom-up": BottomUp().fit(**asked).P}
    if known_S.min() > 2:  # the library divides by all steps, known or not
        filled_SN = np.where(known_SN, error_SN, 0.0) * np.sqrt(known_SN.shape[1] / known_S)
        found["WLS"] = MinTrace("wls_var").fit(**asked, y_insample=filled_SN, y_hat_insample=0 * filled_SN).P
    if whole_N.sum() > 2:
        whole_SN = error_SN[:, whole_N]
        found["MinT"] = MinTrace("mint_shrink").fit(**asked, y_insample=whole_SN, y_hat_insample=0 * whole_SN).P
    back_S = np.argsort(order_S)
    return {name: sums_SB @ p_BS[:, back_S] for name, p_BS in found.items() if np.isfinite(p_BS).all()}


def _errors(
    matrix_SS: np.ndarray, mean_OSH: np.ndarray, y_OSH: np.ndarray, members: dict[str, tuple[int, ...]]
) -> dict[str, float]:
    """Mean absolute error as a share of the own forecast's, averaged over a level's series, where all have one."""
    mean_OSH = np.where(np.isfinite(mean_OSH).all(axis=1, keepdims=True), mean_OSH, np.nan)
    with_S, without_S = (np.nansum(np.abs(y_OSH - x), axis=(0, 2)) for x in (matrix_SS @ mean_OSH, mean_OSH))
    share_S = np.where(without_S > 0, with_S / np.where(without_S > 0, without_S, 1.0), 1.0)
    return {level: float(share_S[list(rows)].mean()) for level, rows in members.items()}


def _chosen(error_by_level: dict[str, dict[str, float]]) -> dict[str, str]:
    best = {}
    for level, error in error_by_level.items():
        name = min(error, key=error.__getitem__)
        best[level] = (name, error[name]) if error[name] < 1 - WORTH else (OWN, 1.0)
    loss = {
        name: max(error.get(name, np.inf) - best[level][1] for level, error in error_by_level.items())
        for name in METHODS
    }
    for_all = min(loss, key=loss.__getitem__)
    if loss[for_all] < NOTHING:
        return dict.fromkeys(best, for_all)
    return {level: method for level, (method, _) in best.items()}
