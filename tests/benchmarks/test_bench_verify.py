"""What a result file says is held against what lies here: right, wrong, and impossible to tell."""

from __future__ import annotations

import hashlib
import json

import pytest
from made_result import bundle, interval, measured, result

from benchmarks import result as files
from benchmarks import verify
from benchmarks.compare import drifted
from benchmarks.probes import machine
from benchmarks.scenarios import Settings
from benchmarks.size import bundle_at
from common.cli import guard
from common.fault import Fault

WIDE = {"value": 1.0, "low": 1e-6, "high": 1e6}  # ms, or a second: any machine is inside
IMPOSSIBLE = {"value": 1e-5, "low": 1e-5, "high": 1e-5}  # ms: a hundredth of what an empty call takes


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    monkeypatch.setattr(verify, "BLOCK", Settings(seconds=0.02, queries=3, longest=1.0))
    monkeypatch.setattr(verify, "ROOF_SECONDS", 0.02)


@pytest.fixture
def truth(toy_run):
    """A result about the toy bundle on this machine; `change` is put into its bundle or its measurement."""

    def make(measurement=None, about=None, **other):
        manifest = json.loads((toy_run / "bundle" / "bundle.json").read_text())
        facts = {
            **{key: manifest[key] for key in ("name", "pilot", "task", "model", "version")},
            "model_sha256": sha(toy_run / "bundle" / "model.onnx"),
            "data_sha256": manifest["data"].get("sha256"),
            "config_sha256": sha(toy_run / "config.yaml"),
            "queries_from": "evaluation.npz",
        }
        identity = bundle_at(toy_run)
        facts |= about or {}
        m = measured(bundle=identity, latency_ms=dict.fromkeys(("p50", "p90", "p99"), WIDE)) | (measurement or {})
        known = machine.facts()
        return result(m, bundles=[bundle(identity=identity) | facts], machine=known, **other)

    return make


def sha(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def command(whole, tmp_path, run, capsys):
    """(exit code, what was printed)."""
    path = files.write(whole, tmp_path)
    try:
        code = guard(lambda: verify.main([str(path), "--bundle", str(run)]))
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().out


def test_a_true_file_agrees(truth, tmp_path, toy_run, capsys):
    code, said = command(truth(), tmp_path, toy_run, capsys)
    assert code == 0
    assert "schema: kept\n" in said
    assert "model, data and config are those that were measured" in said
    assert "measured again, manufacturing-rul single stream, ort_cpu fp32, 1 thread: stated 1.00 ms" in said
    assert said.endswith("agrees as far as it was checked: 1 of 1 measurements were taken again\n")


def test_an_impossible_latency_differs(truth, tmp_path, toy_run, capsys):
    latency = dict.fromkeys(("p50", "p90", "p99"), IMPOSSIBLE)
    code, said = command(truth({"latency_ms": latency}), tmp_path, toy_run, capsys)
    assert code == 1
    assert "differs from" in said
    assert said.endswith("differs in 1 of 3 points\n")


def test_the_best_batch_is_taken_again(truth, tmp_path, toy_run, capsys):
    sweep = [{"batch": batch, "samples_per_s": 10.0 * batch} for batch in (1, 8)]
    offline = {"scenario": "offline", "latency_ms": None, "sweep": sweep, "rate_per_s": {**WIDE, "high": 1e9}}
    code, said = command(truth(offline), tmp_path, toy_run, capsys)
    assert code == 0
    assert "manufacturing-rul offline, ort_cpu fp32, 1 thread: stated 1.00 a second" in said


@pytest.mark.parametrize("what", ["model_sha256", "data_sha256", "config_sha256", "version"])
def test_a_file_about_other_bytes_differs(truth, tmp_path, toy_run, capsys, what):
    other = "20270101000000" if what == "version" else "e" * 64
    if what == "data_sha256" and truth()["bundles"][0][what] is None:
        pytest.skip("the toy bundle names no data")
    code, said = command(truth(about={what: other}), tmp_path, toy_run, capsys)
    assert code == 1
    assert f"{what} is " in said
    assert "its bundle is not here, or is another one" in said


@pytest.mark.parametrize(
    ("measurement", "why"),
    [
        ({"verdict": "INVALID"}, "an INVALID figure promises nothing"),
        ({"scenario": "server"}, "a server's rate takes a search of minutes"),
        ({"runtime": "abacus"}, "--runtime 'abacus': known: ort_cpu"),
        ({"variant": "int1"}, "int1"),
        ({"latency_ms": {"p50": {"value": 1.0, "low": None, "high": None}}}, "no interval is stated"),
    ],
)
def test_what_cannot_be_taken_again_is_said(truth, tmp_path, toy_run, capsys, measurement, why):
    code, said = command(truth(measurement), tmp_path, toy_run, capsys)
    assert code == 0
    assert "cannot be re-run here: " in said
    assert why in said
    assert said.endswith("no figure was checked: 0 of 1 measurements were taken again\n")


def test_another_machine_is_not_this_one(truth, tmp_path, toy_run, capsys):
    whole = truth()
    whole["machine"] = {"cpu": "Abacus", "cores": 1}
    code, said = command(whole, tmp_path, toy_run, capsys)
    assert code == 0
    assert "it was measured on another machine (abacus-1, this is " in said


def test_a_bundle_that_lies_elsewhere(truth, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    verify.main([str(files.write(truth(), tmp_path))])
    assert "not here, cannot be checked: name its place with --bundle" in capsys.readouterr().out


def test_an_unknown_bundle_is_refused(truth, tmp_path, toy_run):
    whole = result(measured())
    with pytest.raises(Fault, match=r"is none of the bundles that the file measures \(toy aaaaaaaa\)"):
        verify.main([str(files.write(whole, tmp_path)), "--bundle", str(toy_run)])


def test_the_interval_is_widened_by_noise_and_by_the_roof():
    """Stated 90 to 110; 5 % then and 20 % now; and twice as fast a processor may halve a latency, or double a rate."""
    quiet, noisy = drifted({"spread": 0.01}), drifted({"spread": 0.2, "waiting": None})
    assert (quiet, noisy) == (0.05, 0.2)
    assert verify.allowed(interval(100.0), True, 1.0, quiet, noisy) == pytest.approx((90 / 1.26, 110 * 1.26))
    assert verify.allowed(interval(100.0), True, 2.0) == pytest.approx((45.0, 110.0))
    assert verify.allowed(interval(100.0), False, 2.0) == pytest.approx((90.0, 220.0))
