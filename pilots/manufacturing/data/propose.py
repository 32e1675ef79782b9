"""A first yaml for any file: a wide table (`draft.py`), a historian's long export, or captured Sparkplug B messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from common.fault import Fault
from common.historian.export import SPARKPLUG, Export
from common.historian.sparkplug_message import is_capture, number, read_messages
from common.table import Column, read_table
from common.table_text import read_lines
from pilots.manufacturing.data.draft import (
    DATE,
    MACHINES,
    TIMES,
    cells_of,
    channel_line,
    decimal_of,
    draft,
    names_of,
    numbers_of,
    quoted,
)

TAG = re.compile(r"tag|tag_?name|point|point_?name|name|variable|parameter|signal|sensor|channel|item|_?field", re.I)
VALUE = re.compile(r"_?value|val|pv|reading|wert|messwert|numeric_?value", re.I)
QUALITY = re.compile(r"quality|.*_quality|status|opc_?quality|qualit(ä|ae)t", re.I)
SEPARATORS = "./\\:|_-"  # between the parts of a tag, asked in this order
MOST = 0.9  # share of the tags that a template has to fit
STEPS = ("1s", "10s", "1min", "5min", "10min", "15min", "30min", "1h", "4h", "8h", "12h", "1D")
LOOK_AT = 20_000  # messages


def propose(path: Path) -> str:
    """The yaml's text; guesses are marked as such."""
    if path.is_file() and is_capture(path):
        return _of_capture(path)
    lines = read_lines(path)
    cells = cells_of(lines)
    tag = next((name for name in cells if TAG.fullmatch(name) and cells[name].nunique() <= len(cells) / 2), None)
    value = next((name for name in cells if VALUE.fullmatch(name)), None)
    if not tag or not value:
        return draft(path)
    return _of_long(path, cells, tag, value, lines.separator)


def _of_long(path: Path, cells: pd.DataFrame, tag: str, value: str, separator: str) -> str:
    rest = [name for name in cells if name not in (tag, value)]
    time = next((n for n in rest if cells[n].str.fullmatch(DATE).mean() > MOST), None)
    time = time or next((n for n in rest if TIMES.search(n)), None)
    quality = next((n for n in rest if n != time and QUALITY.fullmatch(n)), None)
    machine = next(
        (n for n in rest if n not in (time, quality) and MACHINES.search(n) and len(set(cells[n])) > 1), None
    )
    tags = cells[tag].str.strip()
    template = None if machine else template_of(sorted(set(tags)))
    export = Export("long", template)
    parts = {name: export.match(name) for name in tags.unique()}
    channel_R = tags.map(lambda name: (parts[name] or {}).get("channel"))
    decimal = decimal_of(cells, separator)
    number_R = numbers_of(cells[value], decimal)
    columns = {"machine": machine} if machine or not template else {}
    columns |= {"time": time, "tag": tag, "value": value}
    how = {
        "columns": columns,
        "template": template or ("null" if machine else None),
        "step": _step(path, time, channel_R, tags),
        "quality": quality,
        "decimal": decimal,
    }
    return _yaml(path, f"{len(cells):,} rows", "long", channel_R, number_R, how)


def _of_capture(path: Path) -> str:
    tags, values, named = [], [], {}
    for message, _ in zip(read_messages(path), range(LOOK_AT), strict=False):
        for metric in message.payload.metrics if message else []:
            key = message.node, metric.alias if metric.HasField("alias") else (message.device, metric.name)
            if metric.name and message.kind[1:] == "BIRTH":
                named[key] = f"{message.node}/{message.device}/{metric.name}", int(metric.datatype)
            if key in named:
                value = number(metric, int(metric.datatype) or named[key][1])
                tags.append(named[key][0])
                values.append(np.nan if value is None else value)
    if not named:
        raise Fault(
            f"{path.name}: no birth of Sparkplug B is in it, so that nothing has a name: capture from a birth on"
        )
    template = SPARKPLUG if any("//" not in tag for tag in tags) else "{group}/{machine}//{channel}"
    export = Export("sparkplug", template)
    channel_R = pd.Series(tags, dtype="str").map(lambda tag: (export.match(tag) or {}).get("channel"))
    how = {"columns": {}, "template": template, "step": "1min", "quality": None, "decimal": None}
    return _yaml(path, f"{len(tags):,} readings", "sparkplug", channel_R, pd.Series(values, dtype=float), how)


