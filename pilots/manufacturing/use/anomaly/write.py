"""The answer as tables: `advisory.csv`, one line a machine, and `anomaly.csv.gz`, one line a reading.

Axes: R rows of all machines, M machines, F channels.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.spreadsheet import spreadsheet_cell
from pilots.manufacturing.rungs import said
from pilots.manufacturing.use.anomaly.infer import Findings, telling
from pilots.manufacturing.use.ladder import Ladder
from pilots.manufacturing.use.read import Logs

NAMED = 3  # sensors of a machine
LEAST = 0.1  # part of the score from which on a sensor is named
GAP_SHARE, UNSEEN_SHARE = 0.1, 0.2  # of a machine's rows, from which on it is told


def advisory(
    logs: Logs, found: Findings, order_M: np.ndarray, manifest: Mapping[str, Any], ladder: Ladder
) -> pd.DataFrame:
    """One line a machine, the most urgent first."""
    return pd.DataFrame([_line(logs, found, int(machine), manifest, ladder) for machine in order_M])


def _line(logs: Logs, found: Findings, machine: int, manifest: Mapping[str, Any], ladder: Ladder) -> dict[str, Any]:
    at, channels = logs.rows(machine), manifest["channels"]
    judged = int(np.isfinite(found.score_R[at]).sum())
    since, first, last = int(found.since_M[machine]), int(found.first_M[machine]), at.stop - 1
    named = [f"{channels[f]['name']} {part:.0%}" for f, part in telling(logs, found, machine)[:NAMED] if part >= LEAST]
    score = float(found.score_R[last])
    return {
        "machine": logs.machine_M[machine],
        "state": "abnormal" if since >= 0 else "not judged" if not np.isfinite(score) else "normal",
        "since": logs.stamp(since) if since >= 0 else "",
        "for_rows": at.stop - since if since >= 0 else 0,
        "first_alarm": logs.stamp(first) if first >= 0 else "",
        "last_time": logs.stamp(last),
        "rows": int(logs.length_M[machine]),
        "rows_judged": judged,
        "rows_alarming": int(found.alarm_R[at].sum()),
        "score_over_limit": round(score / found.limit, 3),
        "sensors": ", ".join(named),
        "limits": "; ".join(map(str, ladder.limits_M[machine])),
        "rung": said(ladder.rung_M[machine]) if ladder.rung_M[machine] >= 0 else "",
        "data_quality": "; ".join(_doubts(logs, found, machine, manifest)),
    }


def _doubts(logs: Logs, found: Findings, machine: int, manifest: Mapping[str, Any]) -> list[str]:
    """What speaks against the judgement, in words."""
    at, rows, baseline = logs.rows(machine), int(logs.length_M[machine]), manifest["decision"]["baseline"]
    said = ["rows were not in order of time and have been sorted"] if logs.unsorted_M[machine] else []
    if rows <= baseline:
        return [*said, f"only {rows} rows: the first {baseline} give the machine's own level, nothing is judged yet"]
    for f, channel in enumerate(manifest["channels"]):
        gaps, odd = int(found.gap_RF[at, f].sum()), int(found.unseen_RF[at, f].sum())
        setting = (
            channel["role"] == "setting"
        )  # a sensor outside what healthy machines showed is no doubt but a finding
        if gaps == rows:
            said.append(f"{channel['name']}: no readings")
        elif found.gap_RF[at.start : at.start + baseline, f].all():
            said.append(f"{channel['name']}: no reading in the first {baseline} rows, so it is not judged")
        elif gaps >= GAP_SHARE * rows:
            said.append(f"{channel['name']}: {gaps / rows:.0%} of readings missing")
        if setting and odd >= UNSEEN_SHARE * rows:
            said.append(f"{channel['name']}: {odd / rows:.0%} of readings outside what training saw")
    strange_T = ~found.condition_ok_R[at]
    if strange_T.any():
        said.append(f"operating condition not met in training in {strange_T.sum()} of {rows} rows")
    return said


def write_rows(logs: Logs, found: Findings, manifest: Mapping[str, Any], path: Path) -> None:
    """Every reading's judgement, gzip-packed, machine by machine; `line` finds the reading in the user's file."""
    names = [spreadsheet_cell(channel["name"]) for channel in manifest["channels"]]
    share_RF = np.nan_to_num(found.share_RF)
    top_R, total_R = share_RF.argmax(1), share_RF.sum(1)
    known_R = total_R > 0
    machines = pd.Categorical.from_codes(
        np.repeat(np.arange(len(logs.machine_M)), logs.length_M), [spreadsheet_cell(name) for name in logs.machine_M]
    )
    table = pd.DataFrame(
        {
            "line": logs.line_R,
            "machine": machines,
            "time": logs.time_R,
            "t2": found.t2_R.astype(float).round(4),
            "q": found.q_R.astype(float).round(4),
            "score": found.score_R.astype(float).round(4),
            "alarm": found.alarm_R.astype(np.int8),
            "sensor": np.where(known_R, np.array(names, object)[top_R], ""),
            "part": np.where(known_R, (share_RF.max(1) / np.where(known_R, total_R, 1)).round(3), np.nan),
            "condition_ok": found.condition_ok_R.astype(np.int8),
            "missing": found.gap_RF.sum(1),
            "unseen": found.unseen_RF.sum(1),
        }
    )
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        table.to_csv(io.TextIOWrapper(packed, "utf-8", write_through=True), index=False, lineterminator="\n")
