"""One promise for every model of this pilot, a new yaml is tested with no edit here; and rates that must be found."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from common.bundle.session import Session
from common.config import build
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import windows
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.data.contract import Counts
from pilots.healthtech.models.glm import KEPT

CONF = Path(__file__).parents[2] / "conf/healthtech/model"
OUTSIDE = ("autoets",)  # knows no graph, and is slow: months alone
WHOLE = ("ensemble",)  # built of others
MODELS = sorted({p.stem for p in CONF.glob("*.yaml")} - set(WHOLE))
CALENDAR = Calendar.make(2015, 2030)
HORIZON = {"h": 30, "D": 20, "MS": 6}
SPAN = {"h": 11 * 168, "D": 800, "MS": 60}


@cache
def settings(name: str):
    with initialize_config_dir(str(CONF.parent), version_base="1.3"):
        return compose("config", [f"model={name}"]).model


def model(name: str):
    made = build(settings(name))
    if hasattr(made, "steps"):
        made.steps = 20  # a promise needs no well-trained net
    return made


def hospitals(freq: str, periods: int | None = None, seed: int = 0, columns: int = 0) -> Counts:
    """Two hospitals and their sum, Poisson counts with gaps; the second has lost two weeks."""
    periods = periods or SPAN[freq]
    start = {"h": "2018-01-01T00", "D": "2017-01-01", "MS": "2016-01"}[freq]
    time_T = np.datetime64(start) + np.arange(periods)
    rng = np.random.default_rng(seed)
    season = {"h": 24, "D": 7, "MS": 12}[freq]
    wave_T = np.exp(0.4 * np.sin(2 * np.pi * np.arange(periods) / season))
    y_BT = rng.poisson(np.array([[6.0], [30.0]]) * wave_T).astype(float)
    y_ST = np.concatenate([y_BT, y_BT.sum(axis=0, keepdims=True)])
    y_ST[1:, periods // 2 : periods // 2 + 14] = np.nan
    y_ST[:, periods // 3] = np.nan
    return Counts(
        name="made", licence="none", sha256="", freq=freq, time_T=time_T.astype("datetime64[s]"), y_ST=y_ST,
        names_S=("small", "large", "total"), sums_SB=np.array([[1.0, 0], [0, 1], [1, 1]]),
        future_STK=rng.normal(15, 5, (3, periods, columns)), future_K=tuple(f"f{k}" for k in range(columns)),
    )  # fmt: skip


def asked(name: str, counts: Counts, known: int, seed: int = 1):
    """The model fitted on the first `known` periods, and rows at two origins after them."""
    made = model(name)
    KEPT.clear()  # what was learned before must be learned again
    task = Task(CALENDAR, made.past(counts.freq), HORIZON[counts.freq], seed)
    rows = windows(counts, np.array([known, known + 3]), task.past, task.horizon)
    return made.fit(counts.until(known), task), rows


def expected(fitted, rows) -> np.ndarray:
    return fitted.distribution(rows).mean_BH if hasattr(fitted, "distribution") else fitted.mean(rows)


@pytest.mark.parametrize(("name", "freq"), [(n, f) for n in MODELS for f in SPAN if f == "MS" or n not in OUTSIDE])
def test_model_keeps_the_promise(name, freq):
    counts = hospitals(freq)
    known = len(counts.time_T) - HORIZON[freq] - 3
    assert known > model(name).needs(freq)
    first, rows = asked(name, counts, known)
    again, _ = asked(name, counts, known)
    said = expected(first, rows)
    assert said.shape == (6, HORIZON[freq])
    assert np.isfinite(said).all()
    assert (said > 0).all()
    np.testing.assert_array_equal(said, expected(again, rows))  # same seed, same answer

    spiked = replace(counts, y_ST=counts.y_ST + 1e6 * (np.arange(len(counts.time_T)) >= known + 3))
    fitted, rows_spiked = asked(name, spiked, known)
    np.testing.assert_array_equal(said, expected(fitted, rows_spiked))  # a later count changes no earlier forecast

    if name not in OUTSIDE:
        task = Task(CALENDAR, rows.y_BL.shape[1], HORIZON[freq])
        restored = model(name).restore(first.state(), task, freq)
        np.testing.assert_array_equal(said, expected(restored, rows))  # what a run's native/ holds
        one = rows.take(slice(3, 6))
        inputs = {"counts": one.y_BL, "when": one.when_BW[0], "series": one.series_B, "future": one.future_BWK}
        graph = first.graph()
        assert not any("future" in node.input for node in graph.graph.node)  # there is none to look at
        session = Session(graph.SerializeToString())
        graph = session.run({name: inputs[name] for name in session.inputs if name in inputs} | level_of(session))
        np.testing.assert_allclose(graph["mean"], said[3:], rtol=1e-6 if name == "gbdt" else 1e-9)


def level_of(session: Session) -> dict[str, np.ndarray]:
    return {"level": np.full(3, 5.0)} if "level" in session.inputs else {}


@pytest.mark.parametrize("name", [n for n in MODELS if n not in OUTSIDE])
def test_counts_that_are_not_known_are_survived(name):
    counts = hospitals("D")
    counts.y_ST[0, -150:] = np.nan  # a hospital that has stopped reporting
    counts.y_ST[1, np.arange(800) % 365 > 90] = np.nan  # and one that reports in winter alone
    fitted, rows = asked(name, counts, 777)
    said = expected(fitted, rows)
    assert np.isfinite(said[2::3]).all()
    if hasattr(fitted, "mean"):
        assert np.isfinite(said).all()
        assert (said < 1000).all()


@pytest.mark.parametrize("name", ["glm", "gbdt"])
def test_a_column_known_before_the_day_is_used(name):
    counts = hospitals("D", columns=1)
    counts.y_ST[:] = np.random.default_rng(2).poisson(50 * np.exp(0.05 * (counts.future_STK[:, :, 0] - 15)))
    fitted, rows = asked(name, counts, 777)
    ahead_W = np.arange(rows.when_BW.shape[1])[:, None] >= rows.y_BL.shape[1]
    warm, cold = (
        fitted.mean(replace(rows, future_BWK=np.where(ahead_W, degrees, rows.future_BWK))) for degrees in (20.0, 10.0)
    )
    assert np.median(warm / cold) == pytest.approx(np.exp(0.5), rel=0.25)


def test_glm_finds_the_planted_rates():
    """Hour, weekday, holiday and level of counts made from them, within what their noise allows."""
    weeks = 60
    time_T = (np.datetime64("2017-01-02T00") + np.arange(weeks * 168)).astype("datetime64[s]")
    hour_T, day_T = np.arange(len(time_T)) % 24, np.arange(len(time_T)) // 24
    log_T = 3.0 + 0.5 * np.sin(2 * np.pi * hour_T / 24) + 0.2 * (day_T % 7 == 0)
    off_T = CALENDAR.at(time_T.astype(np.int64))[:, CALENDAR.names_K.index("bank_holiday")]
    log_T = log_T - 0.3 * off_T + 0.3 * (day_T >= 55 * 7)  # busier for the last five weeks
    y_ST = np.random.default_rng(0).poisson(np.exp(log_T))[None].astype(float)
    counts = Counts("made", "none", "", "h", time_T, y_ST, ("one",), np.eye(1))
    said, rows = asked("glm", counts, weeks * 168 - 48)
    ratio = said.mean(rows.take(slice(0, 1)))[0] / np.exp(log_T[-48:-18])
    assert abs(ratio.mean() - 1) < 0.02
    assert ratio.std() < 0.05
    pattern = said.module.pattern
    bank = pattern.day[0, :, CALENDAR.names_K.index("bank_holiday")].mean()
    assert float(bank) == pytest.approx(-0.3, abs=0.06)


def test_weights_go_where_the_loss_is_least():
    rng = np.random.default_rng(0)
    true_OSH = rng.uniform(5, 50, (60, 2, 20))
    y_OSH = rng.poisson(true_OSH).astype(float)
    y_OSH[3] = np.nan
    noise = [np.exp(rng.normal(0, 0.2, true_OSH.shape)) for _ in range(2)]
    made = model("ensemble")
    made.toward = {"good": 1.0, "bad": 1.0}
    shares = made.weigh({"good": true_OSH, "bad": true_OSH * noise[0]}, y_OSH).by_member
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["good"] > 0.95
    shares = made.weigh({"good": true_OSH * noise[1], "bad": true_OSH * noise[0]}, y_OSH).by_member
    assert shares["good"] == pytest.approx(0.5, abs=0.1)  # equally wrong: the mean is better than either
    early = {"good": true_OSH[:1], "bad": true_OSH[:1] * np.nan}
    assert made.weigh(early, y_OSH[:1]).by_member["good"] == pytest.approx(0.5)  # nothing to learn from


def test_two_weeks_of_history_are_enough_for_an_ensemble():
    made = model("ensemble")
    able = [name for name, member in made.members.items() if member.needs("D") <= 14]
    assert able == ["climatology"]
    mean_OSH = np.full((2, 1, 7), 9.0)
    alone = made.weigh({"climatology": mean_OSH}, mean_OSH)
    np.testing.assert_allclose(alone.combine({"climatology": mean_OSH}), mean_OSH)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in OUTSIDE])
def test_a_long_declared_break_leaves_a_forecast(name):
    made = hospitals("D")
    broken = replace(made, y_ST=made.y_ST.copy())
    broken.y_ST[:, 100:700] = np.nan
    fitted, rows = asked(name, broken, 720)
    said = expected(fitted, rows)
    assert np.isfinite(said).all()
    assert (said >= 0).all()
