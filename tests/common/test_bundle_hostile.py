"""Bundles with sums that fit and a graph that is wrong. The corpus of all that may be: benchmarks/hostile."""

from __future__ import annotations

import os

import numpy as np
import onnx.parser
import pytest
import toy_graph

from benchmarks.hostile import graphs, operators
from common.bundle import open as opening
from common.bundle import selftest
from common.bundle.open import open_bundle
from common.bundle.write import sample_from_contract, write_bundle
from common.fault import Fault


def test_a_graph_without_end_is_stopped(forge, monkeypatch):
    monkeypatch.setattr(opening, "SECONDS_CAP", 2)
    with pytest.raises(Fault, match="did not end within 2 s"):
        open_bundle(forge(model=operators.spoil(toy_graph.model(), "loop of 2^62 rounds")))


def test_a_graph_that_answers_otherwise_is_refused(forge):
    other = toy_graph.GRAPH.replace("cap = {125.0}", "cap = {124.0}")
    with pytest.raises(Fault, match=r"Self-test: \d+ of 36 values of rul are not what the bundle promises"):
        open_bundle(forge(model=onnx.parser.parse_model(other).SerializeToString()))


def test_the_child_proves_the_id(toy_bundle, capsys):
    if os.name != "nt":  # the caps must not stay on the test's own process
        capped, selftest._cap_this_process = selftest._cap_this_process, lambda: None
    try:
        assert selftest.main(str(toy_bundle), "0" * 64) == 2
    finally:
        selftest._cap_this_process = capped
    assert "changed while it was being opened" in capsys.readouterr().err


def test_what_could_not_be_opened_is_not_written(tmp_path):
    made = toy_graph.toy_manifest()
    sample = sample_from_contract(made, {"machine": 3, "time": 12}, seed=0)
    for wrong in ("external by climbing up", "custom operator", "no graph at all"):
        bad = graphs.spoil(toy_graph.model(), wrong)
        with pytest.raises(Fault, match="refused"):
            write_bundle(tmp_path / "bundle", bad, made, sample, "")
    made["inputs"][1]["dtype"] = "int32"
    with pytest.raises(Fault, match="The graph's length is int64"):
        write_bundle(tmp_path / "bundle", toy_graph.model(), made, sample, "")
    assert list(tmp_path.iterdir()) == []


def test_the_sample_is_made_from_the_contract():
    made = toy_graph.toy_manifest()
    sample = sample_from_contract(made, {"machine": 50, "time": 40}, seed=1)
    assert {name: array.shape for name, array in sample.items()} == {
        "readings": (50, 40, 3),
        "length": (50,),
        "threshold": (),
        "judge": (),
    }
    readings, length = sample["readings"], sample["length"]
    assert 0.01 < np.isnan(readings).mean() < 0.1
    for f, (low, high) in enumerate(toy_graph.SEEN.values()):
        assert low <= np.nanmin(readings[..., f]) < np.nanmax(readings[..., f]) <= high
    assert (length.min() >= 1) & (length.max() <= 40)
    assert len(np.unique(length)) > 10
    again = sample_from_contract(made, {"machine": 50, "time": 40}, seed=1)
    np.testing.assert_array_equal(readings, again["readings"])
