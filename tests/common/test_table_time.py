"""Times: read without a guess, or the user is asked."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from common.fault import Fault
from common.table import Column, read_table


@pytest.fixture
def times(tmp_path):
    """Stamps of a one-column file."""

    def read(*stamps: str, **how: object) -> pd.Series:
        quoted = [f'"{stamp}"' for stamp in stamps]
        (tmp_path / "log.csv").write_text("\n".join(["time,x", *[f"{q},1" for q in quoted]]) + "\n", encoding="utf-8")
        columns = [Column("time", "", -math.inf, math.inf, kind="time")]
        return read_table(tmp_path / "log.csv", columns, **how)["time"]  # type: ignore[arg-type]

    return read


def refused(times, *stamps: str, **how: object) -> str:
    with pytest.raises(Fault) as fault:
        times(*stamps, **how)
    return str(fault.value)


@pytest.mark.parametrize(
    ("stamp", "iso"),
    [
        ("2024-03-01", "2024-03-01"),
        ("2024-03-01 14:05", "2024-03-01 14:05"),
        ("2024-03-01T14:05:06.250", "2024-03-01 14:05:06.25"),
        ("2024/3/1 4:05", "2024-03-01 04:05"),
        ("20240301", "2024-03-01"),
        ("31/03/2024 14:05", "2024-03-31 14:05"),
        ("31-03-2024", "2024-03-31"),
        ("03/31/2024 02:05 PM", "2024-03-31 14:05"),
        ("03/31/2024 12:05 a.m.", "2024-03-31 00:05"),
        ("03/31/2024 12:05 pm", "2024-03-31 12:05"),
        ("01.03.2024 14:05", "2024-03-01 14:05"),
        ("1.3.24", "2024-03-01"),
        ("01-Mar-2024 14:05", "2024-03-01 14:05"),
        ("1 March 2024", "2024-03-01"),
        ("01-MAR-24", "2024-03-01"),
        ("March 2024", "2024-03-01"),  # a month is its first day
        ("Mar-24", "2024-03-01"),
        ("3/2024", "2024-03-01"),
        ("2024-03-01 14:05:06,5", "2024-03-01 14:05:06.5"),
    ],
)
def test_ways_of_writing(times, stamp, iso):
    assert times(stamp, stamp).tolist() == [pd.Timestamp(iso)] * 2


@pytest.mark.parametrize("stamp", ["2024-06-01T10:00:00Z", "2024-06-01 10:00+05:30", "01/06/2024 10:00 UTC"])
def test_a_stated_clock_can_be_kept(times, stamp):
    how = {"date_format": "dd/mm/yyyy"} if "/" in stamp else {}
    assert times(stamp, timezone="as_is", **how).tolist() == [pd.Timestamp("2024-06-01 10:00")]


def test_stamps_have_one_kind(times):
    assert times("2024-03-01").dtype == np.dtype("datetime64[us]")
    assert times("12.5", "13").dtype == np.dtype("float64")


@pytest.mark.parametrize("stamp", ["45292.5", "1709301900", "0", "-3", "1e3"])
def test_plain_numbers_stay_numbers(times, stamp):
    assert times(stamp, stamp).tolist() == [float(stamp)] * 2


def test_day_and_month_are_told_from_any_row(times):
    assert times("01/02/2024", "13/02/2024")[2] == pd.Timestamp("2024-02-01")
    assert times("01/02/2024", "02/13/2024")[2] == pd.Timestamp("2024-01-02")


def test_an_ambiguous_order_is_asked_for(times):
    text = refused(times, "01/02/2024", "03/04/2024 10:00")
    assert text.startswith("log.csv line 2: time = '01/02/2024' may be day/month or month/day")
    assert text.endswith("say data.date_format=dd/mm/yyyy or mm/dd/yyyy")
    assert "data." not in refused(times, "01/02/2024", setting=None)


@pytest.mark.parametrize(
    ("date_format", "iso"),
    [
        ("dd/mm/yyyy", "2024-02-01"),
        ("mm/dd/yyyy", "2024-01-02"),
        ("%d/%m/%Y", "2024-02-01"),
        ("%m/%d/%Y", "2024-01-02"),
    ],
)
def test_the_answer_is_taken(times, date_format, iso):
    assert times("01/02/2024", date_format=date_format)[2] == pd.Timestamp(iso)


@pytest.mark.parametrize(
    ("stamps", "how", "words"),
    [
        (["2024-03-01", "soon"], {}, "line 3: time = 'soon' is not a time"),
        (["2024-03-01", "02/03/2024"], {}, "line 3: time = '02/03/2024' is written in another way"),
        (["2024-03-01", "5"], {}, "line 3"),
        (["13/01/2024", "01/13/2024"], {}, "line 3: time = '01/13/2024' swaps day and month"),
        (["2024-02-30"], {}, "not a day and time that exist"),
        (["2024-02-20 24:01"], {}, "not a day and time that exist"),
        (["13/01/2024 13:00 PM"], {}, "12-hour clock"),
        (["2024-03-01T10:00Z", "2024-03-01T11:00"], {}, "line 3: time = '2024-03-01T11:00' and the times above it"),
        (["0203-03-01"], {}, "outside the years 1900 to 2200"),
        (["01/02/2024"], {"date_format": "yy/mm"}, "data.date_format=yy/mm is not known"),
        (["01/02/2024"], {"date_format": "%Q"}, "data.date_format=%Q cannot be used"),
        (["01/02/2024"], {"date_format": "%Y-%m-%d"}, "is not a time written as %Y-%m-%d"),
        (["13/13/2024"], {"date_format": "dd/mm/yyyy"}, "not a day and time that exist"),
        (["2024-03-01T10:00Z"], {"timezone": "Europe/Londn"}, "data.timezone=Europe/Londn is no time zone"),
        (["2024-03-01T10:00Z"], {"timezone": "../../etc/passwd"}, "is no time zone"),
        (["01 Foo 2024"], {}, "not a day and time that exist"),
    ],
)
def test_refused(times, stamps, how, words):
    assert words in refused(times, *stamps, **how)


@pytest.mark.parametrize(
    ("stamp", "zone", "local"),
    [
        ("2024-07-01T10:00:00Z", "Europe/London", "2024-07-01 11:00"),
        ("2024-01-01T10:00:00Z", "Europe/London", "2024-01-01 10:00"),
        ("2024-07-01T10:00:00+02:00", "Europe/London", "2024-07-01 09:00"),
        ("2024-07-01 10:00:00 -0530", "UTC", "2024-07-01 15:30"),
        ("2024-07-01T10:00+02", "UTC", "2024-07-01 08:00"),
        ("2024-07-01 10:00 UTC", "Europe/Berlin", "2024-07-01 12:00"),
    ],
)
def test_stated_zones_are_brought_to_one_clock(times, stamp, zone, local):
    assert times(stamp, timezone=zone)[2] == pd.Timestamp(local)


def test_a_change_of_clock_is_told(tmp_path):
    (tmp_path / "log.csv").write_text("time\n2024-07-01T10:00Z\n2024-07-01T12:00+01:00\n")
    table = read_table(tmp_path / "log.csv", [Column("time", "", -math.inf, math.inf, kind="time")])
    assert table["time"].tolist() == [pd.Timestamp("2024-07-01 11:00"), pd.Timestamp("2024-07-01 12:00")]
    assert table.attrs["repaired"] == ["time: stamps that state a zone were set to the clock of Europe/London"]


def test_a_time_that_is_not_required_may_be_empty(tmp_path):
    (tmp_path / "log.csv").write_text("time,x\n2024-07-01,1\n,2\n")
    column = Column("time", "", -math.inf, math.inf, required=False, kind="time")
    stamps = read_table(tmp_path / "log.csv", [column])["time"]
    assert stamps.isna().tolist() == [False, True]


def test_a_numeric_stamp_has_a_range(tmp_path):
    (tmp_path / "log.csv").write_text("hour\n1\n-2\n")
    with pytest.raises(Fault, match="line 3: hour = -2 is below 0 h"):
        read_table(tmp_path / "log.csv", [Column("hour", "h", 0, math.inf, kind="time")])


def test_decimal_commas_in_stamps(tmp_path):
    (tmp_path / "log.csv").write_text("hour;x\n1,5;1\n2;1\n")
    column = Column("hour", "h", 0, math.inf, kind="time")
    assert read_table(tmp_path / "log.csv", [column], decimal=",")["hour"].tolist() == [1.5, 2.0]
