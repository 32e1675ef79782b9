"""Your own counts: a CSV of hourly, daily or monthly counts, as hospital systems and NHS pages export them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from common.fault import Fault, did_you_mean
from pilots.healthtech.data.contract import PERIOD, Counts, Finding
from pilots.healthtech.data.exclude import excluded
from pilots.healthtech.data.family import Family, family_of
from pilots.healthtech.data.grid import Grid, on_grid
from pilots.healthtech.data.layout import FUTURE, Layout, all_known_ahead, freq_of, read_rows
from pilots.healthtech.data.quality import examine
from pilots.healthtech.data.words import number

COLUMNS = ("time", "value", "series", "hierarchy")
LEAST = {"h": 336, "D": 14, "MS": 24}  # two weeks, or two years of months


class CsvCounts:
    """Counts from a CSV file.

    path         a file; .gz, .xz and .zip are unpacked
    columns      which of the file's columns is what: time, value (one; several = one series each; "*" = all others),
                 series, hierarchy (finest first)
    freq         h, D or MS: a count for every hour, day or month
    timezone     clock of the counts, where the file's times state a zone; as_is keeps the clock they state
    absent       what a period without a row means: missing or zero
    zeros        what a zero is that the usual level makes impossible: missing, or keep
    missing      codes for "no count", such as "*"; empty, NaN and NA always are
    delay        periods, the last ones, that are not fully reported yet
    exclude      [[from, to]] periods to take as missing, such as a pandemic; `to` includes its whole day
    future       column: forecast or known, what is known of a day before it comes
    total        name of a series that sums all others; null = none
    date_format  dd/mm/yyyy, mm/dd/yyyy or such as %d/%m/%Y %H:%M; null = told from the file, never guessed
    decimal      point or comma
    separator    comma, semicolon, tab; null = told from the file
    name, unit, licence   for the reports
    """

    def __init__(
        self,
        path: str,
        columns: Mapping,
        freq: str,
        timezone: str = "Europe/London",
        absent: str = "missing",
        zeros: str = "missing",
        missing: Sequence = (),
        delay: int = 0,
        exclude: Sequence = (),
        future: Mapping | None = None,
        total: str | None = None,
        date_format: str | None = None,
        decimal: str = "point",
        separator: str | None = None,
        name: str | None = None,
        unit: str = "patients",
        licence: str = "the user's own",
    ):
        for column in columns:
            if column not in COLUMNS:
                raise ValueError(f"columns.{column} is not known: {did_you_mean(column, COLUMNS)}")
        value, hierarchy = columns.get("value"), columns.get("hierarchy") or ()
        if not columns.get("time") or not value:
            which = "time" if not columns.get("time") else "value"
            raise Fault(f"say which column holds the {which} with data.columns.{which}=YOUR_NAME")
        if absent not in ("missing", "zero"):
            raise ValueError(f"absent={absent} is not known: missing or zero")
        if zeros not in ("missing", "keep"):
            raise ValueError(f"zeros={zeros} is not known: missing or keep")
        if delay < 0:
            raise ValueError(f"delay must be 0 or more periods, got {delay}")
        missing = [missing] if isinstance(missing, (str, int, float)) else missing
        self.layout = Layout(
            time=str(columns["time"]),
            value=(str(value),) if isinstance(value, (str, int)) else tuple(map(str, value)),
            freq=freq_of(freq),
            series=str(columns.get("series") or ""),
            hierarchy=(hierarchy,) if isinstance(hierarchy, str) else tuple(map(str, hierarchy)),
            future=_future(future),
            timezone=timezone,
            absent=absent,
            missing=tuple(map(str, missing)),
            date_format=date_format,
            decimal=decimal,
            separator=separator,
        )
        if self.layout.wide and (self.layout.series or self.layout.hierarchy):
            raise ValueError(
                "columns: several columns of counts are a series each, so series and hierarchy are not used"
            )
        if self.layout.hierarchy and not self.layout.series:
            raise ValueError("columns.hierarchy needs columns.series: what belongs to a trust or region?")
        self.path, self.delay, self.exclude, self.total = Path(path).expanduser(), delay, exclude, total
        self.zeros, self.name, self.unit, self.licence = zeros, name, unit, licence

    def read(self) -> Counts:
        rows = read_rows(self.path, self.layout)
        all_known_ahead(rows, self.layout)
        grid = on_grid(rows, self.layout)
        freq, time_T = self.layout.freq, grid.time_T
        self._long_enough(grid)
        excluded_T, found = excluded(self.exclude, time_T, freq)
        findings = [*grid.findings, *found]
        late_T = np.arange(len(time_T)) >= len(time_T) - self.delay
        if self.delay:
            text = f"The last {number(self.delay, freq)} are not fully reported yet (data.delay): not looked at"
            findings.append(Finding("delay", text, count=self.delay))
        silent_T = excluded_T | late_T
        known_BT = np.where(silent_T, np.nan, grid.y_BT)
        if not np.isfinite(known_BT).any():
            raise Fault("data.exclude and data.delay leave not one count: let them leave some")
        keep = self.zeros == "keep"
        y_BT, found = examine(known_BT, time_T, grid.names_B, freq, silent_T | grid.clock_T, keep)
        findings += [*found, *(Finding("read", _sentence(note)) for note in rows.notes), *_unnamed(rows.extra)]
        skipped_T = grid.clock_T & np.isnan(y_BT).all(axis=0)
        family = self._family(grid, y_BT, silent_T | skipped_T)
        return Counts(
            name=self.name or self.path.name.split(".")[0],
            licence=self.licence,
            sha256=fingerprint(family.names_S, time_T, family.y_ST),
            freq=freq,
            time_T=time_T,
            y_ST=family.y_ST,
            names_S=family.names_S,
            sums_SB=family.sums_SB,
            levels=family.levels,
            future_STK=family.future_STK,
            future_K=tuple(name for name, _ in self.layout.future),
            findings=tuple([*findings, *family.findings]),
            unit=self.unit,
            delay=self.delay,
            table={
                **self.layout.table(),
                "zeros": self.zeros,
                "exclude": [[str(end) for end in pair] for pair in self.exclude],
                "names": list(family.names_S),
                "total_rows": list(family.total_rows),
            },
        )

    def _family(self, grid: Grid, y_BT: np.ndarray, silent_T: np.ndarray) -> Family:
        groups = {level: list(group) for level, group in grid.group_B.items()}
        return family_of(y_BT, grid.names_B, groups, self.total, grid.future_BTK, self.layout.freq, silent_T)

    def _long_enough(self, grid: Grid) -> None:
        freq = self.layout.freq
        counted = int(np.isfinite(grid.y_BT).any(axis=0).sum())
        if len(grid.time_T) < LEAST[freq] or counted < LEAST[freq] // 2:
            least = "24 months" if freq == "MS" else "two weeks"
            raise Fault(
                f"{self.path.name} has counts for {number(counted, freq)}; {least} ({LEAST[freq]:,} {PERIOD[freq]}s) "
                "are the least that a pattern can be learnt from"
            )


def fingerprint(names: Sequence[str], time_T: np.ndarray, y_ST: np.ndarray) -> str:
    """SHA-256 over names, times and counts, the same however the file was packed."""
    digest = hashlib.sha256("\n".join(names).encode())
    digest.update(time_T.astype("datetime64[s]").astype("<i8").tobytes())
    digest.update(np.where(np.isnan(y_ST), np.nan, y_ST).astype("<f8").tobytes())  # one bit pattern for every NaN
    return digest.hexdigest()


def _future(future: Mapping | Sequence | None) -> tuple[tuple[str, str], ...]:
    declared = dict(future) if isinstance(future, Mapping) else {str(name): None for name in future or ()}
    for name, word in declared.items():
        if word not in FUTURE:
            stated = f" as {word}" if word else ""
            raise Fault(
                f"data.future names {name}{stated}: what was measured on a day is not known before it. Say "
                f"data.future={{{name}: forecast}} if the column holds forecasts made ahead, known if it is planned "
                "ahead, or leave it out"
            )
    return tuple((str(name), str(word)) for name, word in declared.items())


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]


def _unnamed(extra: Sequence[str]) -> list[Finding]:
    if not extra:
        return []
    shown = ", ".join(name[:40] for name in extra[:10]) + (f" and {len(extra) - 10} more" if len(extra) > 10 else "")
    return [Finding("unnamed column", f"Columns that nobody named are not used: {shown}", count=len(extra))]
