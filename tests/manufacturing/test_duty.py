"""What a fleet's lives tell about duty: known answers on fleets whose wear is made."""

import dataclasses

import numpy as np
import pytest

from pilots.manufacturing.data.contract import Channel, Fleet
from pilots.manufacturing.duty import LEVEL, wear_by_duty


def made(slope: float, lives: int = 120, seed: int = 0, same: bool = False, censored: float = 0.0) -> Fleet:
    """Machines under a duty of their own, 0..1; a row at duty x uses exp(slope (x - 0.5)) rows of a Weibull life."""
    random = np.random.default_rng(seed)
    duty_L = np.full(lives, 0.5) if same else random.uniform(0, 1, lives)
    length_L = np.ceil(120 * random.weibull(4.0, lives) / np.exp(slope * (duty_L - 0.5))).astype(int) + 1
    end_L = np.where(random.random(lives) < censored, "replaced", "failed")
    length_L = np.where(end_L == "replaced", np.ceil(length_L * random.uniform(0.3, 1, lives)), length_L).astype(int)
    life_R = np.repeat(np.arange(lives), length_L)
    duty_R = duty_L[life_R] + random.normal(0, 0.001 if same else 0.05, len(life_R))
    x_RF = np.stack([duty_R, 10 * duty_R, random.random(len(life_R)), random.random(len(life_R))], axis=1)
    settings = [Channel(n, "", 0, high, "setting") for n, high in (("duty", 1), ("valve", 10), ("noise", 1))]
    return Fleet(
        name="made", licence="none", sha256="0" * 64, row_unit="day", rows_per_month=30,
        channels=(*settings, Channel("s", "", 0, 1, "sensor")), machine_L=np.arange(lives).astype(str),
        life_R=life_R, time_R=np.arange(len(life_R)), x_RF=x_RF.astype(np.float32), end_L=end_L,
        rul_L=np.where(end_L == "failed", 0.0, np.nan), test_L=np.zeros(lives, bool),
    )  # fmt: skip


@pytest.mark.parametrize("censored", [0.0, 0.4])
@pytest.mark.parametrize("slope", [0.0, np.log(2), -np.log(3)])
def test_a_known_rate_is_found_within_its_interval(slope, censored):
    told = wear_by_duty(made(slope, censored=censored))["duty"]
    assert told["low"] <= slope <= told["high"]
    assert told["slope"] == pytest.approx(slope, abs=0.35)
    assert told["high"] - told["low"] < 0.8


def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(20):
        told = wear_by_duty(made(np.log(2), lives=40, seed=seed), seed)["duty"]
        held += told["low"] <= np.log(2) <= told["high"]
    assert 0.75 < held / 20 <= 1.0
    assert LEVEL == 0.9


def test_settings_that_moved_together_are_told():
    told = wear_by_duty(made(1.0))
    assert told["duty"]["with"] == ["valve"]
    assert told["valve"]["with"] == ["duty"]
    assert told["noise"]["with"] == []
    assert told["valve"]["slope"] == pytest.approx(told["duty"]["slope"] / 10, rel=0.01)


def test_a_duty_that_never_varied_is_told():
    told = wear_by_duty(made(1.0, same=True))
    assert told["duty"] == {"varied": False}


def test_a_lost_reading_counts_as_typical_duty():
    fleet = made(np.log(2))
    x_RF = fleet.x_RF.copy()
    x_RF[np.random.default_rng(1).random(len(x_RF)) < 0.02, 0] = np.nan
    told = wear_by_duty(dataclasses.replace(fleet, x_RF=x_RF))["duty"]
    assert told["low"] <= np.log(2) <= told["high"]
