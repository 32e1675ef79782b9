"""What a predictive-maintenance data set is, once it has been read and checked.

Axes: R rows, F channels (settings first, then sensors), L lives, T rows of the longest life.
A life is one machine from its start (or renewal) to its failure, replacement, repair or last reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True)
class Channel:
    """One column of readings. `low` and `high` are physical limits: a value outside them is refused, not learned.

    `alarm_low` and `alarm_high` are limits of the data sheet: a value beyond them alarms at once (`data_sheet.py`).
    """

    name: str
    unit: str
    low: float
    high: float
    role: Literal["setting", "sensor"]
    meaning: str = ""
    alarm_low: float = -np.inf
    alarm_high: float = np.inf

    def as_json(self) -> dict[str, Any]:
        """As a bundle states it: null where there is no limit."""
        ends = ("low", "high", "alarm_low", "alarm_high")
        stated = {end: limit if np.isfinite(limit := getattr(self, end)) else None for end in ends}
        return {"name": self.name, "unit": self.unit, **stated, "role": self.role, "meaning": self.meaning}


@dataclass(frozen=True)
class Fleet:
    """Lives of machines, row by row, sorted by life and then by time.

    machine_L  name of the machine each life belongs to
    life_R     which life a row belongs to, 0..L-1, every life contiguous
    time_R     the user's own stamp of the row (number or datetime64), increasing within a life
    x_RF       readings in the channels' units, NaN = missing
    end_L      how the life ended: "failed", "replaced", "repaired" or "running"
    rul_L      rows still to run after the last row: 0 where failed (more where the log stops before the failure),
               the published value in a public test set, NaN where nobody knows (replaced, repaired, running)
    test_L     lives that the data set itself keeps for the test; all False where it does not say
    healthy_L  rows at the start of each life that the data set calls healthy; None where it does not say
    abnormal_R True on rows that the data set calls abnormal, to score an alarm by; None where it does not say
    """

    name: str
    licence: str
    sha256: str
    row_unit: str
    rows_per_month: float
    channels: tuple[Channel, ...]
    machine_L: np.ndarray
    life_R: np.ndarray
    time_R: np.ndarray
    x_RF: np.ndarray
    end_L: np.ndarray
    rul_L: np.ndarray
    test_L: np.ndarray
    notes: tuple[str, ...] = ()
    table: dict = field(default_factory=dict)
    healthy_L: np.ndarray | None = None
    abnormal_R: np.ndarray | None = None

    @property
    def lives(self) -> int:
        return len(self.machine_L)

    @property
    def length_L(self) -> np.ndarray:
        """Rows in each life."""
        return np.bincount(self.life_R, minlength=self.lives)

    def take(self, lives: np.ndarray) -> Fleet:
        """Only these lives, in this order."""
        lives = np.asarray(lives)
        start_L = np.concatenate([[0], np.cumsum(self.length_L)])
        rows = [np.arange(start_L[life], start_L[life + 1]) for life in lives]
        row_R = np.concatenate(rows) if rows else np.zeros(0, int)
        return self._with(row_R, np.repeat(np.arange(len(lives)), [len(r) for r in rows]), lives, self.rul_L[lives])

    def cut(self, keep_L: np.ndarray) -> Fleet:
        """Each life's first `keep_L` rows; what is cut off is added to the rows still to run."""
        row_R = np.flatnonzero(self.position_R < keep_L[self.life_R])
        return self._with(row_R, self.life_R[row_R], np.arange(self.lives), self.rul_L + self.length_L - keep_L)

    def without_first(self, share: float | np.ndarray) -> Fleet:
        """Each life without the first `share` of its rows (one share, or one per life), as if the log began later."""
        drop_L = np.minimum((share * self.length_L).astype(int), self.length_L - 1)
        row_R = np.flatnonzero(self.position_R >= drop_L[self.life_R])
        return self._with(row_R, self.life_R[row_R], np.arange(self.lives), self.rul_L)

    def pieces(self, life_N: np.ndarray, start_N: np.ndarray, stop_N: np.ndarray) -> Fleet:
        """Rows start to stop of these lives, each as a life of its own that nobody saw end."""
        first_L = np.cumsum(self.length_L) - self.length_L
        rows = [np.arange(first_L[n] + a, first_L[n] + b) for n, a, b in zip(life_N, start_N, stop_N, strict=True)]
        row_R = np.concatenate(rows) if rows else np.zeros(0, int)
        life_R = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
        return self._with(row_R, life_R, np.asarray(life_N, int), np.full(len(rows), np.nan))

    def with_readings(self, x_RF: np.ndarray) -> Fleet:
        """The same lives with other readings, row by row."""
        return Fleet(**{**self.__dict__, "x_RF": x_RF})

    def padded(self) -> tuple[np.ndarray, np.ndarray]:
        """Readings as x_LTF float32 (NaN after the end of a life) and length_L int64."""
        x_LTF = np.full((self.lives, self.length_L.max(initial=1), self.x_RF.shape[1]), np.nan, np.float32)
        x_LTF[self.life_R, self.position_R] = self.x_RF
        return x_LTF, self.length_L.astype(np.int64)

    def rul_LT(self) -> np.ndarray:
        """Rows to failure at every row, float64; NaN after the end of a life and where nobody knows."""
        step_T = np.arange(self.length_L.max(initial=1))
        rul_LT = (self.rul_L + self.length_L)[:, None] - 1 - step_T[None, :]
        return np.where(step_T[None, :] < self.length_L[:, None], rul_LT, np.nan)

    @property
    def position_R(self) -> np.ndarray:
        """Row number within its life, 0 first."""
        start_L = np.cumsum(self.length_L) - self.length_L
        return np.arange(len(self.life_R)) - start_L[self.life_R]

    def _with(self, row_R: np.ndarray, life_R: np.ndarray, lives: np.ndarray, rul_L: np.ndarray) -> Fleet:
        return Fleet(
            **{
                **self.__dict__,
                "life_R": life_R,
                "time_R": self.time_R[row_R],
                "x_RF": self.x_RF[row_R],
                "machine_L": self.machine_L[lives],
                "end_L": self.end_L[lives],
                "test_L": self.test_L[lives],
                "rul_L": rul_L,
                "healthy_L": None if self.healthy_L is None else self.healthy_L[lives],
                "abnormal_R": None if self.abnormal_R is None else self.abnormal_R[row_R],
            }
        )
