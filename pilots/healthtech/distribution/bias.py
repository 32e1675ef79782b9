"""How far a series' forecasts lie too high or too low of late, as a factor per band of steps.

Axes: O origins, S series, H steps, G bands, M blocks of neighbouring origins.
"""

from __future__ import annotations

import numpy as np

from pilots.healthtech.distribution.recalibrate import bands

MOST = 2.0  # a factor beyond 1/2 to 2 is a broken forecast, not a bias
BLOCKS = 6  # origins near one another share their luck: the error is that of blocks


def fit_bias(mean_OSH: np.ndarray, y_OSH: np.ndarray, weight_O: np.ndarray) -> np.ndarray:
    """factor_SH, 1 throughout unless factors learnt on earlier origins made the later third's absolute error smaller.

    Each factor goes from 1 towards what was seen as far as that exceeds its own sampling error.
    """
    origins, cut = len(y_OSH), len(y_OSH) // 3
    none_SH = np.ones(y_OSH.shape[1:])
    if cut < BLOCKS:
        return none_SH
    learn, check = slice(0, origins - cut - cut // 3), slice(origins - cut, origins)
    tried_SH = _factors(mean_OSH[learn], y_OSH[learn], weight_O[learn] / weight_O[learn][-1])
    with_S, without_S = (
        np.nansum(np.abs(y_OSH[check] - mean_OSH[check] * factor_SH), axis=(0, 2)) for factor_SH in (tried_SH, none_SH)
    )
    helps = (with_S / np.maximum(without_S, 1e-9))[without_S > 0].mean() < 1 if (without_S > 0).any() else False
    return _factors(mean_OSH, y_OSH, weight_O) if helps else none_SH


def _factors(mean_OSH: np.ndarray, y_OSH: np.ndarray, weight_O: np.ndarray) -> np.ndarray:
    band_H = bands(y_OSH.shape[2])
    known = np.isfinite(y_OSH) & np.isfinite(mean_OSH)
    weighted = weight_O[:, None, None] * known
    over_OSH, base_OSH = (np.where(known, x, 0) * weighted for x in (y_OSH - mean_OSH, mean_OSH))
    factor_GS = []
    for g in range(int(band_H.max()) + 1):
        over_OS, base_OS = (x[..., band_H == g].sum(axis=2) for x in (over_OSH, base_OSH))
        base_S = np.maximum(base_OS.sum(axis=0), 1e-9)
        bias_S = over_OS.sum(axis=0) / base_S
        off_MS = [part.sum(axis=0) for part in np.array_split(over_OS - bias_S * base_OS, BLOCKS)]
        error_S = (np.square(off_MS).sum(axis=0) * BLOCKS / (BLOCKS - 1)) / base_S**2
        sure_S = np.maximum(0, 1 - error_S / np.maximum(bias_S**2, 1e-12))
        factor_GS.append(np.clip(1 + sure_S * bias_S, 1 / MOST, MOST))
    return np.stack(factor_GS, axis=1)[:, band_H]
