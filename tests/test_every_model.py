"""One promise for every model yaml of every pilot: a new yaml is tested with no edit here."""

import io
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from common.bundle.session import Session
from common.config import build
from pilots.manufacturing.features import Features
from tests.manufacturing.made_fleet import fleet

CONF = Path(__file__).parents[1] / "conf"
MODELS = sorted(p.stem for p in CONF.glob("manufacturing/model/*.yaml"))


def config(*words: str):
    with initialize_config_dir(str(CONF / "manufacturing"), version_base="1.3"):
        return compose("config", list(words))


def model(name: str, **settings):
    return build(config(f"model={name}", *(f"model.{key}={value}" for key, value in settings.items())).model)


def plain(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Through a file and back, without pickle."""
    held = io.BytesIO()
    np.savez(held, **state)
    held.seek(0)
    with np.load(held, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


@pytest.fixture(scope="module")
def histories():
    """Wearing machines under two conditions, a quarter of them replaced before they failed."""
    made = fleet(2, lives=40, seed=3)
    made.end_L[30:], made.rul_L[30:] = "replaced", np.nan
    features = Features(list(config().features.kinds)).fit(made, 0)
    h = features(made)
    return h.take(np.arange(0, 40, 2)), h.take(np.arange(1, 40, 2))


@pytest.mark.parametrize("name", MODELS)
def test_model_keeps_the_promise(name, histories):
    learn, held = histories
    before = held.x_LTD.copy()
    first, again = (model(name).fit(learn, seed=1) for _ in range(2))
    said = first.predict(held.x_LTD, held.length_L)
    inside = held.inside_LT
    assert said.shape == inside.shape
    assert np.isfinite(said[inside]).all()
    assert inside.sum() > 1000
    np.testing.assert_array_equal(said, again.predict(held.x_LTD, held.length_L))  # same seed, same answer
    np.testing.assert_array_equal(held.x_LTD, before)  # what it is given stays as it was

    restored = model(name).restore(plain(first.state()))
    np.testing.assert_array_equal(said, restored.predict(held.x_LTD, held.length_L))  # what a run's native/ holds

    graph = Session(first.graph().SerializeToString()).run({"features": held.x_LTD})
    np.testing.assert_allclose(graph["rul"][inside], said[inside], rtol=0, atol=1e-3)
    if hasattr(first, "risk"):
        risk = first.risk(held.x_LTD, held.length_L)
        np.testing.assert_allclose(graph["p_fail"][inside], risk[inside], rtol=0, atol=1e-5)
        assert (risk[inside] >= 0).all()
        assert (risk[inside] <= 1).all()


@pytest.mark.parametrize("name", MODELS)
def test_a_later_row_changes_no_earlier_forecast(name, histories):
    learn, held = histories
    fitted = model(name).fit(learn, seed=0)
    whole = fitted.predict(held.x_LTD, held.length_L)
    cut_L = np.random.default_rng(0).integers(1, held.length_L + 1)
    rows_T = np.arange(held.x_LTD.shape[1])
    short = held.x_LTD.copy()
    short[rows_T >= cut_L[:, None]] = np.nan
    before = rows_T < cut_L[:, None]
    assert before.sum() > 300
    apart = np.abs(fitted.predict(short, cut_L) - whole)[before]
    assert apart.max() <= 1e-6 * np.abs(whole).max()


@pytest.mark.parametrize("name", [n for n in MODELS if "age" in config(f"model={n}").model])
def test_without_age_the_age_is_not_looked_at(name, histories):
    learn, held = histories
    fitted = model(name, age="false").fit(learn, seed=0)
    older = held.x_LTD.copy()
    older[..., held.names_D.index("age")] += 1000
    np.testing.assert_array_equal(
        fitted.predict(older, held.length_L)[held.inside_LT],
        fitted.predict(held.x_LTD, held.length_L)[held.inside_LT],
    )


def test_every_yaml_is_tested():
    assert {"naive", "ridge", "gbdt", "tcn", "hazard", "ensemble"} <= set(MODELS)
