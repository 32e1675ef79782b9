"""Logs through an anomaly bundle, and what the rows say about each machine.

Axes: R rows of all machines, M machines, B machines of one batch, F channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from common.bundle.open import Bundle
from pilots.manufacturing.use.infer import MISSING, UNSEEN, batches, run_batch
from pilots.manufacturing.use.read import Logs

LATELY = 10  # rows at the end of a log over which the sensors' shares are taken


@dataclass(frozen=True)
class Findings:
    """The answer for every row, and what it comes to for each machine.

    t2_R, q_R, score_R   NaN while a machine's own level is learned, and where nothing was read
    share_RF   each sensor's part of the score
    normal_RF  the machine's own level, in the sensor's unit
    since_M    row at which the alarm of the last row began; -1 where the last row does not alarm
    first_M    first row of the machine that alarms; -1 where none does
    limit      score above which a row alarms, at the rate asked for
    """

    t2_R: np.ndarray
    q_R: np.ndarray
    score_R: np.ndarray
    alarm_R: np.ndarray
    condition_ok_R: np.ndarray
    gap_RF: np.ndarray
    unseen_RF: np.ndarray
    share_RF: np.ndarray
    normal_RF: np.ndarray
    since_M: np.ndarray
    first_M: np.ndarray
    limit: float


def judge(bundle: Bundle, logs: Logs, say: Callable[[str], None] = lambda text: None) -> Findings:
    """Every row of every machine through the graph; `say` hears how far it is."""
    rows, channels = logs.x_RF.shape
    t2_R, q_R, score_R = (np.full(rows, np.nan, np.float32) for _ in range(3))
    alarm_R, ok_R = np.zeros(rows, bool), np.ones(rows, bool)
    share_RF, normal_RF = (np.full((rows, channels), np.nan, np.float32) for _ in range(2))
    quality_RF = np.zeros((rows, channels), np.int8)
    columns = {"t2": t2_R, "q": q_R, "score": score_R, "alarm": alarm_R, "condition_ok": ok_R}
    columns |= {"contribution": share_RF, "normal": normal_RF, "quality": quality_RF}
    done = 0
    for batch in batches(logs.length_M):
        out = run_batch(bundle, logs, batch)
        for place, machine in enumerate(batch):
            for name, column in columns.items():
                column[logs.rows(machine)] = out[name][place, : logs.length_M[machine]]
        done += int(logs.length_M[batch].sum())
        say(f"{done:,} of {rows:,} rows")
    spans = [logs.rows(machine) for machine in range(len(logs.machine_M))]
    since_M = np.array([_since(alarm_R, at) for at in spans])
    first_M = np.array([at.start + int(np.argmax(alarm_R[at])) if alarm_R[at].any() else -1 for at in spans])
    gap_RF, unseen_RF = quality_RF == MISSING, quality_RF == UNSEEN
    return Findings(
        t2_R, q_R, score_R, alarm_R, ok_R, gap_RF, unseen_RF, share_RF, normal_RF, since_M, first_M, limit(bundle)
    )


def limit(bundle: Bundle) -> float:
    """The limit at the bundle's present rate; the graph uses the same knots."""
    knots = np.array(bundle.manifest["decision"]["limit"], float)
    return float(np.interp(float(bundle.default("rate")), knots[:, 0], knots[:, 1]))


def urgency(logs: Logs, found: Findings) -> np.ndarray:
    """Machine numbers: abnormal now in front, the highest recent score first; machines not judged at the end."""
    recent_M = np.array([_recent(found.score_R, logs.rows(m)) for m in range(len(logs.machine_M))])
    return np.lexsort((-recent_M, found.since_M < 0))


def telling(logs: Logs, found: Findings, machine: int) -> list[tuple[int, float]]:
    """Sensors and their parts (0 to 1) of the machine's score over its last rows, the largest first."""
    at = logs.rows(machine)
    share_F = np.nansum(found.share_RF[max(at.start, at.stop - LATELY) : at.stop], axis=0)
    total = share_F.sum()
    return [(int(f), float(share_F[f] / total)) for f in np.argsort(-share_F) if total > 0 and share_F[f] > 0]


def _since(alarm_R: np.ndarray, at: slice) -> int:
    """First row of the unbroken alarm that the last row belongs to."""
    quiet = np.flatnonzero(~alarm_R[at])
    first = at.start + (int(quiet[-1]) + 1 if quiet.size else 0)
    return first if first < at.stop else -1


def _recent(score_R: np.ndarray, at: slice) -> float:
    known = score_R[max(at.start, at.stop - LATELY) : at.stop]
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else -1.0
