"""What is known of a day years ahead: one table, a row per day, read by its number in Python and in the graph alike.

bank_holiday       a weekday that is a public holiday in that nation, from the `holidays` library. One-off days are in
                   it: the few that were proclaimed days before, such as 2022-09-19, were not known 28 days ahead
long_weekend       a weekend day in one stretch with a bank holiday, so Easter Saturday and Sunday
day_before         the working day before such a stretch
day_after          the working day after it: whoever stayed at home comes now
christmas_eve … second_of_january
                   24, 25, 26, 27 to 30, 31 December, 1, 2 January, whatever weekday they fall on. Each of them differs
                   from any other day (the 25th is the quietest, the night to the 1st the busiest) except 27 to 30,
                   which are alike and share a column
school_holiday     no school, from `school.py`'s rule for that nation or from the user's own table

All columns are 0 or 1. Axes: D days, K columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np

from common.fault import Fault, did_you_mean
from pilots.healthtech.school import read_school, school_holidays

DAY = 86_400  # seconds
AHEAD = 10  # years after the last day of data for which a forecast may be asked
CHRISTMAS = {  # column: first and last day, month * 100 + day
    "christmas_eve": (1224, 1224),
    "christmas_day": (1225, 1225),
    "boxing_day": (1226, 1226),
    "between_the_years": (1227, 1230),
    "new_years_eve": (1231, 1231),
    "new_years_day": (101, 101),
    "second_of_january": (102, 102),
}


@dataclass(frozen=True)
class Calendar:
    """first: epoch day of row 0; table_DK: float64, a row per day; names_K: what the columns are."""

    first: int
    table_DK: np.ndarray
    names_K: tuple[str, ...]

    @classmethod
    def make(
        cls,
        first_year: int,
        last_year: int,
        country: str = "GB",
        nation: str | None = "England",
        school: str | None = None,
    ) -> Calendar:
        """country  two letters, as GB or US
        nation   England, Wales, Scotland, Northern Ireland, or a part of that country (US: IA); None = holidays of all
        school   CSV with the columns from, to, name in place of the rule, see `school.py`
        """
        begin, end = date(first_year, 1, 1), date(last_year, 12, 31)
        days = [begin + timedelta(d) for d in range((end - begin).days + 1)]
        bank = _public_holidays(country, nation, range(first_year, last_year + 1))
        weekend_D = np.array([day.weekday() in bank.weekend for day in days])
        bank_D = np.array([day in bank for day in days]) & ~weekend_D
        columns = {"bank_holiday": bank_D, **_around(bank_D, weekend_D)}
        month_day_D = np.array([day.month * 100 + day.day for day in days])
        for name, (a, b) in CHRISTMAS.items():
            columns[name] = (month_day_D >= a) & (month_day_D <= b)
        away = school_holidays(first_year, last_year, nation if country == "GB" else None)
        if school:
            away = read_school(school, otherwise=away)
        columns["school_holiday"] = np.zeros(len(days), bool)
        for a, b, _ in away:
            columns["school_holiday"][max(0, (a - begin).days) : max(0, (b - begin).days + 1)] = True
        first = (begin - date(1970, 1, 1)).days
        return cls(first, np.stack(list(columns.values()), axis=1).astype(float), tuple(columns))

    @classmethod
    def around(
        cls, time_T: np.ndarray, country: str = "GB", nation: str | None = "England", school: str | None = None
    ) -> Calendar:
        """From the year before the first period, for windows that reach back, to ten years after the last one."""
        first, last = (int(year) + 1970 for year in time_T[[0, -1]].astype("datetime64[Y]").astype(int))
        return cls.make(first - 1, last + AHEAD, country, nation, school)

    def at(self, when: np.ndarray) -> np.ndarray:
        """[..., K] for int64 seconds of any shape; the nearest row beyond the table's ends."""
        return self.table_DK[np.clip(when // DAY - self.first, 0, len(self.table_DK) - 1)]

    @property
    def last_second(self) -> int:
        """The last second the table knows: a forecast beyond it is flagged."""
        return (self.first + len(self.table_DK)) * DAY - 1


def _public_holidays(country: str, nation: str | None, years: range) -> holidays.HolidayBase:
    known = holidays.list_supported_countries()
    if country not in known:
        raise Fault(f"calendar.country={country} has no calendar here: {did_you_mean(str(country), known)}")
    kind = getattr(holidays, country)
    parts = [*kind.subdivisions_aliases, *kind.subdivisions]
    if nation is not None and nation not in parts:
        raise Fault(
            f"calendar.nation={nation} is not a part of {country} with holidays of its own: "
            f"{did_you_mean(str(nation), [*parts, 'null'])}"
        )
    return holidays.country_holidays(country, subdiv=nation, years=years)


def _around(bank_D: np.ndarray, weekend_D: np.ndarray) -> dict[str, np.ndarray]:
    """The other days of the stretches without work that hold a bank holiday, and the working days at their ends."""
    rests_D = bank_D | weekend_D
    stretch_D = np.concatenate([[0], np.cumsum(rests_D[1:] != rests_D[:-1])])
    long_D = np.bincount(stretch_D, bank_D)[stretch_D] > 0
    return {
        "long_weekend": long_D & weekend_D,
        "day_before": ~rests_D & np.append(long_D[1:], False),
        "day_after": ~rests_D & np.append(False, long_D[:-1]),
    }
