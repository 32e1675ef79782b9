"""Why a machine's remaining life is short: how many rows of it each sensor takes away, from the bundle alone.

A sensor's history is replaced by what a healthy machine shows in the same operating conditions, and the bundle is asked
again. Sensors overlap (one wear shows in several), so a sensor replaced alone tells too little and one left over as
the last tells too much, or the other way round. The mean of both is its Shapley value (Shapley 1953; with a baseline:
Sundararajan & Najmi 2020, ICML) wherever sensors act alone or in pairs, for 2 copies of the log a sensor and not 2^S.

Wrong where the forecast is: the shares explain what the model says, not the machine. `healthy` is the median of young
machines, so a sensor that always read a little high on this one counts as a reason.

Axes: T rows of one machine, F channels, S sensors with readings, B copies of the machine's log.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS_OF_A_BATCH = 32_768  # rows of all copies in one call; more are not faster and take memory

AS_READ = np.array(0, np.float32)  # a healthy level stands still, which the bundle would take for a stuck sensor


@dataclass(frozen=True)
class Reason:
    """One sensor's part in one machine's forecast. `str(reason)` is the line that a person reads.

    now        its reading in the last row, in `unit`; NaN = none there
    low, high  5 % and 95 % of young machines in the condition of the last row, in `unit`
    rows       remaining life that this sensor takes away; negative = it gives some; a machine's add up to `total`
    total      remaining life with every sensor healthy, less the forecast
    life_unit  what `rows` and `total` are counted in
    """

    sensor: str
    unit: str
    now: float
    low: float
    high: float
    rows: float
    total: float
    life_unit: str

    def __str__(self) -> str:
        """ "vibration 4.1 mm/s, healthy 1.9–2.4, +38 of 51 days" """
        return f"{self.reading}, {self.takes}"

    @property
    def reading(self) -> str:
        """ "vibration 4.1 mm/s, healthy 1.9–2.4" """
        digits, known = decimals(self.high - self.low), math.isfinite(self.now)
        unit = f" {self.unit}" if self.unit not in ("", "-") else ""
        said = f"{self.sensor} {self.now:.{digits}f}{unit}" if known else f"{self.sensor} without a reading now"
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return said
        low, high = f"{self.low:.{digits}f}", f"{self.high:.{digits}f}"
        band = low if low == high else f"{low} to {high}" if self.low < 0 else f"{low}–{high}"
        return f"{said}, healthy {band}{'' if known else unit}"

    @property
    def takes(self) -> str:
        """ "+38 of 51 days"; without the whole where this part of it is larger (others give life) or it is nothing."""
        if not (math.isfinite(self.rows) and math.isfinite(self.total)):
            return "share unknown"
        part, whole = round(self.rows), round(self.total)
        return f"{part:+d}{f' of {whole}' if whole >= max(1, part) else ''} {self.life_unit}"


def reasons(
    ask: Callable[..., Mapping[str, np.ndarray]], channels: Sequence[Mapping[str, Any]], life_unit: str,
    logs: Sequence[np.ndarray],
) -> list[list[Reason]]:  # fmt: skip
    """For each log [T, F], as of its last row: every sensor that has readings, what takes most life first.

    ask  the graph: (readings [B, T, F], length [B]) -> rul [B, T], healthy, healthy_low, healthy_high [B, T, F]
    """
    return [_of_one(ask, channels, life_unit, x_TF) for x_TF in logs]


def _of_one(ask: Callable, channels: Sequence[Mapping[str, Any]], life_unit: str, x_TF: np.ndarray) -> list[Reason]:
    said = ask(readings=x_TF[None], length=np.array([len(x_TF)]))
    healthy_TF = said["healthy"][0]
    # A gap stays a gap in every copy: only values are compared, not whether there are any.
    swap_TF = np.isfinite(x_TF) & np.isfinite(healthy_TF)
    sensors = [f for f, c in enumerate(channels) if c["role"] == "sensor" and swap_TF[:, f].any()]
    if not sensors:
        return []
    swapped_BF = np.zeros((2 * len(sensors) + 2, len(channels)), bool)
    swapped_BF[:, sensors] = copies(len(sensors))
    part = max(1, ROWS_OF_A_BATCH // len(x_TF))  # copies that fit one call; a year of hours needs a few calls
    rul_B = np.concatenate(
        [
            _last_rul(ask, np.where(swapped_BF[at : at + part, None, :] & swap_TF, healthy_TF, x_TF))
            for at in range(0, len(swapped_BF), part)
        ]
    )
    rows_S, total = shares(rul_B)
    low_F, high_F = said["healthy_low"][0, -1], said["healthy_high"][0, -1]
    found = [
        Reason(
            channels[f]["name"], channels[f]["unit"], *(float(v[f]) for v in (x_TF[-1], low_F, high_F)),
            float(rows), total, life_unit,
        )
        for f, rows in zip(sensors, rows_S, strict=True)
    ]  # fmt: skip
    return sorted(found, key=lambda reason: -reason.rows)


def copies(sensors: int) -> np.ndarray:
    """Which sensors are healthy in which copy, [B, S]: none, all, each alone, all but each."""
    alone_SS = np.eye(sensors, dtype=bool)
    return np.concatenate([np.zeros((1, sensors), bool), np.ones((1, sensors), bool), alone_SS, ~alone_SS])


def shares(rul_B: np.ndarray) -> tuple[np.ndarray, float]:
    """Rows of life that each sensor takes, and all together, from the forecasts of `copies`; the shares add up.

    What three and more sensors do only together is given to them by the size of their shares.
    """
    rul_B = rul_B.astype(np.float64)
    worn, well = rul_B[:2]
    alone_S, all_but_S = rul_B[2:].reshape(2, -1)
    mean_S = ((alone_S - worn) + (well - all_but_S)) / 2
    total, size_S = well - worn, np.abs(mean_S)
    whole = size_S.sum()
    weight_S = size_S / whole if whole > 0 else np.full(len(mean_S), 1 / len(mean_S))
    return mean_S + (total - mean_S.sum()) * weight_S, float(total)


def decimals(width: float) -> int:
    """Digits behind the point that tell values apart within a band of this width."""
    return max(0, -math.floor(math.log10(width / 2))) if 0 < width < math.inf else 2


def _last_rul(ask: Callable, x_BTF: np.ndarray) -> np.ndarray:
    length_B = np.full(len(x_BTF), x_BTF.shape[1])
    return ask(readings=x_BTF.astype(np.float32, copy=False), length=length_B, judge=AS_READ)["rul"][:, -1]
