"""A user's table: read once, checked before anything else looks at it, every fault with its file, line and remedy.

Right of the waist: numpy, pandas and pandera only. Axis R: rows of the table, blank lines left out.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from common.fault import Fault
from common.table_contract import Column, check, contract
from common.table_text import Lines, read_lines
from common.table_time import read_times

__all__ = ["Column", "Table", "contract", "open_table", "read_table"]

NO_READING = ("", "NaN", "nan", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "-")  # in number columns, always
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
DECIMALS = {"point": ".", "comma": ",", ".": ".", ",": ","}  # words, as a bare comma means a sweep on a command line


def read_table(
    path: str | Path,
    columns: Sequence[Column],
    *,
    names: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    decimal: str = ".",
    separator: str | None = None,
    timezone: str = "Europe/London",
    date_format: str | None = None,
    setting: str | None = "data",
) -> pd.DataFrame:
    """Read .csv, .gz, .xz or .zip; our names as columns, index "line" = line in the file (column names are on line 1).

    names        our name -> the file's column, where they differ
    missing      codes for a missing reading, such as "-999"; empty, NaN, NA and null always are
    decimal      "." or "," (also "point", "comma")
    separator    one character or tab, semicolon, comma, bar, space; None = found
    timezone     clock of the returned times, where the file's times state a zone (…Z, …+01:00); "as_is" keeps theirs
    date_format  dd/mm/yyyy, mm/dd/yyyy or a format such as "%d/%m/%Y %H:%M"; None = told from the file
    setting      prefix of the settings a remedy names; None = the reader has none (a bundle in use)

    Numbers are float64 with NaN for missing, times datetime64[us] without a zone or float64 where they are plain
    numbers, text is str. A column that is not required and not in the file is left out. `attrs` holds "path",
    "extra" (columns nobody asked for) and "repaired" (what was assumed, one sentence each).
    """
    table = open_table(
        path,
        columns,
        names=names,
        missing=missing,
        decimal=decimal,
        separator=separator,
        timezone=timezone,
        date_format=date_format,
        setting=setting,
    )
    frame = table.frame(columns)
    table.check(frame, columns)
    return frame


def open_table(
    path: str | Path,
    columns: Sequence[Column],
    *,
    names: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    decimal: str = ".",
    separator: str | None = None,
    timezone: str = "Europe/London",
    date_format: str | None = None,
    setting: str | None = "data",
) -> Table:
    """The first half of `read_table`, for who has to look at some cells before the contract is checked."""
    path = Path(path)
    if decimal not in DECIMALS:
        raise Fault(f"{setting or 'data'}.decimal={decimal} is not known: point or comma")
    codes = [str(code) for code in ([missing] if isinstance(missing, (str, int, float)) else missing)]
    lines = read_lines(path, separator)
    place = _places(lines.header, columns, dict(names or {}), path, setting)
    return Table(path, lines, place, codes, DECIMALS[decimal], timezone, date_format, setting)


@dataclass
class Table:
    """One file and how it is written. place: our name -> which of the file's columns."""

    path: Path
    lines: Lines
    place: dict[str, int]
    codes: list[str]
    decimal: str
    timezone: str
    date_format: str | None
    setting: str | None
    notes: list[str] = field(default_factory=list)

    def frame(self, columns: Sequence[Column]) -> pd.DataFrame:
        """Those of the columns that the file has, each as its kind, the contract not yet checked."""
        columns = [column for column in columns if column.name in self.place]
        cells = self._parse(columns)
        read = {"number": self.numbers, "integer": self.integers, "time": self._times, "text": self._text}
        full = ~self.lines.blank_R
        index = pd.Index(self.lines.line_R[full], name="line")
        done = {c.name: read[c.kind](c.name, cells[self.place[c.name]][full].set_axis(index)) for c in columns}
        frame = pd.DataFrame(done, index=index)
        used = set(self.place.values())
        extra = [name for at, name in enumerate(self.lines.header) if name and at not in used]
        frame.attrs = {"path": str(self.path), "extra": extra, "repaired": [*self.lines.notes, *self.notes]}
        return frame

    def check(self, frame: pd.DataFrame, columns: Sequence[Column]) -> None:
        """Hold a frame of this table to its contract."""
        check(frame, [column for column in columns if column.name in frame], self.where, self.setting)

    def _parse(self, columns: list[Column]) -> pd.DataFrame:
        """The wanted cells: float64 where a number column holds numbers alone, else str."""
        numeric = {self.place[c.name] for c in columns if c.kind in ("number", "integer")}
        return pd.read_csv(
            io.BytesIO(self.lines.body),
            sep=self.lines.separator,
            header=None,
            names=list(range(len(self.lines.header))),
            usecols=sorted(self.place.values()),
            dtype={at: "str" for at in self.place.values() if at not in numeric},
            na_values={at: [*NO_READING, *self.codes] for at in numeric},
            keep_default_na=False,
            decimal=self.decimal,
            skip_blank_lines=False,
            low_memory=False,
            encoding="utf-8",
        )

    def numbers(self, name: str, cell_R: pd.Series) -> pd.Series:
        """float64, NaN where there is no reading; index = line."""
        x_R = cell_R.astype("float64") if cell_R.dtype.kind in "iuf" else self._numbers_from_text(name, cell_R)
        endless_R = np.isinf(x_R)
        if endless_R.any():  # written inf, or too large for a float
            raise Fault(f"{self.where(name, endless_R.idxmax())} = '{x_R[endless_R.idxmax()]}' is not a number")
        wanted = [float(code) for code in self.codes if NUMBER.fullmatch(code)]
        return x_R.mask(x_R.isin(wanted))  # " -999.0" is the same code as "-999"

    def integers(self, name: str, cell_R: pd.Series) -> pd.Series:
        """As `numbers`; 1,234 is 1234 here, as no whole number has a decimal mark."""
        if cell_R.dtype.kind not in "iuf":
            mark = "." if self.decimal == "," else ","
            grouped_R = cell_R.str.strip().str.fullmatch(rf"[+-]?\d{{1,3}}({re.escape(mark)}\d{{3}})+").fillna(False)
            if grouped_R.any():
                text = cell_R[grouped_R.astype(bool)].iloc[0].strip()
                self.notes.append(f"{name}: marks between thousands were left out, {text} is {text.replace(mark, '')}")
                cell_R = cell_R.mask(grouped_R.astype(bool), cell_R.str.replace(mark, "", regex=False))
        return self.numbers(name, cell_R)

    def _numbers_from_text(self, name: str, cell_R: pd.Series) -> pd.Series:
        """The parser left text in the column: spaces around a code, a number too long for it, or a real mistake."""
        text_R = cell_R.astype("str").str.strip()
        text_R = text_R.mask(text_R.isin([*NO_READING, *self.codes]))
        plain_R = text_R.str.replace(",", ".", regex=False) if self.decimal == "," else text_R
        right_R = plain_R.str.fullmatch(NUMBER).fillna(False).astype(bool)
        if self.decimal == ",":
            right_R &= ~text_R.str.contains(".", regex=False).fillna(False).astype(bool)
        wrong_R = text_R.notna() & ~right_R
        if wrong_R.any():
            line = wrong_R.idxmax()
            raise Fault(f"{self.where(name, line)} = '{text_R[line][:40]}' is {self._not_number(text_R[line])}")
        return plain_R.astype("float64")

    def _not_number(self, text: str) -> str:
        """What is wrong with a cell of a number column, and the way out."""
        comma, point = "," in text, "." in text
        if self.decimal == "." and comma and not point:
            word = f"say {self.setting}.decimal=comma" if self.setting else "write decimal points"
            return f"not a number with a decimal point: {word}, and write no commas between thousands"
        if self.decimal == "," and point:
            word = f"say {self.setting}.decimal=point" if self.setting else "write decimal commas"
            return f"not a number with a decimal comma: {word}, and write no points between thousands"
        if self.setting:
            return (
                f"not a number: correct it, or name it with {self.setting}.missing={text[:40]!r} if it means no reading"
            )
        return "not a number: correct it, or leave it empty if there was no reading"

    def _times(self, name: str, cell_R: pd.Series) -> pd.Series:
        text_R = self._text(name, cell_R)
        if self.decimal == ",":  # 1,5 is a stamp too
            text_R = text_R.str.replace(r"^([+-]?\d+),(\d+)$", r"\1.\2", regex=True)
        given_R = text_R.notna().to_numpy()
        stamp_G, notes = read_times(
            text_R[given_R],
            lambda line: self.where(name, line),
            timezone=self.timezone,
            date_format=self.date_format,
            setting=self.setting,
        )
        self.notes += [f"{name}: {note}" for note in notes]
        return pd.Series(stamp_G, index=text_R.index[given_R]).reindex(text_R.index)

    def _text(self, name: str, cell_R: pd.Series) -> pd.Series:
        text_R = cell_R.astype("str").str.strip()
        return text_R.mask(text_R.isin(["", *self.codes]))

    def where(self, name: str, line: int) -> str:
        """The start of a sentence: file, line, our name, and the file's own name where it is another."""
        theirs = self.lines.header[self.place[name]]
        return f"{self.path.name} line {line}: {name}" + (f" (column '{theirs}')" if theirs != name else "")


