"""How queries come. One module each, with NAME and `run(engine, workload, settings, clock)`; LoadGen-style.

single_stream  the next query when the last is answered
multi_stream   eight at once, the next eight when all are answered
offline        everything is there at the start; how many samples a second, for each batch size
server         queries come at random moments and wait in a queue; the highest rate whose p99 stays under a bound
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from benchmarks.histogram import Histogram
from benchmarks.stats import Interval

SCENARIOS = {
    name: f"benchmarks.scenarios.{name}" for name in ("single_stream", "multi_stream", "offline", "server", "loadgen")
}


@dataclass(frozen=True)
class Settings:
    """What a block of one scenario must be.

    seconds  least duration of a block; queries: least number of them, with `longest` seconds as the end of all patience
    p99_ms   bound of the server scenario, ms
    batches  sizes the offline scenario tries, smallest first
    """

    seconds: float = 2.0
    queries: int = 64
    longest: float = 60.0
    p99_ms: float | None = None
    seed: int = 0
    batches: tuple[int, ...] = (1, 4, 16, 64, 256, 1024)
    streams: int = 8


@dataclass
class Measured:
    """What a block found. `reasons` say why it is not valid, `notes` what else one should know.

    noise, energy  of the block, put beside it by who let it run
    """

    queries: int
    seconds: float
    latency: Histogram | None
    rate_per_s: Interval
    sweep: list[dict[str, Any]] = field(default_factory=list)
    valid: bool = True
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    noise: dict[str, Any] | None = None
    energy: dict[str, Any] | None = None
