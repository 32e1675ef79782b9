"""A user's own counts: how files are read, and what each mistake is answered with."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.fault import Fault
from pilots.healthtech.data.csv import CsvCounts

LONG = {"time": "date", "value": "n", "series": "site"}


def daily(site: str, days: int = 28, first: str = "2024-03-04", level: int = 20) -> list[str]:
    """A row a day; the count is the level plus the weekday."""
    return [f"{day:%Y-%m-%d},{site},{level + day.weekday()}" for day in pd.date_range(first, periods=days)]


def hourly(first: str, hours: int, zone: str = "") -> list[str]:
    return [f"{hour:%Y-%m-%dT%H:%M:%S}{zone},{hour.hour}" for hour in pd.date_range(first, periods=hours, freq="h")]


@pytest.fixture
def read(tmp_path: Path):
    """read(["date,site,n", ...], columns=..., freq=..., ...) -> Counts"""

    def read(lines: list[str], **settings):
        path = tmp_path / "counts.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return CsvCounts(**{"path": str(path), "columns": LONG, "freq": "D", **settings}).read()

    return read


def refused(read, lines: list[str], **settings) -> str:
    with pytest.raises(Fault) as fault:
        read(lines, **settings)
    return str(fault.value)


# ---- forms


def test_long(read):
    counts = read(["date,site,n", *daily("B"), *daily("A", level=7)])
    assert (counts.names_S, counts.freq, counts.y_ST.shape) == (("A", "B"), "D", (2, 28))
    assert counts.time_T[0] == np.datetime64("2024-03-04")
    np.testing.assert_array_equal(counts.y_ST[0, :8], [7, 8, 9, 10, 11, 12, 13, 7])
    np.testing.assert_array_equal(counts.sums_SB, np.eye(2))
    assert not counts.findings


def test_wide_says_the_same_as_long(read):
    long = read(["date,site,n", *daily("B"), *daily("A", level=7)])
    days = pd.date_range("2024-03-04", periods=28)
    lines = ["date,A,B", *(f"{day:%d/%m/%Y},{7 + day.weekday()},{20 + day.weekday()}.0" for day in days)]
    for value in (["A", "B"], "*"):
        wide = read(lines, columns={"time": "date", "value": value})
        np.testing.assert_array_equal(wide.y_ST, long.y_ST)
        assert (wide.names_S, wide.sha256) == (long.names_S, long.sha256)


def test_packed_says_the_same_as_plain(read, tmp_path):
    lines = ["date,site,n", *daily("A")]
    plain = read(lines)
    text = ("\n".join(lines) + "\n").encode()
    for name, data in {"a.csv.gz": gzip.compress(text), "a.csv.xz": lzma.compress(text)}.items():
        (tmp_path / name).write_bytes(data)
        assert CsvCounts(str(tmp_path / name), LONG, "D").read().sha256 == plain.sha256


@pytest.mark.parametrize("freq", ["d", "D"])
def test_frequency_in_any_case(read, freq):
    assert read(["date,site,n", *daily("A")], freq=freq).freq == "D"


def test_months(read):
    months = pd.date_range("2022-01-01", periods=24, freq="MS")
    for pattern in ("%Y-%m-%d", "%B-%Y", "%b %y", "%Y-%m", "%d/%m/%Y"):
        lines = ["date,n", *(f"{month.strftime(pattern)},{month.month}" for month in months)]
        setting = {"date_format": "dd/mm/yyyy"} if "/" in pattern else {}
        counts = read(lines, columns={"time": "date", "value": "n"}, freq="ms", **setting)
        assert counts.time_T[1] == np.datetime64("2022-02-01")
        np.testing.assert_array_equal(counts.y_ST[0], np.tile(np.arange(1, 13), 2))


# ---- clocks


def test_naive_times_are_the_wall_clock(read):
    counts = read(["date,n", *hourly("2024-06-01", 400)], columns={"time": "date", "value": "n"}, freq="H")
    assert counts.time_T[0] == np.datetime64("2024-06-01T00")
    assert counts.y_ST[0, 13] == 13


def test_stamps_with_a_zone_are_set_to_the_wall_clock(read):
    columns = {"time": "date", "value": "n"}
    lines = ["date,n", *hourly("2024-06-01", 400, "Z")]
    assert read(lines, columns=columns, freq="h").time_T[0] == np.datetime64("2024-06-01T01")
    assert read(lines, columns=columns, freq="h", timezone="as_is").time_T[0] == np.datetime64("2024-06-01T00")


def test_clocks_go_back_and_forward(read):
    columns = {"time": "date", "value": "n"}
    autumn = read(["date,n", *hourly("2024-10-20", 400, "Z")], columns=columns, freq="h")
    at = list(autumn.time_T.astype("datetime64[h]").astype(str)).index("2024-10-27T01")
    assert autumn.y_ST[0, at] == 0 + 1  # 00:00Z and 01:00Z
    assert [f.kind for f in autumn.findings] == ["clock change", "read"]
    spring = read(["date,n", *hourly("2024-03-24", 400, "+00:00")], columns=columns, freq="h")
    at = list(spring.time_T.astype("datetime64[h]").astype(str)).index("2024-03-31T01")
    assert np.isnan(spring.y_ST[0, at])
    assert np.isnan(spring.y_ST).sum() == 1
    assert [f.kind for f in spring.findings] == ["clock change", "read"]


# ---- refused


REFUSED = {
    "negative": ("2024-03-05,A,-3", "counts.csv line 30: value (column 'n') = -3 is below 0"),
    "fractional": ("2024-03-05,A,3.5", "counts.csv line 30: value (column 'n') = 3.5 is not a whole number"),
    "infinite": ("2024-03-05,A,inf", "counts.csv line 30: value (column 'n') = 'inf' is not a number"),
    "not a date": ("2024-02-30,A,3", "counts.csv line 30: time (column 'date') = '2024-02-30' is not a day and time"),
    "double": ("2024-03-05,A,3", "counts.csv line 30: time (column 'date') = '2024-03-05' is the second count"),
    "no series": ("2024-03-05,,3", "counts.csv line 30: series (column 'site') is empty"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused(read, why):
    row, sentence = REFUSED[why]
    assert refused(read, ["date,site,n", *daily("A"), row]).startswith(sentence)


def test_ambiguous_dates(read):
    lines = ["date,n", *(f"{day:%d/%m/%Y},3" for day in pd.date_range("2024-03-01", periods=12))]
    said = refused(read, lines, columns={"time": "date", "value": "n"})
    assert said.startswith("counts.csv line 2: time (column 'date') = '01/03/2024' may be day/month or month/day")


def test_unknown_frequency(read):
    assert refused(read, ["date,site,n", *daily("A")], freq="W").startswith("data.freq=W is not known: h (")


def test_wrong_frequency(read):
    said = refused(read, ["date,site,n", *daily("A", 40)], freq="h")
    assert said.endswith("its rows are 24 hours apart, data.freq=h wants 1: say data.freq=D")
    columns = {"time": "date", "value": "n"}
    said = refused(read, ["date,n", *hourly("2024-06-01", 400)], columns=columns)
    assert "say data.freq=h" in said


def test_too_short(read):
    assert "counts for 13 days; two weeks (14 days)" in refused(read, ["date,site,n", *daily("A", 13)])


def test_future_of_actuals(read):
    said = refused(read, ["date,site,n,temp", *daily("A")], future={"temp": "actual"})
    assert said.startswith("data.future.temp (actual): what was measured on a day is not known before it")