def _yaml(path: Path, much: str, layout: str, channel_R: pd.Series, number_R: pd.Series, how: dict) -> str:
    """The lines; a channel is what has numbers."""
    by_channel = {str(name): number_R[channel_R == name] for name in channel_R.dropna().unique()}
    measured = [name for name, x_R in by_channel.items() if x_R.notna().mean() > 0.5]
    if not measured:
        raise Fault(f"{path.name} has no tag with numbers to learn from; it has {', '.join(list(by_channel)[:20])}")
    channels = dict(zip(measured, names_of(measured), strict=True))
    columns = {ours: theirs for ours, theirs in how["columns"].items() if ours != theirs}
    columns |= {ours: theirs for theirs, (ours, _) in channels.items() if ours != theirs}
    left = [name for name in by_channel if name not in measured]
    template = how["template"]
    written = template if template == "null" else quoted(template or "{machine}.{channel}")
    asked = "" if template else "   # how are your tags written? what is neither machine nor channel stands as it is"
    return "\n".join(
        [
            f"# A guess from {much} of {quoted(path.name)}.",
            "# Save it as my_site/data/pumps.yaml, correct it, then: pilot-manufacturing check my_site/data/pumps.yaml",
            "defaults: [csv]",
            f"path: {quoted(str(path.absolute()))}",
            f"layout: {layout}",
            *(["columns:   # our name: the file's column, or its tag"] if columns else []),
            *(f"  {quoted(ours)}: {quoted(theirs) if theirs else 'YOUR_NAME'}" for ours, theirs in columns.items()),
            "tags:",
            f"  template: {written}{asked}",
            f"  step: {how['step']}   # rows are so far apart; each tells what was read in the step before it",
            "  hold: null   # so long a value stands in for missing ones, such as 6h, where tags report changes alone",
            *([f"quality: {{column: {quoted(how['quality'])}}}"] if how["quality"] else []),
            "channels:  # add low and high to each, beyond them lies the impossible; a setting is load, speed, ...",
            *(channel_line(*channels[name], by_channel[name]) for name in measured),
            *([f"# not used, no numbers: {', '.join(map(quoted, left))}"] if left else []),
            *([f"decimal: {how['decimal']}"] if how["decimal"] else []),
            "events: null    # file with machine, time, failed | replaced | repaired: without it no remaining life",
            "row_unit: row   # what one step stands for: day, hour, cycle",
        ]
    )


def template_of(tags: Sequence[str]) -> str | None:
    """ "PLANT/P1/vib", "PLANT/P2/vib" -> "PLANT/{machine}/{channel}"; None where the tags have no common shape."""
    for mark in SEPARATORS:
        parts = [tag.split(mark) for tag in tags]
        count = max(len(part) for part in parts)
        alike = [part for part in parts if len(part) == count]
        if count < 2 or len(alike) < MOST * len(parts) or any("{" in tag or "}" in tag for tag in tags):
            continue
        moving = [place for place in range(count - 1) if len({part[place] for part in alike}) > 1]
        machine = moving[-1] if moving else count - 2
        words = [f"{{other{place}}}" if place in moving else alike[0][place] for place in range(count)]
        words[machine], words[-1] = "{machine}", "{channel}"
        return mark.join(words)
    return None


def _step(path: Path, time: str | None, channel_R: pd.Series, tag_R: pd.Series) -> str:
    """null where all tags of a machine share their stamps; else what the slowest channel usually needs."""
    try:
        table = read_table(
            path, [Column("time", "", -np.inf, np.inf, kind="time")], names={"time": time} if time else {}, setting=None
        )
    except Fault:
        return "1h"  # which day and month it is, is asked when the yaml is checked
    frame = pd.DataFrame({"time": table["time"].to_numpy()[: len(tag_R)], "tag": tag_R.to_numpy()[: len(table)]})
    if frame.groupby("time")["tag"].nunique().min() == frame["tag"].nunique():
        return "null"
    gaps = frame.sort_values(["tag", "time"]).groupby("tag")["time"].diff()
    usual = gaps.groupby(frame["tag"]).median().max()
    if not isinstance(usual, pd.Timedelta):
        return "1" if pd.isna(usual) else f"{usual:g}"
    return next((step for step in STEPS if pd.Timedelta(step) >= usual), "1D").replace("D", "d")
