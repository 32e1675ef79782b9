"""Who is faster, who only seems so, and whose figures are not to be believed."""

from __future__ import annotations

import onnx.parser
import pytest
from fakes import FixedEngine, NoisyEngine, OneQuery

from benchmarks import run
from benchmarks.arms import Arm
from benchmarks.clock import Clock, FakeClock
from benchmarks.overhead import NullWorkload
from benchmarks.probes import noise
from benchmarks.rounds import comparisons, measurement, play
from benchmarks.run import believed, uncounted
from benchmarks.runtimes.ort_cpu import OrtCpu
from benchmarks.scenarios import Settings, offline, server, single_stream
from benchmarks.stats import min_queries

BLOCK = Settings(seconds=1, queries=20)
QUICK = '<ir_version: 10, opset_import: ["" : 21]> q (float[1] x) => (float[1] y) { y = Identity(x) }'
SLOW = """<ir_version: 10, opset_import: ["" : 21]>
slow (float[1] x) => (float y) <int64[2] shape = {96, 96}>
{ square = Expand(x, shape)
  product = MatMul(square, square)
  y = ReduceSum<keepdims = 0>(product) }"""


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
    """A product of 96 x 96 matrices against one number handed on."""
    models = [onnx.parser.parse_model(text).SerializeToString() for text in (SLOW, QUICK)]
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
    asked = Settings(seconds=1, queries=459, longest=1e4, p99_ms=1000)
    blocks = [server.run(engine, OneQuery(), asked, clock) for _ in range(2)]
    found = measurement(blocks, "server")
    assert len(found["sweep"]) == 14
    assert found["rate_per_s"]["value"] == pytest.approx(98, rel=0.08)
    stopping = found["early_stopping"]
    assert stopping["satisfied"] is True
    assert stopping["needed"] == min_queries(0.99, stopping["over"]) <= stopping["queries"]
    none = [server.run(engine, OneQuery(), Settings(longest=1e4, p99_ms=9), clock)]
    assert measurement(none, "server")["rate_per_s"] is None


def test_invalid_figures_make_nobody_faster():
    keys = [{"runtime": "ort_cpu", "variant": "fp32", "threads": n} for n in (1, 2)]
    for verdicts, faster in (("VALID VALID", "b"), ("INVALID VALID", None), ("VALID INVALID", None)):
        sides = [{"bundle": "x", "scenario": "offline", "verdict": v} for v in verdicts.split()]
        measured = [side | key for side, key in zip(sides, keys, strict=True)]
        entry = {"bundle": "x", "scenario": "offline", "a": keys[0], "b": keys[1], "faster": "b"}
        believed({"measurements": measured, "comparisons": [entry]})
        assert entry["faster"] == faster


def test_what_is_called_instead_of_the_bundle_may_be_the_faster_one():
    key = {"runtime": "ort_cpu", "variant": "fp32", "threads": 1}
    native, half = key | {"runtime": "native", "variant": "eager"}, key | {"variant": "fp16"}
    accuracy = {Arm(**side, engine=None): {"counts": False, "measured": False} for side in (native, half)}
    compared = uncounted([{"a": key, "b": side, "faster": "b"} for side in (native, half)], accuracy)
    assert [entry["faster"] for entry in compared] == ["b", None]


def test_one_round_is_no_verdict():
    clock = FakeClock()
    blocks = [single_stream.run(FixedEngine(clock, 0.01), OneQuery(), BLOCK, clock)]
    assert measurement(blocks, "single_stream")["reasons"] == ["one round cannot tell how much rounds differ"]


def test_a_quick_run_on_a_busy_machine_is_invalid(toy_run, short_probes, monkeypatch):
    """Others keep the processors busy: blocks of 10 ms cannot show it, the whole run does."""
    monkeypatch.setattr(noise, "SPREAD", -1.0)  # no machine is as quiet as that
    monkeypatch.setattr(noise, "BLOCKS", 1)
    given = run.asked(["--bundle", str(toy_run), "--quick", "--seconds", "10ms", "--scenario", "single_stream"])
    found = run.run(given)
    assert {m["verdict"] for m in found["measurements"]} == {"INVALID"}
    assert all(any("noisy" in reason for reason in m["reasons"]) for m in found["measurements"])
    assert found["noise"]["noisy"] is True
    assert {entry["faster"] for entry in found["comparisons"]} <= {None}
