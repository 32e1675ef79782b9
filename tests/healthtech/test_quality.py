"""Everything the data-quality page reports, each on a file in which it was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_csv import NO_SERIES, daily, found, poisson

from pilots.healthtech.data.contract import Finding
from pilots.healthtech.data.levels import add_up
from pilots.healthtech.data.totals import find_totals
from pilots.healthtech.quality import TITLES, by_kind


def test_nothing_is_found_where_nothing_is_odd(examined):
    assert not examined({"A": poisson(50), "B": poisson(3, seed=1)}).findings


def test_gap(examined):
    y = poisson(50)
    y[[30, 31, 99]] = np.nan
    counts = examined({"A": y, "B": poisson(20, seed=1)})
    assert found(counts, "gap") == ["A has no count on 3 of 400 days (first 2022-01-31): taken as missing"]
    assert np.flatnonzero(np.isnan(counts.y_ST[0])).tolist() == [30, 31, 99]


def test_a_day_that_no_series_has(read):
    rows = [row for site in "AB" for row in daily(site, 40) if not row.startswith("2024-03-20")]
    counts = read(["date,site,n", *rows])
    assert found(counts, "gap") == ["No series has a count on 2024-03-20: taken as missing"]


def test_missing_weekends(examined):
    y = poisson(50)
    y[5:56:7], y[6:56:7] = np.nan, np.nan
    alone = examined({"A": y, "B": poisson(20, seed=1)}, first="2022-01-03")  # a Monday
    assert found(alone, "missing weekend") == [
        "A has no count on a Saturday or Sunday in 8 weeks from 2022-01-08 to 2022-02-27: taken as missing"
    ]
    assert found(alone, "gap") == []
    assert found(examined({"A": y, "B": y}, first="2022-01-03"), "missing weekend") == [
        "No series has a count on a Saturday or Sunday in 8 weeks from 2022-01-08 to 2022-02-27: taken as missing"
    ]


def test_series_that_end_and_begin(examined):
    a, b = poisson(50), poisson(20, seed=1)
    a[300:], b[:200] = np.nan, np.nan
    counts = examined({"A": a, "B": b, "C": poisson(30, seed=2)})
    assert found(counts, "vanished") == ["A has no count after 2022-10-27: it closed, merged or no longer reports"]
    assert found(counts, "late start") == ["B has no count before 2022-07-20: a service that opened, or a new name"]
    assert not found(counts, "gap")


def test_two_that_end_as_another_rises_by_their_sum(examined):
    a, b, c = (poisson(level, 600, seed) for seed, level in enumerate((50, 40, 100)))
    a[300:], b[300:] = np.nan, np.nan
    c[300:] += poisson(90, 600, seed=5)[300:]
    said = found(examined({"A": a, "B": b, "C": c, "D": poisson(100, 600, 7)}), "merged")
    assert len(said) == 1
    assert said[0].startswith("A and B end on 2022-10-27 as C rises by about as much (")


def test_one_that_goes_on_under_a_new_name(examined):
    a, b = poisson(50, 600), poisson(50, 600, 1)
    a[300:], b[:300] = np.nan, np.nan
    said = found(examined({"A": a, "B": b, "C": poisson(100, 600, 2)}), "merged")
    assert len(said) == 1
    assert said[0].startswith("A ends on 2022-10-27 as B rises")


def test_a_total_is_told_by_its_name_or_by_its_sum(examined):
    a, b, c = (poisson(level, seed=seed) for seed, level in enumerate((50, 40, 10)))
    for name in ("TOTAL", "England", "Everyone"):
        counts = examined({name: a + b + c, "A": a, "B": b, "C": c})
        assert counts.names_S == ("A", "B", "C", name)
        assert (counts.bottom, counts.levels[0].name, counts.levels[0].member_S) == (3, "total", (3,))
        np.testing.assert_array_equal(counts.sums_SB[3], 1)
        assert found(counts, "total row") == [
            f"'{name}' adds up the 3 other series: taken as a level above them, not counted twice"
        ]


def test_a_total_with_a_late_correction_says_so(examined):
    a, b = poisson(50), poisson(40, seed=1)
    total = a + b
    total[7] += 1
    assert "(it differs from their sum in 1 day)" in found(examined({"Total": total, "A": a, "B": b}), "total row")[0]


def test_a_total_that_begins_late_is_added_up_before(examined):
    a, b = poisson(50), poisson(40, seed=1)
    total = a + b
    total[:100] = np.nan
    np.testing.assert_array_equal(examined({"Total": total, "A": a, "B": b}).y_ST[2], a + b)


def test_a_series_only_named_like_a_total_is_kept(examined):
    counts = examined({"Total": poisson(500), "A": poisson(50, seed=1), "B": poisson(40, seed=2)})
    assert counts.bottom == 3
    assert "kept as a series of its own" in found(counts, "total row")[0]


def test_of_two_equal_series_neither_is_the_total():
    y = poisson(50)
    total, findings = find_totals(np.stack([y, y]), ("A", "Total"), "D")
    assert not total.any()
    assert not findings


def test_spike(examined):
    y = poisson(50)
    y[111] = 400
    counts = examined({"A": y})
    assert found(counts, "spike")[0].startswith("A has 400 on 2022-04-22, where about ")
    assert counts.y_ST[0, 111] == 400


def test_columns_nobody_named(read):
    counts = read(["date,n,temp,flu", *(f"2024-03-{day:02d},3,1,2" for day in range(1, 32))], columns=NO_SERIES)
    assert found(counts, "unnamed column") == ["Columns that nobody named are not used: temp, flu"]


def test_a_series_without_a_count(examined):
    counts = examined({"A": poisson(50), "B": np.full(400, np.nan)})
    assert counts.names_S == ("A",)
    assert found(counts, "empty series") == ["B has not one count: left out"]


def test_rows_after_the_last_count(examined):
    y = poisson(50)
    y[390:] = np.nan
    counts = examined({"A": y})
    assert counts.y_ST.shape == (1, 390)
    assert found(counts, "no count yet") == ["10 days after the last count hold none: left out"]


@pytest.mark.parametrize(
    ("zone", "written", "timezone", "word"),
    [
        ("Z", "wall", "Europe/London", "say data.timezone=as_is"),
        ("Z", "UTC", "Europe/London", None),
        ("Z", "wall", "as_is", None),
        ("", "wall", "Europe/London", None),
        ("", "UTC", "Europe/London", "write them with a Z at the end"),
    ],
)
def test_whether_the_clock_is_the_one_it_claims(read, zone, written, timezone, word):
    utc = pd.date_range("2022-01-01", "2023-12-31 23:00", freq="h", tz="UTC")
    clock = utc if written == "wall" else utc.tz_convert("Europe/London")
    y = np.random.default_rng(0).poisson(6 + 5 * np.sin((clock.hour - 9) / 24 * 2 * np.pi))
    lines = ["date,n", *(f"{at:%Y-%m-%dT%H:%M:%S}{zone},{n}" for at, n in zip(utc, y, strict=True))]
    said = found(read(lines, columns=NO_SERIES, freq="h", timezone=timezone), "wrong clock")
    assert len(said) == (word is not None)
    assert word is None or word in said[0]


# ---- sums of which a part is missing


def test_a_sum_stands_where_little_is_missing_and_looks_at_nothing_later():
    y = np.stack([poisson(1000), poisson(20, seed=1)])
    y[1, 200] = np.nan
    whole, findings = add_up(y, np.ones((1, 2)), ("all",), "D")
    assert whole[0, 200] == y[0, 200] + np.round(np.median(y[1, [172, 179, 186, 193]]))
    assert "in 1 day their usual count stands in" in findings[0].text
    y[:, 201:] *= 9
    later, _ = add_up(y, np.ones((1, 2)), ("all",), "D")
    np.testing.assert_array_equal(whole[0, :201], later[0, :201])


def test_a_sum_is_missing_where_much_is_missing():
    y = np.stack([poisson(50), poisson(20, seed=1)])
    y[1, 200] = np.nan
    whole, findings = add_up(y, np.ones((1, 2)), ("all",), "D")
    assert np.flatnonzero(np.isnan(whole[0])).tolist() == [200]
    assert "in 1 day too much is missing to tell" in findings[0].text


def test_a_series_that_has_ended_adds_nothing():
    y = np.stack([poisson(50), poisson(20, seed=1)])
    y[1, 200:] = np.nan
    whole, findings = add_up(y, np.ones((1, 2)), ("all",), "D")
    np.testing.assert_array_equal(whole[0, 200:], y[0, 200:])
    assert not findings


# ---- the page


def test_the_page_has_a_title_for_every_kind_and_counts_what_it_leaves_out():
    findings = [Finding("gap", f"{n} has a gap", str(n), n) for n in range(90)]
    findings += [Finding("layout", "three layouts"), Finding("zero day", "all are zero")]
    zeros, gaps, layout = by_kind(findings, most=2)
    assert (zeros.kind, zeros.shown) == (TITLES["zero day"], ("all are zero",))
    assert (gaps.kind, gaps.shown) == (TITLES["gap"], ("89 has a gap", "88 has a gap"))
    assert (gaps.number, len(gaps.folded), gaps.more) == (90, 40, 48)
    assert layout.kind == "Layout"
