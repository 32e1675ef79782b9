"""The simulated fleet: what issue and reader rely on, and that its physics is physics."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pilots.manufacturing.data import pump
from pilots.manufacturing.data.fleet import DECIMALS, SEED, SETTINGS, days_left, simulate
from pilots.manufacturing.data.sample import CHANNELS, SampleFleet, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("made") / "manufacturing"
    write(made)
    return made


@pytest.fixture(scope="module")
def fleet(folder):
    return SampleFleet(str(folder)).read()


@pytest.fixture(scope="module")
def truth(folder):
    return pd.read_csv(folder / "truth.csv")


def test_with_and_without_the_files(folder, fleet, tmp_path):
    assert SampleFleet(str(tmp_path / "absent")).read().sha256 == fleet.sha256
    write(tmp_path / "again")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000


def test_quick():
    start = time.perf_counter()
    simulate()
    assert time.perf_counter() - start < 3


def test_enough_of_everything(fleet):
    learn = ~fleet.test_L
    assert (fleet.end_L[learn] == "failed").sum() >= 80
    assert fleet.test_L.sum() >= 40
    assert set(fleet.end_L[learn]) == {"failed", "replaced", "running"}
    assert not set(fleet.machine_L[learn]) & set(fleet.machine_L[fleet.test_L])
    assert len(set(fleet.machine_L)) < fleet.lives  # some pumps were mended and have a second life
    life_L = fleet.length_L[fleet.end_L == "failed"]
    assert np.percentile(life_L, 5) > 100
    assert np.percentile(life_L, 95) < 365
    sensors = [c for c in fleet.channels if c.role == "sensor"]
    assert 8 <= len(sensors) <= 12
    assert all(np.isfinite([c.low, c.high]).all() and c.unit for c in fleet.channels)


def test_labels(fleet, truth):
    np.testing.assert_array_equal(fleet.rul_L[fleet.end_L == "failed"], 0)
    censored = (fleet.end_L != "failed") & ~fleet.test_L
    assert np.isnan(fleet.rul_L[censored]).all()
    assert (fleet.rul_L[fleet.test_L] > 0).all()
    sheet = truth[truth.test == 1].set_index("machine").loc[fleet.machine_L[fleet.test_L], "rows_left"]
    np.testing.assert_array_equal(fleet.rul_L[fleet.test_L], sheet)
    assert truth.days.tolist() == fleet.length_L.tolist()


def test_missing_readings(fleet):
    lost_F = np.isnan(fleet.x_RF).mean(axis=0)
    role = np.array([c.role for c in fleet.channels])
    assert (lost_F[role == "setting"] == 0).all()
    assert 0.015 < lost_F[role == "sensor"].mean() < 0.025
    lost_R = np.isnan(fleet.x_RF[:, 4])
    follows = lost_R[1:][lost_R[:-1]].mean()
    assert 0.2 < follows < 0.8  # bursts as well as single readings


def test_another_future_of_the_same_pumps(truth):
    """As it was, the answer sheet's own days; harder days take life and gentler ones give it, by the known power."""
    seen_L, left_L = truth.days.to_numpy(), truth.rows_left.to_numpy()
    np.testing.assert_array_equal(days_left(SEED, seen_L, lambda speed: speed), left_L)
    always = {n: days_left(SEED, seen_L, lambda speed, n=n: np.full_like(speed, n)) for n in pump.SPEED}
    assert (always[2350] >= always[2650]).all()
    assert (always[2650] >= always[2900]).all()
    ratio_L = always[2350][left_L > 60] / always[2900][left_L > 60]
    bearing = truth.subsystem[left_L > 60] == "bearing"
    assert np.median(ratio_L[bearing]) == pytest.approx(1.36 / 0.70, rel=0.1)
    assert np.median(ratio_L[~bearing]) == pytest.approx(
        1.75 / 0.45, rel=0.3
    )  # worn out so slowly, the other mode may win


