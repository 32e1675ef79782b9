"""The feature graph against an independent NumPy version, its causality, and the operating conditions it finds."""

from dataclasses import replace

import numpy as np
import pytest

from pilots.manufacturing.conditions import Conditions
from pilots.manufacturing.faults import FINE
from pilots.manufacturing.features import Features
from pilots.manufacturing.relation import roots
from tests.manufacturing.made_fleet import fleet
from tests.manufacturing.reference_features import features as reference


@pytest.fixture(scope="module")
def features() -> Features:
    return Features(
        ["mean5", "mean15", "mean_start", "shift", "std30", "std_start", "slope30", "slope_start"], first=10
    )


def told_from_the_others(z_LTK, quality_LTK, faults):
    """Missing and faulty readings replaced by their conditional mean given the good ones of their row, row by row.

    Where several are lost the graph stops short of it by a known share: the product over the roots.
    """
    made = z_LTK / faults.spread_K
    lost_NK = ~np.isin(quality_LTK, (0, 2)).reshape(-1, z_LTK.shape[2])
    for row, lost in zip(made.reshape(lost_NK.shape), lost_NK, strict=True):
        if lost.all():
            row[:] = np.nan
        elif lost.any():
            within = faults.bond_KK[np.ix_(lost, lost)]
            exact = short = np.linalg.solve(within, -faults.bond_KK[np.ix_(lost, ~lost)] @ row[~lost])
            for root in roots(faults.bond_KK, FINE):
                short = short - within @ short / root
            row[lost] = exact - short
            assert lost.sum() > 1 or np.abs(short).max() < 1e-9
    return made * faults.spread_K


@pytest.mark.parametrize("regimes", [1, 6])
def test_graph_equals_the_plain_version(features, regimes):
    made = fleet(regimes)
    fitted = features.fit(made, seed=0)
    found = fitted.conditions
    readings, length = made.padded()
    readings[2, :7, 2:] = np.nan  # a log that begins without any reading
    got = fitted.run(readings, length)["features64"]
    distance = ((readings[:, :, None, :2] / found.scale_S - found.centre_CS) ** 2).sum(-1)
    nearest = np.nan_to_num(distance).argmin(-1)
    z = (readings[..., found.kept_K].astype(float) - found.mean_CK[nearest]) / found.std_CK[nearest]
    z = told_from_the_others(z, fitted.run(readings, length)["quality"][..., found.kept_K], fitted.faults)
    kinds = list(dict.fromkeys(name.partition(".")[2] for name in fitted.names_D[:-1]))
    want = reference(z, kinds)
    inside = np.arange(readings.shape[1]) < length[:, None]
    assert got.shape == want.shape
    assert np.isnan(want[inside]).any()
    np.testing.assert_allclose(got[inside], want[inside], rtol=0, atol=1e-9)


def test_a_cut_log_changes_no_earlier_feature(features):
    made = fleet(3)
    fitted = features.fit(made, seed=0)
    readings, length = made.padded()
    whole = fitted.run(readings, length)["features64"]
    cut = np.random.default_rng(1).integers(1, length + 1)
    short = readings.copy()
    short[np.arange(readings.shape[1]) >= cut[:, None]] = np.nan
    before = np.arange(readings.shape[1]) < cut[:, None]
    np.testing.assert_array_equal(fitted.run(short, cut)["features64"][before], whole[before])
    assert before.sum() > 500


@pytest.mark.parametrize(("regimes", "noise"), [(1, 0.0001), (1, 0.004), (2, 0.004), (6, 0.0001), (6, 0.01)])
def test_conditions_are_counted_from_the_settings(regimes, noise):
    assert len(Conditions.fit(fleet(regimes, lives=60, noise=noise), seed=0).centre_CS) == regimes


def test_a_load_that_varies_evenly_is_one_condition():
    made = fleet(1, lives=60)
    made.x_RF[:, 0] = np.random.default_rng(0).uniform(0, 42, len(made.x_RF))
    assert len(Conditions.fit(made, seed=0).centre_CS) == 1


def test_an_unseen_condition_is_flagged(features):
    made = fleet(2)
    fitted = features.fit(made, seed=0)
    readings, length = made.padded()
    assert fitted.run(readings, length)["condition_ok"][np.arange(readings.shape[1]) < length[:, None]].all()
    far = readings.copy()
    far[..., 0] = 60.0
    assert not fitted.run(far, length)["condition_ok"].any()


def test_quality_says_missing_and_outside(features):
    made = fleet(1)
    fitted = features.fit(made, seed=0)
    readings = np.full((1, 3, 6), np.nan, np.float32)
    readings[0, 1] = made.x_RF[0]
    readings[0, 2] = 1e4
    quality = fitted.run(readings, np.array([3]))["quality"][0]
    assert (quality[0] == 1).all()
    assert (quality[2] >= 2).all()
    assert quality[2, 0] == 2  # a setting is not judged


def test_a_setting_without_limits_has_the_range_it_took():
    made = fleet(lives=4)
    endless = tuple(replace(c, low=-np.inf, high=np.inf) for c in made.channels)
    found = Conditions.fit(replace(made, channels=endless), seed=0)
    known = made.x_RF[:, 0][np.isfinite(made.x_RF[:, 0])].astype(float)
    assert found.scale_S[0] == pytest.approx(known.max() - known.min())
