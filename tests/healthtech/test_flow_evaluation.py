"""What a run keeps of its last origins replays through the bundle."""

from __future__ import annotations

import json

import numpy as np
from replay import replayed


def test_evaluation_replays(daily_run):
    stated = json.loads((daily_run / "run.json").read_text())["benchmark"]
    origins, said, outcome = replayed(
        daily_run / "bundle", (daily_run / "evaluation.npz").read_bytes(), stated["output"]
    )
    assert origins > 1
    assert said.shape == (*outcome.shape, len(stated["levels"]))
    assert np.isnan(outcome[..., :2]).all()  # two days late: known before they are forecast
    with np.load(daily_run / "calibration.npz") as earlier, np.load(daily_run / "evaluation.npz") as test:
        assert earlier["when"].max(axis=1).max() <= test["when"].max(axis=1).min()