def test_hardness_is_a_power_law_through_the_set_points():
    for mode in pump.MODES:
        np.testing.assert_allclose(pump.hardness(mode, pump.SPEED), pump.HARDNESS[mode])
    middle = np.sqrt(2350 * 2650)
    assert pump.hardness("bearing", np.array([middle]))[0] == pytest.approx(np.sqrt(0.70 * 1.00))


def test_numbers_are_what_instruments_show():
    readings, _, _ = simulate()
    for name, decimals in DECIMALS.items():
        np.testing.assert_array_equal(readings[name], readings[name].round(decimals))
    assert [c.name for c in CHANNELS] == list(DECIMALS)
    assert [c.name for c in CHANNELS if c.role == "setting"] == list(SETTINGS)


@pytest.fixture(scope="module")
def lab():
    """200 pumps for 300 days, seed 1, no reading lost."""
    rng = np.random.default_rng(1)
    worn = pump.wear(200, 300, rng)
    return worn, pump.readings(worn, np.zeros((200, 300)), rng)


def test_an_average_day_wears_as_a_day():
    for mode in pump.MODES:
        assert pump.HARDNESS[mode] @ pump.SHARE == pytest.approx(1, abs=0.01)


def test_load_is_held_and_shared(lab):
    regime_LT = lab[0].regime_LT
    share = np.bincount(regime_LT.ravel(), minlength=3) / regime_LT.size
    np.testing.assert_allclose(share, pump.SHARE, atol=0.03)
    left = (np.diff(regime_LT, axis=1) != 0).mean()
    drawn_anew = 1 - (pump.SHARE**2).sum()  # the next set-point may be the same again
    assert left == pytest.approx(drawn_anew / pump.DWELL, rel=0.1)


def test_rated_point(lab):
    """A new pump at 2900 rpm and 90 % gives about its rated 120 m³/h at 50 m: 4.9 bar over suction, 22 kW or 44 A."""
    worn, x = lab
    new = (worn.regime_LT == 2) & (worn.damage_LT["bearing"] == 0) & (worn.damage_LT["impeller"] == 0)
    rise = x["discharge_pressure"][new] - x["suction_pressure"][new]
    assert x["flow"][new].mean() == pytest.approx(120, abs=3)
    assert rise.mean() == pytest.approx(50 * pump.BAR_PER_M, abs=0.1)
    assert x["motor_current"][new].mean() == pytest.approx(4 + 22.1 / pump.KW_PER_AMP, abs=1.5)


def test_a_failure_is_damage_one(lab):
    worn, _ = lab
    for life in np.flatnonzero(worn.fails_L < 300):
        damage_T = worn.damage_LT[pump.MODES[worn.mode_L[life]]][life]
        assert damage_T[worn.fails_L[life]] == 1
        assert (damage_T[: worn.fails_L[life]] < 1).all()
        assert (np.diff(damage_T) >= 0).all()


@pytest.mark.parametrize("mode", pump.MODES)
def test_symptoms_belong_to_their_mode(lab, mode):
    """At equal load each symptom moves, by multiples of its own spread; the other mode's first symptom does not."""
    worn, x = lab
    other = pump.MODES[1 - pump.MODES.index(mode)]
    healthy = (worn.damage_LT[other] < 0.02) & (worn.regime_LT == 1)
    new, worn_out = healthy & (worn.damage_LT[mode] == 0), healthy & (worn.damage_LT[mode] > 0.9)
    assert worn_out.sum() > 20

    def moved(name: str) -> float:
        return abs(x[name][worn_out].mean() - x[name][new].mean()) / x[name][new].std()

    assert all(moved(name) > 1.5 for name in pump.SYMPTOMS[mode])
    assert moved(pump.SYMPTOMS[mode][0]) > 4
    assert moved(pump.SYMPTOMS[other][0]) < 1.5


def test_the_drifting_sensor_drifts_without_wear():
    rng = np.random.default_rng(2)
    drift_LT = pump._drift(400, 200, rng)
    slope_L = drift_LT[:, -1] / 200
    assert abs(slope_L.mean()) < 0.01  # up on one pump, down on the next
    assert slope_L.std() == pytest.approx(0.03, rel=0.15)
