"""The batched Prophet fit: the objective is Prophet's, the minimum is lower, and a missing count is a missing row."""

import logging
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.fault import Fault
from pilots.healthtech.prophet_fit import Priors, fit_many, negative_log_posterior, usual
from pilots.healthtech.prophet_fit.linear import one_by_one, spectrum
from pilots.healthtech.prophet_onnx.parameters import DAY, Holiday, Parameters, Regressor, Seasonality, Structure

REAL = os.environ.get("PILOTS_REAL_DATA")
WEEK = Seasonality("weekly", 7.0, 3)
WHEN = np.datetime64("2017-03-01", "D").astype(np.int64) * DAY + DAY * np.arange(500)
CASES = [(growth, mode) for growth in ("linear", "flat") for mode in ("additive", "multiplicative")]

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # Prophet's own, under pandas 3


def arrivals(series: int, seed: int, when: np.ndarray = WHEN) -> np.ndarray:
    """Daily counts with a bend, a week and noise."""
    random, t = np.random.default_rng(seed), np.arange(len(when))
    bend = 200 + 0.1 * t + random.uniform(-0.4, 0.4, (series, 1)) * np.maximum(t - 200, 0)
    return np.round(bend * (1 + 0.1 * np.sin(2 * np.pi * t / 7)) + random.normal(0, 9, (series, len(t))))


def weekly(growth: str, mode: str) -> Structure:
    return Structure(growth, (Seasonality("weekly", 7.0, 3, mode),))


def by_prophet(y_T: np.ndarray, structure: Structure, when: np.ndarray = WHEN) -> tuple[Parameters, float]:
    """Prophet's fit and the objective it says it reached."""
    prophet = pytest.importorskip("prophet")
    logging.getLogger("prophet").setLevel(logging.ERROR)
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    model = prophet.Prophet(
        structure.growth, yearly_seasonality=False, weekly_seasonality=False, daily_seasonality=False
    )
    for season in structure.seasonalities:
        model.add_seasonality(season.name, season.period, season.order, mode=season.mode)
    known = np.isfinite(y_T)
    model.fit(pd.DataFrame({"ds": when[known].astype("datetime64[s]"), "y": y_T[known]}))
    value = {name: np.asarray(x, float).reshape(-1) for name, x in model.params.items()}
    changes = 0 if structure.growth == "flat" else len(model.changepoints)
    fit = Parameters(
        structure, ("",), when[known][:1], np.diff(when[known][[0, -1]]), [model.y_scale], [0.0],
        value["k"], value["m"], np.asarray(model.changepoints_t)[None, :changes], value["delta"][None, :changes],
        value["beta"][None], value["sigma_obs"], np.zeros((1, 0)), np.ones((1, 0)),
    )  # fmt: skip
    return fit, -model.stan_fit.optimized_params_dict["lp__"]


@pytest.mark.parametrize(("growth", "mode"), CASES)
def test_objective_is_prophets_and_the_minimum_no_higher(growth, mode):
    y_ST = arrivals(2, seed=1)
    y_ST[1, np.random.default_rng(0).integers(0, 500, 60)] = np.nan
    structure = weekly(growth, mode)
    ours = fit_many(WHEN, y_ST, structure)
    lower = negative_log_posterior(ours, WHEN, y_ST)
    for s, y_T in enumerate(y_ST):
        theirs, said = by_prophet(y_T, structure)
        other = negative_log_posterior(theirs, WHEN, y_T[None])[0]
        assert other == pytest.approx(said, rel=1e-6)
        assert lower[s] <= other + 1e-6 * abs(other)
        np.testing.assert_allclose(ours.change_SC[s], theirs.change_SC[0], rtol=0, atol=1e-12)
        assert ours.t_scale_S[s] == theirs.t_scale_S[0]
        assert ours.y_scale_S[s] == theirs.y_scale_S[0]


