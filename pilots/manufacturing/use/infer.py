"""Logs through the bundle: machines of similar length share a batch, so that little is padding.

Axes: R rows of all machines, M machines, B machines of one batch, T rows padded, F channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from common.bundle.open import Bundle
from pilots.manufacturing.use.read import Logs

# Padded rows of one batch. The graph holds about a hundred float64 features a row and a few copies of
# them: 32,768 rows stay under 200 MB, and larger batches are not faster on a CPU.
ROWS_OF_A_BATCH = 32_768
PADDING = 1.25  # the longest machine of a batch may be this much longer than the shortest

GOOD, MISSING, UNSEEN, STUCK, SPIKE, OFFSET, UNIT = range(7)  # values of the output `quality`


@dataclass(frozen=True)
class Outlook:
    """The model's answer for every row, and what it thinks of each machine's data.

    alarm_M    the alarm as of each machine's last row
    since_M    row (of all machines) at which that alarm came on; -1 where there is none
    gaps_MF    rows in which a channel has no reading
    unseen_MF  rows in which a channel is outside what training saw
    now_MF     `quality` of each machine's last row
    quality_RF what the graph thinks of every reading, int8
    """

    rul_R: np.ndarray
    low_R: np.ndarray
    high_R: np.ndarray
    p_fail_R: np.ndarray
    condition_ok_R: np.ndarray
    gaps_R: np.ndarray
    unseen_R: np.ndarray
    alarm_M: np.ndarray
    since_M: np.ndarray
    gaps_MF: np.ndarray
    unseen_MF: np.ndarray
    now_MF: np.ndarray
    quality_RF: np.ndarray


def batches(length_M: np.ndarray, rows: int = ROWS_OF_A_BATCH) -> Iterator[np.ndarray]:
    """Machine numbers, longest first, cut so that a batch holds at most `rows` padded rows (or one machine)."""
    order_M = np.argsort(-length_M, kind="stable")
    first = 0
    while first < len(order_M):
        longest = int(length_M[order_M[first]])
        end = first + max(1, rows // longest)
        end = first + int(np.searchsorted(-length_M[order_M[first:end]], -longest / PADDING, side="right"))
        yield order_M[first:end]
        first = end


def foresee(bundle: Bundle, logs: Logs, say: Callable[[str], None] = lambda text: None) -> Outlook:
    """Every row of every machine through the graph; `say` hears how far it is."""
    machines, rows, channels = len(logs.machine_M), len(logs.time_R), logs.x_RF.shape[1]
    per_row = {name: np.full(rows, np.nan, np.float32) for name in ("rul", "low", "high", "p_fail")}
    condition_ok_R, gaps_R, unseen_R = np.ones(rows, bool), np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    alarm_M, since_M = np.zeros(machines, bool), np.full(machines, -1)
    gaps_MF, unseen_MF, now_MF = (np.zeros((machines, channels), np.int32) for _ in range(3))
    quality_RF = np.zeros((rows, channels), np.int8)
    done = 0
    for batch in batches(logs.length_M):
        out = run_batch(bundle, logs, batch)
        for place, machine in enumerate(batch):
            at, length = logs.rows(machine), logs.length_M[machine]
            for name, column_R in per_row.items():
                column_R[at] = out[name][place, :length]
            condition_ok_R[at] = out["condition_ok"][place, :length]
            quality_TF = quality_RF[at] = out["quality"][place, :length]
            gap_TF, unseen_TF = quality_TF == MISSING, quality_TF == UNSEEN
            gaps_R[at], unseen_R[at] = gap_TF.sum(1), unseen_TF.sum(1)
            gaps_MF[machine], unseen_MF[machine] = gap_TF.sum(0), unseen_TF.sum(0)
            now_MF[machine], alarm_M[machine] = quality_TF[-1], out["alarm"][place]
            if alarm_M[machine]:
                since_M[machine] = at.start + int(out["alarm_row"][place])
        done += int(logs.length_M[batch].sum())
        say(f"{done:,} of {rows:,} rows")
    rul_R, low_R, high_R, p_fail_R = per_row.values()
    return Outlook(
        rul_R, low_R, high_R, p_fail_R, condition_ok_R, gaps_R, unseen_R, alarm_M, since_M, gaps_MF, unseen_MF, now_MF,
        quality_RF,
    )  # fmt: skip


def run_batch(bundle: Bundle, logs: Logs, batch: np.ndarray) -> dict[str, np.ndarray]:
    """The graph's outputs for these machines, padded to the longest."""
    length_B = logs.length_M[batch].astype(np.int64)
    x_BTF = np.full((len(batch), int(length_B.max()), logs.x_RF.shape[1]), np.nan, np.float32)
    for place, machine in enumerate(batch):
        x_BTF[place, : length_B[place]] = logs.x_RF[logs.rows(machine)]
    return bundle.run(readings=x_BTF, length=length_B)


def urgency(logs: Logs, outlook: Outlook) -> np.ndarray:
    """Machine numbers, the one to look at first in front: alarms, then the least remaining life."""
    last_M = logs.start_M[1:] - 1
    rul_M, p_fail_M = outlook.rul_R[last_M], outlook.p_fail_R[last_M]
    return np.lexsort((-p_fail_M, np.nan_to_num(rul_M, nan=np.inf), ~outlook.alarm_M))
