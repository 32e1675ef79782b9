"""Scenarios on a clock that is moved by hand: what they report can be worked out on paper."""

from __future__ import annotations

import time

import numpy as np
import pytest
from fakes import FixedEngine, NoBatch, OneQuery

from benchmarks.clock import Clock, FakeClock
from benchmarks.histogram import WIDTH
from benchmarks.runtimes import Unsupported
from benchmarks.scenarios import Settings, loadgen, multi_stream, offline, server, single_stream
from benchmarks.stats import early_stopping
from common.fault import Fault


def waits(arrivals, *times, workers=1, bound=100.0):
    """Every latency of queries due at `arrivals`, smallest first."""
    clock = FakeClock(workers)
    served = server.serve(FixedEngine(clock, *times), iter(arrivals), workers, bound, 10_000, clock)
    return [value for value, count in served.latency.filled() for _ in range(count)], served


def test_single_stream_percentiles():
    """Nine of ten calls take 10 ms, one takes 100 ms: p50 = p90 = 10 ms, p99 = 100 ms, 10 a 0.19 s."""
    clock = FakeClock()
    found = single_stream.run(FixedEngine(clock, *[0.01] * 9, 0.1), OneQuery(), Settings(seconds=19, queries=1), clock)
    assert found.queries == 1000
    assert [found.latency.quantile(p) for p in (0.5, 0.9, 0.99)] == pytest.approx([0.01, 0.01, 0.1], rel=WIDTH)
    assert found.rate_per_s.value == pytest.approx(10 / 0.19)
    assert found.seconds == pytest.approx(19)


def test_a_block_goes_on_until_the_queries_are_enough_but_not_for_ever():
    clock = FakeClock()
    enough = Settings(seconds=1, queries=30, longest=60)
    assert single_stream.run(FixedEngine(clock, 1.0), OneQuery(), enough, clock).queries == 30
    patience = Settings(seconds=1, queries=30, longest=5)
    assert single_stream.run(FixedEngine(clock, 1.0), OneQuery(), patience, clock).queries == 5


def test_multi_stream_waits_for_all_eight():
    """In one call where the graph takes a batch, one after another where it does not."""
    for workload, notes in ((OneQuery(), 0), (NoBatch(), 1)):
        clock = FakeClock()
        found = multi_stream.run(FixedEngine(clock, 0.01), workload, Settings(seconds=0.8, queries=1), clock)
        assert found.latency.quantile(0.5) == pytest.approx(0.08, rel=WIDTH)
        assert found.rate_per_s.value == pytest.approx(100)
        assert len(found.notes) == notes


def test_offline_finds_the_best_batch():
    clock = FakeClock()

    class Cached(FixedEngine):
        """16 at once are dearer than 4 times 4: 10 ms a call, 1 ms a sample up to 4, 9 ms beyond."""

        def seconds(self, i, k=1):
            spent = 0.01 + 0.001 * min(k, 4) + 0.009 * max(k - 4, 0)
            clock.sleep(spent)
            return spent

    found = offline.run(Cached(clock), OneQuery(), Settings(seconds=3, batches=(1, 4, 16)), clock)
    rates = {row["batch"]: row["samples_per_s"] for row in found.sweep}
    assert rates == pytest.approx({1: 1 / 0.011, 4: 4 / 0.014, 16: 16 / 0.122})
    assert found.rate_per_s.value == pytest.approx(4 / 0.014)
    alone = offline.run(Cached(clock), NoBatch(), Settings(seconds=1, batches=(1, 4)), clock)
    assert [row["batch"] for row in alone.sweep] == [1]
    assert alone.notes == ["batch 1 alone: the graph has no axis along which queries can be joined"]


def test_offline_ends_where_the_graph_the_memory_or_the_patience_does(monkeypatch):
    clock = FakeClock()

    class Refuses(FixedEngine):
        def seconds(self, i, k=1):
            if k >= 16:
                raise Fault("model.onnx could not be run: not enough memory")
            return super().seconds(i, k)

    asked = Settings(seconds=1, batches=(1, 4, 16, 64), longest=100)
    found = offline.run(Refuses(clock, 0.01), OneQuery(), asked, clock)
    assert [row["batch"] for row in found.sweep] == [1, 4]
    assert found.notes == ["no batch of 16 and more: model.onnx could not be run: not enough memory"]
    slow = offline.run(FixedEngine(clock, 2.0), OneQuery(), asked, clock)
    assert slow.notes == ["no batch of 16 and more: a call would take over 25 s"]
    held = iter(range(0, 10**15, 10**12))
    monkeypatch.setattr(offline, "_held_bytes", lambda: next(held))
    large = offline.run(FixedEngine(clock, 0.01), OneQuery(), asked, clock)
    assert large.notes == ["no batch of more than 1: it would take over half of the memory that is free"]


def test_waiting_times_of_one_worker():
    """Service 3: due at 0 1 2 10, begun at 0 3 6 10, so 3, 5, 7 and 3 after they were due."""
    found, _ = waits([0, 1, 2, 10], 3.0)
    assert found == pytest.approx([3, 3, 5, 7], rel=WIDTH)