@pytest.mark.parametrize(("growth", "mode"), CASES)
def test_no_small_move_finds_a_lower_objective(growth, mode):
    y_ST = arrivals(3, seed=2)
    fit = fit_many(WHEN, y_ST, weekly(growth, mode))
    at = negative_log_posterior(fit, WHEN, y_ST)
    random, tried = np.random.default_rng(0), 0
    names = ["m_S", "beta_SK", "sigma_S"] + ["k_S", "delta_SC"] * (growth == "linear")
    for name in names:
        for size in (1e-6, 1e-4, 1e-2):
            moved = getattr(fit, name) + size * random.normal(size=getattr(fit, name).shape)
            other = Parameters(**{**vars(fit), name: np.abs(moved) if name == "sigma_S" else moved})
            assert (negative_log_posterior(other, WHEN, y_ST) >= at - 1e-9 * np.abs(at)).all()
            tried += 1
    assert tried == 3 * len(names)


@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
def test_a_missing_count_is_a_missing_row(mode):
    y_ST = arrivals(3, seed=3)
    gone = [np.arange(0, 40), np.arange(300, 330), np.arange(480, 500)]
    for s, days in enumerate(gone):
        y_ST[s, days] = np.nan
    together = fit_many(WHEN, y_ST, weekly("linear", mode))
    for s, days in enumerate(gone):
        alone = fit_many(np.delete(WHEN, days), np.delete(y_ST[s], days)[None], weekly("linear", mode))
        assert together.start_S[s] == alone.start_S[0]
        for name in ("change_SC", "delta_SC", "beta_SK"):
            np.testing.assert_allclose(getattr(together, name)[s], getattr(alone, name)[0], rtol=1e-7, atol=1e-9)
        for name in ("k_S", "m_S", "sigma_S", "t_scale_S"):
            assert getattr(together, name)[s] == pytest.approx(getattr(alone, name)[0], rel=1e-7)


@pytest.mark.skipif(not REAL, reason="PILOTS_REAL_DATA is not set: the public series are not here")
@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
def test_lower_than_prophet_on_a_real_hospital(mode):
    read = pd.read_csv(Path(REAL) / "health-ed-daily-uk" / "ed_ts.csv.gz")
    when = pd.to_datetime(read.date, format="%d/%m/%y").to_numpy().astype("datetime64[s]").astype(np.int64)
    y_T, structure = read.arrivals.to_numpy(float), weekly("linear", mode)
    said = by_prophet(y_T, structure, when)[1]
    assert len(y_T) == 344
    assert negative_log_posterior(fit_many(when, y_T[None], structure), when, y_T[None])[0] <= said + 1e-6 * abs(said)


