"""Multi stream: several queries at once, as from several cameras; the next ones when all are answered."""

from __future__ import annotations

from benchmarks.histogram import Histogram
from benchmarks.runtimes import Engine
from benchmarks.scenarios import Measured, Settings
from benchmarks.stats import Interval
from benchmarks.workload import Workload

NAME = "multi_stream"


def run(engine: Engine, workload: Workload, settings: Settings, clock) -> Measured:
    """One block; a latency is that of all `settings.streams` queries, in one call where the graph takes a batch."""
    together, latency = settings.streams, Histogram()
    began = clock.now()
    enough, latest, asked = began + settings.seconds, began + settings.longest, 0
    while (moment := clock.now()) < enough or (asked < settings.queries and moment < latest):
        if workload.axis is None:
            latency.add(sum(engine.seconds(asked * together + each) for each in range(together)))
        else:
            latency.add(engine.seconds(asked * together % len(workload.queries), together))
        asked += 1
    rate = asked * together / latency.total
    notes = [] if workload.axis else ["one call for each query: the graph takes no batch"]
    return Measured(asked, clock.now() - began, latency, Interval(rate, None, None), notes=notes)
