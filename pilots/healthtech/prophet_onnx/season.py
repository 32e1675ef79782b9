"""What repeats or is known by date: seasons and holidays, the rows of one feature matrix [row, when].

Every row is the same for all series; a component of the forecast is its row of coefficients times the matrix.
"""

from __future__ import annotations

import numpy as np

from common.fault import Fault
from pilots.healthtech.prophet_onnx.fit import WHEN
from pilots.healthtech.prophet_onnx.nodes import DOUBLE, INT64, Nodes
from pilots.healthtech.prophet_onnx.parameters import DAY, Structure

CELLS = 2_000_000  # of the table of holidays: 16 MB


def waves(add: Nodes, structure: Structure, seconds: str) -> tuple[list[str], list[int]]:
    """Fourier features, and which column of Prophet's each row is."""
    if not structure.seasonalities:
        return [], []
    # The order of the operations is Prophet's: at 20,000 days a phase has no digit to spare.
    turn = add("Mul", add("Div", seconds, float(DAY)), np.pi * 2)
    blocks, rows, first = [], [], 0
    groups: dict[str, tuple[list[float], list[int]]] = {}
    for season in structure.seasonalities:
        pace, sine = groups.setdefault(season.condition, ([], []))
        pace += [(n + 1) / season.period for n in range(season.order)]
        sine += [first + 2 * n for n in range(season.order)]
        first += 2 * season.order
    for condition, (pace, sine) in groups.items():
        phase = add("Mul", turn, np.array(pace)[:, None])
        pair = [add("Sin", phase), add("Cos", phase)]
        if condition:
            add.input(condition, "bool", ("when",), "where the seasonality of this condition holds")
            holds = add("Cast", condition, to=DOUBLE)
            pair = [add("Mul", wave, holds) for wave in pair]
        blocks += pair
        rows += [*sine, *(column + 1 for column in sine)]
    return blocks, rows


def holidays(add: Nodes, structure: Structure, seconds: str) -> tuple[list[str], list[int]]:
    """One row per holiday column. A table gives every day between the first and the last the columns it is in."""
    columns = structure.holidays
    if not columns:
        return [], []
    days: dict[int, list[int]] = {}
    for number, column in enumerate(columns):
        for day in set(column.days):
            days.setdefault(day, []).append(number)
    kinds = {(): 0}  # sets of columns that some day is in; an ordinary day is in none
    first, last = (min(days), max(days)) if days else (0, 0)
    table = np.zeros(last - first + 3, np.int64)  # an ordinary day before the first and after the last
    for day, numbers in days.items():
        table[day - first + 1] = kinds.setdefault(tuple(numbers), len(kinds))
    if len(columns) * len(kinds) > CELLS:
        raise Fault(f"{len(columns)} holiday columns meet in {len(kinds):,} different ways: too many for a graph")
    member = np.zeros((len(columns), len(kinds)))
    for numbers, kind in kinds.items():
        member[list(numbers), kind] = 1
    small = table.astype(np.uint8 if len(kinds) < 256 else np.int32)
    day = add("Cast", add("Floor", add("Div", seconds, float(DAY))), to=INT64)
    place = add("Clip", add("Sub", day, np.array(first - 1)), np.array(0), np.array(len(table) - 1))
    kind = add("Cast", add("Gather", small, place, axis=0), to=INT64)
    waves = sum(2 * season.order for season in structure.seasonalities)
    return [add("Gather", member, kind, axis=1)], [waves + number for number in range(len(columns))]


def out_of_date(add: Nodes, structure: Structure) -> str:
    """Whether a step lies after the last day the holiday lists know."""
    last = np.iinfo(np.int64).max if structure.known_until is None else (structure.known_until + 1) * DAY - 1
    return add("Greater", WHEN, np.array(last))
