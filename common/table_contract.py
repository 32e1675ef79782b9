"""What every column of a table must hold, checked with pandera before anything else looks at the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from common.fault import Fault

if TYPE_CHECKING:
    import pandera.pandas as pa

# What loggers and statistics programs write where there is no reading.
CODES = {-1.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 32767.0, -32768.0, 65535.0}


@dataclass(frozen=True)
class Column:
    """One column of a table: our name for it, its unit and the physical limits outside which a value is refused.

    low, high  -inf, inf (or None, as in a bundle's JSON) where there is no limit
    kind       "integer": whole numbers; "time": dates or numeric stamps; "text": names. Time and text are never empty
               in a required column; numbers may be missing anywhere
    """

    name: str
    unit: str
    low: float
    high: float
    required: bool = True
    meaning: str = ""
    kind: Literal["number", "time", "text", "integer"] = "number"


def contract(columns: Sequence[Column]) -> pa.DataFrameSchema:
    """The pandera schema of a table that has been read: numbers float64, times datetime64 or float64."""
    import pandera.pandas as pa  # half a second: after --help, not before

    def checks(column: Column) -> list[pa.Check]:
        low, high = _span(column)
        rules = []
        if column.kind in ("number", "integer"):
            rules.append(pa.Check.in_range(low, high, name="range"))
        if column.kind == "time":  # numeric stamps only; dates have been held to possible years already
            rules.append(pa.Check(lambda x: x.dtype.kind != "f" or x.between(low, high), name="range"))
        if column.kind == "integer":
            rules.append(pa.Check(lambda x: x == x.round(), name="whole"))
        return rules

    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                "float64" if column.kind in ("number", "integer") else None,
                checks(column),
                nullable=column.kind in ("number", "integer") or not column.required,
                required=column.required,
            )
            for column in columns
        }
    )


def check(
    frame: pd.DataFrame, columns: Sequence[Column], where: Callable[[str, int], str], setting: str | None
) -> None:
    """Raise a Fault on the first breach by line; `where` turns our column name and a line into a sentence's start."""
    import pandera.errors

    try:
        contract(columns).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as err:
        cases = err.failure_cases
        if cases["index"].isna().any():
            raise Fault(f"the table does not keep its contract: {cases.iloc[0].to_dict()}") from err
        cases = cases.sort_values(["index", "column"], kind="stable")
        case = cases.iloc[0]
        column = next(c for c in columns if c.name == case["column"])
        raise Fault(_breach(column, case, where, len(cases) - 1, setting)) from err


def _breach(column: Column, case: pd.Series, where: Callable[[str, int], str], more: int, setting: str | None) -> str:
    start = where(column.name, int(case["index"]))
    rest = f" ({more:,} more such cells)" if more else ""
    if case["check"] == "not_nullable":
        return f"{start} is empty{rest}: every row needs one"
    value = float(case["failure_case"])
    if case["check"] == "whole":
        return f"{start} = {value:.10g} is not a whole number{rest}: correct it in the file"
    unit = f" {column.unit}" if column.unit else ""
    breach = f"{start} = {value:.10g} is {_limits(*_span(column))}{unit}{rest}."
    if not setting:
        return f"{breach} Correct it in the file, or leave it empty where there was no reading"
    if value in CODES:
        return f"{breach} Loggers write {value:.10g} for a missing reading; name it with {setting}.missing={value:.10g}"
    return (
        f"{breach} Check the column's unit; a code for a missing reading is named with {setting}.missing={value:.10g}"
    )


def _span(column: Column) -> tuple[float, float]:
    low = -math.inf if column.low is None else column.low
    return low, math.inf if column.high is None else column.high


def _limits(low: float, high: float) -> str:
    """How a value misses its range: "outside 0 to 80", "below 0"."""
    if math.isinf(high):
        return f"below {low:.10g}"
    return f"above {high:.10g}" if math.isinf(low) else f"outside {low:.10g} to {high:.10g}"
