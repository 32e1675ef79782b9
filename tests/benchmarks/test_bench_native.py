"""The runtime that asks a pilot's own Python: a process that begins, answers, breaks and ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.arms import open_arms
from benchmarks.runtimes import Unsupported, native
from benchmarks.runtimes.native import Native

STUB = """
import os, sys, time
from common.fault import Fault
from common.native import Opened, chosen, serve

def opened(asked):
    if asked.mode == "compiled":
        raise Fault("there is no compiler")
    if asked.mode == "prophet":
        raise ImportError("No module named 'prophet'")
    if asked.dtype == "bf16":
        time.sleep(60)
    def seconds(request):
        if request.get("batch") == 13:
            os._exit(3)
        return float(chosen(request, 4).sum()) if "query" in request else 0.5
    return Opened(f"stub {asked.threads}", ["eager"], seconds, lambda query: {"rul": [query, float("nan")]})

serve(opened)
"""


@pytest.fixture
def run(tmp_path, monkeypatch) -> Path:
    """A run of a pilot whose own Python is the stub."""
    pilot = tmp_path / "pilots" / "stub"
    pilot.mkdir(parents=True)
    for folder in (pilot, pilot.parent):
        (folder / "__init__.py").touch()
    (pilot / "native.py").write_text(STUB)
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.chdir(tmp_path)  # where `python -m` looks first
    (tmp_path / "run.json").write_text(json.dumps({"pilot": "stub"}))
    return tmp_path


def test_queries_are_asked_by_number_and_answers_come_back_as_arrays(run):
    queries = [{"x": np.zeros(1)} for _ in range(4)]
    engine = Native(run, "stub", "eager", 2, queries)
    try:
        assert engine.facts["runtime"] == "stub 2"
        assert engine.seconds(3) == 3.0
        assert engine.seconds(3, 3) == 3 + 0 + 1
        assert engine.ask({"task": "part"}) == 0.5
        np.testing.assert_array_equal(engine.outputs(queries[2])["rul"], [2, np.nan])
        with pytest.raises(Unsupported, match=r"evaluation\.npz alone"):
            engine.outputs({"x": np.zeros(1)})
        with pytest.raises(Unsupported, match="ended: exit code 3"):
            engine.seconds(0, 13)
    finally:
        engine.close()
    assert engine._process.poll() is not None


def test_every_broken_start_gives_its_last_words(run):
    for variant, words in {
        "compiled": "there is no compiler",
        "prophet": "ended: ImportError: No module named 'prophet'",
        "eager-bf16": "no answer within 0.5 s",
    }.items():
        with pytest.raises(Unsupported, match=words):
            Native(run, "stub", variant, start=0.5 if "bf16" in variant else 20)
    with pytest.raises(Unsupported, match="there is no such one"):
        Native(run, "../../stub", "eager")


def test_it_ends_with_its_parent(run):
    code = "from benchmarks.runtimes.native import Native; import os, pathlib, time\n"
    code += "print(Native(pathlib.Path('.'), 'stub')._process.pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.kill()  # no chance to close anything
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            return
        time.sleep(0.1)
    pytest.fail("the child went on")


def test_ways_that_are_not_here_are_skipped_with_the_reason(run):
    queries = [{"x": np.zeros(1)} for _ in range(4)]
    bundle, files = SimpleNamespace(id="b"), {"model.onnx": b"graph"}
    held = SimpleNamespace(run=run, queries=queries, queries_from="evaluation.npz", bundle=bundle, files=files)
    arms, skipped = open_arms(held, ["native"], ["fp32", "compiled", "cuda-graph-bf16", "int8_dynamic"], [1])
    assert [arm.key for arm in arms] == [{"runtime": "native", "variant": "fp32", "threads": 1}]
    reasons = {entry["variant"]: entry["reason"] for entry in skipped}
    assert reasons["compiled"] == "there is no compiler"
    assert reasons["int8_dynamic"] == "native does not run int8_dynamic"
    if not any(Path(sign).exists() for sign in native.SIGNS):
        assert "NVIDIA" in reasons["cuda-graph-bf16"]
    for arm in arms:
        arm.engine.close()
    held.queries_from = "sample.npz"
    assert "evaluation.npz" in open_arms(held, ["native"], ["eager"], [1])[1][0]["reason"]


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ("fp32", "--mode eager --device cpu --dtype fp32"),
        ("prophet", "--mode prophet --device cpu --dtype fp32"),
        ("eager-bf16", "--mode eager --device cpu --dtype bf16"),
        ("cuda-graph", "--mode graph --device cuda --dtype fp32"),
        ("cuda-compiled-fp16", "--mode compiled --device cuda --dtype fp16"),
    ],
)
def test_a_variant_s_name_says_mode_device_and_numbers(variant, words):
    assert " ".join(native.options(variant)) == words
    assert variant in native.VARIANTS
