"""Single stream: one caller, who sends the next query when the last is answered. What matters is its latency."""

from __future__ import annotations

from benchmarks.histogram import Histogram
from benchmarks.runtimes import Engine
from benchmarks.scenarios import Measured, Settings
from benchmarks.stats import Interval
from benchmarks.workload import Workload

NAME = "single_stream"


def run(engine: Engine, workload: Workload, settings: Settings, clock) -> Measured:
    """One block: at least `settings.seconds` and `settings.queries`."""
    latency = Histogram()
    ask, add, now = engine.seconds, latency.add, clock.now
    began = now()
    enough, latest, asked = began + settings.seconds, began + settings.longest, 0
    while (moment := now()) < enough or (asked < settings.queries and moment < latest):
        add(ask(asked))
        asked += 1
    rate = asked / latency.total
    return Measured(asked, now() - began, latency, Interval(rate, None, None))
