"""A variant counts only if it is shown to answer as well as the bundle."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from benchmarks.arms import Arm
from benchmarks.run import uncounted
from benchmarks.runtimes import ort_cpu
from benchmarks.show import idle
from benchmarks.variants import accuracy_gate
from benchmarks.variants.accuracy_gate import ERRORS, accuracy, of_arms, pinball
from benchmarks.workload import workloads
from common.evaluation import MEASURES
from common.fault import Fault


class Spoilt:
    """An engine whose answers are moved."""

    name, facts = "spoilt", {}

    def __init__(self, engine, change):
        self.engine, self.change = engine, change

    def seconds(self, i: int, k: int = 1) -> float:
        return self.engine.seconds(i, k)

    def outputs(self, query):
        return self.change({name: array.copy() for name, array in self.engine.outputs(query).items()})

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def engine(workload):
    return ort_cpu.open_engine(workload, "fp32", workload.files["model.onnx"], 1)


@pytest.fixture(scope="module")
def workload(toy_run):
    return workloads(str(toy_run))[0]


def moved(by: float):
    return lambda said: said | {"rul": said["rul"] + np.float32(by)}


def gated(toy_run, tmp_path, **change):
    """The toy run with another gate."""
    run = tmp_path / "run"
    shutil.copytree(toy_run, run)
    facts = json.loads((run / "run.json").read_text())
    facts["benchmark"] |= change
    (run / "run.json").write_text(json.dumps(facts))
    return workloads(str(run))[0]


def test_the_bundle_itself_counts_and_a_spoilt_one_does_not(workload, engine):
    same = accuracy(workload, engine, engine)
    assert (same["worse"], same["low"], same["high"], same["counts"], same["reason"]) == (0, 0, 0, True, None)
    twin = accuracy(workload, Spoilt(engine, moved(0)), engine)
    assert (twin["value"], twin["counts"]) == (same["value"], True)
    bad = accuracy(workload, Spoilt(engine, moved(5)), engine)
    assert bad["measured"]
    assert not bad["counts"]
    assert bad["low"] > 0.01
    assert "rmse may be up to" in bad["reason"]
    assert "1 % are allowed" in bad["reason"]


def test_the_figures_are_those_worked_by_hand(toy_run, tmp_path, engine):
    """A bound of 5 hours on the mean error: moved by 5 it is missed by nothing, by 6 it is."""
    workload = gated(toy_run, tmp_path, measure="mae", kind="absolute", tolerance=5.001)
    truth = np.load(toy_run / "evaluation.npz")["outcome"]
    below = lambda said: said | {"rul": np.zeros_like(said["rul"])}  # noqa: E731 - so that every error has one sign
    found = accuracy(workload, Spoilt(engine, below), Spoilt(engine, lambda s: below(s) | {"rul": s["rul"] * 0 - 5}))
    assert found["value"] == pytest.approx(truth.mean())
    assert found["fp32"] == pytest.approx(truth.mean() + 5)
    assert found["worse"] == pytest.approx(-5)
    assert found["low"] == pytest.approx(-5)
    assert found["counts"]
    turned = accuracy(workload, Spoilt(engine, lambda s: below(s) | {"rul": s["rul"] * 0 - 6}), Spoilt(engine, below))
    assert turned["worse"] == pytest.approx(6)
    assert not turned["counts"]


def test_measures_on_known_numbers():
    assert set(ERRORS) == set(MEASURES)
    said, true = np.array([1.0, 4.0]), np.array([2.0, 2.0])
    assert [ERRORS[m](said, true, None).tolist() for m in ("rmse", "mae", "error_rate")] == [[1, 4], [1, 2], [1, 1]]
    # y = 10 against 8 at 0.1 (0.1 * 2), 10 at 0.5 (0), 13 at 0.9 (0.1 * 3): their mean
    np.testing.assert_allclose(pinball(np.array([8.0, 10, 13]), np.array(10.0), np.array([0.1, 0.5, 0.9])), 0.5 / 3)


def test_an_answer_that_is_no_number_does_not_count(workload, engine):
    found = accuracy(workload, Spoilt(engine, moved(np.nan)), engine)
    assert (found["measured"], found["counts"]) == (True, False)
    assert "of 96 scored answers are no numbers" in found["reason"]


def test_unscored_entries_are_left_out(toy_run, tmp_path, engine):
    workload = gated(toy_run, tmp_path)
    path = workload.run / "evaluation.npz"
    held = dict(np.load(path))
    held["outcome"][:, :, 3:] = np.nan
    np.savez(path, **held)
    late = lambda said: said | {"rul": said["rul"] + np.where(np.arange(12) < 3, 0, 99).astype(np.float32)}  # noqa: E731
    assert accuracy(workload, Spoilt(engine, late), engine)["counts"]


def test_without_data_or_tolerance_nothing_counts(toy_run, tmp_path, workload, engine):
    alone = workloads(str(shutil.copytree(toy_run / "bundle", tmp_path / "alone")))[0]
    found = accuracy(alone, engine, engine)
    assert not found["measured"]
    assert not found["counts"]
    assert found["reason"].startswith("accuracy not measured: a bundle without its run folder")
    silent = gated(toy_run, tmp_path)
    facts = json.loads((silent.run / "run.json").read_text())
    del facts["benchmark"]
    (silent.run / "run.json").write_text(json.dumps(facts))
    assert "states no tolerance" in accuracy(silent, engine, engine)["reason"]
    held = dict(np.load(silent.run / "evaluation.npz"))
    (silent.run / "evaluation.npz").unlink()
    gone = workloads(str(silent.run))[0]
    assert gone.queries_from == "sample.npz"
    assert not accuracy(gone, engine, engine)["measured"]
    del held["outcome"]
    shutil.copy(toy_run / "run.json", silent.run)
    np.savez(silent.run / "evaluation.npz", **held)
    assert "holds no outcome" in accuracy(workloads(str(silent.run))[0], engine, engine)["reason"]


@pytest.mark.parametrize(
    "change", [{"measure": "r2"}, {"output": "life"}, {"tolerance": "1 %"}, {"kind": None}, {"levels": "all"}]
)
def test_a_gate_changed_by_hand_is_one_sentence(toy_run, tmp_path, engine, change):
    with pytest.raises(Fault, match=r"run.json: benchmark is .*no measure of this bundle"):
        accuracy(gated(toy_run, tmp_path, **change), engine, engine)


def test_threads_share_one_verdict_and_no_spoilt_variant_is_the_faster_one(workload, engine):
    arms = [
        Arm("ort_cpu", "fp32", 1, engine),
        Arm("ort_cpu", "int8_static", 1, Spoilt(engine, moved(5))),
        Arm("ort_cpu", "int8_static", 2, Spoilt(engine, moved(0))),  # taken to answer as with one thread
    ]
    found = of_arms(workload, arms)
    assert [found[arm]["counts"] for arm in arms] == [True, False, False]
    fast = {"a": arms[0].key, "b": arms[1].key, "ratio": 0.5, "low": 0.4, "high": 0.6, "faster": "b"}
    slow = fast | {"ratio": 2.0, "faster": "a"}
    assert [entry["faster"] for entry in uncounted([fast, slow], found)] == [None, "a"]
    assert accuracy_gate.of_arms(workload, []) == {}
    told = [{"bundle": "b", **arm.key, "accuracy": found[arm]} for arm in arms]
    lines = list(dict.fromkeys(idle({"measurements": told}, {"b": "pumps"})))
    assert len(lines) == 1
    assert lines[0].startswith("does not count: pumps ort_cpu int8_static: rmse may be up to")
