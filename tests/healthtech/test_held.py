"""Totals of a week: paths that hang together hold what they state, added quantiles do not."""

from __future__ import annotations

import numpy as np

from pilots.healthtech.backtest.origins import Origins
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.distribution.head import CountHead
from pilots.healthtech.evaluate import Backtest, Judged
from pilots.healthtech.held import totals_held
from tests.healthtech.made_counts import counts


def test_independent_days_make_narrower_weeks_than_added_quantiles():
    made = counts(7 * 240, "D", 1, mean=40)
    made.y_ST[0] = np.random.default_rng(1).poisson(40.0, 7 * 240)
    origin_O = np.arange(0, 7 * 240, 7)
    test = Backtest(made, Origins(origin_O[120:], origin_O[:120], 7, 7, ()), Task(Calendar.make(2018, 2030), 7, 7))
    head = CountHead().fit(np.full((120, 1, 7), 40.0), test.truth(origin_O[:120]))
    said = head.distribution(np.full((120, 7), 40.0), np.zeros(120, int))
    told = totals_held(Judged({}, [(origin_O[120:], said)], head), test, 0)
    assert told["totals"] == 120
    assert 0.70 <= told["paths"] <= 0.90
    assert told["added"] >= 0.97
