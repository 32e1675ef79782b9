"""Machines that live shorter than the cap, and a sensor that none of them has: every model learns all the same."""

import numpy as np
import pytest

from common.bundle.session import Session
from pilots.manufacturing.features import Features
from tests.manufacturing.made_fleet import fleet
from tests.test_every_model import MODELS, config, model


@pytest.mark.parametrize("name", MODELS)
def test_short_lives_without_a_sensor(name):
    made = fleet(lives=60, seed=5)
    made = made.take(np.flatnonzero(made.length_L < 70))
    features = Features(list(config().features.kinds)).fit(made, 0)
    h = features(made)
    assert made.lives > 10
    assert h.x_LTD.shape[1] < config().rul.cap
    h.x_LTD[..., h.names_D.index("s1.shift")] = np.nan
    fitted = model(name).fit(h, seed=0)
    said = fitted.predict(h.x_LTD, h.length_L)[h.inside_LT]
    assert np.isfinite(said).all()
    graph = Session(fitted.graph().SerializeToString()).run({"features": h.x_LTD})
    np.testing.assert_allclose(graph["rul"][h.inside_LT], said, rtol=0, atol=1e-3)


@pytest.mark.parametrize("epochs", [1, 4])
def test_a_net_may_take_few_steps(epochs):
    """One step an epoch here: four steps in all are no rise of a quarter and a fall of three."""
    made = fleet(lives=9, seed=5)
    h = Features(list(config().features.kinds)).fit(made, 0)(made)
    said = model("tcn", epochs=epochs).fit(h, seed=0).predict(h.x_LTD, h.length_L)
    assert np.isfinite(said[h.inside_LT]).all()