def test_planted_parameters_are_found_again():
    t = np.linspace(0, 1, len(WHEN))
    wave = 0.1 * np.sin(2 * np.pi * WHEN / DAY / 7)
    off = Holiday("closed", tuple(int(d) for d in WHEN[[50, 250, 400]] // DAY))
    closed = np.isin(WHEN // DAY, off.days)
    heat = np.random.default_rng(1).normal(15, 5, len(WHEN))
    y = 1000 * (0.5 + 0.3 * t + wave - 0.2 * closed + 0.05 * (heat - heat.mean()) / heat.std(ddof=1))
    y += np.random.default_rng(2).normal(0, 1, len(y))
    structure = Structure("linear", (WEEK,), (off,), (Regressor("heat"),))
    fit = fit_many(WHEN, y[None], structure, regressors={"heat": heat})
    found = fit.beta_SK[0] * fit.y_scale_S[0]
    assert found[0] == pytest.approx(100, abs=2)  # sin of the week
    assert found[-2] == pytest.approx(-200, abs=2)  # the holiday
    assert found[-1] == pytest.approx(50, abs=2)  # a standard deviation of heat
    assert fit.k_S[0] * fit.y_scale_S[0] == pytest.approx(300, abs=2)
    assert fit.mean_SR[0, 0] == pytest.approx(heat.mean())
    assert np.abs(fit.delta_SC).max() < 0.1 * fit.k_S[0]  # a straight line needs no change


def test_usual_seasonalities_are_prophets():
    def orders(step: int, days: int) -> list[tuple[str, int]]:
        return [(s.name, s.order) for s in usual(np.arange(0, days * DAY + 1, step))]

    assert orders(DAY, 730) == [("yearly", 10), ("weekly", 3)]
    assert orders(DAY, 729) == [("weekly", 3)]
    assert orders(3600, 20) == [("weekly", 3), ("daily", 4)]
    assert orders(30 * DAY, 1500) == [("yearly", 10)]


def test_same_answer_twice_and_in_any_company():
    y_ST = arrivals(4, seed=4)
    first, again = (fit_many(WHEN, y_ST, weekly("linear", "multiplicative")) for _ in range(2))
    alone = fit_many(WHEN, y_ST[2:3], weekly("linear", "multiplicative"))
    np.testing.assert_array_equal(first.delta_SC, again.delta_SC)
    np.testing.assert_array_equal(first.beta_SK, again.beta_SK)
    np.testing.assert_allclose(first.beta_SK[2], alone.beta_SK[0], rtol=1e-5, atol=1e-8)


def test_a_constant_series_is_not_fitted():
    fit = fit_many(WHEN, np.full((1, len(WHEN)), 7.0), weekly("linear", "additive"))
    assert (fit.m_S[0], fit.k_S[0], fit.y_scale_S[0]) == (1.0, 0.0, 7.0)
    assert not fit.beta_SK.any()


@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
def test_more_columns_than_counts_do_not_stop_the_others(mode):
    month = np.arange("2016-01", "2022-01", dtype="datetime64[M]").astype("datetime64[s]").astype(np.int64)
    random = np.random.default_rng(5)
    y_ST = random.poisson(500, (4, len(month))) + 50.0 * np.sin(2 * np.pi * np.arange(len(month)) / 12)
    y_ST[:3, :48] = np.nan  # 24 counts, 20 waves and a bent trend
    together = fit_many(month, y_ST, Structure("linear", usual(month, mode)))
    alone = fit_many(month, y_ST[3:], Structure("linear", usual(month, mode)))
    np.testing.assert_allclose(together.beta_SK[3], alone.beta_SK[0], rtol=1e-5, atol=1e-7)
    assert np.isfinite(negative_log_posterior(together, month, y_ST)).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda y: y[:, :-1], "expected \\[1, 500\\]"),
        (lambda y: np.where(np.arange(500) > 0, np.nan, y), "fewer than two"),
        (lambda y: np.where(np.arange(500) == 3, np.inf, y), "infinite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, said):
    with pytest.raises(Fault, match=said):
        fit_many(WHEN, change(arrivals(1, seed=0)), weekly("linear", "additive"))


def test_refusals_of_the_structure():
    y_ST = arrivals(1, seed=0)
    with pytest.raises(Fault, match="logistic"):
        fit_many(WHEN, y_ST, weekly("logistic", "additive"))
    with pytest.raises(Fault, match="'heat'"):
        fit_many(WHEN, y_ST, Structure(regressors=(Regressor("heat"),)))
    with pytest.raises(Fault, match="rise"):
        fit_many(WHEN[::-1], y_ST, weekly("linear", "additive"))
    with pytest.raises(ValueError, match="prior scales"):
        Priors(changepoints=0)


def test_the_second_way_to_eigenvalues_gives_what_the_first_does():
    x = np.random.default_rng(0).standard_normal((2, 3, 40, 9))
    gram = np.swapaxes(x, -1, -2) @ x
    power, basis = one_by_one(gram)
    np.testing.assert_allclose(power, spectrum(gram)[0], rtol=1e-10)
    np.testing.assert_allclose(basis * power[..., None, :] @ np.swapaxes(basis, -1, -2), gram, atol=1e-9)
