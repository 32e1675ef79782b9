"""A long table: one row per reading, with the name of its tag. Any order; tags report at times of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from common.fault import Fault
from common.historian.export import Export
from common.historian.quality import BAD, UNCERTAIN, read_quality
from common.historian.wide import passed_over, said
from common.table import Column, open_table, refuse_unknown_names

OWN = ("machine", "time", "tag", "value")  # our columns of a long table
SHOWN = 8  # tags that a sentence names


def read_long(
    path: Path, columns: Sequence[Column], export: Export, *, names: Mapping[str, str], setting: str | None, **form: Any
) -> tuple[pd.DataFrame, str | None, list[str]]:
    """Columns machine, channel, time, value and line; which status codes were found; and notes.

    columns  machine, time and the channels, with the limits their readings are held to
    names    our name -> the file's column, or its tag (the part that the template calls {channel})
    """
    channels = [column for column in columns if column.name not in ("machine", "time")]
    if clash := {column.name for column in channels} & set(OWN):
        raise Fault(f"a channel cannot be called {min(clash)} here: a long table has a column of that name")
    refuse_unknown_names(names, [*OWN, *(column.name for column in channels)], setting)
    with_machine = export.tag is None or "{machine}" not in export.tag
    kinds: dict[str, Literal["time", "text"]] = {"time": "time", "tag": "text", "value": "text"}
    if with_machine:
        kinds["machine"] = "text"
    optional = ("value", *(["quality"] if export.column else []))  # may be empty, and must be there all the same
    wanted = [Column(name, "", -np.inf, np.inf, name not in optional, kind=kind) for name, kind in kinds.items()]
    theirs = {name: names.get(name) or name for name in kinds}
    if export.column:
        wanted.append(Column("quality", "", -np.inf, np.inf, False, kind="text"))
        theirs["quality"] = export.column
    table = open_table(path, wanted, names=theirs, setting=setting, **form)
    frame = table.frame(wanted)
    table.check(frame, wanted)
    attrs, frame.attrs = frame.attrs, {}
    frame, notes = _by_tag(frame, channels, export, names, path.name, setting)
    codes = None
    if export.column:
        level, codes = read_quality(
            {"quality": frame["quality"]}, table.where, codes=export.codes, words=export.words, setting=setting
        )
        level_N, known_N = level["quality"], frame["value"].notna().to_numpy()
        lost_N = (level_N == BAD) | ((level_N == UNCERTAIN) & (export.uncertain == "drop"))
        notes += said(
            int((known_N & (level_N == BAD)).sum()), int((known_N & (level_N == UNCERTAIN)).sum()), export.uncertain
        )
        frame["value"] = frame["value"].mask(lost_N)  # before it is read as a number: "Bad Input" may stand there
    frame["value"] = table.numbers("value", frame["value"])
    extra = passed_over(attrs["extra"], export)
    frame = frame[["machine", "channel", "time", "value"]]
    return frame.reset_index(names="line"), codes, [*extra, *attrs["repaired"], *notes]


def _by_tag(
    frame: pd.DataFrame,
    channels: Sequence[Column],
    export: Export,
    names: Mapping[str, str],
    file: str,
    setting: str | None,
) -> tuple[pd.DataFrame, list[str]]:
    """The rows of our channels, each with its machine and channel; what was passed over is told."""
    tag_N, tags = pd.factorize(frame["tag"])
    ours = {names.get(column.name) or column.name: column.name for column in channels}
    parts = [export.match(str(tag)) for tag in tags]
    if not any(parts):
        remedy = f"correct {setting}.tags.template" if setting else "export them as before"
        raise Fault(f"{file}: no tag is written as {export.tag}; the first is '{str(tags[0])[:80]}': {remedy}")
    channel_U = np.array([ours.get(part["channel"]) if part else None for part in parts], object)
    refuse_absent(channels, set(channel_U), [part["channel"] for part in parts if part], file, names, setting)
    unused = [str(tag)[:60] for tag, channel in zip(tags, channel_U, strict=True) if channel is None]
    notes = [f"tags not used: {some(unused)}"] if unused else []
    frame = frame.assign(channel=channel_U[tag_N])
    if export.tag is not None and "{machine}" in export.tag:
        machine_U = np.array([part["machine"].strip() if part else "" for part in parts], object)
        frame["machine"] = pd.Series(machine_U[tag_N], index=frame.index, dtype="str")
    return frame[frame["channel"].notna()].copy(), notes


def refuse_absent(
    channels: Sequence[Column],
    found: set,
    tags: Sequence[str],
    file: str,
    names: Mapping[str, str],
    setting: str | None,
) -> None:
    """A channel that no tag reports is a mistake in its name until the user says otherwise."""
    for column in channels:
        if column.required and column.name not in found:
            asked = names.get(column.name) or column.name
            unit = f" [{column.unit}]" if column.unit else ""
            remedy = f"Say which one it is with {setting}.columns.{column.name}=YOUR_TAG" if setting else ""
            remedy = remedy or "Rename the one it is in the file"
            raise Fault(
                f"{file} has no tag '{asked}' for '{column.name}'{unit}; it has {some(sorted(set(tags)))}. {remedy}"
            )


def some(words: Sequence[str]) -> str:
    """The first few of a long list."""
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else "")
