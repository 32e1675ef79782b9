"""Zeros that cannot be are found, and zeros that can be are left alone."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_csv import found, poisson

from pilots.healthtech.data.csv import CsvCounts
from pilots.healthtech.data.quality import examine
from pilots.healthtech.data.zeros import missing_as_zero


def test_zero_that_cannot_be(examined):
    y = poisson(50)
    y[[200, 300]] = 0
    counts = examined({"A": y})
    assert found(counts, "zero day") == [
        "A is zero on 2 days (first 2022-07-20), where about 51 is usual: taken as missing"
    ]
    assert np.flatnonzero(np.isnan(counts.y_ST[0])).tolist() == [200, 300]


def test_a_month_of_zeros_was_not_reported(examined):
    y = poisson(30)
    y[100:130] = 0
    counts = examined({"A": y})
    assert np.flatnonzero(np.isnan(counts.y_ST[0])).tolist() == list(range(100, 130))
    assert "from 2022-04-11 to 2022-05-10 (30 days)" in found(counts, "zero day")[0]


def test_zeros_that_are_true_can_be_kept(examined):
    y = poisson(50)
    y[100:130] = 0
    counts = examined({"A": y}, zeros="keep")
    np.testing.assert_array_equal(counts.y_ST[0], y)
    assert found(counts, "zero day")[0].endswith("is usual: kept")


def test_a_day_zero_for_all_is_a_missing_day_even_for_the_small(examined):
    ys = {name: poisson(level, seed=n) for n, (name, level) in enumerate({"A": 40, "B": 2, "C": 1}.items())}
    for y in ys.values():
        y[150] = 0
    counts = examined(ys)
    assert found(counts, "zero day")[0] == (
        "All 3 series are zero on 2022-05-31: a missing day written as 0, taken as missing"
    )
    assert np.isnan(counts.y_ST[:, 150]).all()
    assert (counts.y_ST[2] == 0).sum() > 100  # its other zeros stand


@pytest.mark.parametrize("level", [0.3, 3, 8])
def test_zeros_of_a_small_service_stand(level):
    days = np.arange("2015-01-01", "2024-01-01", dtype="datetime64[D]").astype("datetime64[s]")
    y = np.random.default_rng(1).poisson(level, len(days)).astype(float)
    clean, findings = missing_as_zero(y[None], days, ("A",), "D")
    np.testing.assert_array_equal(clean[0], y)
    assert not findings


def test_a_clinic_closed_at_weekends_and_on_holidays_is_no_fault(examined):
    y = poisson(60)
    days = pd.date_range("2022-01-01", periods=400)
    y[days.day_of_week >= 5] = 0
    closed = "2022-01-03 2022-04-15 2022-04-18 2022-05-02 2022-06-02 2022-06-03 2022-08-29 2022-09-19 2022-12-26"
    y[days.isin(pd.to_datetime([*closed.split(), "2022-12-27", "2023-01-02"]))] = 0
    counts = examined({"A": y})
    assert not found(counts, "zero day")


def test_zeros_at_night_stand_and_a_silent_day_does_not():
    hours = np.arange("2022-01-01", "2023-01-01", dtype="datetime64[h]").astype("datetime64[s]")
    level = 3 + 3 * np.sin((np.arange(24) - 9) / 24 * 2 * np.pi)
    y = np.random.default_rng(2).poisson(np.tile(level, 365)).astype(float)
    y[24 * 100 : 24 * 101] = 0
    clean, findings = missing_as_zero(y[None], hours, ("A",), "h")
    silent = np.flatnonzero(np.isnan(clean[0]))
    assert set(range(24 * 100 + 8, 24 * 101)) <= set(silent.tolist()) <= set(range(24 * 100 - 6, 24 * 101 + 6))
    assert len(findings) == 1


def test_examining_twice_finds_no_more_zeros():
    days = np.arange("2022-01-01", "2024-01-01", dtype="datetime64[D]").astype("datetime64[s]")
    y = np.stack([poisson(50, 730), poisson(15, 730, 1)])
    y[:, [100, 200]] = 0
    y[1, 300:340] = 0
    once, _ = examine(y, days, ("A", "B"), "D")
    again, findings = examine(once, days, ("A", "B"), "D")
    np.testing.assert_array_equal(once, again)
    assert not [f for f in findings if f.kind == "zero day"]


@pytest.mark.skipif(not os.environ.get("PILOTS_REAL_DATA"), reason="PILOTS_REAL_DATA names no folder of real data")
def test_the_sunday_that_all_england_reported_as_zero():
    path = Path(os.environ["PILOTS_REAL_DATA"]) / "health-discharges-daily-trust" / "discharges_daily.csv.gz"
    columns = {"time": "date", "value": "discharged_total", "series": "nhs_trust22_code"}
    counts = CsvCounts(str(path), columns, "D", total="England").read()
    assert (counts.bottom, len(counts.time_T), counts.names_S[-1]) == (121, 1249, "England")
    assert found(counts, "zero day")[0] == (
        "All 121 series are zero on 2022-06-19: a missing day written as 0, taken as missing"
    )
    assert "RVY ends on 2023-06-30 as RBN rises" in found(counts, "merged")[0]  # Southport joined Mersey that night
    day = counts.time_T == np.datetime64("2022-06-19")
    assert np.isnan(counts.y_ST[:, day]).all()
