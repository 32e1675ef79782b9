"""What adds up to what in the tables of an answer: series to trusts and totals, steps to shifts, days and weeks.

An equation is a row of a table and the rows that it is the sum of. Axes: E equations, M rows inside equations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Equations:
    """parent_E: the row that is a sum; equation_M, child_M: the rows that it adds up, equation by equation."""

    parent_E: np.ndarray
    equation_M: np.ndarray
    child_M: np.ndarray

    @classmethod
    def of(cls, sums: Sequence[tuple[int, Sequence[int]]]) -> Equations:
        sizes = [len(children) for _, children in sums]
        parent_E = np.array([parent for parent, _ in sums], int)
        child_M = np.array([child for _, children in sums for child in children], int)
        return cls(parent_E, np.repeat(np.arange(len(sums)), sizes), child_M)


def equations(tables: Sequence[pd.DataFrame], flow: Mapping[str, Any]) -> Equations:
    """Over all rows of these tables, one after another, each with the columns series, period, step and steps.

    A row stands for `steps` steps from `step` on; period is a word, such as "step" or "day".
    """
    rows = pd.concat([table[["series", "period", "step", "steps"]] for table in tables], ignore_index=True)
    row_of = {key: row for row, key in enumerate(zip(*(rows[name] for name in rows), strict=True))}
    found: list[tuple[int, list[int]]] = []
    families = tilings_of_series(flow)
    for period, step, steps in dict.fromkeys(zip(rows["period"], rows["step"], rows["steps"], strict=True)):
        for parent, children in families:
            keys = [(name, period, step, steps) for name in (parent, *children)]
            if all(key in row_of for key in keys):
                found.append((row_of[keys[0]], [row_of[key] for key in keys[1:]]))
    for _, own in rows.groupby("series", sort=False):
        found += _tilings_of_time(own)
    return Equations.of(found)


def tilings_of_series(flow: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Every sum as its own series, as the members of each level below it, and as a smaller sum and what it lacks."""
    names, sums = flow["names"], [frozenset(np.flatnonzero(row)) for row in flow["sums"]]
    if not sums:
        return []
    bottom = len(flow["sums"][0])
    levels = [range(bottom), *(level["members"] for level in flow["hierarchy"])]
    found = []
    for s in range(bottom, len(names)):
        tiled: set[int] = set()
        for level in levels:
            inside = [m for m in level if m != s and sums[m] <= sums[s]]
            whole = frozenset().union(*(sums[m] for m in inside))
            if whole == sums[s] and sum(len(sums[m]) for m in inside) == len(whole):  # each part once
                found.append((s, inside))
                tiled |= set(inside)
        others = [r for r in range(bottom, len(names)) if r != s and r not in tiled and sums[r] <= sums[s]]
        found += [(s, [r, *sorted(sums[s] - sums[r])]) for r in others]
    return [(names[s], [names[m] for m in members]) for s, members in found]


def _tilings_of_time(own: pd.DataFrame) -> list[tuple[int, list[int]]]:
    """The rows of one series: every stretch as the shorter stretches of each kind that fill it without a gap."""
    kinds = []
    for _, rows in own.groupby("period", sort=False):
        rows = rows.sort_values("step")
        first_N = rows["step"].to_numpy()
        kinds.append((rows.index.to_numpy(), first_N, first_N + rows["steps"].to_numpy()))
    found = []
    for number_N, first_N, end_N in kinds:
        for part_N, begin_N, stop_N in kinds:
            if part_N is number_N:
                continue
            for number, first, end in zip(number_N, first_N, end_N, strict=True):
                inside = slice(*np.searchsorted(begin_N, [first, end]))
                begin, stop = begin_N[inside], stop_N[inside]
                if len(begin) and begin[0] == first and stop[-1] == end and (begin[1:] == stop[:-1]).all():
                    found.append((int(number), part_N[inside].tolist()))
    return found
