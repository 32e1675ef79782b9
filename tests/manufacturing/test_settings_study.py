"""The study behind the settings: training engines alone, each scored by models that never saw it."""

import numpy as np
import pytest

from pilots.manufacturing.experiments.settings import study
from pilots.manufacturing.experiments.settings.fleets import PLACES_CS, six_conditions, training_engines
from pilots.manufacturing.features import Features
from pilots.manufacturing.models.ridge import RidgeRul
from tests.manufacturing.made_fleet import fleet


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """Twelve wearing engines in C-MAPSS's form, in a folder without any test file."""
    random, lines = np.random.default_rng(0), []
    for unit in range(1, 13):
        rows = int(random.integers(60, 200))
        wear = np.linspace(0, 1, rows)[:, None] ** 3
        sensors = 500 + 5 * wear * np.array([1.0, -1.0, 0.5]) + random.normal(0, 0.5, (rows, 3))
        values = np.hstack([np.tile([0.0, 0.0, 100.0], (rows, 1)), np.full((rows, 21), 25.0)])
        values[:, [4, 5, 6]] = sensors
        values[:, 18] = 0.03  # fuel-air ratio
        lines += [f"{unit} {t + 1} " + " ".join(f"{v:.4f}" for v in row) for t, row in enumerate(values)]
    folder = tmp_path_factory.mktemp("train_only")
    (folder / "train_FDXYZ.txt").write_text("\n".join(lines))
    return training_engines(folder, "FDXYZ")


def test_training_engines_need_no_test_file(engines):
    assert engines.lives == 12
    assert len(engines.x_RF) == engines.length_L.sum() > 700
    assert not engines.test_L.any()


@pytest.mark.parametrize("age", [True, False])
def test_no_engine_is_scored_by_a_model_that_saw_it(engines, age, monkeypatch):
    learned, fit = [], RidgeRul.fit
    monkeypatch.setattr(RidgeRul, "fit", lambda self, h, seed: (learned.append(h), fit(self, h, seed))[1])
    cfg = study.config(["model=ridge", f"model.age={age}", "split.folds=2"])
    errors = study.held_out_errors(cfg, engines, seed=0)
    assert len(set(engines.length_L)) == 12  # so that a length names an engine
    whole = [set(h.length_L[:6]) for h in learned]  # without age, shortened copies of the same six follow
    assert [len(lengths) for lengths in whole] == [6, 6]
    assert not whole[0] & whole[1]
    assert len(errors) == (1 if age else 3)
    for error_LK in errors.values():
        assert error_LK.shape == (12, 4)
        assert np.isfinite(error_LK).all()
    np.testing.assert_array_equal(errors[""][:, 1], engines.length_L)


def test_error_of_a_known_forecast():
    h = type("H", (), {"rul_LT": np.array([[200.0, 10.0, 0.0, np.nan]])})
    said = np.array([[130.0, 13.0, 5.0, 7.0]])  # errors 0 (both beyond the cap), 3, 5; the last row is padding
    np.testing.assert_array_equal(study.squared(said, h, 125.0), [[34.0, 3.0, 9.0, 1.0]])


def test_the_six_conditions_are_found_again(engines):
    moved = six_conditions(engines)
    features = Features(["mean15"]).fit(moved, 0)
    assert len(features.conditions.centre_CS) == len(PLACES_CS)
    alone, among_six = (Features(["mean15"]).fit(f, 0)(f).x_LTD[..., :3] for f in (engines, moved))
    inside = np.isfinite(alone) & np.isfinite(among_six)
    assert inside.sum() > 2000
    assert np.corrcoef(alone[inside], among_six[inside])[0, 1] > 0.9


def test_members_of_the_ensemble_have_their_own_rows():
    h = Features(["mean5", "shift"]).fit(fleet(lives=10), 0)(fleet(lives=10))
    model = RidgeRul().fit(h, 0)
    model.members = {"one": model}
    assert [name for name, *_ in study.said(model, h)] == ["", "one"]


def test_every_row_is_a_valid_setting():
    for words in study.TRIED.values():
        assert study.config(words).model["_target_"].startswith("pilots.manufacturing.models.")
    assert len(study.TRIED) >= 10
