"""A small trained pilot, its batch bundle and its step bundle: what several tests of one row at a time need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Stepping:
    """batch, step: bundle folders; said: the batch graph's answers to `readings`."""

    batch: Path
    step: Path
    fleet: Any
    held: Any
    decision: Any
    graph: Any
    readings: np.ndarray
    said: dict[str, np.ndarray]


@pytest.fixture(scope="session")
def stepping(tmp_path_factory) -> Stepping:
    """An ensemble of a member that remembers and members that do not, alarms that come and go, gaps, short lives."""
    from common.bundle.session import Session
    from common.bundle.write import sample_from_contract, write_bundle
    from pilots.manufacturing.alarm import Alarm
    from pilots.manufacturing.bundle import describe
    from pilots.manufacturing.decide import Decision
    from pilots.manufacturing.features import Features
    from pilots.manufacturing.graph import whole
    from pilots.manufacturing.interval import Conformal, Curve
    from pilots.manufacturing.models.ensemble import EnsembleRul
    from pilots.manufacturing.models.gbdt import GbdtRul
    from pilots.manufacturing.models.hazard import HazardRul
    from pilots.manufacturing.models.tcn import TcnRul
    from pilots.manufacturing.stream.export import write_step
    from pilots.manufacturing.stream.graph import whole_step
    from tests.manufacturing.made_fleet import fleet

    lives = fleet(3, lives=24, missing=0.15)  # one of a single row, one without its second sensor
    lives.x_RF[:, :2] = np.clip(lives.x_RF[:, :2], 0.0, [42.0, 0.9])
    kinds = ["mean5", "mean15", "mean_start", "shift", "std30", "slope30", "slope60", "slope_start"]
    features = Features(kinds).fit(lives, 0)
    held = features(lives)
    members = {
        "gbdt": GbdtRul(["mean5", "slope30"], trees=5),
        "tcn": TcnRul(["mean5", "slope_start"], hidden=4, dilation=[1, 3], epochs=1),
        "hazard": HazardRul(["mean5"], [30, 125], trees=2),
    }
    model = EnsembleRul(members, {"gbdt": 0.5, "tcn": 0.5, "hazard": 0.0}).fit(held, 0)
    middle = float(np.median(model.predict(held.x_LTD, held.length_L)[held.inside_LT]).round(3))
    interval = Conformal().fit(np.arange(125.0), np.arange(125.0)[::-1], np.arange(125), 125.0)
    decision = Decision(125.0, 30, middle, Alarm(2, 1, 1.0), True, interval, Curve([0, 1], [0, 1]))
    graph = whole(features.graph, model.graph(), decision)
    readings, length = lives.padded()
    asked = {"readings": readings, "length": length, "threshold": np.array(middle, np.float32)}
    asked["judge"] = np.array(1, np.float32)
    said = Session(graph.SerializeToString()).run(asked)
    made = describe(
        lives, features, decision, graph, {}, name="manufacturing", version="20260101000000", model="small", metrics={},
        parity={"max_abs_diff": 0.0, "tolerance": 1e-3, "rows": 1}, seed=0, commit="", licence="none",
        data={"name": "made", "sha256": "0" * 64}, rungs={"baseline": None, "first": 10, "window": 60, "new": True},
    )  # fmt: skip
    sample, run = sample_from_contract(made, {"machine": 3, "time": 40}, 0), tmp_path_factory.mktemp("run")
    write_bundle(run / "bundle", graph.SerializeToString(), made, sample, "# A small one\n")
    span = said["p_fail"], said["p_fail"]
    write_step(
        run / "bundle-step", features, model, decision, readings, held, said, span, made, sample, "# A small one\n"
    )
    step = whole_step(features, model, decision)
    return Stepping(run / "bundle", run / "bundle-step", lives, held, decision, step, readings, said)
