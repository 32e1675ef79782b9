"""A table with a column for every tag, "time, P1.speed, P1.vibration, P2.speed, …", as trend tools export it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from common.historian.export import Export
from common.historian.long import refuse_absent, some
from common.historian.quality import BAD, GOOD, UNCERTAIN, read_quality
from common.historian.wide import passed_over, said
from common.table import Column, open_table, refuse_unknown_names
from common.table_text import read_lines


def read_across(
    path: Path, columns: Sequence[Column], export: Export, *, names: Mapping[str, str], setting: str | None, **form: Any
) -> tuple[pd.DataFrame, str | None, list[str]]:
    """As `read_long`. An empty cell says that nothing was reported then, not that the reading was bad."""
    channels = [column for column in columns if column.name not in ("machine", "time")]
    refuse_unknown_names(names, ["machine", "time", *(column.name for column in channels)], setting)
    header = [name for name in read_lines(path, form.get("separator")).header if name]
    ours = {names.get(column.name) or column.name: column for column in channels}
    parts = {name: part for name in header if (part := export.match(name))}
    if not parts:
        remedy = f"correct {setting}.tags.template" if setting else "export them as before"
        raise Fault(f"{path.name}: no column is named as {export.tag}; it has {some(header)}: {remedy}")
    wanted = {
        name: (part["machine"].strip(), ours[part["channel"]])
        for name, part in parts.items()
        if part["channel"] in ours
    }
    refuse_absent(
        channels,
        {column.name for _, column in wanted.values()},
        [part["channel"] for part in parts.values()],
        path.name,
        names,
        setting,
    )
    beside = {name: export.column.replace("{channel}", name) for name in wanted} if export.column else {}
    if clash := set(beside.values()) & {*wanted, "time"}:
        raise Fault(f"quality.column={export.column}: {min(clash)} holds readings or times, not their quality")
    asked = [
        Column("time", "", -np.inf, np.inf, kind="time"),
        *(replace(column, name=name) for name, (_, column) in wanted.items()),
        *(Column(name, "", -np.inf, np.inf, required=False, kind="text") for name in sorted(set(beside.values()))),
    ]
    table = open_table(path, asked, names={"time": names.get("time") or "time"}, setting=setting, **form)
    frame = table.frame(asked)
    table.check(frame[["time"]], asked[:1])
    found = [name for name in sorted(set(beside.values())) if name in frame]
    if beside and not found:
        remedy = f"correct {setting}.quality.column" if setting else "export it as before"
        raise Fault(
            f"{path.name} has no quality column '{next(iter(beside.values()))}'; it has {some(header)}: {remedy}"
        )
    level, codes = read_quality(
        {name: frame[name] for name in found}, table.where, codes=export.codes, words=export.words, setting=setting
    )
    readings, bad, doubted = [], 0, 0
    good_R = np.full(len(frame), GOOD, np.int8)
    for name, (machine, column) in wanted.items():
        level_R, known_R = level.get(beside.get(name, ""), good_R), frame[name].notna().to_numpy()
        lost_R = (level_R == BAD) | ((level_R == UNCERTAIN) & (export.uncertain == "drop"))
        bad += int((known_R & (level_R == BAD)).sum())
        doubted += int((known_R & (level_R == UNCERTAIN)).sum())
        part = pd.DataFrame({"time": frame["time"], "value": frame[name].mask(lost_R)})[known_R | lost_R]
        readings.append(part.assign(machine=machine, channel=column.name).reset_index(names="line"))
    notes = passed_over(frame.attrs["extra"], export)
    return pd.concat(readings), codes, [*notes, *frame.attrs["repaired"], *said(bad, doubted, export.uncertain)]
