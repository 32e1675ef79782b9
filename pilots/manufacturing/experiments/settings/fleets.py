"""Engines to choose settings on: C-MAPSS training engines alone, as flown or moved into six operating conditions.

Axes: R rows, F channels, S settings, C conditions.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from pilots.manufacturing.data.cmapss import CHANNELS
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.data.fingerprint import fingerprint

# Altitude kft, Mach, throttle deg: the six conditions of the PHM08 simulation (Saxena et al. 2008).
PLACES_CS = np.array([[0, 0, 100], [10, 0.25, 100], [20, 0.7, 100], [25, 0.62, 60], [35, 0.84, 100], [42, 0.84, 100]])
WANDER_S = np.array([0.002, 0.0005, 0.0])  # noise of the settings around their condition, in the settings' units


def training_engines(root: str | Path, subset: str) -> Fleet:
    """train_X.txt[.xz|.gz] and nothing else: the study runs in a folder that holds no test file at all."""
    (path,) = sorted(Path(root).glob(f"train_{subset}.txt*"))[:1] or [Path(root) / f"train_{subset}.txt"]
    table = pd.read_csv(path, sep=r"\s+", header=None).to_numpy()
    unit_R = table[:, 0].astype(int)
    engines = np.unique(unit_R)
    fleet = Fleet(
        name=f"cmapss-{subset}-train",
        licence="US government work, public domain",
        sha256="",
        row_unit="cycle",
        rows_per_month=30.0,
        channels=CHANNELS,
        machine_L=np.array([f"train-{unit}" for unit in engines]),
        life_R=np.searchsorted(engines, unit_R),
        time_R=table[:, 1],
        x_RF=table[:, 2:].astype(np.float32),
        end_L=np.full(len(engines), "failed"),
        rul_L=np.zeros(len(engines)),
        test_L=np.zeros(len(engines), bool),
    )
    return dataclasses.replace(fleet, sha256=fingerprint(fleet))


def six_conditions(fleet: Fleet, seed: int = 123) -> Fleet:
    """A stand-in for FD002 and FD004: every row is moved into one of six conditions at random.

    Each condition shifts and stretches each sensor by its own amounts and adds noise of up to 0.6 of the sensor's
    spread. Harder than the six-condition subsets can be in one way (all noise is added to what is there already),
    easier in another: wear itself does not depend on the condition.
    """
    random = np.random.default_rng(seed)
    rows, settings = len(fleet.x_RF), PLACES_CS.shape[1]
    condition_R = random.integers(0, len(PLACES_CS), rows)
    sensor_RF = fleet.x_RF[:, settings:].astype(np.float64)
    shape = (len(PLACES_CS), sensor_RF.shape[1])
    spread_F = np.nanstd(sensor_RF, axis=0)
    shift_CF = random.normal(0, 20, shape) * (spread_F + 1e-3)
    stretch_CF = np.exp(random.normal(0, 0.5, shape))
    noise_CF = random.uniform(0, 0.6, shape) * spread_F
    noisy_RF = sensor_RF + noise_CF[condition_R] * random.normal(size=sensor_RF.shape)
    moved_RF = noisy_RF * stretch_CF[condition_R] + shift_CF[condition_R]
    place_RS = np.abs(PLACES_CS[condition_R] + random.normal(0, 1, (rows, settings)) * WANDER_S)
    x_RF = np.hstack([place_RS, moved_RF]).astype(np.float32)
    return dataclasses.replace(fleet, name=f"{fleet.name}-x6", x_RF=x_RF)
