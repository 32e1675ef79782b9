"""Ways to group the steps of a test: by series, by how far ahead, by the clock and by the calendar.

Axes: O origins, S series, H steps, K members of a kind (such as the 24 hours).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.healthtech.calendar import Calendar
from pilots.healthtech.data.contract import PERIOD, Counts

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
ORDINARY = -1  # label of a step that belongs to no member


@dataclass(frozen=True)
class Kind:
    """name: such as "hour of the day"; members: their names; label_OSH: the member of each step, in any shape that
    broadcasts to [O, S, H]."""

    name: str
    members: tuple[str, ...]
    label_OSH: np.ndarray

    def sums(self, x_OSH: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sum of the finite cells of every origin and member, and their number: two arrays [O, K]."""
        label_OSH = np.broadcast_to(self.label_OSH, x_OSH.shape)
        origins, members = len(x_OSH), len(self.members)
        known = np.isfinite(x_OSH) & (label_OSH != ORDINARY)
        at = (np.arange(origins)[:, None, None] * members + label_OSH)[known]
        summed, number = (
            np.bincount(at, weight, origins * members).reshape(origins, members) for weight in (x_OSH[known], None)
        )
        return summed, number.astype(float)

    def means(self, x_OSH: np.ndarray) -> np.ndarray:
        """mean_K over all origins, NaN without any cell."""
        summed, number = (x_OK.sum(axis=0) for x_OK in self.sums(x_OSH))
        return summed / np.where(number > 0, number, np.nan)


def kinds(when_OH: np.ndarray, counts: Counts, calendar: Calendar) -> dict[str, Kind]:
    """All that make sense at this frequency. `when_OH`: datetime64[s], the start of each step."""
    horizon = when_OH.shape[1]
    steps = tuple(f"{h + 1} {PERIOD[counts.freq]}{'s' if h else ''} ahead" for h in range(horizon))
    found = {
        "site": Kind("site", counts.names_S[: counts.bottom], np.arange(counts.bottom)[:, None]),
        "step": Kind("how far ahead", steps, np.arange(horizon)),
    }
    hours, days = clock(when_OH)
    if counts.freq == "h":
        found["hour"] = Kind("hour of the day", tuple(f"{h:02d}:00" for h in range(24)), hours[:, None])
    month_OH = when_OH.astype("datetime64[M]")
    if counts.freq == "MS":
        found["month"] = Kind("month of the year", MONTHS, (month_OH.astype(int) % 12)[:, None])
        return found
    found["weekday"] = Kind("weekday", WEEKDAYS, days[:, None])
    seen, label = np.unique(month_OH, return_inverse=True)
    found["month"] = Kind("month", tuple(str(month) for month in seen), label.reshape(when_OH.shape)[:, None])
    names, label_OH = special_days(when_OH, calendar)
    found["calendar"] = Kind("kind of day", names, label_OH[:, None])
    return found


def clock(when: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hour of the day and weekday, Monday = 0."""
    hours = when.astype("datetime64[h]").astype(int)
    return hours % 24, (hours // 24 + 3) % 7


def special_days(when: np.ndarray, calendar: Calendar) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and label of each time's kind of day, ORDINARY for none. A day of several kinds has the narrowest:
    Christmas and New Year before bank holidays, those before school holidays."""
    names = calendar.names_K
    order = sorted(range(len(names)), key=lambda k: calendar.table_DK[:, k].sum())
    flag_K = calendar.at(when.astype("datetime64[s]").astype(np.int64))[..., order] > 0
    label = np.where(flag_K.any(axis=-1), flag_K.argmax(axis=-1), ORDINARY)
    said = {"christmas_day": "Christmas Day", "new_years_day": "New Year's Day", "new_years_eve": "New Year's Eve",
            "second_of_january": "2 January", "between_the_years": "27 to 30 December", "day_before":
            "day before a bank holiday", "day_after": "day after a bank holiday", "long_weekend":
            "weekend beside a bank holiday", "christmas_eve": "Christmas Eve", "boxing_day": "Boxing Day"}  # fmt: skip
    return tuple(said.get(names[k], names[k].replace("_", " ")) for k in order), label
