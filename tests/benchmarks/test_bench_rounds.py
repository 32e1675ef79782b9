"""Who is faster, who only seems so, and whose figures are not to be believed."""

from __future__ import annotations

import onnx.parser
import pytest
from fakes import FixedEngine, NoisyEngine, OneQuery

from benchmarks.arms import Arm
from benchmarks.clock import Clock, FakeClock
from benchmarks.overhead import NullWorkload
from benchmarks.rounds import comparisons, measurement, play
from benchmarks.run import uncounted
from benchmarks.runtimes.ort_cpu import OrtCpu
from benchmarks.scenarios import Settings, offline, server, single_stream

BLOCK = Settings(seconds=1, queries=20)
WORK = """<ir_version: 10, opset_import: ["" : 21]>
work (float[1] x) => (float[1] y) <float one = {1.0}>
{ size = ConstantOfShape<value = float[1] {0.001}>(shape)
  a = MatMul(size, size)
  b = MatMul(a, size)
  sum = ReduceSum<keepdims = 0>(b)
  y = Add(x, sum) }"""


def contest(*middles, rounds=5, seed=0, noise=0.1, moods=0.2):
    """Engines with these median times, all on one machine whose moods change every second."""
    clock = FakeClock()
    arms = [
        Arm("ort_cpu", f"v{at}", 1, NoisyEngine(clock, middle, [seed, at], noise=noise, moods=moods))
        for at, middle in enumerate(middles)
    ]
    now = Settings(seconds=1, queries=20, seed=seed)
    return arms, play(arms, OneQuery(), single_stream, now, rounds, clock)


def test_a_slow_engine_is_found_slow_by_the_right_factor():
    arms, blocks = contest(0.01, 0.02)
    (found,) = comparisons(arms, blocks, "single_stream")
    assert (found["faster"], found["a"]["variant"]) == ("a", "v0")
    assert 1 < found["low"] < 2 < found["high"]
    arms, blocks = contest(0.02, 0.01)
    assert comparisons(arms, blocks, "single_stream")[0]["faster"] == "b"


def test_equal_engines_are_not_called_different():
    """In 40 contests of equals a 95 % interval may exclude 1 twice; more than 5 times only once in a hundred cases."""
    called = [comparisons(*contest(0.01, 0.01, seed=seed), "single_stream")[0]["faster"] for seed in range(40)]
    assert len(called) == 40
    assert sum(verdict is not None for verdict in called) <= 5


def test_every_pair_is_compared():
    arms, blocks = contest(0.01, 0.011, 0.02, rounds=2)
    assert len(comparisons(arms, blocks, "single_stream")) == 3


def test_a_slow_model_is_found_slow_on_this_machine():
    """Two products of 96 x 96 matrices against one number handed on."""
    quick = '<ir_version: 10, opset_import: ["" : 21]> q (float[1] x) => (float[1] y) { y = Identity(x) }'
    slow = WORK.replace("<float one = {1.0}>", "<int64[2] shape = {96, 96}>")
    models = [onnx.parser.parse_model(text).SerializeToString() for text in (slow, quick)]
    arms = [Arm("ort_cpu", f"v{at}", 1, OrtCpu(NullWorkload(), model, 1)) for at, model in enumerate(models)]
    blocks = play(arms, NullWorkload(), single_stream, Settings(seconds=0.02, queries=20), 5, Clock())
    (found,) = comparisons(arms, blocks, "single_stream")
    assert found["faster"] == "b"
    assert found["high"] < 1


def test_a_quiet_run_is_valid():
    _, blocks = contest(0.01, noise=0.02, moods=0.0)
    found = measurement(blocks[0], "single_stream")
    assert (found["verdict"], found["reasons"]) == ("VALID", [])
    assert found["rounds"] == 5
    assert found["queries"] == sum(block.queries for block in blocks[0])
    p50 = found["latency_ms"]["p50"]
    assert p50["low"] < 10.0 < p50["high"]
    assert found["early_stopping"]["satisfied"] is True


