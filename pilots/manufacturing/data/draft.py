"""A first yaml for a CSV nobody has described yet: what its columns seem to be, for a person to correct."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from common.fault import Fault
from common.table_text import Lines, read_lines
from pilots.manufacturing.data.findings import likely_codes

LOOK_AT = 20_000  # rows
DATE = re.compile(r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ][0-9A-Za-z]{1,9}[-/. ]\d{2,4})\b.*")
# words in column names, English and German
MACHINES = re.compile(
    r"machine|unit|asset|pump|engine|device|equip|tag|serial|_id$|^id$|maschine|anlage", re.IGNORECASE
)
TIMES = re.compile(r"time|date|stamp|cycle|hour|day|zeit|datum|stunde", re.IGNORECASE)
SETTINGS = re.compile(r"speed|rpm|load|setpoint|set_point|setting|valve|throttle|drehzahl|last|sollwert", re.IGNORECASE)
UNIT = re.compile(r"(.*?)\s*[\[(]([^\])]*)[\])]\s*")  # Temp [°C], flow (m3/h)


def draft(path: Path) -> str:
    """The yaml's text. Guesses are marked as such; physical limits are left to a person."""
    lines = read_lines(path)
    cells = cells_of(lines)
    decimal = decimal_of(cells, lines.separator)
    numbers = {name: numbers_of(cells[name], decimal) for name in cells}
    share = {name: float(x.notna().sum() / max(1, (cells[name] != "").sum())) for name, x in numbers.items()}
    numeric = [name for name in cells if share[name] > 0.5]  # the rest may be codes for a missing reading
    time = time_of(cells, numeric)
    machine = _machine(cells, time)
    measured = [name for name in numeric if name not in (time, machine)]
    if not measured:
        raise Fault(f"{path.name} has no column of numbers to learn from; it has {', '.join(cells.columns[:20])}")
    channels = dict(zip(measured, names_of(measured), strict=True))
    codes = sorted({f"{code:g}" for name in measured for code in likely_codes(numbers[name].to_numpy())})
    columns = {"machine": machine, "time": time}
    columns |= {ours: theirs for theirs, (ours, _) in channels.items() if ours != theirs}
    left = [name for name in cells if name not in measured and name not in (time, machine)]
    return "\n".join(
        [
            f"# A guess from {len(cells):,} rows of {quoted(path.name)}.",
            "# Save it as my_site/data/pumps.yaml, correct it, then: pilot-manufacturing check my_site/data/pumps.yaml",
            "defaults: [csv]",
            f"path: {quoted(str(path.absolute()))}",
            "columns:   # our name: the file's column",
            *(f"  {quoted(ours)}: {_column(ours, theirs)}" for ours, theirs in columns.items()),
            "channels:  # add low and high to each, beyond them lies the impossible; a setting is load, speed, ...",
            *(channel_line(*channels[name], numbers[name]) for name in measured),
            *([f"# not used, no numbers: {', '.join(map(quoted, left))}"] if left else []),
            f"decimal: {decimal}",
            f"missing: [{', '.join(codes)}]   # what your logger writes where there is no reading, such as -999",
            "events: null    # file with machine, time, failed | replaced | repaired: without it no remaining life",
            "row_unit: row   # what one row stands for: day, hour, cycle",
            *(["rows_per_month: 30   # how many rows a machine makes in a month"] if time in numeric else []),
        ]
    )


def cells_of(lines: Lines) -> pd.DataFrame:
    return pd.read_csv(
        io.BytesIO(lines.body),
        sep=lines.separator,
        header=None,
        names=lines.header,
        dtype="str",
        keep_default_na=False,
        nrows=LOOK_AT,
    )


def decimal_of(cells: pd.DataFrame, separator: str) -> str:
    """Comma, if more cells are numbers with a comma than with a point."""
    marks = {}
    for mark in ",.":
        number = rf"\s*[+-]?\d+{re.escape(mark)}\d+"
        marks[mark] = sum(int(cells[name].str.fullmatch(number).sum()) for name in cells)
    return "comma" if separator != "," and marks[","] > marks["."] else "point"


def numbers_of(cell_R: pd.Series, decimal: str) -> pd.Series:
    text_R = cell_R.str.replace(",", ".") if decimal == "comma" else cell_R
    return pd.to_numeric(text_R, errors="coerce")


def time_of(cells: pd.DataFrame, numeric: list[str]) -> str | None:
    """A column of dates, else of numbers that is named like a time."""
    dates = [name for name in cells if name not in numeric and cells[name].str.fullmatch(DATE).mean() > 0.9]
    return next(iter([*dates, *(name for name in numeric if TIMES.search(name))]), None)


def _machine(cells: pd.DataFrame, time: str | None) -> str | None:
    """A column whose values come back, and that is named like a machine; else the text with the fewest values."""
    back = {
        name: cells[name].nunique() for name in cells if name != time and 0 < cells[name].nunique() <= len(cells) / 2
    }
    named = [name for name in back if MACHINES.search(name)]
    text = [name for name in back if not cells[name].str.fullmatch(r"[\s\d.,+-]*").all()]
    return next(iter([*named, *sorted(text, key=lambda name: back[name])]), None)


def names_of(columns: list[str]) -> list[tuple[str, str]]:
    """Our name and the unit of each column: "Temp [°C]" -> temp, °C."""
    named: list[tuple[str, str]] = []
    for column in columns:
        match = UNIT.fullmatch(column)
        word, unit = (match[1], match[2]) if match and match[1] else (column, "")
        word = re.sub(r"\W+", "_", word).strip("_").lower() or "channel"
        taken = {name for name, _ in named} | {"machine", "time", "event"}
        named.append((next(w for w in (word, *(f"{word}_{n}" for n in range(2, 9999))) if w not in taken), unit))
    return named


def _column(ours: str, theirs: str | None) -> str:
    return quoted(theirs) if theirs else f"YOUR_NAME   # which column is the {ours}?"


def channel_line(name: str, unit: str, x_R: pd.Series) -> str:
    role = "setting" if SETTINGS.search(name) else "sensor"
    seen_R = x_R[~x_R.isin(likely_codes(x_R.to_numpy()))]
    low, high = np.nanmin(seen_R), np.nanmax(seen_R)
    seen = f"always {low:g}: leave it out" if low == high else f"seen {low:g} to {high:g}"
    return f"  - {{name: {quoted(name)}, unit: {quoted(unit or '-')}, role: {role}}}   # {seen}"


def quoted(word: str) -> str:
    """Quoted, so that whatever a stranger's column is called stays one piece of text."""
    quoted = json.dumps(word, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in quoted)
