"""The roof, and how far below it a time lies."""

from __future__ import annotations

import os

import pytest

from benchmarks.probes import roof_cpu, roof_gpu, share
from benchmarks.probes.cache import last_level_bytes

ROOF = {
    "where": "cpu",
    "threads": 1,
    "sgemm_gflops": 100.0,
    "dgemm_gflops": 50.0,
    "copy_gb_s": 10.0,
    "empty_call_us": 5.0,
}


def test_the_roof_of_this_processor():
    roof = roof_cpu.measure(1, seconds=0.1)
    assert (roof["where"], roof["threads"], roof["bf16_gflops"]) == ("cpu", 1, None)
    assert 0.1 < roof["sgemm_gflops"] < 2000
    assert 0.1 < roof["dgemm_gflops"] < 1000
    assert 0.05 < roof["copy_gb_s"] < 2000
    assert 0.1 < roof["empty_call_us"] < 5000
    assert 0.01 < roof["empty_node_us"] < 500


def test_a_kind_that_cannot_be_multiplied_is_none():
    bfloat16 = roof_cpu.TensorProto.BFLOAT16
    assert roof_cpu.multiply(1, "MatMul", bfloat16, bfloat16, bfloat16, seconds=0.01) is None


@pytest.mark.parametrize(
    ("flops", "moved", "seconds", "expected"),
    [
        (50_000_000, 1000, 0.001, {"share": 0.5, "binds": "compute", "compute": 0.5, "memory": 0.0001, "call": 0.005}),
        (1000, 2_000_000, 0.001, {"share": 0.2, "binds": "memory", "compute": 1e-5, "memory": 0.2, "call": 0.005}),
        (1000, 1000, 0.00001, {"share": 0.5, "binds": "call", "compute": 0.001, "memory": 0.01, "call": 0.5}),
    ],
)
def test_the_nearest_roof_binds(flops, moved, seconds, expected):
    assert share.of_roof(flops, moved, seconds, ROOF) == pytest.approx({**expected, "nodes": None})


def test_double_precision_has_its_own_roof():
    found = share.of_roof(100_000_000, 0, 0.01, ROOF, flops_float64=50_000_000)
    assert found["share"] == pytest.approx((0.0005 + 0.001) / 0.01)


def test_many_calls_in_one_block():
    assert share.of_roof(0, 0, 1.0, ROOF, calls=20_000)["share"] == pytest.approx(0.1)


def test_starting_nodes_is_told_beside_the_roofs():
    found = share.of_roof(1000, 1000, 0.001, {**ROOF, "empty_node_us": 0.5}, nodes=400)
    assert (found["nodes"], found["share"], found["binds"]) == (0.2, 0.005, "call")


def test_what_a_variant_multiplies():
    names = ("fp32", "eager", "int8_static", "int8_dynamic", "cuda-graph-bf16", "fp16", "prophet")
    assert [share.precision(name) for name in names] == ["fp32", "fp32", "int8", "int8", "bf16", "fp16", "fp32"]


def test_no_roof_is_no_guess():
    assert share.of_roof(1, 1, 1.0, {**ROOF, "sgemm_gflops": None}) is None
    assert share.of_roof(1, 1, 1.0, ROOF, numbers="bf16") is None
    assert share.of_roof(1, 1, 0.0, ROOF) is None


def test_caches_are_counted_once(tmp_path):
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("read from Linux's files")
    for cpu in os.sched_getaffinity(0):
        for index, (level, size, shared) in enumerate([(1, "32K", str(cpu)), (3, "16M", "0-127")]):
            folder = tmp_path / f"cpu{cpu}/cache/index{index}"
            folder.mkdir(parents=True)
            for name, text in (("level", level), ("size", size), ("shared_cpu_list", shared)):
                (folder / name).write_text(f"{text}\n")
    assert last_level_bytes(tmp_path) == 16 << 20
    assert last_level_bytes(tmp_path / "absent") is None


def test_the_gpu_s_arithmetic_runs_on_a_processor_too():
    pytest.importorskip("torch", reason="the roof of a GPU is measured by PyTorch")
    (roof,) = roof_gpu._devices("cpu", 0.1)
    assert set(ROOF) - {"dgemm_gflops"} <= set(roof)
    assert 0.1 < roof["sgemm_gflops"] < 20_000
    assert 0.01 < roof["copy_gb_s"] < 2000


@pytest.mark.gpu
def test_the_roof_of_a_gpu():
    found = roof_gpu.measure()
    if isinstance(found, str):
        pytest.skip(found)
    for roof in found:
        assert roof["fp16_gflops"] > roof["sgemm_gflops"] > 500
        assert roof["copy_gb_s"] > 50
        assert 0.5 < roof["empty_call_us"] < 200