def _places(
    header: list[str], columns: Sequence[Column], names: dict[str, str], path: Path, setting: str | None
) -> dict[str, int]:
    """Our name -> which of the file's columns."""
    refuse_unknown_names(names, [column.name for column in columns], setting)
    place: dict[str, int] = {}
    for column in columns:
        theirs = names.get(column.name) or column.name
        if theirs in header:
            other = next((name for name, at in place.items() if at == header.index(theirs)), None)
            if other:
                raise Fault(f"'{other}' and '{column.name}' are both read from the column '{theirs}' of {path.name}")
            place[column.name] = header.index(theirs)
        elif column.required or names.get(column.name):
            raise Fault(_no_column(column, theirs, header, path, setting))
    return place


def refuse_unknown_names(names: Mapping[str, str], ours: Sequence[str], setting: str | None) -> None:
    """A Fault for a name of ours that is misspelt."""
    for name in names:
        if name not in ours:
            near = difflib.get_close_matches(name, ours, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"they are {_list(list(ours))}"
            raise Fault(f"{setting or 'data'}.columns.{name} names none of our columns: {hint}")


def _no_column(column: Column, theirs: str, header: list[str], path: Path, setting: str | None) -> str:
    """The column that is missing, the ones that are there, and which of them it may be."""
    asked = f"'{theirs}'" if theirs == column.name else f"'{theirs}' for '{column.name}'"
    unit = f" [{column.unit}]" if column.unit else ""
    known = {name.casefold(): name for name in header if name}
    start = f"{path.name} has no column {asked}{unit}; it has {_list(list(known.values()))}."
    if not setting:
        return f"{start} Rename the one it is in the file"
    near = difflib.get_close_matches(theirs.casefold(), list(known), 1)
    return f"{start} Say which one it is with {setting}.columns.{column.name}={known[near[0]] if near else 'YOUR_NAME'}"


def _list(names: list[str], most: int = 20) -> str:
    """Names in a row; hostile or very wide tables are cut."""
    shown = ", ".join(name[:60] for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "") if names else "no named column"
