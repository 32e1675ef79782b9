"""From a measurement and a roof to a share, on figures that can be worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks import conditions
from benchmarks.histogram import Histogram
from benchmarks.rounds import measurement
from benchmarks.scenarios import Measured, Settings
from benchmarks.stats import Interval
from benchmarks.workload import workloads

ROOF = [
    {"where": "cpu", "threads": 1, "sgemm_gflops": 100.0, "int8_gops": 400.0, "copy_gb_s": 10.0, "empty_call_us": 5.0},
    {"where": "cpu", "threads": 2, "sgemm_gflops": 200.0, "copy_gb_s": 10.0, "empty_call_us": 5.0},
    {
        "where": "cuda:0",
        "threads": None,
        "sgemm_gflops": 1e4,
        "fp16_gflops": 1e5,
        "copy_gb_s": 1e3,
        "empty_call_us": 2.0,
    },
]
BUNDLE = {
    **{"id": "b", "axis": "tile", "flops": 1_000_000_000, "flops_float64": 0, "bytes": 4_000_000},
    **{
        "nodes": 100,
        "weight_bytes": 2_000_000,
        "each_more": {"flops": 500_000_000, "flops_float64": 0, "bytes": 1_000_000},
    },
}


def measured(scenario="single_stream", **changes):
    arm = {"bundle": "b", "runtime": "ort_cpu", "variant": "fp32", "threads": 1, "scenario": scenario}
    rest = {
        "latency_ms": None,
        "rate_per_s": None,
        "sweep": [],
        "settings": {},
        "rounds": 3,
        "seconds": 6.0,
        "noisy_blocks": 0,
    }
    return {**arm, **rest, **changes}


def share(**changes):
    found = conditions.share_of_roof(measured(**changes), BUNDLE, ROOF)
    return found and (found["share"], found["binds"])


def test_one_query_at_a_time():
    assert share(latency_ms={"p50": {"value": 20.0}}) == (0.5, "compute")


def test_several_at_once():
    one_call = (1e9 + 7 * 5e8) / 100e9
    assert Settings.streams == 8
    assert share(scenario="multi_stream", latency_ms={"p50": {"value": 90.0}}) == (one_call / 0.09, "compute")


def test_the_best_batch():
    sweep = [{"batch": 1, "samples_per_s": 50.0}, {"batch": 3, "samples_per_s": 60.0}]
    assert share(scenario="offline", rate_per_s={"value": 60.0}, sweep=sweep) == (0.4, "compute")  # 2e9 in 3 / 60 s


def test_a_server_is_held_against_all_its_workers():
    server = {"scenario": "server", "rate_per_s": {"value": 100.0}, "settings": {"workers": 2}}
    assert share(**server) == (0.5, "compute")


def test_narrow_weights_move_less():
    found = conditions.share_of_roof(measured(variant="int8_static", latency_ms={"p50": {"value": 10.0}}), BUNDLE, ROOF)
    assert (found["compute"], found["memory"]) == (0.25, 0.025)  # 2.5 of 4 MB at 10 GB/s in 10 ms


def test_a_gpu_is_held_against_its_own_roof():
    assert share(runtime="native", variant="cuda-graph-fp16", latency_ms={"p50": {"value": 1.0}}) == (0.01, "compute")


@pytest.mark.parametrize("changes", [{"threads": 7, "latency_ms": {"p50": {"value": 1.0}}}, {}, {"scenario": "server"}])
def test_what_is_unknown_is_none(changes):
    assert share(**changes) is None
    assert conditions.share_of_roof(measured(latency_ms={"p50": {"value": 1}}), {**BUNDLE, "flops": None}, ROOF) is None


def test_the_better_end_counts():
    (roof,) = conditions.joined(ROOF[:1], [{**ROOF[0], "sgemm_gflops": 125.0, "copy_gb_s": 9.0, "empty_call_us": 4.0}])
    assert (roof["sgemm_gflops"], roof["copy_gb_s"], roof["empty_call_us"], roof["drift"]) == (125.0, 10.0, 4.0, 0.25)


def test_more_threads_have_no_lower_roof():
    one, two = conditions.joined(ROOF[:2], [ROOF[0], {**ROOF[1], "sgemm_gflops": 150.0, "copy_gb_s": 8.0}])
    assert (one["sgemm_gflops"], two["sgemm_gflops"], two["copy_gb_s"], two["drift"]) == (100.0, 200.0, 10.0, -0.25)
    one, two = conditions.joined(ROOF[:2], [{**ROOF[0], "sgemm_gflops": 300.0}, ROOF[1]])
    assert (one["sgemm_gflops"], two["sgemm_gflops"], one["threads"], two["threads"]) == (300.0, 300.0, 1, 2)


def test_a_gpu_that_is_gone_at_the_end_keeps_its_roof():
    gone = {"where": "gpu", "threads": None, "why": "no roof of a GPU: no NVIDIA driver is loaded here"}
    assert conditions.joined(ROOF[2:], [gone]) == [{**ROOF[2], "drift": 0.0}]


def test_the_noise_of_a_run():
    found = measured(latency_ms={"p50": {"value": 20.0}}, noisy_blocks=1)
    made = {"bundles": [BUNDLE], "measurements": [found], "machine": {"gpu": None}}
    conditions.conclude(made, [{**ROOF[0], "drift": -0.2}], {"why": [], "noisy": False, "seconds": 9.0})
    assert found["share_of_roof"]["share"] == 0.5
    assert made["noise"]["noisy"]
    assert made["noise"]["why"] == [
        "1 of 3 blocks were noisy",
        "the roof of cpu, 1 threads, moved by -20% during the run",
    ]


def test_a_block_that_others_disturbed_does_not_count():
    latency = Histogram()
    for _ in range(70):
        latency.add(0.01)
    noise = {"noisy": True, "why": ["programs waited for a processor for 40.0% of the time (limit 5%)"]}
    blocks = [Measured(70, 0.7, latency, Interval(100.0, None, None), noise=each) for each in (None, noise, None)]
    found = measurement(blocks, "single_stream")
    assert (found["verdict"], found["noisy_blocks"]) == ("INVALID", 1)
    assert found["reasons"] == [f"1 of 3 blocks were noisy: {noise['why'][0]}"]
    assert measurement(blocks[::2], "single_stream")["verdict"] == "VALID"


def test_energy_of_all_blocks_and_of_one_query():
    blocks = [
        Measured(50, 1.0, None, Interval(50.0, None, None), energy={"joules": joules, "method": "RAPL"})
        for joules in (20.0, 30.0)
    ]
    assert measurement(blocks, "offline")["energy"] == {"joules": 50.0, "method": "RAPL", "joules_per_query": 0.5}
    blocks[1].energy = {"joules": None, "why": "not measured: no counter"}
    assert measurement(blocks, "offline")["energy"]["joules"] is None


def test_a_gpu_that_others_use_makes_its_figures_invalid():
    card = {"programs": 1, "slowed_by": []}
    found = measured(variant="cuda-eager", verdict="VALID", reasons=[])
    made = {"bundles": [BUNDLE], "measurements": [found], "machine": {"gpu": [card]}}
    conditions.conclude(made, ROOF, {"why": [], "noisy": False}, cards=lambda: [card])
    assert (found["verdict"], found["reasons"]) == ("INVALID", ["1 other programs were computing on GPU 0"])


def test_short_blocks_are_judged_by_the_whole_run():
    long, short = (measured(verdict="VALID", reasons=[], seconds=seconds) for seconds in (6.0, 0.6))
    made = {"bundles": [BUNDLE], "measurements": [long, short], "machine": {"gpu": None}}
    conditions.conclude(made, ROOF, {"why": ["waited"], "noisy": True})
    assert (long["verdict"], short["verdict"]) == ("VALID", "INVALID")
    assert short["reasons"] == ["its blocks were short and the whole run was noisy: waited"]


def test_the_work_of_a_bundle(toy_run):
    (workload,) = workloads(str(toy_run))
    found = conditions.work(workload, quick=True)
    rows, sensors = workload.queries[0]["readings"].shape[1:]
    assert found["flops_by_op"]["IsNaN"] == rows * sensors
    assert found["each_more"]["flops"] == found["flops"] - 1 > 100  # one subtraction is of two constants
    assert (
        0 < found["each_more"]["bytes"] == found["bytes"] - found["weight_bytes"] - 8
    )  # threshold and judge are shared
    assert found["uncounted"] == {}
    assert found["nodes"] == sum(line["count"] for line in found["profile"]) > 10


def test_roofs_of_processor_and_gpu():
    cpu, card = conditions.roofs([1], with_gpu=True, quick=True)
    assert (cpu["where"], cpu["threads"]) == ("cpu", 1)
    assert card.get("why") or card["sgemm_gflops"] > 0
