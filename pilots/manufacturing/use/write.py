"""The answer as tables: `advisory.json` and `advisory.csv`, one line a machine, and `rul.csv.gz`, one line a reading.

Axes: R rows of all machines, M machines.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pilots.manufacturing.use.infer import Outlook
from pilots.manufacturing.use.read import Logs

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so
SPREADSHEET = "utf-8-sig"  # without the mark Excel reads °, é and ł as something else


def write_document(document: Mapping[str, Any], path: Path) -> None:
    """advisory.json: UTF-8, indented, without a number that JSON does not know."""
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def write_advisory(table: pd.DataFrame, path: Path, decimal: str = ".") -> None:
    """A CSV that a double click opens rightly in a spreadsheet of the country the data came from."""
    safe = table.copy()
    for column in safe.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in safe.dtypes]]:
        safe[column] = [spreadsheet_cell(value) for value in safe[column]]
    comma = decimal in (",", "comma")
    text = safe.to_csv(index=False, lineterminator="\r\n", sep=";" if comma else ",", decimal="," if comma else ".")
    path.write_bytes(text.encode(SPREADSHEET))


def write_rows(logs: Logs, outlook: Outlook, path: Path) -> None:
    """Every reading's estimate, gzip-packed, machine by machine; `line` finds the reading in the user's file."""
    names = pd.Categorical.from_codes(
        np.repeat(np.arange(len(logs.machine_M)), logs.length_M), [spreadsheet_cell(name) for name in logs.machine_M]
    )
    table = pd.DataFrame(
        {
            "line": logs.line_R,
            "machine": names,
            "time": logs.time_R,
            "rul": rounded(outlook.rul_R, 3),
            "low": rounded(outlook.low_R, 3),
            "high": rounded(outlook.high_R, 3),
            "p_fail": rounded(outlook.p_fail_R, 5),
            "condition_ok": outlook.condition_ok_R.astype(np.int8),
            "missing": outlook.gaps_R,
            "unseen": outlook.unseen_R,
        }
    )
    pack(table, path)


def pack(table: pd.DataFrame, path: Path) -> None:
    """A gzip-packed CSV; the same table gives the same bytes."""
    # No time stamp and no name inside, level 6: the same answer is the same bytes, and 9 takes thrice as long.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        table.to_csv(io.TextIOWrapper(packed, "utf-8", write_through=True), index=False, lineterminator="\n")


def spreadsheet_cell(text: str) -> str:
    """Text that a spreadsheet shows instead of running it: ' is the sign for "this is text"."""
    return f"'{text}" if text.startswith(FORMULA) else text


def rounded(values: np.ndarray, digits: int) -> np.ndarray:
    return np.round(values.astype(np.float64), digits) + 0.0  # + 0.0 turns -0.0 into 0.0
