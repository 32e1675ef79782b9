"""The command as a user meets it: a result file in the published shape, or one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx.parser
import pytest
from test_imports import isolated

from benchmarks import arms, cli, run
from benchmarks.runtimes import Unsupported, ort_cpu
from benchmarks.units import milliseconds, price, rate, seconds
from common.bundle.session import Session
from common.cli import guard
from common.facts import plain
from common.fault import Fault

pytestmark = pytest.mark.usefixtures("short_probes")


def bench(*words: object) -> int:
    """Exit code of pilot-bench."""
    return guard(lambda: cli.command([str(word) for word in words]))


def test_a_quick_run_writes_a_result_that_keeps_the_schema(toy_run, tmp_path, capsys):
    jsonschema = pytest.importorskip("jsonschema")
    assert bench("run", "--bundle", toy_run, "--quick", "--seconds", "30ms", "--out", tmp_path) == 0
    said = capsys.readouterr().out
    path = said.splitlines()[-1].removeprefix("wrote: ")
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    schema = json.loads((Path(run.__file__).parent / "schema" / "speed.json").read_text(encoding="utf-8"))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(found)) == []
    assert {m["scenario"] for m in found["measurements"]} == {"single_stream", "offline"}
    (bundle,) = found["bundles"]
    assert (bundle["name"], bundle["queries_from"], bundle["axis"]) == (
        "manufacturing-rul",
        "evaluation.npz",
        "machine",
    )
    for m in found["measurements"]:
        assert m["settings"]["quick"] is True
        assert "a quick run: a first look, not a figure to plan with" in m["notes"]
        assert m["rate_per_s"]["value"] > 0
        assert m["facts"]["load_ms"] > 0
        assert m["facts"]["session_options"]["optimization"] == "all"
    assert "manufacturing-rul" in said


def test_measuring_needs_the_base_install_alone(toy_run, tmp_path):
    """No training library can be imported, also not inside a function."""
    rough = "from benchmarks.probes import roof_cpu\nroof_cpu.QUICK_SECONDS, roof_cpu.SIDES = 0.01, ((16, 1, 1024),)\n"
    rough += "roof_cpu.COPY_BYTES = 1 << 24, 1 << 24\n"
    words = ["run", "--bundle", str(toy_run), "--quick", "--seconds", "10ms", "--scenario", "single_stream"]
    words += ["--variant", "fp32,int8_dynamic", "--threads", "1", "--out", str(tmp_path)]
    done = isolated(f"{rough}from benchmarks.cli import command\ncommand({words!r})")
    assert done.returncode == 0, done.stderr
    assert "left out: manufacturing-rul ort_cpu int8_dynamic: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"wrote: {tmp_path}")


def test_the_command_names_its_verbs(capsys):
    assert bench("--help") == 0
    said = capsys.readouterr().out
    assert all(verb in said for verb in cli.VERBS)
    assert len(cli.VERBS) >= 6


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rum"], "pilot-bench knows no 'rum': did you mean 'run'?"),
        (["run", "--runtime", "ort_cpo"], "--runtime 'ort_cpo': did you mean 'ort_cpu'?"),
        (["run", "--variant", "int8_dinamic"], "--variant 'int8_dinamic': did you mean 'int8_dynamic'?"),
        (["run", "--scenario", "offlin"], "--scenario 'offlin': did you mean 'offline'?"),
        (["run", "--seconds", "two"], "argument --seconds: 'two' is not a duration such as 2, 500ms or 1min"),
        (["run", "--seconds", "0"], "'0' is not a duration"),
        (["run", "--seconds", "-1"], "argument --seconds"),
        (["run", "--seconds", "inf"], "'inf' is not a duration"),
        (["run", "--p99", "50"], "argument --p99: '50' is not a latency such as 50ms, 0.2s or 800us"),
        (["run", "--price", "£5"], "argument --price: '£5' is not a price in pounds an hour, such as 0.05"),
        (["run", "--price", "nan"], "'nan' is not a price"),
        (["run", "--rounds", "0"], "argument --rounds: '0' is not a number from 1 to 999999"),
        (["run", "--seed", "x"], "argument --seed: 'x' is not a whole number"),
        (["run", "--seed", "-1"], "argument --seed: '-1' is not a whole number"),
        (["run", "--threads", "0"], "--threads '0': write numbers from 1 to"),
        (["run", "--threads", "4096"], "--threads '4096': write numbers from 1 to"),
        (["run", "--bundle", "nowhere"], "there is no folder nowhere"),
        (["run", "--speed"], "unrecognized arguments: --speed"),
        (["run", "--scenario", ","], "--scenario names nothing"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rest = ["--out", tmp_path] if words[0] == "run" else []
    assert bench(*words, *rest) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sentence in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_results_folder_that_cannot_be_written_is_told_before_anything_is_measured(toy_run, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert bench("run", "--bundle", toy_run, "--out", tmp_path / "file") == 2
    said = capsys.readouterr().err
    assert "cannot take a result file" in said
    assert "--out FOLDER" in said


def test_a_spoilt_bundle_is_refused_with_one_sentence(toy_run, tmp_path, capsys):
    own = shutil.copytree(toy_run / "bundle", tmp_path / "bundle")
    (own / "model.onnx").write_bytes(b"not a graph")
    assert bench("run", "--bundle", own, "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err.startswith(f"{own} is refused: model.onnx differs from its sum")


def test_memory_that_is_not_there_is_a_sentence():
    graph = """<ir_version: 10, opset_import: ["" : 21]>
    huge (int64[1] n) => (float sum) { all = ConstantOfShape(n)
      sum = ReduceSum<keepdims = 0>(all) }"""
    session = Session(onnx.parser.parse_model(graph).SerializeToString())
    with pytest.raises(Fault, match="could not be run"):
        session.seconds({"n": np.array([1 << 42])})
    assert guard(lambda: session.seconds({"n": np.array([1 << 42])})) == 2


def test_what_cannot_run_is_left_out_with_the_reason(toy_run, monkeypatch):
    (workload,) = run.workloads(str(toy_run))
    monkeypatch.setattr(ort_cpu, "missing", lambda: "no processor here")
    opened, skipped = arms.open_arms(workload, ["ort_cpu"], ["fp32"], [1])
    assert opened == []
    assert [(s["runtime"], s["variant"], s["reason"]) for s in skipped] == [("ort_cpu", None, "no processor here")]
    monkeypatch.setattr(ort_cpu, "missing", lambda: None)
    monkeypatch.setattr(ort_cpu, "VARIANTS", ("fp32",))
    opened, skipped = arms.open_arms(workload, ["ort_cpu"], ["fp32", "fp16"], [1, 2])
    assert [arm.key for arm in opened] == [{"runtime": "ort_cpu", "variant": "fp32", "threads": n} for n in (1, 2)]
    assert [(s["variant"], s["reason"]) for s in skipped] == [("fp16", "ort_cpu does not run fp16")]


def test_an_engine_that_gives_up_is_left_out_and_the_others_go_on(toy_run, tmp_path, monkeypatch):
    """As native Python does that takes no batches."""
    real = ort_cpu.OrtCpu.seconds

    def moody(self, i, k=1):
        if k > 1 and self.facts["threads"] == 2:
            raise Unsupported("this one takes one query a call")
        return real(self, i, k)

    monkeypatch.setattr(ort_cpu.OrtCpu, "seconds", moody)
    monkeypatch.setattr(arms, "cores", lambda: 2)
    given = run.asked(["--bundle", str(toy_run), "--quick", "--seconds", "10ms", "--threads", "1,2"])
    given.scenario = ["single_stream", "multi_stream"]
    found = plain(run.run(given))
    kept = {(m["scenario"], m["threads"]) for m in found["measurements"]}
    assert kept == {("single_stream", 1), ("single_stream", 2), ("multi_stream", 1)}
    (left,) = found["skipped"]
    assert (left["scenario"], left["reason"]) == ("multi_stream", "2 threads: this one takes one query a call")


def test_words_with_units():
    assert [seconds(t) for t in ("2", "2s", "500ms", "1min")] == [2, 2, 0.5, 60]
    assert [milliseconds(t) for t in ("50ms", "0.2s", "800us", "800µs")] == pytest.approx([50, 200, 0.8, 0.8])
    assert [rate(t) for t in ("1000/s", "60/min", "20/h")] == pytest.approx([1000, 1, 20 / 3600])
    assert [price(t) for t in ("0", "0.05", "12")] == [0, 0.05, 12]


def test_a_bound_is_the_same_in_the_next_run():
    found = {value: run.round_up(value) for value in (10, 10.1, 13.7, 20, 49.9, 51, 100, 0.3)}
    assert found == {10: 10, 10.1: 20, 13.7: 20, 20: 20, 49.9: 50, 51: 100, 100: 100, 0.3: pytest.approx(0.5)}
