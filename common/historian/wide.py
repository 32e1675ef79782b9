"""A wide table with quality columns: a bad reading is missing before anything else looks at its value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from common.historian.export import Export
from common.historian.quality import BAD, UNCERTAIN, read_quality
from common.table import Column, open_table

QUALITY = re.compile(r"quality|qualit(ä|ae)t|opc|is_?good|questionable", re.IGNORECASE)
NEVER = ("machine", "time")  # columns without a quality


def read_wide(
    path: Path, columns: Sequence[Column], export: Export, *, names: Mapping[str, str], setting: str | None, **form: Any
) -> tuple[pd.DataFrame, str | None, list[str]]:
    """As `read_table`, with line as a column; which status codes were found; and notes."""
    measured = [column.name for column in columns if column.name not in NEVER]
    beside = _quality_columns(measured, export, names)
    if clash := set(beside.values()) & {*measured, *NEVER}:
        raise Fault(f"quality.column={export.column}: {min(clash)} holds readings or times, not their quality")
    asked = [*columns, *(Column(q, "", -np.inf, np.inf, required=False, kind="text") for q in set(beside.values()))]
    table = open_table(path, asked, names=names, setting=setting, **form)
    frame = table.frame(asked)
    found = sorted(set(beside.values()) & set(frame.columns))
    if beside and not found:
        header = ", ".join(name[:60] for name in table.lines.header[:20] if name)
        remedy = f"correct {setting}.quality.column" if setting else "export it as before"
        raise Fault(f"{path.name} has no quality column '{next(iter(beside.values()))}'; it has {header}: {remedy}")
    notes, codes = [], None
    if found:
        level, codes = read_quality(
            {q: frame[q] for q in found}, table.where, codes=export.codes, words=export.words, setting=setting
        )
        bad = doubted = 0
        for name in measured:
            if name not in frame or beside[name] not in level:
                continue
            level_R, known_R = level[beside[name]], frame[name].notna().to_numpy()
            lost_R = (level_R == BAD) | ((level_R == UNCERTAIN) & (export.uncertain == "drop"))
            bad += int((known_R & (level_R == BAD)).sum())
            doubted += int((known_R & (level_R == UNCERTAIN)).sum())
            frame[name] = frame[name].mask(lost_R)
        notes = said(bad, doubted, export.uncertain)
        without = [name for name in measured if beside[name] not in level]
        notes += [f"no quality column for {', '.join(without)}: taken as good"] if without else []
    table.check(frame, columns)
    notes = [*passed_over(frame.attrs["extra"], export), *frame.attrs["repaired"], *notes]
    frame.attrs = {}
    return frame.drop(columns=found).reset_index(), codes, notes


def passed_over(extra: Sequence[str], export: Export) -> list[str]:
    """Columns that nobody asked for; one that seems to hold qualities would let bad readings in."""
    hint = next((name for name in extra if QUALITY.search(name)), None) if not export.column else None
    return [
        *([f"columns not used: {', '.join(extra)}"] if extra else []),
        *([f"'{hint}' seems to say which readings are bad: if so, name it with quality.column"] if hint else []),
    ]


def said(bad: int, doubted: int, uncertain: str) -> list[str]:
    """What became of readings that the historian itself does not trust."""
    kept = "were kept" if uncertain == "keep" else "were taken as missing"
    return [
        *([f"{bad:,} readings of bad quality were taken as missing"] if bad else []),
        *([f"{doubted:,} readings of uncertain quality {kept}"] if doubted else []),
    ]


def _quality_columns(measured: Sequence[str], export: Export, names: Mapping[str, str]) -> dict[str, str]:
    """Our channel -> the file's column of its quality."""
    if not export.column:
        return {}
    return {name: export.column.replace("{channel}", names.get(name) or name) for name in measured}
