"""What the forecast is made of: how it moves with the hour, the weekday, the months and the calendar.

Read off the forecasts of the test, so it holds for every model; what was counted stands beside it.

Axes: O origins, S series, H steps, K members of a kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.healthtech.cells import Tested
from pilots.healthtech.kinds import ORDINARY, Kind, clock

LONG = 120  # days of a test from which on its course is told by months, not weeks


@dataclass(frozen=True)
class Profile:
    """Mean per site and period of every member: what was forecast, what was counted, what the naive model said."""

    kind: Kind
    forecast_K: np.ndarray
    counted_K: np.ndarray
    naive_K: np.ndarray


def profiles(tested: Tested, ours: str, naive: str, kinds: dict[str, Kind]) -> list[Profile]:
    """By hour, by weekday and over the weeks or months of the test, as the frequency allows."""
    chosen = [kinds[name] for name in ("hour", "weekday") if name in kinds] + [course(tested.when_OH)]
    if "weekday" not in kinds:
        chosen.insert(0, kinds["month"])
    said = _said(tested, ours, naive)
    found = [Profile(kind, *(kind.means(x_OSH) for x_OSH in said)) for kind in chosen]
    return [profile for profile in found if np.isfinite(profile.counted_K).sum() > 1]


def course(when_OH: np.ndarray) -> Kind:
    """The months of the test, or its weeks where it is short."""
    day_OH = when_OH.astype("datetime64[D]")
    if (day_OH.max() - day_OH.min()).astype(int) >= LONG:
        seen, label = np.unique(when_OH.astype("datetime64[M]"), return_inverse=True)
        return Kind("month of the test", tuple(str(m) for m in seen), label.reshape(when_OH.shape)[:, None])
    monday_OH = day_OH - (day_OH.astype(int) + 3) % 7
    seen, label = np.unique(monday_OH, return_inverse=True)
    return Kind("week of the test", tuple(str(m) for m in seen), label.reshape(when_OH.shape)[:, None])


def effects(tested: Tested, ours: str, naive: str, kind: Kind) -> list[dict[str, object]]:
    """Days of the calendar against ordinary days of the same weekday and hour: share more or less.

    name, days, and forecast, counted, naive as shares (0.1 = 10 % more than on an ordinary day).
    """
    hours, days = clock(tested.when_OH)
    label_OH = np.broadcast_to(kind.label_OSH[:, 0], tested.when_OH.shape)
    slot_OH = days * 24 + hours
    said = _said(tested, ours, naive)
    dates = tested.when_OH.astype("datetime64[D]")
    rows = []
    usual = [_usual(x_OSH, slot_OH, label_OH == ORDINARY) for x_OSH in said]
    for k, name in enumerate(kind.members):
        at_OH = label_OH == k
        if not at_OH.any():
            continue
        row: dict[str, object] = {"name": name, "days": len(np.unique(dates[at_OH]))}
        for key, x_OSH, usual_OSH in zip(("forecast", "counted", "naive"), said, usual, strict=True):
            both_OSH = np.isfinite(x_OSH + usual_OSH) & at_OH[:, None]
            total = usual_OSH[both_OSH].sum()
            row[key] = float(x_OSH[both_OSH].sum() / total - 1) if total > 0 else np.nan
        rows.append(row)
    return [row for row in rows if np.isfinite(row["counted"])]  # type: ignore[call-overload]


def _usual(x_OSH: np.ndarray, slot_OH: np.ndarray, ordinary_OH: np.ndarray) -> np.ndarray:
    """Mean of the series' ordinary days in the same slot of the week, [O, S, H]."""
    usual = np.full(x_OSH.shape, np.nan)
    for s in range(x_OSH.shape[1]):
        known = ordinary_OH & np.isfinite(x_OSH[:, s])
        total, number = (np.bincount(slot_OH[known], w, 168) for w in (x_OSH[:, s][known], None))
        usual[:, s] = (total / np.where(number > 0, number, np.nan))[slot_OH]
    return usual


def _said(tested: Tested, ours: str, naive: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected counts, counts, and the naive model's middle of the bottom series, NaN wherever one is not known."""
    mean_OSH = tested.by_model[ours].mean_OSH[:, : tested.bottom]
    naive_OSH = tested.by_model[naive].fan_OSHQ[:, : tested.bottom, :, 3]
    y_OSH = tested.y_OSH[:, : tested.bottom]
    known = np.isfinite(mean_OSH + naive_OSH + y_OSH)
    return tuple(np.where(known, x, np.nan) for x in (mean_OSH, y_OSH, naive_OSH))  # type: ignore[return-value]
