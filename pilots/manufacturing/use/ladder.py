"""Each machine's active rung of the ladder (`rungs.py`), and its newest readings beyond the data sheet, the first rung.

Axes: M machines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pilots.manufacturing.data_sheet import Breach, breaches
from pilots.manufacturing.rungs import NAMES, Rungs, states_limits
from pilots.manufacturing.use.contract import RUNGS
from pilots.manufacturing.use.read import Logs
from pilots.manufacturing.use.renew import begins_renewed


def rungs_of(manifest: Mapping[str, Any]) -> Rungs | None:
    """What the bundle's rungs take; None where an older bundle does not say."""
    takes = manifest.get("rungs")
    return takes and Rungs(limits=states_limits(manifest["channels"]), **{name: takes[name] for name in RUNGS})


@dataclass(frozen=True)
class Ladder:
    """rung_M: the active rung, -1 where the bundle does not say what its rungs take; limits_M: breaches of each."""

    rung_M: Sequence[int]
    limits_M: Sequence[Sequence[Breach]]

    @classmethod
    def of(cls, logs: Logs, manifest: Mapping[str, Any], book: pd.DataFrame | None = None) -> Ladder:
        """By the rows of each log since its renewal, and by what the manifest states under `rungs` and `channels`."""
        channels, rungs = manifest["channels"], rungs_of(manifest)
        rung_M = [-1] * len(logs.machine_M)
        if rungs is not None:
            renewed_M = np.zeros(len(rung_M), bool)
            if book is not None:
                renewed_M = begins_renewed(logs, book, rungs.first or 0)
            rung_M = [rungs.of(int(n), bool(new)) for n, new in zip(logs.length_M, renewed_M, strict=True)]
        return cls(rung_M, [breaches(logs.x_RF[logs.rows(m)], channels) for m in range(len(rung_M))])

    def since(self, logs: Logs, since_M: np.ndarray) -> np.ndarray:
        """Row since which each machine alarms, by `since_M` or by a limit, whichever is sooner; -1 = by neither."""
        start_M = logs.start_M[:-1]
        limit_M = [
            a + min(b.row for b in found) if found else -1 for a, found in zip(start_M, self.limits_M, strict=True)
        ]
        both_M = np.stack([since_M, limit_M])
        return np.where(both_M.min(0) < 0, both_M.max(0), both_M.min(0))

    def as_json(self, machine: int) -> dict[str, Any] | None:
        rung = self.rung_M[machine]
        return {"number": rung, "name": NAMES[rung]} if rung >= 0 else None
