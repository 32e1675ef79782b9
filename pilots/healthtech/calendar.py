"""What is known of a day years ahead: one table, a row per day, read by its number in Python and in the graph alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np

DAY = 86_400  # seconds


@dataclass(frozen=True)
class Calendar:
    """first: epoch day of row 0; table_DK: float64, a row per day; names_K: what the columns are."""

    first: int
    table_DK: np.ndarray
    names_K: tuple[str, ...]

    @classmethod
    def make(cls, first_year: int, last_year: int, country: str = "GB", nation: str = "England") -> Calendar:
        begin, end = date(first_year, 1, 1), date(last_year, 12, 31)
        days = [begin + timedelta(d) for d in range((end - begin).days + 1)]
        bank = holidays.country_holidays(country, subdiv=nation, years=range(first_year, last_year + 1))
        is_bank = np.array([day in bank for day in days], float)
        after = np.concatenate([[0.0], is_bank[:-1]]) * (1 - is_bank)
        first = (begin - date(1970, 1, 1)).days
        return cls(first, np.stack([is_bank, after], axis=1), ("bank_holiday", "day_after"))

    def at(self, when: np.ndarray) -> np.ndarray:
        """[..., K] for int64 seconds of any shape; the nearest row beyond the table's ends."""
        return self.table_DK[np.clip(when // DAY - self.first, 0, len(self.table_DK) - 1)]

    @property
    def last_second(self) -> int:
        """The last second the table knows: a forecast beyond it is flagged."""
        return (self.first + len(self.table_DK)) * DAY - 1
