"""Server: queries come at random moments, whether or not the last ones are answered.

Arrivals are a Poisson process; a latency runs from the moment a query was due to come, not from when somebody found
time for it, so a stall is felt by everybody who waited meanwhile (no coordinated omission: Tene 2013). As many workers
as the engine allows take queries in the order of their coming. The highest rate is found by bisection: a rate passes if
so few of its latencies are over the bound that its p99 keeps it with 99 % confidence (LoadGen's early stopping).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from benchmarks.histogram import Histogram
from benchmarks.runtimes import Engine
from benchmarks.scenarios import Measured, Settings
from benchmarks.stats import Interval, allowed_over, min_queries
from benchmarks.workload import Workload

NAME = "server"
PERCENTILE = 0.99
STEPS = 7  # of the bisection between nothing and twice what the workers seem to manage: 1/64 of that is the precision
WARM = 20  # calls at most that tell how long one takes
STEADY = 20  # times the bound a rate must be kept up: a queue that grows by 5 % of the time is then over the bound
BRISK = 100_000  # calls a second; Python hands out about twice as many to one worker, fewer to several
TOGETHER = 4096  # arrivals drawn at a time
LEAD = 0.01  # s for the workers to be awake before the first query is due
SWITCH = 20e-6  # s; a worker whose call has ended must not wait Python's usual 5 ms for one that watches the clock


@dataclass
class Served:
    """One rate, tried. `late` says how long after its moment a query was taken by a worker who was free."""

    latency: Histogram = field(default_factory=Histogram)
    late: Histogram = field(default_factory=Histogram)
    over: int = 0
    seconds: float = 0.0


def run(engine: Engine, workload: Workload, settings: Settings, clock) -> Measured:
    """One block: the whole bisection, with other random arrivals for every rate."""
    if settings.p99_ms is None:
        raise ValueError("the server scenario needs a bound")
    random, bound, began = np.random.default_rng(settings.seed), settings.p99_ms / 1e3, clock.now()
    workers = engine.facts.get("workers", 1)
    capacity = workers / _service(engine, settings, clock)
    low, high, best = 0.0, 2.0, None
    sweep, queries, reasons, notes = [], 0, [], []
    if capacity > BRISK:
        notes.append(f"calls are so short that at over {BRISK:,} a second Python, not the model, is the limit")
    if settings.longest < STEADY * bound:
        notes.append(f"a rate was kept up for {settings.longest:.3g} s only, so a slowly growing queue may have passed")
    for _ in range(STEPS):
        rate = (low + high) / 2 * capacity
        n = max(min_queries(PERCENTILE), settings.queries, ceil(rate * max(settings.seconds, STEADY * bound)))
        n = min(n, max(1, int(rate * settings.longest)))
        if n < min_queries(PERCENTILE):
            least = min_queries(PERCENTILE)
            reasons.append(f"{settings.longest:.3g} s are too short for the {least} queries of a p99: raise --seconds")
            break
        served = serve(engine, poisson(random, rate, n), workers, bound, allowed_over(n, PERCENTILE), clock)
        passed = served.latency.count == n and served.over <= allowed_over(n, PERCENTILE)
        low, high = ((low + high) / 2, high) if passed else (low, (low + high) / 2)
        best = (rate, served) if passed else best
        queries += served.latency.count
        sweep.append(_row(rate, served, passed))
    if best is None and not reasons:
        reasons.append(f"not even at {rate:.3g} queries a second does p99 stay under {settings.p99_ms:g} ms")
    found = Interval(best[0] if best and not reasons else 0.0, None, None)
    latency = best[1].latency if best else None
    return Measured(queries, clock.now() - began, latency, found, sweep, not reasons, reasons, notes)


def poisson(random: np.random.Generator, rate: float, n: int) -> Iterator[float]:
    """Moments of `n` arrivals, seconds from the start; a few at a time, so that millions need no memory."""
    moment = 0.0
    for first in range(0, n, TOGETHER):
        for gap in random.exponential(1 / rate, min(TOGETHER, n - first)):
            moment += gap
            yield moment


def _service(engine: Engine, settings: Settings, clock) -> float:
    """Seconds a call takes when nobody waits, the mean of a few."""
    until, spent = clock.now() + settings.seconds, [engine.seconds(0)]
    while len(spent) < WARM and clock.now() < until:
        spent.append(engine.seconds(len(spent)))
    return sum(spent) / len(spent)


def serve(engine: Engine, arrivals: Iterable[float], workers: int, bound: float, most_over: int, clock) -> Served:
    """Answer queries that are due at `arrivals`, seconds from now; given up once more than `most_over` are too late.

    Whoever becomes free takes the next query in line and waits for its moment if that is still to come: the same
    queue as one that hands queries out on arrival, with nobody between a query and its worker.
    """
    began, line, lock, over = clock.now() + LEAD, enumerate(arrivals), threading.Lock(), threading.Event()
    served = Served()

    def work() -> tuple[Histogram, Histogram]:
        latency, late = Histogram(), Histogram()
        try:
            while not over.is_set():
                with lock:
                    number, moment = next(line, (None, 0.0))
                if number is None:
                    break
                due = began + moment
                if clock.now() < due:
                    clock.sleep_until(due)
                    late.add(clock.now() - due)
                engine.seconds(number)
                waited = clock.now() - due
                latency.add(waited)
                if waited > bound:
                    with lock:
                        served.over += 1
                        if served.over > most_over:
                            over.set()
        except BaseException:
            over.set()  # one worker's mistake ends the work of all
            raise
        finally:
            clock.leave()
        return latency, late

    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        with ThreadPoolExecutor(workers) as pool:
            tasks = [pool.submit(work) for _ in range(workers)]
            try:
                parts = [task.result() for task in tasks]
            finally:
                over.set()  # a person who stops the program does not wait for the queries that are left
    finally:
        sys.setswitchinterval(usual)
    served.seconds = clock.now() - began
    for latency, late in parts:
        served.latency.merge(latency)
        served.late.merge(late)
    return served


def _row(rate: float, served: Served, passed: bool) -> dict:
    late = served.late.quantile(PERCENTILE) if served.late.count else None
    return {
        "rate": rate,
        "p99_ms": 1e3 * served.latency.quantile(PERCENTILE),
        "achieved": served.latency.count / served.seconds,
        "passed": passed,
        "queries": served.latency.count,
        "over": served.over,
        "late_p99_us": None if late is None else 1e6 * late,
    }