def test_waiting_times_of_two_workers():
    """Service 2: due at 0 0 0 1 9; begun at 0 0 2 2 9, so 2, 2, 4, 3 and 2."""
    found, _ = waits([0, 0, 0, 1, 9], 2.0, workers=2)
    assert found == pytest.approx([2, 2, 2, 3, 4], rel=WIDTH)


def test_a_stall_is_felt_by_all_who_wait():
    """One call of 10 s among ten of 0.1 s, one due every second: who only timed calls would see one slow one."""
    found, served = waits(range(10), 10.0, *[0.1] * 9)
    assert found == pytest.approx([10 - 0.9 * late for late in range(9, -1, -1)], rel=WIDTH)
    assert served.late.count == 1  # only the first found a free worker


def test_the_mean_wait_is_that_of_pollaczek_and_khinchine():
    """Half-busy worker of fixed service s: the mean wait is s / 2."""
    arrivals = server.poisson(np.random.default_rng(0), 0.5, 3000)
    _, served = waits(arrivals, 1.0)
    assert served.latency.total / 3000 == pytest.approx(1.5, rel=0.05)


def test_the_highest_rate_is_found():
    """Who waits for 100 calls is served at nearly the worker's rate; a queue that grows by 5 % is found out."""
    clock = FakeClock()
    asked = Settings(seconds=1, queries=459, longest=1e4, p99_ms=1000)
    found = server.run(FixedEngine(clock, 0.01), OneQuery(), asked, clock)
    assert 90 < found.rate_per_s.value < 106
    assert len(found.sweep) == 7
    assert found.valid is True
    none = server.run(FixedEngine(clock, 0.01), OneQuery(), Settings(seconds=1, longest=1e4, p99_ms=9), clock)
    assert (none.valid, none.rate_per_s.value) == (False, 0.0)
    assert none.reasons == ["not even at 1.56 queries a second does p99 stay under 9 ms"]


def test_arrivals_are_a_poisson_process():
    """Gaps of mean 1 / rate, as spread as they are long, and drawn anew across the seams of what is drawn at a time."""
    moments = np.array(list(server.poisson(np.random.default_rng(0), 50.0, 9000)))
    gaps = np.diff(moments)
    assert (len(moments), (gaps > 0).all()) == (9000, True)
    assert gaps.mean() == pytest.approx(0.02, rel=0.04)
    assert gaps.std() == pytest.approx(0.02, rel=0.04)
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 0.04


def test_a_bound_between_costs_rate():
    """Bound: three services. By Erlang's formula for M/D/1, 1 % wait longer than two at a load of 0.3195."""
    clock = FakeClock()
    asked = Settings(seconds=1, queries=8_000, longest=1e6, p99_ms=30)
    found = server.run(FixedEngine(clock, 0.01), OneQuery(), asked, clock)
    load = found.rate_per_s.value / 100
    assert 0.26 < load < 0.3195


def test_a_server_run_too_short_for_a_p99_says_so():
    clock = FakeClock()
    found = server.run(FixedEngine(clock, 1.0), OneQuery(), Settings(seconds=1, longest=10, p99_ms=5000), clock)
    assert found.valid is False
    assert found.reasons == ["10 s are too short for the 459 queries of a p99: raise --seconds"]


def test_one_workers_mistake_ends_the_work_of_all():
    class Breaks(FixedEngine):
        def seconds(self, i, k=1):
            if i == 3:
                raise Fault("model.onnx could not be run: out of memory")
            return super().seconds(i, k)

    clock = FakeClock(2)
    with pytest.raises(Fault, match="out of memory"):
        server.serve(Breaks(clock, 1.0), np.arange(1000.0), 2, 9.0, 1000, clock)
    assert clock.now() < 10


def test_the_real_clock_never_wakes_too_early():
    """How late it wakes depends on who else is here: python -m benchmarks.overhead measures that."""
    clock = Clock()
    for wait in (0.0, 1e-5, 5e-4, 2e-3):
        due = clock.now() + wait
        clock.sleep_until(due)
        assert clock.now() >= due


def test_percentiles_are_those_of_loadgen():
    """The same calls, timed by LoadGen and by us."""
    pytest.importorskip("mlperf_loadgen", reason="mlcommons-loadgen is not installed")

    class Slow:
        def seconds(self, i, k=1):
            began = time.perf_counter()
            time.sleep(0.002)
            return time.perf_counter() - began

    found = loadgen.run(Slow(), OneQuery(), Settings(seconds=0.3, queries=100, longest=20), Clock())
    (theirs,) = found.sweep
    assert found.queries >= 100
    for name, p in (("p50_ms", 0.5), ("p90_ms", 0.9)):
        ours = 1e3 * found.latency.quantile(p)
        assert ours == pytest.approx(theirs[name], rel=0.03, abs=0.15)  # its callback takes up to 0.1 ms
    ours = early_stopping(found.latency, 0.9)["estimate_ms"]
    assert ours == pytest.approx(theirs["early_stopping_ms"], rel=0.03, abs=0.15)


def test_loadgen_that_is_not_there_is_a_reason(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlperf_loadgen", None)
    with pytest.raises(Unsupported, match="pip install mlcommons-loadgen"):
        loadgen.run(None, OneQuery(), Settings(), Clock())
