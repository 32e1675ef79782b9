"""What fit_many finds goes straight into the exporter: one graph for all series says what the parameters mean."""

import numpy as np
import pytest

from common.bundle.session import Session
from pilots.healthtech.prophet_fit import fit_many
from pilots.healthtech.prophet_fit.features import columns, hinges
from pilots.healthtech.prophet_onnx.graph import graph
from pilots.healthtech.prophet_onnx.parameters import DAY, Holiday, Seasonality, Structure

WHEN = (17_000 + np.arange(400)) * DAY


@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
def test_the_graph_of_a_batched_fit(mode):
    random = np.random.default_rng(0)
    shut = Holiday("shut", tuple(range(17_100, 17_500, 70)))
    structure = Structure("linear", (Seasonality("weekly", 7.0, 3, mode),), (shut,), holidays_mode=mode)
    y_ST = 100 + 0.1 * np.arange(400) + 10 * np.sin(2 * np.pi * WHEN / DAY / 7) + random.normal(0, 4, (3, 400))
    y_ST[1, 20:] = np.nan  # fewer changepoints: the others are padding
    y_ST[2, 50:90] = np.nan
    fit = fit_many(WHEN, y_ST, structure)
    assert np.isinf(fit.change_SC[1]).any()

    ahead = WHEN[-1] + DAY * np.arange(1, 90)
    said = Session(graph(fit).SerializeToString()).run({"when": ahead, "series": np.arange(3)})["yhat"]
    x_HK = columns(ahead, structure)
    for s in range(3):
        t_H = (ahead - fit.start_S[s]) / fit.t_scale_S[s]
        trend = fit.m_S[s] + fit.k_S[s] * t_H + hinges(t_H, fit.change_SC[s]) @ fit.delta_SC[s]
        swing = x_HK @ fit.beta_SK[s]
        mean = trend + swing if mode == "additive" else trend * (1 + swing)
        np.testing.assert_allclose(said[s], mean * fit.y_scale_S[s], rtol=1e-11, atol=1e-9)
