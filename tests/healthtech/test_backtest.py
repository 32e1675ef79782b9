"""A backtest forecasts from what was known: what is planted later changes nothing before it."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest

from pilots.healthtech.backtest.origins import plan
from pilots.healthtech.backtest.rolling import Rolling, refits
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.data.contract import Counts
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.evaluate import Backtest, headline, judge_mean, judge_sampled, versus
from pilots.healthtech.models.climatology import Climatology
from pilots.healthtech.models.ensemble import Alone
from pilots.healthtech.models.seasonal_naive import SeasonalNaive
from tests.healthtech.made_counts import counts

WEEKS = {"h": 13, "D": 13, "MS": 3}
MODELS = {name: partial(kind, WEEKS, WEEKS) for name, kind in (("climatology", Climatology), ("naive", SeasonalNaive))}


def asked(made: Counts) -> Backtest:
    origins = plan(made, "2019-11-01", "2020-01-31", 7, 14, [7])
    task = Task(Calendar.make(2018, 2030), 91, made.delay + 14)
    return Backtest(made, origins, task)


def rolled(name: str, test: Backtest) -> tuple[np.ndarray, object]:
    rolling = Rolling(MODELS[name], test.counts, test.origins.all_O, test.task)
    return rolling.means(lambda text: None), rolling.last()


@pytest.mark.parametrize("delay", [0, 3])
def test_a_planted_future_spike_changes_nothing_before_it(delay):
    made = dataclasses.replace(counts(420), delay=delay)
    spiked = dataclasses.replace(made, y_ST=made.y_ST.copy())
    test = asked(made)
    origin = int(test.origins.test_O[6])
    spiked.y_ST[:, origin - delay :] += 500  # the counts of the days not yet reported are not known either
    said = []
    for data in (made, spiked):
        its = asked(data)
        mean_OSH, _ = rolled("climatology", its)
        judged = judge_mean(Alone.of("climatology"), {"climatology": mean_OSH}, its, 28)
        said.append(
            {int(o): q for block, made_by in judged.made for o, q in zip(block, by_origin(made_by, its), strict=True)}
        )
    unchanged = [o for o in said[0] if o <= origin]
    assert len(unchanged) == 7
    for o in unchanged:
        np.testing.assert_array_equal(said[0][o], said[1][o])
    assert any((said[0][o] != said[1][o]).any() for o in said[0] if o > origin + 7)


def by_origin(made, test: Backtest) -> np.ndarray:
    return made.quantiles(LEVELS).reshape(-1, test.counts.series, test.task.horizon, len(LEVELS))


def test_periods_not_yet_reported_are_not_scored():
    made = dataclasses.replace(counts(420), delay=2)
    test = asked(made)
    _, model = rolled("climatology", test)
    scored = judge_sampled(model, test).scored
    assert set(scored) == {7 + 2, 14 + 2}
    assert (scored[9].known_OS == 7).all()
    assert (scored[16].known_OS == 14).all()


def test_origins_share_a_fit_until_it_is_due_again():
    groups = refits(np.array([10, 17, 24, 31, 100]), 14)
    assert [group.tolist() for group in groups] == [[10, 17], [24, 31], [100]]
    assert len(refits(np.array([10, 17, 24]), None)) == 1


def test_climatology_beats_last_week_and_says_so_only_when_sure():
    test = asked(counts(420))
    judged = {name: judge_sampled(rolled(name, test)[1], test) for name in MODELS}
    better = versus(judged["climatology"], judged["naive"], test, 0)
    assert better["verdict"] == "better"
    assert better["high"] < 0
    assert versus(judged["naive"], judged["climatology"], test, 0)["verdict"] == "worse"
    assert versus(judged["naive"], judged["naive"], test, 0)["verdict"] == "no better"
    figures = headline([judged["climatology"]], judged["naive"], test, 0)
    assert {"pinball", "pinball@7", "coverage_80_closed", "mase@7"} <= set(figures)
    assert all(m["low"] <= m["value"] <= m["high"] for m in figures.values())
    assert figures["pinball"]["value"] < figures["pinball"]["naive"]


def test_the_same_seed_gives_the_same_numbers():
    test = asked(counts(420))
    one, two = (
        headline(
            [judge_sampled(rolled("naive", test)[1], test)] * 2, judge_sampled(rolled("naive", test)[1], test), test, 5
        )
        for _ in range(2)
    )
    assert one == two
