"""Tables that a double click opens rightly in a spreadsheet, and that cannot make it run anything."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so
SPREADSHEET = "utf-8-sig"  # without the mark Excel reads °, é and ł as something else


def write_spreadsheet(table: pd.DataFrame, path: Path, decimal: str = ".") -> None:
    """A CSV as a spreadsheet of the country the data came from writes it."""
    safe = table.copy()
    for column in safe.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in safe.dtypes]]:
        safe[column] = [spreadsheet_cell(value) if isinstance(value, str) else value for value in safe[column]]
    comma = decimal in (",", "comma")
    text = safe.to_csv(index=False, lineterminator="\r\n", sep=";" if comma else ",", decimal="," if comma else ".")
    path.write_bytes(text.encode(SPREADSHEET))


def spreadsheet_cell(text: str) -> str:
    """Text that a spreadsheet shows instead of running it: ' is the sign for "this is text"."""
    return f"'{text}" if text.startswith(FORMULA) else text
