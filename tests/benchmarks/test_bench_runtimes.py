"""Runtimes are found, refused or left out with a reason; nothing falls back in silence."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx.parser
import onnxruntime as ort
import pytest

from benchmarks.arms import open_arms
from benchmarks.runtimes import Unsupported, accelerator, openvino, ort_cpu, ort_cuda, ort_tensorrt
from benchmarks.runtimes.wheels import one_wheel
from benchmarks.variants.accuracy_gate import of_arms
from benchmarks.workload import workloads
from common.bundle.session import SESSION_OPTIONS, Session, session_options
from common.fault import Fault

ROOT = Path(__file__).parents[2]
NO_CUDA = ort_cuda.missing()
PLAIN = '<ir_version: 10, opset_import: ["" : 21]> plain (float[n] x) => (float[n] y) {{ {} }}'
LOOPED = """
<ir_version: 10, opset_import: ["" : 21]>
looped (float[n] x, int64 trips, bool go) => (float[n] y) {
  y = Loop(trips, go, x) <body = b (int64 i, bool go_in, float[n] s) => (bool on, float[n] t) {
    on = Identity(go_in)
    t = Sin(s)
  }>
}
"""
LARGE = """
<ir_version: 10, opset_import: ["" : 21]>
large (int64[1] size) => (float total) <float one = {1.0}> {
  many = Expand(one, size)
  more = Exp(many)
  total = ReduceSum<keepdims = 0>(more)
}
"""


@pytest.fixture(scope="module")
def workload(toy_run):
    return workloads(str(toy_run))[0]


def wheel(folder: Path, name: str, version: str) -> None:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_two_wheels_of_onnx_runtime_are_refused(tmp_path):
    wheel(tmp_path, "onnxruntime", "1.31.1")
    wheel(tmp_path, "numpy", "2.4.0")
    wheel(tmp_path, "onnxruntime-extensions", "0.14")  # stands beside it and replaces nothing
    one_wheel([str(tmp_path)])
    wheel(tmp_path, "Onnxruntime_GPU", "1.31.1")
    with pytest.raises(Fault, match=r"onnxruntime 1.31.1 and onnxruntime-gpu 1.31.1 are .*make install RUNTIME=cpu"):
        one_wheel([str(tmp_path)])
    one_wheel()  # as installed here


@pytest.mark.skipif(NO_CUDA is None, reason="a GPU is here")
def test_without_a_gpu_its_runtimes_are_left_out_with_the_remedy(workload):
    arms, skipped = open_arms(workload, ["ort_cuda", "ort_tensorrt"], ["fp32"], [1])
    assert arms == []
    assert [s["runtime"] for s in skipped] == ["ort_cuda", "ort_tensorrt"]
    assert all("make install RUNTIME=gpu" in s["reason"] or "no NVIDIA driver" in s["reason"] for s in skipped)


@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="CUDA is here")
@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_silent_fall_back_to_the_processor_is_not_measured(workload):
    with pytest.raises(Unsupported, match="not measured: CUDAExecutionProvider did not start"):
        ort_cuda.open_engine(workload, "fp32", workload.files["model.onnx"], 1)


def test_the_nodes_that_each_provider_ran_are_counted(tmp_path):
    options = session_options(SESSION_OPTIONS, 1)
    options.enable_profiling, options.profile_file_prefix = True, str(tmp_path / "profile")
    model = onnx.parser.parse_model(PLAIN.format("a = Sin(x) b = Cos(x) y = Div(a, b)"))
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for _ in range(2):
        session.run(None, {"x": np.ones(3, np.float32)})
    assert accelerator.nodes_by_provider(Path(session.end_profiling())) == {"CPUExecutionProvider": 3}
    (tmp_path / "broken").write_text("[")
    with pytest.raises(Fault, match="profile cannot be read"):
        accelerator.nodes_by_provider(tmp_path / "broken")


def test_launches_are_recorded_only_where_they_can_be():
    plain = onnx.parser.parse_model(PLAIN.format("y = Sin(x)")).SerializeToString()
    assert accelerator.no_graph(plain, {"CUDAExecutionProvider": 1}) is None
    assert (
        accelerator.no_graph(plain, {"CUDAExecutionProvider": 1, accelerator.CPU: 2}) == "2 nodes run on the processor"
    )
    looped = onnx.parser.parse_model(LOOPED)
    assert accelerator.no_graph(looped.SerializeToString(), {}) == "the graph holds control flow (Loop)"


def test_places_that_are_kept_serve_one_query_after_another(workload):
    """The way a GPU is served, on the processor: inputs of each shape have a place, and nothing of a query stays."""
    cpu = [(accelerator.CPU, {})]
    model = workload.files["model.onnx"]
    ours = accelerator.Accelerator("kept", workload, model, cpu, graph=False, device="cpu")
    theirs = ort_cpu.open_engine(workload, "fp32", model, 1)
    for query in (*workload.queries, workload.batch(4), workload.queries[0]):
        found, wanted = ours.outputs(query), theirs.outputs(query)
        assert found.keys() == wanted.keys()
        for name, array in wanted.items():
            np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert ours.seconds(1) > 0
    assert ours.seconds(1, 4) > 0
    assert ours.facts["providers"][accelerator.CPU] > 10
    assert ours.facts["cuda_graph"] is False
    with pytest.raises(Fault, match=r"model\.onnx could not be run"):
        ours.outputs({**workload.queries[0], "readings": np.zeros((1, 2), np.float32)})
    ours.close()


@pytest.mark.gpu
@pytest.mark.skipif(NO_CUDA is not None, reason=f"no GPU: {NO_CUDA}")
@pytest.mark.parametrize("runtime", [ort_cuda, ort_tensorrt])
def test_a_gpu_answers_as_the_processor_does(workload, runtime):
    if runtime.missing():
        pytest.skip(runtime.missing())
    ours = runtime.open_engine(workload, "fp32", workload.files["model.onnx"], 1)
    theirs = ort_cpu.open_engine(workload, "fp32", workload.files["model.onnx"], 1)
    for query in (*workload.queries, workload.batch(4)):
        found, wanted = ours.outputs(query), theirs.outputs(query)
        for name, array in wanted.items():
            np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-3, err_msg=name)
    assert ours.seconds(0) > 0
    assert ours.seconds(0, 4) > 0
    assert sum(ours.facts["providers"].values()) > 0
    ours.close()


def test_openvino_answers_as_onnx_runtime_does(workload):
    pytest.importorskip("openvino")
    arms, skipped = open_arms(workload, ["openvino"], ["fp32", "int8_dynamic"], [1])
    assert [s["variant"] for s in skipped] == ["int8_dynamic"]
    verdict = of_arms(workload, arms)[arms[0]]
    assert verdict["measured"]
    assert verdict["value"] == pytest.approx(verdict["fp32"], abs=1e-4)  # hours; the toy is never wrong by more
    assert arms[0].engine.seconds(0) > 0
    assert arms[0].engine.seconds(2, 3) > 0
    assert set(arms[0].engine.outputs(workload.queries[0])) == {t["name"] for t in workload.bundle.manifest["outputs"]}
    arms[0].engine.close()


def test_what_openvino_does_not_know_is_named(workload):
    pytest.importorskip("openvino")
    odd = onnx.parser.parse_model(PLAIN.format("y = ai.onnx.ml.Binarizer(x)"))
    odd.opset_import.add(domain="ai.onnx.ml", version=3)
    with pytest.raises(Unsupported, match=r"OpenVINO knows no .*Binarizer"):
        openvino.open_engine(workload, "fp32", odd.SerializeToString(), 1)
    if openvino.missing() is None:
        assert set(openvino.HINTS) < set(openvino.VARIANTS)


def test_a_variant_without_kernels_is_left_out_and_a_broken_bundle_is_not(workload):
    half = onnx.parser.parse_model(PLAIN.format("y = ReduceLogSum(x)").replace("float[n]", "bfloat16[n]"))
    with pytest.raises(Unsupported, match=r"the processor cannot run it: model\.onnx cannot be loaded"):
        ort_cpu.open_engine(workload, "bf16", half.SerializeToString(), 1)
    with pytest.raises(Fault, match="cannot be loaded"):
        ort_cpu.open_engine(workload, "fp32", b"no graph", 1)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_out_of_memory_is_one_sentence(tmp_path):
    (tmp_path / "large.onnx").write_bytes(onnx.parser.parse_model(LARGE).SerializeToString())
    code = (
        "import sys; import numpy as np; from common.bundle.session import Session; from common.fault import Fault\n"
        "try: Session(open(sys.argv[1], 'rb').read()).run({'size': np.array([10**10])})\n"
        "except Fault as fault: print(fault)"
    )
    cap = lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # noqa: E731
    command = [sys.executable, "-c", code, str(tmp_path / "large.onnx")]
    done = subprocess.run(command, preexec_fn=cap, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "model.onnx could not be run: out of memory. Free some, or ask for less at a time" in done.stdout
    assert done.stdout.count("\n") == 1
    small = Session(onnx.parser.parse_model(LARGE).SerializeToString()).run({"size": np.array([2])})
    np.testing.assert_allclose(small["total"], 2 * np.e, rtol=1e-6)


def swap(folder: Path, runtime: str, *options: str) -> subprocess.CompletedProcess:
    make = ["make", *options, "install", f"RUNTIME={runtime}"]
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.run(make, cwd=folder, env=outside, capture_output=True, text=True, check=False)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_swaps_the_wheel_in_an_environment_that_is_there(tmp_path):
    (tmp_path / ".venv").mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv" / ".installed").touch()
    wanted = {"gpu": "onnxruntime-gpu[cuda,cudnn]==", "openvino": "openvino<", "cpu": "onnxruntime=="}
    for runtime, wheel_name in wanted.items():
        lines = swap(tmp_path, runtime, "-n").stdout.splitlines()
        assert len(lines) == 3  # nothing else is installed anew
        looked, removed, put = lines
        assert "--dry-run" in looked
        assert "uninstall" in removed
        assert {"onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "openvino"} <= set(removed.split())
        assert f"'{wheel_name}" in put
        assert put.count("onnxruntime") == 1
    refused = swap(tmp_path, "tpu")
    assert refused.returncode == 2
    assert "RUNTIME=tpu is not known: choose cpu, gpu or openvino" in refused.stdout
