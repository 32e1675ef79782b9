"""The forecast in Python as the benchmarks call it: the same answers as the bundle's, by our models and by Prophet."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from omegaconf import OmegaConf

from common.bundle.open import open_bundle
from common.fault import Fault
from common.native import Asked, queries
from pilots.healthtech import native, prophet_json
from pilots.healthtech.backtest.windows import truth, windows
from pilots.healthtech.distribution.head import CountHead
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.hierarchy.joined import Joined
from pilots.healthtech.hierarchy.reconcile import Reconciler
from pilots.healthtech.models.ensemble import Weights
from tests.healthtech.test_models import asked, expected, hospitals, settings


def bundle_says(run, query: int) -> dict[str, np.ndarray]:
    bundle, kept = open_bundle(run / "bundle"), queries(run)
    names = (tensor["name"] for tensor in bundle.manifest["inputs"])
    return bundle.run(**{name: kept[name][query] for name in names if name in kept})


def test_plain_python_answers_as_the_bundle(hourly_run):
    opened = native.opened(Asked(hourly_run, 1, "cpu", "eager", "fp32"))
    assert opened.modes == ["eager"]
    said, wanted = opened.answer(0), bundle_says(hourly_run, 0)
    np.testing.assert_array_equal(said["quantiles"], wanted["quantiles"])
    np.testing.assert_allclose(said["mean"], wanted["mean"], rtol=1e-9)
    np.testing.assert_allclose(said["p_exceed"], wanted["p_exceed"], atol=1e-9)
    assert opened.seconds({"query": 0, "batch": 3}) > 0


def test_what_it_cannot_do_is_told(hourly_run, tmp_path):
    with pytest.raises(Fault, match="no mode 'prophet' here"):
        native.opened(Asked(hourly_run, 1, "cpu", "prophet", "fp32"))
    with pytest.raises(Fault, match="no GPU path"):
        native.opened(Asked(hourly_run, 1, "cuda", "eager", "fp32"))
    with pytest.raises(Fault, match=r"no native/model\.npz"):
        native.load(tmp_path)


@pytest.mark.parametrize("freq", ["h", "D"])
def test_prophet_itself_forecasts_what_our_fit_of_it_does(freq, tmp_path):
    pytest.importorskip("prophet")
    counts = hospitals(freq)
    counts.y_ST[0] = np.nan  # a series without a fit
    fitted, rows = asked("prophet", counts, len(counts.time_T) - 60)
    prophet_json.save(fitted.module, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00001.json", "00002.json"]
    said = prophet_json.ByProphet(fitted.module, tmp_path).mean(rows)
    np.testing.assert_allclose(said, fitted.mean(rows), rtol=1e-9)
    assert np.isfinite(said).sum() == 2 * 2 * rows.horizon


def test_an_ensemble_with_its_weights_sums_and_spread_comes_back_from_plain_files(tmp_path):
    counts = hospitals("D")
    known, names = len(counts.time_T) - 60, ("climatology", "glm")
    fitted = {name: asked(name, counts, known)[0] for name in names}
    task = replace(fitted["glm"].task, past=fitted["climatology"].task.past)
    earlier = windows(counts, np.arange(known - 60, known, 5), task.past, task.horizon)
    shape = (-1, counts.series, task.horizon)
    means = {name: expected(model, earlier).reshape(shape) for name, model in fitted.items()}
    weights = Joined(Weights({"climatology": 0.25, "glm": 0.75}), Reconciler(np.full((3, 3), 0.3), {}, {}))
    truth_OSH = truth(counts, np.arange(known - 60, known, 5), task.horizon)
    head = CountHead().fit(weights.combine(means), truth_OSH)
    native.save(fitted, weights, head, task.calendar, tmp_path / "native")
    (tmp_path / "bundle").mkdir()
    flow = {"past": task.past, "horizon": task.horizon, "freq": "D"}
    (tmp_path / "bundle" / "bundle.json").write_text(json.dumps({"flow": flow}))
    members = {name: OmegaConf.to_container(settings(name)) for name in names}
    (tmp_path / "config.yaml").write_text(OmegaConf.to_yaml({"model": {"members": members}}))

    rows = windows(counts, np.array([known]), task.past, task.horizon)
    once = {name: expected(model, rows).reshape(shape) for name, model in fitted.items()}
    wanted = head.distribution(weights.combine(once).reshape(-1, task.horizon), rows.series_B)
    quantiles, mean, above = native.load(tmp_path).answer(rows, np.full(3, 20.0))
    np.testing.assert_array_equal(quantiles, wanted.quantiles(LEVELS))
    np.testing.assert_array_equal(mean, wanted.mean_BH)
    np.testing.assert_array_equal(above, 1 - wanted.cdf(np.full(mean.shape, 20.0)))
