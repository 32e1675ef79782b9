"""Which rows are called healthy, who is learned from and who is scored: decided without looking at any failure.

Axes: L lives, N windows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from common.fault import Fault
from common.split import by_unit
from pilots.manufacturing.data.contract import Fleet

STEPS = 8  # windows begin this many times within the length of one
KEPT = 0.25  # share of the healthy rows that a single machine keeps back to measure its false alarms


class Parts(NamedTuple):
    """What the task learns from and what it is scored on.

    windows    healthy pieces of logs, each with rows after its baseline: the scatter and the limit
    test       logs to score
    normal_L   their rows that count as normal: from the baseline to here
    from_L     ... and from here, where it is later than the baseline
    """

    windows: Fleet
    test: Fleet
    normal_L: np.ndarray
    from_L: np.ndarray


def parts(fleet: Fleet, baseline: int, healthy: int, window: int, test_share: float, seed: int) -> Parts:
    """Cut a fleet for the anomaly task.

    baseline  rows at a log's start that give each sensor's level and scatter on that machine
    healthy   rows at a log's start that ran well, where the data set does not say
    window    rows of a window, baseline and what is watched after it
    """
    stated = fleet.healthy_L is not None
    healthy_L = np.minimum(fleet.healthy_L if stated else healthy, fleet.length_L).astype(int)
    train_L, from_L = _held(fleet, test_share, seed), np.full(fleet.lives, baseline)
    if train_L.all():  # one machine: its last healthy rows are kept back
        from_L = np.maximum((healthy_L * (1 - KEPT)).astype(int), baseline)
        windows = _windows(fleet, np.arange(fleet.lives), from_L, baseline, window)
        return Parts(windows, fleet, healthy_L, from_L)
    windows = _windows(fleet, np.flatnonzero(train_L), healthy_L, baseline, window)
    test = np.flatnonzero(~train_L)
    return Parts(windows, fleet.take(test), healthy_L[test], from_L[test])


def _held(fleet: Fleet, test_share: float, seed: int) -> np.ndarray:
    """True on lives to learn from; whole machines are held out, those of the data set where it keeps some."""
    if fleet.test_L.any() and not fleet.test_L.all():
        return ~fleet.test_L
    if len(np.unique(fleet.machine_L)) < 2:
        return np.ones(fleet.lives, bool)
    train, _ = by_unit(fleet.machine_L, test_share, seed)
    return np.isin(np.arange(fleet.lives), train)


def _windows(fleet: Fleet, lives: np.ndarray, healthy_L: np.ndarray, baseline: int, window: int) -> Fleet:
    """Overlapping pieces of the healthy rows, at most `window` rows long and longer than the baseline."""
    if window <= baseline:
        raise Fault(f"anomaly.window={window} must be larger than anomaly.baseline={baseline}: rows to watch follow it")
    found = []
    for life in lives:
        last = max(int(healthy_L[life]) - window, 0)
        for start in range(0, last + 1, max(1, window // STEPS)):
            stop = min(start + window, int(healthy_L[life]))
            if stop - start > baseline:
                found.append((life, start, stop))
    if not found:
        longest = int(max((healthy_L[life] for life in lives), default=0))
        raise Fault(
            f"{fleet.name}: no log has more healthy rows than the baseline of {baseline} (the longest has {longest}). "
            "Say how many rows at each log's start ran well with anomaly.healthy=ROWS, or lower anomaly.baseline"
        )
    return fleet.pieces(*(np.array(column) for column in zip(*found, strict=True)))
