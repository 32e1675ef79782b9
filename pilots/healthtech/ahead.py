"""What comes next: the exported graph's answer for the periods after the last count, and the pressure in it.

Axes: S series, H steps, L the 21 levels, Q the seven levels of a fan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from common.bundle.session import Session
from common.words import percent
from pilots.healthtech.backtest.rolling import rows_at
from pilots.healthtech.bundle import asked_at, levels
from pilots.healthtech.cells import FAN
from pilots.healthtech.data.contract import when_after
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.distribution.sums import Dependence, totals
from pilots.healthtech.evaluate import Backtest
from pilots.healthtech.kinds import MONTHS, WEEKDAYS
from pilots.healthtech.ladder import Outcome

STEPS = (0.05, 0.15, 0.3, 0.5)  # chances from which on a period is shaded a step darker
PATHS = 2000  # sample paths from which a total's range is read
MOST_DAYS = 7  # in a calendar of hours; more columns cannot be read on a phone


@dataclass(frozen=True)
class Ahead:
    """when_H: datetime64[s]; quantiles_SHL at LEVELS, mean_SH, above_SH (chance of more than level_S) of the exported
    graph; naive_SH: the seasonal naive's middle.

    after_data  False where the last horizon of the data stands in: columns known before the day end with the data
    """

    when_H: np.ndarray
    quantiles_SHL: np.ndarray
    mean_SH: np.ndarray
    above_SH: np.ndarray
    level_S: np.ndarray
    naive_SH: np.ndarray
    after_data: bool

    @property
    def fan_SHQ(self) -> np.ndarray:
        return self.quantiles_SHL[..., np.searchsorted(LEVELS, FAN)]

    def possible(self, s: int) -> bool:
        """Whether the series has a forecast; one that has long ceased has none."""
        return bool(np.isfinite(self.mean_SH[s]).all())


def look_ahead(graph: onnx.ModelProto, outcome: Outcome, test: Backtest) -> Ahead:
    """Asked at the end of the data, as pilot-predict is; the last fit of every model serves."""
    counts, delay, periods = test.counts, test.counts.delay, len(test.counts.time_T)
    origin = periods - test.origins.horizon if counts.future_K else periods
    level_S = levels(counts)
    asked = asked_at(test, origin, level_S)
    answer = Session(graph.SerializeToString()).run(asked)
    rows = rows_at(counts, np.array([origin]), test.task)
    naive = outcome.fitted["seasonal_naive"].distribution(rows)
    when_T = np.concatenate([counts.time_T, when_after(counts.time_T, counts.freq, test.origins.horizon)])
    return Ahead(
        when_H=when_T[origin : origin + test.origins.horizon],
        quantiles_SHL=answer["quantiles"][:, delay:],
        mean_SH=answer["mean"][:, delay:],
        above_SH=answer["p_exceed"][:, delay:],
        level_S=level_S,
        naive_SH=naive.quantiles(np.array([0.5]))[:, delay:, 0],
        after_data=origin == periods,
    )


def pressure(ahead: Ahead, s: int, freq: str) -> dict[str, Any]:
    """The calendar of one series: head, and rows of a name and cells (None: not part of the forecast).

    hours x days, weeks x weekdays, or months one below the other.
    """
    at = {when: _cell(ahead, s, h) for h, when in enumerate(ahead.when_H.astype("datetime64[h]"))}
    if freq == "h":
        days = np.unique(ahead.when_H.astype("datetime64[D]"))[:MOST_DAYS]
        rows = [(f"{h:02d}:00", [at.get(day + np.timedelta64(h, "h")) for day in days]) for h in range(24)]
        return {"corner": "hour", "head": [day_name(day) for day in days], "rows": rows}
    if freq == "D":
        day_H = ahead.when_H.astype("datetime64[D]")
        first = day_H[0] - np.timedelta64((int(day_H[0].astype(int)) + 3) % 7, "D")
        mondays = np.arange(first, day_H[-1] + 1, 7)
        rows = [(day_name(m)[4:], [at.get((m + d).astype("datetime64[h]")) for d in range(7)]) for m in mondays]
        return {"corner": "week from", "head": [day[:3] for day in WEEKDAYS], "rows": rows}
    rows = [(month_name(when), [cell]) for when, cell in at.items()]
    return {"corner": "month", "head": ["expected"], "rows": rows}


def _cell(ahead: Ahead, s: int, h: int) -> dict[str, Any]:
    mean, above = float(ahead.mean_SH[s, h]), float(ahead.above_SH[s, h])
    return {
        "expected": f"{mean:,.0f}",
        "chance": percent(above, certain=False),
        "step": int(np.searchsorted(STEPS, above, side="right")),
    }


def day_name(day: np.datetime64) -> str:
    """As "Mon 5 Jan"."""
    date = day.astype("datetime64[D]").astype(object)
    return f"{WEEKDAYS[date.weekday()][:3]} {date.day} {MONTHS[date.month - 1][:3]}"


def sums(ahead: Ahead, s: int, freq: str, dependence: Dependence) -> list[list[str]]:
    """Whole days of hours, weeks of days: name, expected total, its 80 % range from paths, and the naive total."""
    days = np.unique(ahead.when_H.astype("datetime64[D]"))
    if freq == "h":
        spans = [(day_name(day), np.flatnonzero(ahead.when_H.astype("datetime64[D]") == day)) for day in days]
        spans = [(name, span) for name, span in spans if len(span) == 24]
    else:
        starts = range(0, len(days) - 6, 7) if freq == "D" else range(0)
        spans = [(f"7 days from {day_name(days[start])}", np.arange(start, start + 7)) for start in starts]
    if not spans:
        return []
    made_GL = totals(ahead.quantiles_SHL[[s]], LEVELS, [span for _, span in spans], dependence, PATHS)[0]
    low, high = np.searchsorted(LEVELS, (0.1, 0.9))
    return [
        [name, f"{ahead.mean_SH[s, span].sum():,.0f}", f"{made_L[low]:,.0f} to {made_L[high]:,.0f}",
         f"{ahead.naive_SH[s, span].sum():,.0f}"]
        for (name, span), made_L in zip(spans, made_GL, strict=True)
    ]  # fmt: skip


def moment(when: np.datetime64, freq: str) -> str:
    """As "Mon 5 Jan 14:00", "Mon 5 Jan" or "January 2026"."""
    if freq == "MS":
        return month_name(when)
    return day_name(when) + (f" {str(when.astype('datetime64[m]'))[11:]}" if freq == "h" else "")


def month_name(when: np.datetime64) -> str:
    date = when.astype("datetime64[D]").astype(object)
    return f"{MONTHS[date.month - 1]} {date.year}"


def peaks(ahead: Ahead, s: int, most: int = 3) -> Iterator[tuple[np.datetime64, float, float]]:
    """When more than the level is most likely: time, expected count, chance; only where it is at least 1 in 20."""
    for h in np.argsort(-ahead.above_SH[s], kind="stable")[:most]:
        if ahead.above_SH[s, h] >= STEPS[0]:
            yield ahead.when_H[h], float(ahead.mean_SH[s, h]), float(ahead.above_SH[s, h])


def shown(ahead: Ahead, counts_bottom: int, size_S: np.ndarray, loss_S: np.ndarray, most: int) -> dict[int, str]:
    """Series worth a drawing, and why: the sums from the coarsest, the largest, the one forecast worst."""
    able = [s for s in range(len(size_S)) if ahead.possible(s)]
    if len(able) <= most:
        return dict.fromkeys(sorted(able, key=lambda s: (s < counts_bottom, -size_S[s])), "")
    chosen = {s: "a sum" for s in list(reversed([s for s in able if s >= counts_bottom]))[: most // 2]}
    bottom = sorted((s for s in able if s < counts_bottom), key=lambda s: -size_S[s])
    worst = max(bottom, key=lambda s: loss_S[s] if np.isfinite(loss_S[s]) else -1.0, default=None)
    room = most - len(chosen)
    largest = bottom[:room] if worst in bottom[:room] else bottom[: room - 1]
    chosen |= dict.fromkeys(largest, "one of the largest")
    if worst is not None:
        chosen[worst] = f"{chosen[worst]}, and the one forecast worst" if worst in chosen else "the one forecast worst"
    return chosen
