"""A first yaml for a file of counts nobody has described yet: what its columns seem to be, for a person to correct."""

from __future__ import annotations

import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd

from common.fault import Fault
from common.table_text import read_lines
from common.table_time import read_times

LOOK_AT = 50_000  # rows
DATE = r"\s*(\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{1,2}[-/. ][0-9A-Za-z]{1,9}[-/. ]\d{2,4}|[A-Za-z]{3,9}[-/ ]\d{2,4})\b.*"
WHOLE = r"\s*(\d+|\d{1,3}(,\d{3})+)(\.0+)?\s*"
TIMES = re.compile(r"time|date|day|month|hour|period|stamp|^ts$", re.I)
COUNTS = re.compile(
    r"count|value|arriv|attend|admi|discharg|patient|call|respon|incident|demand|occup|total|^n$|^y$|number", re.I
)
SERIES = re.compile(r"site|hospital|trust|org|ward|dept|department|area|provider|series|name|code|ora|station", re.I)
UPPER = re.compile(r"region|icb|ics|nation|country|trust|group|area", re.I)


def propose(path: Path) -> str:
    """The yaml's text and the command that does without it; guesses are marked as such."""
    lines = read_lines(path)
    cells = pd.read_csv(
        io.BytesIO(lines.body),
        sep=lines.separator,
        header=None,
        names=range(len(lines.header)),
        dtype="str",
        keep_default_na=False,
        nrows=LOOK_AT,
    )
    named = {name: cells[at] for at, name in enumerate(lines.header) if name}
    time = _time(named, path)
    whole = [name for name in named if name != time and _share(named[name], WHOLE) > 0.98]
    words = [name for name in named if name != time and name not in whole]
    if not whole:
        raise Fault(f"{path.name} has no column of whole numbers beside '{time}'; it has {', '.join(named)[:300]}")
    series, hierarchy, value, rest, note = "", [], whole, [], ""
    if named[time].duplicated().any():
        series, hierarchy, note = _series(named, time, words, [name for name in whole if not COUNTS.search(name)])
        value = [name for name in whole if name not in (series, *hierarchy)] or whole
    likely = sorted((name for name in value if COUNTS.search(name)), key=lambda name: "total" not in name.lower())
    if series or note or likely or len(value) == 1:
        value, rest = (likely or value)[:1], [name for name in value if name != (likely or value)[0]]
    freq, date_format = _freq(named[time], path)
    return _text(path, len(cells), time, value, series, hierarchy, freq, date_format, rest, note)


def _time(named: dict[str, pd.Series], path: Path) -> str:
    dates = [name for name in named if _share(named[name], DATE) > 0.95]
    found = next((name for name in dates if TIMES.search(name)), next(iter(dates), None))
    if found is None:
        raise Fault(f"{path.name} has no column of dates; it has {', '.join(named)[:300]}")
    return found


def _share(cell_R: pd.Series, pattern: str) -> float:
    given = cell_R[cell_R.str.strip() != ""]
    return float(given.str.fullmatch(pattern).mean()) if len(given) else 0.0


def _series(named: dict[str, pd.Series], time: str, words: list[str], codes: list[str]) -> tuple[str, list[str], str]:
    """The column that tells rows of one time apart, columns that group its values (finest first), and what is amiss."""
    several = [name for name in [*words, *codes] if 1 < named[name].nunique() <= len(named[name]) / 2]
    several = [name for name in several if _share(named[name], r"\s*-?\d+[.,]\d+\s*") < 0.5]
    alone = [name for name in several if not pd.DataFrame({"t": named[time], "s": named[name]}).duplicated().any()]
    likely = alone or several
    if not likely:
        return "", [], f"# rows of '{time}' repeat and no column tells them apart: add them up, or name columns.series"
    series = min(likely, key=lambda name: (name not in words, not SERIES.search(name), -named[name].nunique()))
    note = "" if alone else f"# '{series}' alone does not tell the rows of one time apart: keep rows of one kind"
    groups = []
    for name in several:
        pairs = pd.DataFrame({"series": named[series], "group": named[name]}).drop_duplicates()
        fewer = 1 < pairs["group"].nunique() < named[series].nunique()
        if fewer and UPPER.search(name) and not pairs["series"].duplicated().any():
            groups.append(name)
    return series, sorted(groups, key=lambda name: -named[name].nunique()), note


def _freq(cell_R: pd.Series, path: Path) -> tuple[str, str | None]:
    """h, D or MS from the usual step between times; and the way dates are written, where it has to be said."""
    date_format = None
    given = cell_R[cell_R.str.strip() != ""].drop_duplicates().str.strip()
    where = lambda line: f"{path.name} line {line + 2}: time"  # noqa: E731
    try:
        stamp, _ = read_times(given, where, timezone="as_is", date_format=None, setting="data")
    except Fault:
        date_format = "dd/mm/yyyy"  # the usual order here; marked as a guess
        try:
            stamp, _ = read_times(given, where, timezone="as_is", date_format=date_format, setting="data")
        except Fault:
            return "D", None
    if stamp.dtype.kind != "M":
        return "D", None
    step = np.diff(np.unique(stamp.astype("datetime64[s]"))).astype(int)
    usual = float(np.median(step)) if len(step) else 86_400.0
    return ("h" if usual < 86_400 else "D" if usual < 27 * 86_400 else "MS"), date_format


def _text(
    path: Path,
    rows: int,
    time: str,
    value: list[str],
    series: str,
    hierarchy: list[str],
    freq: str,
    date_format: str | None,
    rest: list[str],
    note: str,
) -> str:
    one = value[0] if len(value) == 1 else None
    shown = quoted(one) if one else "[" + ", ".join(map(quoted, value)) + "]"
    order = f"date_format: {date_format}   # no row tells day from month: is this the order?" if date_format else ""
    command = ["pilot-healthtech", "data=csv", f"data.path={path}", f"data.columns.time={time}"]
    command += [f"data.columns.value={one or '[' + ','.join(value) + ']'}"]
    command += [f"data.columns.series={series}"] if series else []
    command += [f"data.freq={freq}"] + ([f"data.date_format={date_format}"] if date_format else [])
    return "\n".join(
        line
        for line in (
            f"# A guess from {rows:,} rows of {quoted(path.name)}.",
            "# Save it as my_site/data/arrivals.yaml, correct it, then:",
            "#   pilot-healthtech check my_site/data/arrivals.yaml",
            "defaults: [csv]",
            f"path: {quoted(str(path.absolute()))}",
            "columns:   # our name: the file's column",
            f"  time: {quoted(time)}",
            f"  value: {shown}" + ("" if one else "   # a series each"),
            f"  series: {quoted(series)}" if series else "",
            f"  hierarchy: [{', '.join(map(quoted, hierarchy))}]   # what a series belongs to" if hierarchy else "",
            note,
            f"freq: {freq}",
            order,
            f"# whole numbers too, not used: {', '.join(map(quoted, rest))}" if rest else "",
            "",
            "# Or without a yaml: " + " ".join(map(shlex.quote, command)),
        )
        if line
    )


def quoted(word: str) -> str:
    """Quoted, so that whatever a stranger's column is called stays one piece of text."""
    text = json.dumps(word, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
