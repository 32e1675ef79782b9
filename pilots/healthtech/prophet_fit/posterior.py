"""Stan's negative log posterior of a fit, as Prophet's optimiser evaluates it (constants dropped).

Axes: S series, T periods, K feature columns.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pilots.healthtech.prophet_fit.features import columns, hinges
from pilots.healthtech.prophet_fit.fit import DEFAULTS, TREND_SCALE, Priors
from pilots.healthtech.prophet_onnx.parameters import Parameters


def negative_log_posterior(
    fit: Parameters,
    when_T: np.ndarray,
    y_ST: np.ndarray,
    priors: Priors = DEFAULTS,
    *,
    regressors: Mapping[str, np.ndarray] | None = None,
    conditions: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """objective_S; lower is better. Missing counts (NaN) have no say."""
    x_TK = columns(when_T, fit.structure, regressors, conditions)
    multiplies = np.array([mode == "multiplicative" for _, mode in fit.structure.columns], bool)
    found = np.empty(fit.series)
    for s in range(fit.series):
        rows = np.isfinite(y_ST[s])
        x_NK, t_N = x_TK[rows].copy(), (when_T[rows] - fit.start_S[s]) / fit.t_scale_S[s]
        if fit.structure.regressors:
            last = slice(-len(fit.structure.regressors), None)
            x_NK[:, last] = (x_NK[:, last] - fit.mean_SR[s]) / fit.std_SR[s]
        trend = fit.m_S[s] + fit.k_S[s] * t_N + hinges(t_N, fit.change_SC[s]) @ fit.delta_SC[s]
        beta, sigma = fit.beta_SK[s], fit.sigma_S[s]
        mean = trend * (1 + x_NK[:, multiplies] @ beta[multiplies]) + x_NK[:, ~multiplies] @ beta[~multiplies]
        left = (y_ST[s, rows] - fit.floor_S[s]) / fit.y_scale_S[s] - mean
        prior = (fit.k_S[s] ** 2 + fit.m_S[s] ** 2) / (2 * TREND_SCALE**2) + ((beta / priors.columns) ** 2).sum() / 2
        prior += np.abs(fit.delta_SC[s]).sum() / priors.changepoints + 2 * sigma**2
        found[s] = prior + len(left) * np.log(sigma) + left @ left / (2 * sigma**2)
    return found
