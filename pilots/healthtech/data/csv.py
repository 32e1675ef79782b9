"""Your own counts: a CSV of hourly, daily or monthly counts, as hospital systems and NHS pages export them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from common.fault import Fault, did_you_mean
from pilots.healthtech.data.contract import PERIOD, Counts, Finding
from pilots.healthtech.data.grid import Grid, on_grid
from pilots.healthtech.data.layout import FUTURE, Layout, freq_of, read_rows

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
        self.name, self.unit, self.licence = name, unit, licence

    def read(self) -> Counts:
        rows = read_rows(self.path, self.layout)
        grid = on_grid(rows, self.layout)
        self._long_enough(grid)
        findings = [*grid.findings, *_unnamed(rows.extra)]
        return Counts(
            name=self.name or self.path.name.split(".")[0],
            licence=self.licence,
            sha256=fingerprint(grid.names_B, grid.time_T, grid.y_BT),
            freq=self.layout.freq,
            time_T=grid.time_T,
            y_ST=grid.y_BT,
            names_S=grid.names_B,
            sums_SB=np.eye(len(grid.names_B)),
            future_STK=grid.future_BTK,
            future_K=tuple(name for name, _ in self.layout.future),
            findings=tuple(findings),
            unit=self.unit,
            delay=self.delay,
            table=self.layout.table(),
        )

    def _long_enough(self, grid: Grid) -> None:
        freq = self.layout.freq
        counted = int(np.isfinite(grid.y_BT).any(axis=0).sum())
        if counted < LEAST[freq]:
            least = "24 months" if freq == "MS" else "two weeks"
            raise Fault(
                f"{self.path.name} has counts for {counted:,} {PERIOD[freq]}s; {least} ({LEAST[freq]:,} {PERIOD[freq]}s) are "
                "the least that a pattern can be learnt from"
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
            stated = f" ({word})" if word else ""
            raise Fault(
                f"data.future.{name}{stated}: what was measured on a day is not known before it. Say "
                f"data.future.{name}=forecast if the column holds forecasts made ahead, =known if it is planned ahead, or leave it out"
            )
    return tuple((str(name), str(word)) for name, word in declared.items())


def _unnamed(extra: Sequence[str]) -> list[Finding]:
    if not extra:
        return []
    shown = ", ".join(name[:40] for name in extra[:10]) + (f" and {len(extra) - 10} more" if len(extra) > 10 else "")
    return [Finding("unnamed column", f"Columns that nobody named are not used: {shown}", count=len(extra))]
