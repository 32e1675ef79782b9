"""A small made fleet that wears, for tests that need machines rather than a particular data set."""

import numpy as np

from pilots.manufacturing.data.contract import Channel, Fleet


def fleet(regimes: int = 1, lives: int = 30, seed: int = 0, missing: float = 0.05, noise: float = 0.002) -> Fleet:
    """Wearing machines under `regimes` operating conditions, with gaps; settings wander by `noise` of their range."""
    random = np.random.default_rng(seed)
    length_L = random.integers(40, 120, lives)
    length_L[0] = 1
    life_R = np.repeat(np.arange(lives), length_L)
    regime_R = random.integers(0, regimes, len(life_R))
    place_RS = random.permutation(10)[:regimes, None] / 10 * np.array([[42.0, 0.9]])
    setting_RS = place_RS[regime_R] + random.normal(0, noise, (len(life_R), 2)) * np.array([42.0, 0.9])
    age_R = np.concatenate([np.arange(n) for n in length_L])
    level_CF = random.normal(100, 30, (regimes, 4))
    x_RF = (
        level_CF[regime_R]
        + (age_R[:, None] / 50) ** 2 * np.array([1, -2, 0.5, 0])
        + random.normal(0, 1, (len(life_R), 4))
    )
    x_RF[:, 3] = level_CF[0, 3]  # a sensor that never moves
    x_RF[random.random(x_RF.shape) < missing] = np.nan
    x_RF[life_R == 1, 1] = np.nan  # a machine without its second sensor
    channels = [Channel("altitude", "kft", 0, 42, "setting"), Channel("mach", "", 0, 0.9, "setting")]
    channels += [Channel(f"s{i}", "bar", -1e4, 1e4, "sensor") for i in range(4)]
    names = np.array([f"m{i}" for i in range(lives)])
    return Fleet(
        name="made", licence="none", sha256="0" * 64, row_unit="cycle", rows_per_month=30, channels=tuple(channels),
        machine_L=names, life_R=life_R, time_R=age_R, x_RF=np.hstack([setting_RS, x_RF]).astype(np.float32),
        end_L=np.full(lives, "failed"), rul_L=np.zeros(lives), test_L=np.zeros(lives, bool),
    )  # fmt: skip
