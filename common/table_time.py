"""Times as people write them, read without a guess: where day and month could be swapped, the user is asked.

Text becomes datetime64 without a zone, on the clock of the wanted zone. Axis U: different texts in the column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from common.fault import Fault

CLOCK = r"(?:[T ,]+(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
DATES = {
    "yyyy-mm-dd": r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
    "dd.mm.yyyy": r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d{2})",  # with dots nobody puts the month first
    "dd-mon-yyyy": r"(?P<d>\d{1,2})[- /](?P<m>[A-Za-z]{3,9})[- /](?P<y>\d{4}|\d{2})",
    "mon-yyyy": r"(?P<m>[A-Za-z]{3,9})[- /](?P<y>\d{4}|\d{2})",
    "mm/yyyy": r"(?P<m>\d{1,2})[/-](?P<y>\d{4})",
    "dd/mm/yyyy": r"(?P<d>\d{1,2})[/-](?P<m>\d{1,2})[/-](?P<y>\d{4}|\d{2})",
    "mm/dd/yyyy": r"(?P<m>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>\d{4}|\d{2})",
    "yyyymmdd": r"(?P<y>(?:19|20|21)\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])",
}
MONTHS = {
    name: f"{number:02d}"
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
AS_IS = "as_is"  # in place of a time zone: stamps keep the clock they are written in, their zone is dropped
FIRST_YEAR, LAST_YEAR = 1900, 2200  # a stamp outside is a typing error, or a counter that is not a date


def read_times(
    text_R: pd.Series, where: Callable[[int], str], *, timezone: str, date_format: str | None, setting: str | None
) -> tuple[np.ndarray, list[str]]:
    """Stamps as datetime64[us] on the clock of `timezone`, or as float64 where all are plain numbers; and notes.

    text_R   one stamp per row, none empty; index = line in the file
    timezone clock for stamps that state a zone; "as_is" keeps the clock they state
    where    line -> "pumps.csv line 4: time", the start of a sentence
    setting  prefix of the settings a remedy may name ("data"); None = there are none
    """
    codes_R, texts = pd.factorize(text_R)  # many machines share a stamp: each text is read once
    texts_U = pd.Series(np.asarray(texts, object), dtype="str")

    def quote(u: int) -> str:
        return f"{where(text_R.index[int(np.argmax(codes_R == u))])} = '{texts_U[u][:40]}'"

    column = _Stamps(texts_U, quote, timezone, setting)
    if date_format is None:
        number_U = pd.to_numeric(texts_U, errors="coerce").to_numpy(float)
        if np.isfinite(number_U).all() and not texts_U.str.fullmatch(DATES["yyyymmdd"]).all():
            return number_U[codes_R], []
    if date_format is None:
        stamp_U = column.iso() if (texts_U.str[4:5] == "-").all() else None
        if stamp_U is None:
            stamp_U = column.by_style(column.find_style())
    else:
        stamp_U = column.by_format(date_format) if "%" in date_format else column.by_style(date_format)
    year_U = stamp_U.astype("datetime64[Y]").astype(int) + 1970
    wrong = np.flatnonzero((year_U < FIRST_YEAR) | (year_U > LAST_YEAR))
    if len(wrong):
        raise Fault(f"{quote(wrong[0])} lies outside the years {FIRST_YEAR} to {LAST_YEAR}: correct it in the file")
    return stamp_U[codes_R], column.notes


@dataclass
class _Stamps:
    """The different texts of a column of times. quote: number of a text -> "pumps.csv line 4: time = '31/12'"."""

    texts_U: pd.Series
    quote: Callable[[int], str]
    timezone: str
    setting: str | None
    notes: list[str] = field(default_factory=list)

    def iso(self) -> np.ndarray | None:
        """The quick way for the common case; None = look closer, some text is something else."""
        zulu_U = self.texts_U.str.endswith("Z")
        if zulu_U.all():
            utc_U = pd.to_datetime(self.texts_U, format="ISO8601", errors="coerce", utc=True)
            return None if utc_U.isna().any() else self._on_the_clock(utc_U)
        if zulu_U.any() or self.texts_U.str[10:].str.contains(r"[+-]|UTC|GMT", regex=True).any():
            return None
        stamp_U = pd.to_datetime(self.texts_U, format="ISO8601", errors="coerce")
        return None if stamp_U.isna().any() else stamp_U.dt.as_unit("us").to_numpy()

    def find_style(self) -> str:
        """The one way of writing that fits every text."""
        fits = {style: self._fits(style) for style in DATES}
        for style in ("yyyymmdd", "yyyy-mm-dd", "dd.mm.yyyy", "dd-mon-yyyy", "mon-yyyy", "mm/yyyy"):
            if fits[style].all():
                return style
        known_U = np.any(list(fits.values()), axis=0)
        if not known_U.all():
            raise Fault(f"{self.quote(int(np.argmin(known_U)))} is not a time{self._say('%d/%m/%Y %H:%M')}")
        numeric_U = fits["dd/mm/yyyy"]
        if not numeric_U.all():
            odd = int(np.argmax(numeric_U != numeric_U[0]))
            raise Fault(f"{self.quote(odd)} is written in another way than the times above it: write all in one way")
        return self._order_of_day_and_month()

    def _order_of_day_and_month(self) -> str:
        pair_U2 = self.texts_U.str.extract(r"^(\d{1,2})[/-](\d{1,2})").astype(int).to_numpy()
        over_U2 = pair_U2 > 12
        if over_U2.any(axis=0).all():
            odd = int(np.argmax(over_U2, axis=0).max())
            raise Fault(f"{self.quote(odd)} swaps day and month against the times above it: write all in one way")
        if not over_U2.any():
            order = f"say {self.setting}.date_format=dd/mm/yyyy or mm/dd/yyyy" if self.setting else "write yyyy-mm-dd"
            raise Fault(f"{self.quote(0)} may be day/month or month/day, and no other row tells which: {order}")
        return "dd/mm/yyyy" if over_U2[:, 0].any() else "mm/dd/yyyy"

    def by_style(self, style: str) -> np.ndarray:
        """Every text read as `style`, one of DATES."""
        if style not in DATES:
            known = ", ".join(DATES)
            raise Fault(
                f"{self.setting or 'data'}.date_format={style} is not known: {known}, or such as %d/%m/%Y %H:%M"
            )
        parts = self.texts_U.str.extract("^" + DATES[style] + CLOCK + ZONE + "$")
        self._refuse(parts["y"].isna(), f"is not a time written as {style}{self._say('%d/%m/%Y %H:%M')}")
        year = parts["y"].where(parts["y"].str.len() == 4, "20" + parts["y"])  # two digits: this century
        month = parts["m"].str.lower().str[:3].map(lambda word: MONTHS.get(word, word)).str.zfill(2)
        clock = parts["clock"].fillna("00:00").str.replace(",", ".", regex=False)
        clock = clock.where(clock.str[2:3] == ":", "0" + clock)
        day = parts["d"].str.zfill(2) if "d" in parts else "01"  # a month is its first day
        text = year + "-" + month + "-" + day + "T" + clock
        stamp_U = pd.to_datetime(text, format="ISO8601", errors="coerce").dt.as_unit("us")
        self._refuse(stamp_U.isna(), "is not a day and time that exist: correct it in the file")
        half, hour = parts["half"].str.lower().str[:1], stamp_U.dt.hour
        self._refuse(
            half.notna() & ((hour > 12) | (hour == 0)), "is no hour of a 12-hour clock: correct it in the file"
        )
        noon = 12 * ((half == "p") & (hour < 12)).astype(int) - 12 * ((half == "a") & (hour == 12)).astype(int)
        stamp_U = stamp_U + pd.to_timedelta(noon, unit="h")
        zoned_U = parts["zone"].notna().to_numpy()
        self._refuse(pd.Series(zoned_U != zoned_U[0]), "and the times above it do not agree on stating a zone")
        if not zoned_U.any() or self.timezone == AS_IS:
            return stamp_U.to_numpy("datetime64[us]")
        minutes_U = parts["zone"].map({zone: _offset(zone) for zone in parts["zone"].unique()})
        return self._on_the_clock((stamp_U - pd.to_timedelta(minutes_U, unit="min")).dt.tz_localize("UTC"))

    def by_format(self, date_format: str) -> np.ndarray:
        """Every text read with a format of strftime."""
        if "%z" in date_format or "%Z" in date_format:
            raise Fault(
                f"date_format {date_format} holds a zone: leave date_format out, ISO times with zones are understood"
            )
        try:
            stamp_U = pd.to_datetime(self.texts_U, format=date_format, errors="coerce")
        except ValueError as err:
            raise Fault(f"{self.setting or 'data'}.date_format={date_format} cannot be used: {err}") from err
        self._refuse(stamp_U.isna(), f"is not a time written as {date_format}{self._say('dd/mm/yyyy')}")
        return stamp_U.dt.as_unit("us").to_numpy("datetime64[us]")

    def _fits(self, style: str) -> np.ndarray:
        return self.texts_U.str.fullmatch(DATES[style] + CLOCK + ZONE).to_numpy(bool)

    def _refuse(self, wrong_U: pd.Series, sentence: str) -> None:
        if wrong_U.any():
            raise Fault(f"{self.quote(int(np.argmax(wrong_U.to_numpy(bool))))} {sentence}")

    def _on_the_clock(self, utc_U: pd.Series) -> np.ndarray:
        """From UTC to the wall clock of the wanted zone."""
        if self.timezone == AS_IS:
            return utc_U.dt.tz_localize(None).dt.as_unit("us").to_numpy("datetime64[us]")
        self.notes.append(f"stamps that state a zone were set to the clock of {self.timezone}")
        return on_the_clock(utc_U, self.timezone, self.setting)

    def _say(self, example: str) -> str:
        if not self.setting:
            return ": write it as yyyy-mm-dd hh:mm"
        return f": say how it is written with {self.setting}.date_format='{example}'"


def on_the_clock(utc_R: pd.Series, timezone: str, setting: str | None) -> np.ndarray:
    """Stamps in UTC as datetime64[us] on the wall clock of a zone."""
    zone = zone_of(timezone, setting)
    return utc_R.dt.tz_convert(zone).dt.tz_localize(None).dt.as_unit("us").to_numpy("datetime64[us]")


def zone_of(timezone: str, setting: str | None) -> ZoneInfo:
    """The zone with this name, or a Fault."""
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise Fault(f"{setting or 'data'}.timezone={timezone} is no time zone; one is Europe/London") from err


def _offset(zone: str) -> int:
    """Minutes ahead of UTC: "+01:00" -> 60."""
    digits = re.sub(r"\D", "", zone)
    minutes = int(digits[:2] or 0) * 60 + int(digits[2:] or 0)
    return -minutes if zone.startswith("-") else minutes
