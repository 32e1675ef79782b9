"""Trust, region, total: the sums of the series, which are series themselves.

Axes: B bottom series, U upper series, S = B + U, T periods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pilots.healthtech.data.contract import Finding, Level
from pilots.healthtech.data.usual import by_slot, in_time
from pilots.healthtech.data.words import number

GRACE = {"h": 28 * 24, "D": 28, "MS": 3}  # periods at an end without a count that are a gap, not a beginning or an end
LACKING = 0.05  # share of a sum that its missing members may usually have; with more of it missing, the sum is missing
LATELY = 4  # weeks before, from which a missing member's usual count is taken


def life(y_BT: np.ndarray, freq: str) -> tuple[np.ndarray, np.ndarray]:
    """first_B and end_B: where each series begins and ends (exclusive); ends nearer than GRACE are the grid's own."""
    known_BT = np.isfinite(y_BT)
    periods = y_BT.shape[1]
    some_B = known_BT.any(axis=1)
    first_B = np.where(some_B, known_BT.argmax(axis=1), 0)
    end_B = np.where(some_B, periods - known_BT[:, ::-1].argmax(axis=1), periods)
    return np.where(first_B > GRACE[freq], first_B, 0), np.where(end_B < periods - GRACE[freq], end_B, periods)


def alive(y_BT: np.ndarray, freq: str) -> np.ndarray:
    """alive_BT: True from a series' first count to its last."""
    first_B, end_B = life(y_BT, freq)
    t = np.arange(y_BT.shape[1])
    return (t >= first_B[:, None]) & (t < end_B[:, None])


def sums_of(groups: Mapping[str, Sequence[str]], names_B: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...], tuple]:
    """sums_SB, names_S and levels. A group of one series is that series; a name already taken gets its level's."""
    rows, names, levels = [row for row in np.eye(len(names_B))], list(names_B), []
    for level, group_B in groups.items():
        members = []
        for name in sorted(set(map(str, group_B)) - {""}):
            row_B = np.array([float(own == name) for own in group_B])
            if row_B.sum() == 1:
                members.append(int(np.argmax(row_B)))
                continue
            members.append(len(rows))
            rows.append(row_B)
            names.append(name if name not in names else f"{level} {name}")
        levels.append(Level(level, tuple(members)))
    return np.array(rows), tuple(names), tuple(levels)


def add_up(
    y_BT: np.ndarray, sums_UB: np.ndarray, names_U: Sequence[str], freq: str, silent_T: np.ndarray | None = None
) -> tuple[np.ndarray, list[Finding]]:
    """y_UT: a sum is known where its members are, or where those that lack a count usually bring at most 5 % of it.

    A member counts from its first to its last count. One that lacks a count stands in with the median of the four
    weeks before (the same weekday or hour of the week; months: the four before), so nothing later is looked at.
    silent_T  periods in which no count is expected: their sums are missing, and nothing is said of it
    """
    if not len(sums_UB):
        return np.zeros((0, y_BT.shape[1])), []
    alive_BT = alive(y_BT, freq)
    lack_BT = alive_BT & np.isnan(y_BT)
    own_BT = np.where(alive_BT, np.nan_to_num(y_BT), 0.0)
    usual_BT = np.where(lack_BT, _lately(y_BT, freq) if lack_BT.any() else 0.0, 0.0)
    unknown_UT = sums_UB @ np.isnan(usual_BT) > 0
    stand_in_UT = np.round(sums_UB @ np.nan_to_num(usual_BT))
    y_UT = sums_UB @ own_BT + stand_in_UT
    nobody_UT = sums_UB @ (alive_BT & ~lack_BT) == 0
    silent_T = np.zeros(y_BT.shape[1], bool) if silent_T is None else silent_T
    y_UT[:, silent_T] = np.nan
    y_UT[(stand_in_UT > LACKING * y_UT) | unknown_UT | nobody_UT] = np.nan
    findings = []
    for u, name in enumerate(names_U):
        part_T = (stand_in_UT[u] > 0) & np.isfinite(y_UT[u])
        none_T = np.isnan(y_UT[u]) & (sums_UB[u] @ alive_BT > 0) & ~silent_T
        if part_T.any() or none_T.any():
            part, none = int(part_T.sum()), int(none_T.sum())
            does = [f"in {number(part, freq)} their usual count stands in (at most {LACKING:.0%} of it)"] * (part > 0)
            does += [f"in {number(none, freq)} too much is missing to tell"] * (none > 0)
            text = f"'{name}' is a sum of which members lack counts: {', '.join(does)}"
            findings.append(Finding("part missing", text, name, part + none))
    return y_UT, findings


def _lately(y_BT: np.ndarray, freq: str) -> np.ndarray:
    """Median of the same weekday (hour of the week, month before) over the last four that have a count."""
    return in_time(by_slot(y_BT, freq).rolling(LATELY, min_periods=1).median().shift(1).ffill(), y_BT.shape)
