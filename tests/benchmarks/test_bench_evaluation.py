"""What a run keeps for checks of variants: its shape, its size, its settings."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from common import evaluation
from common.evaluation import MEASURES, check_gates, gate, packed
from common.fault import Fault

ROOT = Path(__file__).parents[2]
GOOD = {"output": "rul", "measure": "rmse", "kind": "relative", "tolerance": 0.01}


def test_of_too_many_queries_the_file_keeps_some_spread_over_all(monkeypatch):
    x = np.arange(1000, dtype=float).reshape(100, 10)
    monkeypatch.setattr(evaluation, "LARGEST", 800)  # ten queries of 80 bytes
    with np.load(io.BytesIO(packed({"x": x}))) as kept:
        np.testing.assert_array_equal(kept["x"], x[::11])
    monkeypatch.setattr(evaluation, "LARGEST", 1)  # one is always kept
    with np.load(io.BytesIO(packed({"x": x}))) as kept:
        np.testing.assert_array_equal(kept["x"], x[:1])


@pytest.mark.parametrize(
    ("change", "sentence"),
    {
        ("measure", "r2"): "benchmark.rul.measure=r2 is not known: choose rmse or mae or pinball or error_rate",
        ("kind", "share"): "benchmark.rul.kind=share is not known: choose relative or absolute",
        ("tolerance", 0): "benchmark.rul.tolerance=0 is not a number above 0",
        ("tolerance", "much"): "benchmark.rul.tolerance=much is not a number above 0",
        ("slack", 1): "benchmark.rul names .*slack: it needs output, measure, kind and tolerance",
    }.items(),
)
def test_wrong_gates(change, sentence):
    check_gates(OmegaConf.create({"benchmark": {"rul": GOOD}}))
    with pytest.raises(Fault, match=sentence):
        check_gates(OmegaConf.create({"benchmark": {"rul": {**GOOD, change[0]: change[1]}}}))


def test_every_pilot_states_its_gate_and_the_schema_knows_the_same_measures():
    known = json.loads((ROOT / "common" / "schema" / "run.json").read_text())["properties"]["benchmark"]
    assert known["properties"]["measure"]["enum"] == list(MEASURES)
    stated = 0
    for path in (ROOT / "conf").glob("*/config.yaml"):
        cfg = OmegaConf.load(path)
        check_gates(cfg)
        for task in cfg.benchmark:
            assert set(gate(cfg, task)) == set(known["required"])
            stated += 1
    assert stated == 5
