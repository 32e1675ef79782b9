"""What a file of counts is refused for: one sentence with file, line and remedy each."""

from __future__ import annotations

import pandas as pd
import pytest
from made_csv import NO_SERIES, daily, hourly, refused

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
    said = refused(read, lines, columns=NO_SERIES)
    assert said.startswith("counts.csv line 2: time (column 'date') = '01/03/2024' may be day/month or month/day")


def test_unknown_frequency(read):
    assert refused(read, ["date,site,n", *daily("A")], freq="W").startswith("data.freq=W is not known: h (")


def test_wrong_frequency(read):
    said = refused(read, ["date,site,n", *daily("A", 40)], freq="h")
    assert said.endswith("its rows are 24 hours apart, data.freq=h wants 1: say data.freq=D")
    said = refused(read, ["date,n", *hourly("2024-06-01", 400)], columns=NO_SERIES)
    assert "say data.freq=h" in said


def test_too_short(read):
    assert "counts for 13 days; two weeks (14 days)" in refused(read, ["date,site,n", *daily("A", 13)])


def test_future_of_actuals(read):
    said = refused(read, ["date,site,n,temp", *daily("A")], future={"temp": "actual"})
    assert said.startswith("data.future names temp as actual: what was measured on a day is not known before it")


def test_a_future_column_with_a_hole(read):
    lines = ["date,site,n,temp", *(f"{row},5" for row in daily("A")[:-1]), daily("A")[-1] + ","]
    said = refused(read, lines, future={"temp": "forecast"})
    assert said.startswith("counts.csv line 29: temp is empty")


MISTAKES = {
    "what a period without a row means": ({"absent": "none"}, "absent=none is not known"),
    "delay": ({"delay": -1}, "delay must be 0 or more"),
    "our column": ({"columns": {"tiem": "date"}}, "columns.tiem is not known: did you mean 'time'?"),
    "series of a wide file": ({"columns": {"time": "date", "value": ["a", "b"], "series": "s"}}, "a series each"),
    "hierarchy of nothing": ({"columns": {**NO_SERIES, "hierarchy": ["trust"]}}, "needs columns.series"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_mistaken_settings(read, what):
    settings, sentence = MISTAKES[what]
    with pytest.raises(ValueError, match=sentence):
        read(["date,site,n", *daily("A")], **settings)


def test_excluded_dates_that_are_none(read):
    lines = ["date,site,n", *daily("A")]
    assert "write dates as 2020-03-16" in refused(read, lines, exclude=[["March", "April"]])
    assert "holds no day of the data (2024-03-04 to 2024-03-31)" in refused(
        read, lines, exclude=[["2020-03-16", "2021-07-19"]]
    )


def test_half_hours_are_not_added_up_unasked(read):
    stamps = pd.date_range("2024-06-01", periods=800, freq="30min")
    said = refused(read, ["date,n", *(f"{at},1" for at in stamps)], columns=NO_SERIES, freq="h")
    assert said.startswith("counts.csv line 3: time (column 'date') = '2024-06-01 00:30:00' lies inside an hour")


def test_a_mistyped_year(read):
    said = refused(read, ["date,site,n", *daily("A"), "2124-04-01,A,20"])
    assert said.startswith("counts.csv line 30: time (column 'date') = '2124-04-01' makes the file span 36,553 days")


def test_numbers_are_no_dates(read):
    said = refused(read, ["date,n", *(f"{20 + day},3" for day in range(30))], columns=NO_SERIES)
    assert said.startswith("counts.csv line 2: time (column 'date') = '20' is a number, not a date")


def test_a_second_count_names_the_column_that_may_tell_them_apart(read):
    lines = ["date,site,kind,n", *(row.replace(",A,", f",A,{kind},") for row in daily("A") for kind in "xy")]
    said = refused(read, lines)
    assert "counts.csv line 3" in said
    assert "does a column tell them apart (kind)" in said


def test_no_time_zone(read):
    said = refused(read, ["date,site,n", *daily("A")], timezone="Mars/Olympus")
    assert said == "data.timezone=Mars/Olympus is no time zone; one is Europe/London"


@pytest.mark.parametrize("settings", [{"delay": 28}, {"exclude": [["2024-03", "2024-04"]]}])
def test_nothing_left(read, settings):
    assert "leave not one count" in refused(read, ["date,site,n", *daily("A")], **settings)


def test_nothing_counted(read):
    lines = ["date,site,n", *(row[: row.rindex(",") + 1] for row in daily("A"))]
    assert refused(read, lines) == "counts.csv holds not one count: every value is missing"


def test_as_many_series_as_rows(read):
    lines = ["date,site,n", *(f"2024-03-04,{n},1" for n in range(5001))]
    assert refused(read, lines).startswith("counts.csv has 5,001 series; at most 5,000 are read")


def test_a_column_of_counts_that_is_not_there(read):
    lines = ["date,north,south", *(f"2024-03-{day:02d},1,2" for day in range(1, 21))]
    said = refused(read, lines, columns={"time": "date", "value": ["north", "suoth"]})
    assert said == "counts.csv has no column 'suoth' of counts: did you mean 'south'?"
