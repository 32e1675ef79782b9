"""Whole lives as the models see them: features row by row, and what became of the machine.

Axes: L lives, T rows of the longest, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.fault import Fault


@dataclass(frozen=True)
class Histories:
    """Features of whole lives and what became of them: what every model learns from.

    x_LTD      float32, NaN = no sensor has given a reading in this window
    length_L   rows in each life; rows beyond are padding
    names_D    "<sensor>.<kind>" and "age"
    rul_LT     rows to failure, float64; NaN = nobody knows (censored) or padding
    left_LT    rows observed after this one, float64: a lower bound where rul_LT is unknown; NaN = padding
    lost_LT    float32, sensors that were lost or faulty, mean of the last rows; None = nobody counted
    """

    x_LTD: np.ndarray
    length_L: np.ndarray
    names_D: tuple[str, ...]
    rul_LT: np.ndarray
    left_LT: np.ndarray
    lost_LT: np.ndarray | None = None

    @property
    def inside_LT(self) -> np.ndarray:
        """True on real rows, False on padding."""
        return np.arange(self.x_LTD.shape[1])[None, :] < self.length_L[:, None]

    def columns(self, kinds: list[str], age: bool) -> np.ndarray:
        """Numbers of the columns of these kinds, and of the age if wanted."""
        wanted = [
            i for i, name in enumerate(self.names_D) if name.partition(".")[2] in kinds or (age and name == "age")
        ]
        missing = set(kinds) - {name.partition(".")[2] for name in self.names_D}
        if missing:
            raise Fault(f"no feature is called {', '.join(sorted(missing))}: name it in features.kinds too")
        return np.array(wanted)

    def take(self, lives: np.ndarray) -> Histories:
        """Only these lives."""
        lost_LT = None if self.lost_LT is None else self.lost_LT[lives]
        rul_LT, left_LT = self.rul_LT[lives], self.left_LT[lives]
        return Histories(self.x_LTD[lives], self.length_L[lives], self.names_D, rul_LT, left_LT, lost_LT)
