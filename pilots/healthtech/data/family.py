"""Bottom series, the totals a file brings along and the sums asked for, in the order that `Counts` wants.

Right of the waist too. Axes: B bottom series, U upper series, S = B + U, T periods, K future columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from common.fault import Fault
from pilots.healthtech.data.contract import Finding, Level
from pilots.healthtech.data.levels import add_up, sums_of
from pilots.healthtech.data.totals import find_totals


@dataclass(frozen=True)
class Family:
    """As in `Counts`; total_rows: names of the file's own rows that add up the others."""

    y_ST: np.ndarray
    names_S: tuple[str, ...]
    sums_SB: np.ndarray
    levels: tuple[Level, ...]
    future_STK: np.ndarray
    findings: tuple[Finding, ...]
    total_rows: tuple[str, ...]


def family_of(
    y_NT: np.ndarray,
    names_N: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    total: str | None,
    future_NTK: np.ndarray,
    freq: str,
    silent_T: np.ndarray,
) -> Family:
    """From the N series of a file: totals told apart, groups and total added up.

    groups  level -> what each series belongs to
    total   name of a sum of all; a total that the file brings along takes its place
    """
    total_N, findings = find_totals(y_NT, tuple(names_N), freq)
    bottom = np.flatnonzero(~total_N)
    names_B = [names_N[n] for n in bottom]
    for level, group_N in groups.items():
        alone = [names_N[n] for n in bottom if not group_N[n]]
        if alone:
            raise Fault(f"'{alone[0]}' belongs to no {level}: fill the column '{level}' in on its rows")
    wanted = {level: [group_N[n] for n in bottom] for level, group_N in groups.items()}
    own = [names_N[n] for n in np.flatnonzero(total_N)]
    if total and not own:
        if total in names_B:
            raise Fault(f"data.total={total} is the name of a series already: give the sum another name")
        wanted["total"] = [total] * len(names_B)
    sums_SB, names_S, levels = sums_of(wanted, names_B)
    sums_UB, names_U = sums_SB[len(names_B) :], names_S[len(names_B) :]
    y_UT, found = add_up(y_NT[bottom], sums_UB, names_U, freq, silent_T)
    y_ST = np.concatenate([y_NT[bottom], y_UT, y_NT[total_N]])
    if own:  # where the file's total has no count, its members' sum stands in
        summed_T = add_up(y_NT[bottom], np.ones((1, len(bottom))), own[:1], freq, silent_T)[0][0]
        y_ST[-len(own) :] = np.where(np.isnan(y_ST[-len(own) :]), summed_T, y_ST[-len(own) :])
        levels += (Level("total", tuple(range(len(sums_SB), len(sums_SB) + len(own)))),)
        sums_SB = np.concatenate([sums_SB, np.ones((len(own), len(names_B)))])
    future_BTK = future_NTK[bottom]
    share_SB = sums_SB / sums_SB.sum(axis=1, keepdims=True)
    future_STK = np.einsum("sb,btk->stk", share_SB, filled(future_BTK)) if future_BTK.shape[2] else future_NTK[:0]
    return Family(y_ST, (*names_S, *own), sums_SB, levels, future_STK, (*findings, *found), tuple(own))


def filled(future_BTK: np.ndarray) -> np.ndarray:
    """Where a gap has no row: the other series' value at that time, else the one before (at the start: after)."""
    out = future_BTK.copy()
    known = np.isfinite(out)
    others = np.where(known, out, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    out = np.where(known, out, np.where(known.any(axis=0), others, np.nan))
    for at in np.ndindex(out.shape[0], out.shape[2]):
        row_T = out[at[0], :, at[1]]
        good = np.flatnonzero(np.isfinite(row_T))
        before = np.searchsorted(good, np.arange(len(row_T)), side="right") - 1
        out[at[0], :, at[1]] = row_T[good[np.maximum(before, 0)]]
    return out
