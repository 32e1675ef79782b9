"""The ladder's Prophet: its graph says what it says, it looks at nothing later, and odd series do not stop it."""

import numpy as np
import pytest

from common.bundle.session import Session
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import windows
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.data.contract import Counts
from pilots.healthtech.models.prophet import ProphetCounts
from tests.healthtech.made_counts import counts

CALENDAR = Calendar.make(2018, 2026)
SIZES = {"D": 900, "h": 1500, "MS": 70}
AHEAD = 20


def prophet(**settings) -> ProphetCounts:
    every, year, level = {"h": 672, "D": 7, "MS": 1}, {"h": 10, "D": 10, "MS": 5}, {"h": 336, "D": 14, "MS": 3}
    return ProphetCounts(every, year, **{"level": level, "bends": {"h": 0.02, "D": 0.02, "MS": 0.1}} | settings)


def fitted(data: Counts, origin: int, **settings) -> tuple[ProphetCounts, Task]:
    model = prophet(**settings)
    task = Task(CALENDAR, model.past(data.freq) + 3, AHEAD)
    return model.fit(data.until(origin), task), task


@pytest.mark.parametrize("freq", SIZES)
@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
def test_graph_says_what_the_model_says(freq, mode):
    data = counts(SIZES[freq], freq, series=3)
    data.y_ST[1, -30:-22] = np.nan
    origin = SIZES[freq] - AHEAD
    model, task = fitted(data, origin, mode=mode)
    rows = windows(data, np.array([origin]), task.past, AHEAD)
    said = model.mean(rows)
    assert said.shape == (3, AHEAD)
    assert (said > 0).all()
    inputs = {"counts": rows.y_BL, "when": rows.when_BW[0], "series": rows.series_B}
    graph = Session(model.graph().SerializeToString()).run(inputs)["mean"]
    np.testing.assert_allclose(graph, said, rtol=1e-9)
    np.testing.assert_array_equal(said, fitted(data, origin, mode=mode)[0].mean(rows))  # same data, same answer


@pytest.mark.parametrize("freq", ["D", "h"])
def test_a_known_pattern_is_forecast(freq):
    data = counts(SIZES[freq], freq, series=2, mean=400)
    origin = SIZES[freq] - AHEAD
    model, task = fitted(data, origin)
    said = model.mean(windows(data, np.array([origin]), task.past, AHEAD))
    season = {"D": 7, "h": 168}[freq]
    law = 1 + 0.3 * np.sin(2 * np.pi * (origin + np.arange(AHEAD)) / season)
    np.testing.assert_allclose(said, np.array([[400], [800]]) * law, rtol=0.05)


def test_the_level_follows_the_last_counts():
    data = counts(900, series=1, mean=200)
    model, task = fitted(data, 880, follow=0.5)
    rows = windows(data, np.array([880]), task.past, AHEAD)
    before = model.mean(rows)
    rows.y_BL[:] *= 1.21
    np.testing.assert_allclose(model.mean(rows), 1.1 * before, rtol=1e-3)  # half of it, on a scale of shares


def test_series_too_short_for_a_year_a_pattern_or_anything():
    data = counts(900, series=4, mean=50)
    data.y_ST[1, :700] = np.nan  # no two years
    data.y_ST[2, :889] = np.nan  # one count before the origin
    data.y_ST[3, :880] = 0.0
    model, task = fitted(data, 890 - AHEAD)
    said = model.mean(windows(data, np.array([890 - AHEAD]), task.past, AHEAD))
    assert np.isfinite(said[[0, 1, 3]]).all()
    assert (said[[0, 1, 3]] > 0).all()
    assert (said[3] < 0.1).all()
    assert np.isnan(said[2]).all()
    assert not model.module.beta[1, :20].any()  # the yearly waves of a series without two years


@pytest.mark.parametrize(
    "wrong", [{"mode": "both"}, {"bends": {"D": 0}}, {"follow": 2}, {"level": {"D": 0}}, {"weekly": -1}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        prophet(**wrong)
