"""The remaining-life pipeline in pandas, scikit-learn and PyTorch as the benchmarks call it."""

from __future__ import annotations

import numpy as np
import pytest
from omegaconf import OmegaConf

from common.config import build
from common.fault import Fault
from common.native import Asked
from pilots.manufacturing import native
from pilots.manufacturing.features import Features
from pilots.manufacturing.models.ridge import RidgeRul
from tests.manufacturing.made_fleet import fleet

KINDS = ["mean5", "shift", "slope30", "slope_start"]
MODELS = "pilots.manufacturing.models"
MEMBERS = {
    "gbdt": {"_target_": f"{MODELS}.gbdt.GbdtRul", "kinds": ["mean5", "slope30"], "trees": 5},
    "tcn": {"_target_": f"{MODELS}.tcn.TcnRul", "kinds": ["mean5"], "hidden": 4, "dilation": [1, 3], "epochs": 1},
    "hazard": {"_target_": f"{MODELS}.hazard.HazardRul", "kinds": ["mean5"], "edges": [30, 125], "trees": 2},
}
MODEL = {
    "_target_": f"{MODELS}.ensemble.EnsembleRul",
    "members": MEMBERS,
    "weights": {"gbdt": 0.5, "tcn": 0.5, "hazard": 0.0},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run folder as far as native.py reads it, and what the model says on the feature graph's own features."""
    run = tmp_path_factory.mktemp("run")
    lives = fleet(2, lives=24, missing=0.0)  # a missing reading is left out by pandas and filled in by the graph
    features = Features(KINDS).fit(lives, 0)
    held = features(lives)
    cfg = OmegaConf.create({"model": MODEL, "features": {"kinds": KINDS}, "rul": {"cap": 125.0}})
    cfg.features["_target_"] = "pilots.manufacturing.features.Features"
    model = build(cfg.model).fit(held, 0)
    names = [channel.name for channel in lives.channels]
    native.save(model, features, names, run / "native")
    (run / "config.yaml").write_text(OmegaConf.to_yaml(cfg))
    readings, length = lives.padded()
    np.savez(run / "evaluation.npz", readings=readings[:, None], length=length[:, None])
    return run, model.predict(held.x_LTD, length), length, (RidgeRul().fit(held, 0), features, names, cfg)


def asked(run, mode="eager", dtype="fp32", device="cpu") -> Asked:
    return Asked(run, 1, device, mode, dtype)


def test_a_log_gets_the_life_that_the_model_gives_it(made):
    run, wanted, length, _ = made
    opened = native.opened(asked(run))
    assert "PyTorch" in opened.what
    for query in (0, 2, 3):  # life 1 has lost a sensor
        said = opened.answer(query)["rul"]
        inside = np.arange(said.shape[1]) < length[query]
        assert said.shape == (1, wanted.shape[1])
        assert np.isnan(said[0, ~inside]).all()
        apart = np.abs(said[0] - wanted[query])[inside]
        assert np.median(apart) < 0.01  # pandas' sums and the graph's differ in their last digits alone
        assert apart.mean() < 1.0


def test_parts_and_batches_can_be_asked_by_themselves(made):
    run, *_ = made
    opened = native.opened(asked(run))
    assert opened.seconds({"query": 22, "batch": 4}) > 0
    for task in ("features", "trees", "net", "pipeline"):
        assert opened.seconds({"task": task, "machines": 2, "rows": 40, "seed": 0}) > 0
    with pytest.raises(Fault, match="has no hope"):
        opened.seconds({"task": "hope", "machines": 1, "rows": 40, "seed": 0})


def test_a_model_without_a_net_has_one_mode_and_no_gpu(made, tmp_path):
    run, *_, (ridge, features, names, cfg) = made
    native.save(ridge, features, names, tmp_path / "native")
    cfg = cfg.copy()
    cfg.model = {"_target_": f"{MODELS}.ridge.RidgeRul"}
    (tmp_path / "config.yaml").write_text(OmegaConf.to_yaml(cfg))
    (tmp_path / "evaluation.npz").write_bytes((run / "evaluation.npz").read_bytes())
    assert native.opened(asked(tmp_path)).modes == ["eager"]
    with pytest.raises(Fault, match="RidgeRul has no net"):
        native.opened(asked(tmp_path, device="cuda"))
    with pytest.raises(Fault, match="no mode 'compiled' here: eager"):
        native.opened(asked(tmp_path, mode="compiled"))
    with pytest.raises(Fault, match=r"no native/model\.npz"):
        native.load(tmp_path / "native")
