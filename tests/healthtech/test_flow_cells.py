"""What the report says of a test, step by step, on forecasts whose law is known: where we lose, what comes next."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import poisson

from pilots.healthtech.ahead import look_ahead, pressure, shown, sums
from pilots.healthtech.backtest.origins import Origins
from pilots.healthtech.backtest.rolling import rows_at
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.cells import pit_histogram
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.distribution.sums import Dependence
from pilots.healthtech.evaluate import Backtest
from pilots.healthtech.graph import whole
from pilots.healthtech.kinds import Kind, kinds
from pilots.healthtech.ladder import Outcome
from pilots.healthtech.lost import inside_by, where_we_lose
from pilots.healthtech.models.climatology import Climatology
from pilots.healthtech.models.seasonal_naive import SeasonalNaive
from pilots.healthtech.profile import effects
from tests.healthtech.made_counts import counts
from tests.healthtech.made_forecasts import CALENDAR, ahead_of, backtest, cells_of, said, steady


@pytest.mark.parametrize("mean", [1.5, 30.0])
def test_pit_of_a_perfect_poisson_forecast_is_flat(mean):
    test = backtest(steady(8, 600, mean=mean))
    right = np.full(test.counts.y_ST.shape, mean)
    cells = cells_of(test, right=right, low=0.8 * right)
    flat_K = pit_histogram(cells.by_model["right"], 8)
    np.testing.assert_allclose(flat_K, 0.1, atol=0.015)
    assert flat_K.sum() == pytest.approx(1)
    low_K = pit_histogram(cells.by_model["low"], 8)
    assert low_K[-1] > 1.3 * low_K[0]  # counts above what is expected fall into the upper tenths


def test_cells_agree_with_the_scores_of_the_run():
    test = backtest(steady())
    cells = cells_of(test, right=np.full(test.counts.y_ST.shape, 30.0)).by_model["right"]
    scored = said(test, np.full(test.counts.y_ST.shape, 30.0)).scored[14]
    assert np.nansum(cells.loss_OSH) == pytest.approx(scored.sum_OS["pinball"].sum())
    assert np.nansum(cells.off_OSH) == pytest.approx(scored.sum_OS["mae"].sum())
    for number, percent in enumerate((50, 80, 95)):
        assert np.nansum(cells.closed_OSH(percent)) == pytest.approx(scored.closed_OSC[..., number].sum())
    assert np.nanmean(cells.inside_OSH(80)) == pytest.approx(0.8, abs=0.02)


def test_where_we_lose_finds_what_was_planted():
    made = steady()
    test = backtest(made)
    ours, theirs = np.full(made.y_ST.shape, 30.0), np.full(made.y_ST.shape, 34.0)
    ours[2] = 40.0  # one site
    weekday_T = (made.time_T.astype("datetime64[D]").astype(int) + 3) % 7
    ours[:2, weekday_T == 5] = 38.0  # Saturdays of two others
    cells = cells_of(test, ours=ours, theirs=theirs)
    by = kinds(cells.when_OH, made, CALENDAR)
    site, weekday, step = where_we_lose(cells, "ours", ["theirs"], [by["site"], by["weekday"], by["step"]])
    assert [(row.name, row.clear) for row in site.rows if row.clear] == [("site 3", True)]
    assert site.of == 4
    assert site.rows[0].name == "site 3"
    assert site.rows[0].low > 0
    assert weekday.rows[0].name == "Saturday"
    assert weekday.rows[0].more == pytest.approx(weekday.rows[0].ours / weekday.rows[0].theirs - 1)
    assert step.of == 14
    inside_K, n_K = inside_by(cells, "ours", by["site"])
    assert inside_K[2] < 0.6 < 0.75 < inside_K[1]
    assert n_K[0] == 14 * len(test.origins.test_O)


def test_nothing_is_lost_to_a_worse_forecast():
    test = backtest(steady())
    shape = test.counts.y_ST.shape
    cells = cells_of(test, ours=np.full(shape, 30.0), theirs=np.full(shape, 60.0))
    for lost in where_we_lose(cells, "ours", ["theirs"], kinds(cells.when_OH, test.counts, CALENDAR).values()):
        assert not lost.rows
        assert lost.of > 0


def test_sums_by_kind_by_hand():
    kind = Kind("half", ("early", "late"), np.array([0, 0, 1, -1]))
    x_OSH = np.array([[[1.0, 2.0, 4.0, 100.0]], [[3.0, np.nan, 8.0, 100.0]]])
    summed_OK, number_OK = kind.sums(x_OSH)
    np.testing.assert_array_equal(summed_OK, [[3, 4], [3, 8]])
    np.testing.assert_array_equal(number_OK, [[2, 1], [1, 1]])
    np.testing.assert_array_equal(kind.means(x_OSH), [2, 6])


def test_a_quiet_christmas_is_told():
    made = steady(2, 420)  # from 2019-01-07, so until March 2020
    christmas_T = made.time_T.astype("datetime64[D]") == np.datetime64("2019-12-25")
    made.y_ST[:, christmas_T] = 12
    test = backtest(made)
    ours = np.full(made.y_ST.shape, 30.0)
    ours[:, christmas_T] = 15.0
    cells = cells_of(test, ours=ours, naive=np.full(made.y_ST.shape, 30.0))
    kind = kinds(cells.when_OH, made, CALENDAR)["calendar"]
    told = {row["name"]: row for row in effects(cells, "ours", "naive", kind)}
    assert told["Christmas Day"]["days"] == 1
    assert told["Christmas Day"]["forecast"] == pytest.approx(-0.5)
    assert told["Christmas Day"]["counted"] == pytest.approx(-0.6, abs=0.03)
    assert told["Christmas Day"]["naive"] == 0
    assert {"Boxing Day", "bank holiday", "school holiday"} <= set(told)


def test_calendar_of_days_stands_in_weeks():
    made = counts(17)  # from a Monday, so the forecast begins on a Thursday
    calendar = pressure(ahead_of(made, 10), 0, "D")
    assert calendar["head"] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    (first, cells), (second, others) = calendar["rows"]
    assert (first, second) == ("21 Jan", "28 Jan")
    assert [cell is None for cell in cells] == [True] * 3 + [False] * 4
    assert [cell is None for cell in others] == [False] * 6 + [True]
    assert cells[3] == {"expected": "20", "chance": "<\u00a01\u00a0%", "step": 0}
    assert others[5] == {"expected": "20", "chance": "60\u00a0%", "step": 4}


def test_calendar_of_hours_has_a_column_a_day():
    calendar = pressure(ahead_of(counts(15, "h"), 30), 0, "h")
    assert calendar["head"] == ["Mon 7 Jan", "Tue 8 Jan"]
    assert len(calendar["rows"]) == 24
    name, cells = calendar["rows"][15]
    assert (name, cells[0]["step"]) == ("15:00", 0)
    assert calendar["rows"][14][1][0] is None
    assert calendar["rows"][20][1][1]["chance"] == "60\u00a0%"


def test_totals_of_whole_weeks_and_days():
    alone = Dependence(0.0, 0.0, 0.0)
    (name, expected, span, naive), *others = sums(ahead_of(counts(17), 15), 0, "D", alone)
    assert (name, expected, naive) == ("7 days from Thu 24 Jan", "140", "133")
    low, high = map(int, span.split(" to "))
    assert (low, high) == (pytest.approx(poisson.ppf(0.1, 140), abs=2), pytest.approx(poisson.ppf(0.9, 140), abs=2))
    assert len(others) == 1
    assert [row[0] for row in sums(ahead_of(counts(15, "h"), 40), 0, "h", alone)] == ["Tue 8 Jan"]
    assert sums(ahead_of(counts(17, "MS"), 6), 0, "MS", alone) == []


def test_series_worth_a_drawing():
    made = counts(17, series=9)
    ahead, size_S, loss_S = ahead_of(made, 10), np.arange(9.0), np.zeros(9)
    loss_S[1] = 5.0
    assert list(shown(ahead, 8, size_S, loss_S, 4)) == [8, 7, 6, 1]
    ahead.mean_SH[7] = np.nan  # long ceased
    assert list(shown(ahead, 8, size_S, loss_S, 4)) == [8, 6, 5, 1]
    assert list(shown(ahead, 8, size_S, loss_S, 9)) == [8, 6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("delay", [0, 2])
def test_what_comes_next_is_the_exported_graphs_answer_after_the_last_count(delay):
    made = dataclasses.replace(counts(120), delay=delay)
    task = Task(CALENDAR, 91, delay + 7)
    test = Backtest(made, Origins(np.array([100]), np.zeros(0, int), 7, 7, ()), task)
    weeks = {"h": 13, "D": 13, "MS": 3}
    fitted = {"climatology": Climatology(weeks, weeks), "seasonal_naive": SeasonalNaive(weeks, weeks)}
    fitted = {name: model.fit(made, task) for name, model in fitted.items()}
    graph = whole({"climatology": fitted["climatology"].graph()}, None, None, 91, delay + 7, 0, CALENDAR.last_second)
    ahead = look_ahead(graph, Outcome({}, {}, fitted), test)
    wanted = fitted["climatology"].distribution(rows_at(made, np.array([120]), task))
    np.testing.assert_allclose(ahead.mean_SH, wanted.mean_BH[:, delay:])
    np.testing.assert_array_equal(ahead.quantiles_SHL, wanted.quantiles(LEVELS)[:, delay:])
    assert ahead.when_H[0] == made.time_T[-1] + np.timedelta64(1, "D")
    assert ahead.after_data
    week_before = made.y_ST[:, 113:]
    np.testing.assert_array_equal(ahead.naive_SH[:, : 7 - delay], week_before[:, : 7 - delay])
