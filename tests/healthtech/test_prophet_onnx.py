"""A graph gives what Prophet gives: every output, every kind of model, one series or many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_prophet import AHEAD, KINDS, daily, made
from onnx import numpy_helper
from prophet.serialize import model_to_json

from common.bundle.session import Session
from common.fault import Fault
from pilots.healthtech.prophet_fit import fit_many
from pilots.healthtech.prophet_onnx.graph import graph
from pilots.healthtech.prophet_onnx.parameters import DAY, Holiday, Parameters, Seasonality, Structure, stack
from pilots.healthtech.prophet_onnx.read import parse
from pilots.healthtech.prophet_onnx.verify import forecast

NOT_OURS = {"ds", "cap", "floor"}  # what the caller brought


def session(parameters, **kind):
    return Session(graph(parameters, **kind).SerializeToString())


@pytest.mark.parametrize("kind", KINDS)
def test_every_output_equals_prophet(kind):
    model, times = made(kind)
    out = forecast(session(parse(model_to_json(model))), times)
    model.uncertainty_samples = 0
    expected = model.predict(times)
    compared = set()
    for name, value in out.items():
        column = name.removesuffix("_effect")
        if column in expected:
            np.testing.assert_allclose(value, expected[column], rtol=0, atol=1e-12 * model.y_scale, err_msg=name)
            compared.add(column)
    assert compared == set(expected.columns) - NOT_OURS
    assert (out["yhat_lower"] < out["yhat"]).all()
    assert (out["yhat"] < out["yhat_upper"]).all()


def test_steps_need_no_order():
    model, times = made("multiplicative")
    graph_ = session(parse(model_to_json(model)))
    mixed = np.random.default_rng(0).permutation(len(times))
    ordered, shuffled = forecast(graph_, times), forecast(graph_, times.iloc[mixed])
    for name, value in ordered.items():
        np.testing.assert_array_equal(shuffled[name], value[mixed])


def test_steps_after_the_last_known_holiday_are_marked():
    fit = parse(model_to_json(made("conditional")[0]))
    last = int(np.datetime64("2024-12-26", "D").astype(int))  # the list ends on the 25th
    assert fit.structure.known_until == last - 1
    when = np.array([last * DAY - 1, last * DAY])
    given = {"when": when, **{name: np.array([True, False]) for name in ("summer", "winter")}}
    np.testing.assert_array_equal(session(fit).run(given)["out_of_date"], [False, True])
    assert not session(parse(model_to_json(made("linear")[0]))).run({"when": when})["out_of_date"].any()


def test_an_unknown_reading_makes_its_step_unknown():
    model, times = made("multiplicative")
    times = times[-AHEAD:].assign(temperature=[np.nan, *[12.0] * (AHEAD - 1)])
    out = forecast(session(parse(model_to_json(model))), times)
    for name in ("yhat", "yhat_lower", "yhat_upper"):
        assert np.isnan(out[name][0])
        assert np.isfinite(out[name][1:]).all()


def many(series: int = 5, *, clocks: int = 1, growth: str = "linear") -> Parameters:
    """Fits that never were Prophet objects; some have fewer changepoints."""
    random = np.random.default_rng(0)
    christmas = Holiday("christmas", tuple(18_000 + 365 * year for year in range(9)))
    structure = Structure(
        growth,
        (Seasonality("yearly", 365.25, 3, "multiplicative"), Seasonality("weekly", 7, 2)),
        (christmas,),
        holidays_mode="multiplicative",
        known_until=20_920,
    )
    change = np.tile(np.linspace(0, 0.8, 7)[1:], (series, 1))
    if clocks > 1:
        change[1::2, -2:] = np.inf
    start = (18_000 + np.arange(series) % clocks) * float(DAY)
    return Parameters(
        structure,
        tuple(f"site {s}" for s in range(series)),
        start,
        np.full(series, 900.0 * DAY),
        random.uniform(50, 500, series),
        np.zeros(series),
        random.normal(0.5, 0.1, series),
        random.uniform(0.3, 0.6, series),
        change,
        np.where(np.isfinite(change), random.laplace(0, 0.05, change.shape), 0),
        random.normal(0, 0.05, (series, len(structure.columns))),
        random.uniform(0.02, 0.05, series),
        np.zeros((series, 0)),
        np.ones((series, 0)),
    )


def one(fits: Parameters, s: int) -> Parameters:
    rows = {name: getattr(fits, name)[s : s + 1] for name in fits.__dataclass_fields__ if name != "structure"}
    return Parameters(fits.structure, **rows)


@pytest.mark.parametrize(
    ("growth", "clocks"), [("linear", 1), ("linear", 3), ("flat", 1), ("flat", 3), ("logistic", 2)]
)
def test_many_series_equal_one_by_one(growth, clocks):
    fits = many(2 if growth == "logistic" else 5, clocks=clocks, growth=growth)
    when = 18_000 * DAY + DAY * np.arange(850, 1000)
    asked = np.array([1, 0, 1] if growth == "logistic" else [3, 0, 3, 4])
    given = {"when": when, "series": asked}
    if growth == "logistic":
        given["cap"] = 600.0 + np.arange(3 * len(when)).reshape(3, -1) / 100
    together = session(fits).run(given)
    assert {"yhat", "yhat_lower", "yhat_upper", "trend", "weekly", "yearly", "christmas"} <= together.keys()
    for row, s in list(enumerate(asked))[1:]:
        alone = {"when": when, **({"cap": given["cap"][row]} if growth == "logistic" else {})}
        for name, value in session(one(fits, s)).run(alone).items():
            got = together[name][row] if name != "out_of_date" else together[name]
            np.testing.assert_allclose(got, value, rtol=1e-12, err_msg=name)


def test_a_fit_of_many_series_feeds_the_graph():
    model, times = made("linear")
    when = times["ds"].to_numpy().astype("datetime64[s]").astype(np.int64)
    structure = parse(model_to_json(model)).structure
    y = daily()["y"].to_numpy()
    fits = fit_many(when[:-AHEAD], np.stack([y, 2 * y]), structure)
    out = session(fits).run({"when": when, "series": np.array([0, 1])})
    np.testing.assert_allclose(out["yhat"][1], 2 * out["yhat"][0], rtol=1e-3)
    own = session(parse(model_to_json(model))).run({"when": when})
    for name in ("yhat", "yhat_lower", "yhat_upper"):  # two optimisers of one objective
        np.testing.assert_allclose(out[name][0], own[name], atol=0.02 * model.y_scale)


def test_one_series_can_be_asked_as_many():
    out = session(many(1), many=True, components=False).run(
        {"when": 19_000 * DAY + DAY * np.arange(28), "series": np.array([0, 0])}
    )
    assert {name: value.shape for name, value in out.items()} == {
        "yhat": (2, 28), "yhat_lower": (2, 28), "yhat_upper": (2, 28), "out_of_date": (28,)
    }  # fmt: skip


def test_stacking_pads_changepoints_and_keeps_names():
    fits = many()
    apart = [one(fits, s) for s in range(3)]
    short = replace(apart[1], change_SC=apart[1].change_SC[:, :4], delta_SC=apart[1].delta_SC[:, :4])
    joined = stack([apart[0], short, apart[2]])
    assert joined.names_S == ("site 0", "site 1", "site 2")
    np.testing.assert_array_equal(joined.rate_S, [6, 4, 6])
    np.testing.assert_allclose(joined.spread_S[1], short.spread_S[0])
    other = replace(apart[2], structure=replace(fits.structure, interval_width=0.9))
    with pytest.raises(Fault, match="site 2 and site 0 differ in interval_width"):
        stack([apart[0], other])


def test_fits_that_cannot_be_are_refused():
    fits = many()
    with pytest.raises(Fault, match=r"beta_SK has the shape \[5, 3\], expected \[5, 11\]"):
        replace(fits, beta_SK=fits.beta_SK[:, :3])
    with pytest.raises(Fault, match="sigma_S holds a number that is not finite"):
        replace(fits, sigma_S=np.full(5, np.nan))
    with pytest.raises(Fault, match="y_scale_S must be > 0"):
        replace(fits, y_scale_S=np.zeros(5))


def test_the_graph_is_float64_small_and_the_same_twice():
    fit = parse(model_to_json(made("linear")[0]))
    first, second = (graph(fit).SerializeToString(deterministic=True) for _ in range(2))
    assert first == second
    assert len(first) < 20_000
    kinds = {numpy_helper.to_array(x).dtype.name for x in graph(fit).graph.initializer}
    assert kinds == {"float64", "int64"}
