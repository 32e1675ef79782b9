"""A user's own counts: how files are read, and what each mistake is answered with."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest
from made_csv import LONG, NO_SERIES, daily, found, hourly, refused

from pilots.healthtech.data.csv import CsvCounts
from pilots.healthtech.data.layout import Layout

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
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", text)
    packed = {"a.csv.gz": gzip.compress(text), "a.csv.xz": lzma.compress(text), "a.zip": buffer.getvalue()}
    for name, data in packed.items():
        (tmp_path / name).write_bytes(data)
        assert CsvCounts(str(tmp_path / name), LONG, "D").read().sha256 == plain.sha256


@pytest.mark.parametrize("freq", ["d", "D"])
def test_frequency_in_any_case(read, freq):
    assert read(["date,site,n", *daily("A")], freq=freq).freq == "D"


def test_months(read):
    months = pd.date_range("2022-01-01", periods=24, freq="MS")
    for pattern in ("%Y-%m-%d", "%B-%Y", "%b %y", "%Y-%m", "%m/%Y", "%d/%m/%Y"):
        lines = ["date,n", *(f"{month.strftime(pattern)},{month.month}" for month in months)]
        setting = {"date_format": "dd/mm/yyyy"} if "%d/" in pattern else {}
        counts = read(lines, columns=NO_SERIES, freq="ms", **setting)
        assert counts.time_T[1] == np.datetime64("2022-02-01")
        np.testing.assert_array_equal(counts.y_ST[0], np.tile(np.arange(1, 13), 2))


# ---- clocks


def test_naive_times_are_the_wall_clock(read):
    counts = read(["date,n", *hourly("2024-06-01", 400)], columns=NO_SERIES, freq="H")
    assert counts.time_T[0] == np.datetime64("2024-06-01T00")
    assert counts.y_ST[0, 13] == 13


def test_stamps_with_a_zone_are_set_to_the_wall_clock(read):
    lines = ["date,n", *hourly("2024-06-01", 400, "Z")]
    assert read(lines, columns=NO_SERIES, freq="h").time_T[0] == np.datetime64("2024-06-01T01")
    assert read(lines, columns=NO_SERIES, freq="h", timezone="as_is").time_T[0] == np.datetime64("2024-06-01T00")


def test_clocks_go_back_and_forward(read):
    autumn = read(["date,n", *hourly("2024-10-20", 400, "Z")], columns=NO_SERIES, freq="h")
    at = list(autumn.time_T.astype("datetime64[h]").astype(str)).index("2024-10-27T01")
    assert autumn.y_ST[0, at] == 0 + 1  # 00:00Z and 01:00Z
    assert [f.kind for f in autumn.findings] == ["clock change", "read"]
    spring = read(["date,n", *hourly("2024-03-24", 400, "+00:00")], columns=NO_SERIES, freq="h")
    at = list(spring.time_T.astype("datetime64[h]").astype(str)).index("2024-03-31T01")
    assert np.isnan(spring.y_ST[0, at])
    assert np.isnan(spring.y_ST).sum() == 1
    assert [f.kind for f in spring.findings] == ["clock change", "read"]


# ---- what is made of a file


def test_a_daily_file_at_eight_o_clock(read):
    lines = ["date,n", *(f"{day:%Y-%m-%d} 08:00,3" for day in pd.date_range("2024-03-01", periods=20))]
    counts = read(lines, columns=NO_SERIES)
    assert counts.time_T[0] == np.datetime64("2024-03-01T00:00")
    assert found(counts, "time of day") == ["Times such as 2024-03-01 08:00 are taken as the day they lie in"]


def test_days_written_in_utc_are_the_wall_clocks(read):
    midnight = pd.date_range("2024-03-25", periods=20, tz="Europe/London").tz_convert("UTC")  # 23:00Z in summer
    counts = read(["date,n", *(f"{at:%Y-%m-%dT%H:%M:%SZ},{n}" for n, at in enumerate(midnight))], columns=NO_SERIES)
    np.testing.assert_array_equal(counts.y_ST[0], np.arange(20))
    assert counts.time_T[-1] == np.datetime64("2024-04-13")


def test_a_month_is_any_day_of_it(read):
    ends = pd.date_range("2022-01-01", periods=24, freq="ME")
    counts = read(["date,n", *(f"{end:%Y-%m-%d},3" for end in ends)], columns=NO_SERIES, freq="MS")
    assert counts.time_T[-1] == np.datetime64("2023-12-01")
    assert len(found(counts, "time of day")) == 1


def test_marks_between_thousands(read):
    counts = read(["date,site,n", *daily("A"), '2024-04-01,A,"1,234"'])
    assert counts.y_ST[0, -1] == 1234
    assert found(counts, "read") == ["Value: marks between thousands were left out, 1,234 is 1234"]


def test_an_hour_twice_on_a_clock_without_a_zone(read):
    rows = hourly("2024-10-20", 400)
    at = next(n for n, row in enumerate(rows) if row.startswith("2024-10-27T01"))
    counts = read(["date,n", *rows[: at + 1], "2024-10-27T01:00:00,40", *rows[at + 1 :]], columns=NO_SERIES, freq="h")
    assert counts.y_ST[0, at] == 1 + 40
    assert found(counts, "clock change") == ["1 hour came twice when the clocks went back: both counts were added"]
    assert "line 4 is" not in refused(read, ["date,n", *rows, rows[5]], columns=NO_SERIES, freq="h")


def test_half_of_an_hour_that_came_twice_is_missing(read):
    rows = [row for row in hourly("2024-10-20", 400, "Z") if not row.startswith("2024-10-27T00")]
    counts = read(["date,n", *rows], columns=NO_SERIES, freq="h")
    at = list(counts.time_T.astype("datetime64[h]").astype(str)).index("2024-10-27T01")
    assert np.isnan(counts.y_ST[0, at])
    assert found(counts, "clock change") == ["1 hour came twice and have one count only: taken as missing"]


def test_absent_is_zero_where_it_is_said(read):
    rows = [row for row in daily("A", level=1) if row[:10] not in ("2024-03-06", "2024-03-07")]
    assert np.isnan(read(["date,site,n", *rows]).y_ST[0, 2:4]).all()
    zero = read(["date,site,n", *rows], absent="zero")
    np.testing.assert_array_equal(zero.y_ST[0, 2:4], 0)
    assert not found(zero, "gap")


def test_delay_and_break(read):
    counts = read(["date,site,n", *daily("A")], delay=2, exclude=[["2024-03-10", "2024-03-12"]])
    missing = np.flatnonzero(np.isnan(counts.y_ST[0]))
    assert missing.tolist() == [6, 7, 8, 26, 27]
    assert counts.delay == 2
    taken = "data.exclude takes every count from 2024-03-10 to 2024-03-12 (3 days) as missing"
    assert found(counts, "excluded") == [taken]
    assert found(counts, "delay") == ["The last 2 days are not fully reported yet (data.delay): not looked at"]
    assert not found(counts, "gap")


def test_the_excluded_last_day_holds_all_its_hours(read):
    counts = read(
        ["date,n", *hourly("2024-06-01", 400)], columns=NO_SERIES, freq="h", exclude=[["2024-06-02", "2024-06-03"]]
    )
    assert np.flatnonzero(np.isnan(counts.y_ST[0])).tolist() == list(range(24, 72))


def test_trust_region_and_total(read):
    belongs = {"A": "R1,North", "B": "R1,North", "C": "R2,North", "D": "R3,South"}
    rows = [f"{row},{belongs[site]}" for n, site in enumerate(belongs) for row in daily(site, level=10 * (n + 1))]
    counts = read(
        ["date,site,n,trust,region", *rows], columns={**LONG, "hierarchy": ["trust", "region"]}, total="England"
    )
    assert counts.names_S == ("A", "B", "C", "D", "R1", "North", "England")
    assert [(level.name, level.member_S) for level in counts.levels] == [
        ("trust", (4, 2, 3)),  # a trust of one site is that site
        ("region", (5, 3)),
        ("total", (6,)),
    ]
    np.testing.assert_array_equal(counts.y_ST, counts.sums_SB @ counts.y_ST[:4])
    assert counts.y_ST[6, 0] == 100
    moved = [*rows, "2024-04-01,A,10,R2,North"]
    said = refused(read, ["date,site,n,trust,region", *moved], columns={**LONG, "hierarchy": ["trust"]})
    assert said.startswith("counts.csv line 114: A belongs to trust 'R2', and to 'R1' further up")


def test_what_is_known_ahead(read):
    rows = [f"{row},{at}" for site in "AB" for at, row in enumerate(daily(site))]
    counts = read(["date,site,n,temp", *rows], future={"temp": "forecast"}, total="all")
    assert counts.future_K == ("temp",)
    np.testing.assert_array_equal(counts.future_STK[:, :, 0], np.tile(np.arange(28.0), (3, 1)))
    del rows[3]
    counts = read(["date,site,n,temp", *rows], future={"temp": "forecast"})
    assert counts.future_STK[0, 3, 0] == 3  # B's: the weather is the same
    assert np.isnan(counts.y_ST[0, 3])


def test_the_bundle_can_read_the_next_file(read):
    counts = read(["date,site,n,temp", *(f"{row},1" for row in daily("A"))], future={"temp": "known"}, missing=["*"])
    words = json.loads(json.dumps(counts.table))
    assert Layout.of_table(words).table().items() <= words.items()
    assert words["names"] == ["A"]


def test_order_of_rows_does_not_matter(read):
    rows = [*daily("A"), *daily("B", level=40)]
    mixed = [rows[n] for n in np.random.default_rng(0).permutation(len(rows))]
    assert read(["date,site,n", *rows]).sha256 == read(["date,site,n", *mixed]).sha256
