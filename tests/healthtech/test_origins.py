"""Where forecasts are made, against the numbers of published protocols."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from common.fault import Fault
from pilots.healthtech.backtest.origins import MOST_EARLIER, plan
from pilots.healthtech.backtest.windows import truth, windows
from tests.healthtech.made_counts import counts

HOURLY = counts(43_080, "h", 1, start="2014-04-01")
DAILY = counts(2200, "D", 7, start="2013-12-30")


def planned(made, **settings):
    asked = {"start": None, "end": None, "step": None, "horizon": None, "report": [], **settings}
    return plan(made, **asked)


def test_the_hourly_protocol_has_727_origins():
    origins = planned(HOURLY, start="2018-03-01", end="2019-02-28", step=12, horizon=48)
    assert len(origins.test_O) == 727
    time_T = HOURLY.time_T
    assert str(time_T[origins.test_O[0]]) == "2018-03-01T00:00:00"
    assert str(time_T[origins.test_O[-1] + 47]) == "2019-02-28T23:00:00"  # a date as end includes its whole day


def test_the_daily_protocol_has_41_origins():
    origins = planned(DAILY, start="2019-01-01", end="2019-12-31", step=7, horizon=84, report=[7, 28, 84])
    assert len(origins.test_O) == 41
    assert str(DAILY.time_T[origins.test_O[0]])[:10] == "2019-01-01"
    assert origins.test_O[-1] + 83 <= np.flatnonzero(DAILY.time_T == np.datetime64("2019-12-31"))[0]
    assert origins.report == (7, 28, 84)


def test_earlier_origins_lie_before_the_test_in_all_its_phases():
    origins = planned(HOURLY, start="2018-03-01", end="2019-02-28", step=12, horizon=48)
    assert 50 < len(origins.earlier_O) <= MOST_EARLIER
    assert origins.earlier_O.max() < origins.test_O[0]
    assert {*(origins.earlier_O % 168)} == {*(origins.test_O % 168)}  # every hour of the week that the test starts in


@pytest.mark.parametrize("freq", ["h", "D", "MS"])
def test_without_settings_the_end_of_the_data_is_tested(freq):
    made = counts(40 if freq == "MS" else 700, freq)
    origins = planned(made)
    assert len(origins.test_O) >= 1
    assert origins.test_O[-1] + origins.horizon <= len(made.time_T)
    assert origins.test_O[0] >= len(made.time_T) // 2


def test_two_weeks_are_enough():
    origins = planned(counts(14, "D", 1))
    assert len(origins.test_O) >= 1
    assert origins.test_O[0] >= 7


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"start": "2019-13-01"}, "is no date"),
        ({"start": "2031-01-01"}, "outside the data"),
        ({"end": "2031-01-01"}, "after the data"),
        ({"end": "2010-01-01"}, "before the data"),
        ({"start": "2019-02-01", "end": "2019-02-05", "horizon": 10}, "no forecast of 10 days fits"),
        ({"start": "2019-01-09"}, "only 2 days are known"),
        ({"horizon": 0}, "backtest.horizon=0"),
        ({"step": 1.5}, "backtest.step=1.5"),
        ({"report": [99], "horizon": 28}, "from 1 to the horizon 28"),
    ],
)
def test_what_cannot_be_planned_is_said(settings, words):
    with pytest.raises(Fault, match=words):
        planned(counts(400), **settings)


def test_windows_hold_what_came_before_and_the_clock_around_it():
    made = counts(40, "D", 2)
    rows = windows(made, np.array([10, 39]), past=14, horizon=3)
    assert rows.y_BL.shape == (4, 14)
    np.testing.assert_array_equal(rows.y_BL[0, :4], np.nan)  # before the data
    np.testing.assert_array_equal(rows.y_BL[1, 4:], made.y_ST[1, :10])
    assert rows.when_BW[0, 14] == made.when_T[10]
    assert (np.diff(rows.when_BW, axis=1) == 86_400).all()  # beyond both ends the clock runs on
    np.testing.assert_array_equal(truth(made, np.array([38]), 3)[0, 0], [*made.y_ST[0, 38:], np.nan])


def test_months_run_on_as_months():
    rows = windows(counts(30, "MS", 1, start="2019-01-01"), np.array([29]), past=40, horizon=3)
    stamps = rows.when_BW[0].astype("datetime64[s]").astype(str)
    assert {stamp[8:] for stamp in stamps} == {"01T00:00:00"}
    assert stamps[-1].startswith("2021-08")


def test_nothing_after_the_origin_is_in_a_window():
    made = counts(60, "D", 1)
    later = dataclasses.replace(made, y_ST=made.y_ST.copy())
    later.y_ST[:, 30:] = 9999
    one, other = (windows(m, np.array([30]), 20, 7).y_BL for m in (made, later))
    np.testing.assert_array_equal(one, other)