def test_a_noisy_run_is_invalid_and_says_why():
    """Rounds 40 % apart."""
    clock = FakeClock()
    blocks = [single_stream.run(FixedEngine(clock, 0.01 * mood), OneQuery(), BLOCK, clock) for mood in (1, 1.4, 1.1)]
    found = measurement(blocks, "single_stream")
    assert found["verdict"] == "INVALID"
    (reason,) = found["reasons"]
    assert reason.startswith("its slowest round took 1.40 times as long as its fastest")


def test_too_few_queries_are_invalid_and_say_how_many_it_takes():
    clock = FakeClock()
    short = Settings(seconds=0.095, queries=1)
    blocks = [single_stream.run(FixedEngine(clock, 0.01), OneQuery(), short, clock) for _ in range(3)]
    found = measurement(blocks, "single_stream")
    assert found["verdict"] == "INVALID"
    assert found["reasons"] == ["30 queries are too few for a p90, which takes 64"]
    assert found["latency_ms"]["p99"]["high"] is None


def test_limits_hold_the_spread_over_rounds():
    """Within a round all calls take the same; only the rounds differ, by 10 %."""
    clock = FakeClock()
    blocks = [single_stream.run(FixedEngine(clock, 0.01 * mood), OneQuery(), BLOCK, clock) for mood in (1, 1.05, 1.1)]
    p50 = measurement(blocks, "single_stream")["latency_ms"]["p50"]
    assert p50["low"] < 10.0
    assert p50["high"] > 11.0


def test_the_order_is_drawn_anew_each_round():
    clock, order = FakeClock(), []

    class Noted(FixedEngine):
        def seconds(self, i, k=1):
            order.append(id(self))
            return super().seconds(i, k)

    arms = [Arm("ort_cpu", f"v{at}", 1, Noted(clock, 1.0)) for at in range(3)]
    play(arms, OneQuery(), single_stream, Settings(seconds=0.5, queries=1), 6, clock)
    rounds = [tuple(order[at : at + 3]) for at in range(3, len(order), 3)]  # the first three are warm-up
    assert len(rounds) == 6
    assert all(len(set(turn)) == 3 for turn in rounds)
    assert len(set(rounds)) > 1


def test_offline_and_server_keep_their_sweeps():
    clock = FakeClock()
    engine = FixedEngine(clock, 0.01)
    blocks = [offline.run(engine, OneQuery(), Settings(seconds=1, batches=(1, 4)), clock) for _ in range(3)]
    found = measurement(blocks, "offline")
    assert [(row["batch"], row["samples_per_s"]) for row in found["sweep"]] == [
        (1, pytest.approx(100)),
        (4, pytest.approx(100)),
    ]
    assert (found["latency_ms"], found["early_stopping"]) == (None, None)
    asked = Settings(seconds=1, queries=459, longest=1e4, p99_ms=1e7)
    blocks = [server.run(engine, OneQuery(), asked, clock) for _ in range(2)]
    found = measurement(blocks, "server")
    assert len(found["sweep"]) == 12
    assert found["rate_per_s"]["value"] == pytest.approx(100 * 63 / 64)
    none = [server.run(engine, OneQuery(), Settings(longest=1e4, p99_ms=9), clock)]
    assert measurement(none, "server")["rate_per_s"] is None


def test_invalid_figures_make_nobody_faster_and_native_python_may_be():
    key = {"runtime": "ort_cpu", "variant": "fp32", "threads": 1}
    native = {"runtime": "native", "variant": "eager", "threads": 1}
    accuracy = {Arm(**native, engine=None): {"counts": False}, Arm(**key, engine=None): {"counts": True}}
    for invalid, faster in (((), "b"), ((key,), None), ((native,), None)):
        (found,) = uncounted([{"a": key, "b": native, "faster": "b"}], accuracy, invalid)
        assert found["faster"] == faster
