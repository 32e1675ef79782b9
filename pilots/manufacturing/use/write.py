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

from common.spreadsheet import spreadsheet_cell
from pilots.manufacturing.use.infer import Outlook
from pilots.manufacturing.use.read import Logs


def write_document(document: Mapping[str, Any], path: Path) -> None:
    """advisory.json: UTF-8, indented, without a number that JSON does not know."""
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


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


def rounded(values: np.ndarray, digits: int) -> np.ndarray:
    return np.round(values.astype(np.float64), digits) + 0.0  # + 0.0 turns -0.0 into 0.0
