"""What the harness itself costs per query, and how late its queries come.

    python -m benchmarks.overhead [--rounds 20]

A null engine answers without doing anything: what is left is the scenario. A null model (one Identity on one number)
is called by a bare loop and by the harness, in turns: what the harness adds. Writes
benchmarks/results/speed/studies/overhead.json and .md, and the table of benchmarks/README.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx.parser

from benchmarks.clock import Clock
from benchmarks.probes import machine
from benchmarks.readme import SPEED_STUDIES, put
from benchmarks.runtimes.ort_cpu import OrtCpu
from benchmarks.scenarios import Settings, multi_stream, server, single_stream
from benchmarks.stats import largest_rank
from benchmarks.units import Parser, count
from common.atomic import write_text
from common.bundle.session import SESSION_OPTIONS
from common.cli import guard
from common.facts import to_json
from common.machine import cores

NULL_MODEL = """<ir_version: 10, opset_import: ["" : 21]>
null (float[1] x) => (float[1] y) { y = Identity(x) }"""
WANTED_US = 3.0
QUERIES = 20_000  # of one block
RATE = 500  # queries a second in the server scenario: 2 ms apart, so that nearly every one finds a free worker


class NullEngine:
    """Answers at once, and says that it took a microsecond."""

    name = "null"

    def __init__(self, workers: int = 1):
        self.facts = {"workers": workers, "threads": 1}

    def seconds(self, i: int, k: int = 1) -> float:
        return 1e-6

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class NullWorkload:
    """One number, asked for ever."""

    queries: list = field(default_factory=lambda: [{"x": np.zeros(1, np.float32)}])
    axis: str | None = None
    label: str = "null"
    session_options: dict = field(default_factory=lambda: dict(SESSION_OPTIONS))

    def batch(self, k: int, i: int = 0) -> dict[str, np.ndarray]:
        return self.queries[0]


def main() -> None:
    parser = Parser(prog="python -m benchmarks.overhead", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=count, default=20)
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.rounds)))


def work(turns: int) -> None:
    found = {
        "machine": machine.facts(),
        "rounds": turns,
        "queries_per_round": QUERIES,
        "wanted_us": WANTED_US,
        "rows": rows(turns),
    }
    SPEED_STUDIES.mkdir(parents=True, exist_ok=True)
    write_text(SPEED_STUDIES / "overhead.json", to_json(found))
    text = "| what | measured | 95 % interval over rounds | wanted |\n| --- | --: | --: | --: |\n"
    for row in found["rows"]:
        span = "–" if row["low"] is None else f"{row['low']:.2f} to {row['high']:.2f}"
        text += f"| {row['what']} | {row['us']:.2f} µs | {span} | {row['wanted']} |\n"
    load = found["machine"]["load"]
    busy = f"; load {load[0]:.1f} on {cores()} cores when it began, lateness grows with it" if load else ""
    note = f"Medians over {turns} rounds of {QUERIES:,} queries, {found['machine']['cpu']}, one thread{busy}.\n"
    put("overhead", text + "\n" + note, Path(__file__).parent / "README.md")
    write_text(SPEED_STUDIES / "overhead.md", "# What pilot-bench itself costs, per query\n\n" + text + "\n" + note)
    print(text)


def rows(turns: int) -> list[dict[str, Any]]:
    """Every figure, microseconds per query."""
    spent: dict[str, list[float]] = {}
    engine = OrtCpu(NullWorkload(), onnx.parser.parse_model(NULL_MODEL).SerializeToString(), 1)
    for _ in range(turns):
        for name, us in _turn(engine).items():
            spent.setdefault(name, []).append(us)
    wanted = f"≤ {WANTED_US:g} µs"
    return [
        _row("single stream, null engine: a query", spent["single"], wanted),
        _row("multi stream of 8, null engine: a query", spent["multi"], wanted),
        _row("null model: a call by a bare loop", spent["bare"], ""),
        _row("null model: the same call's latency as pilot-bench reports it", spent["reported"], ""),
        _row("null model: what pilot-bench adds to the latency it reports", spent["added"], wanted),
        _row("null model: what pilot-bench adds to a query, all together", spent["loop"], wanted),
        _row(f"server, {RATE} a second: median lateness of a query that finds a free worker", spent["late"], ""),
        _row("the same, p99", spent["late_p99"], ""),
    ]


def _turn(engine: OrtCpu) -> dict[str, float]:
    clock, one, settings = Clock(), NullWorkload(), Settings(seconds=0, queries=QUERIES)
    single, multi = (
        _worked(lambda s=s: s.run(NullEngine(), one, settings, clock)) for s in (single_stream, multi_stream)
    )
    bare, bare_call = _worked(lambda: _bare(engine))
    whole, block = _worked(lambda: single_stream.run(engine, one, settings, clock))
    arrivals = np.arange(1, 101) / RATE
    served = server.serve(NullEngine(cores()), arrivals, cores(), 1.0, 100, clock)
    reported = block.latency.quantile(0.5)
    return {name: 1e6 * seconds for name, seconds in {
        "single": single[0] / QUERIES,
        "multi": multi[0] / QUERIES / settings.streams,
        "bare": bare_call,
        "reported": reported,
        "added": reported - bare_call,
        "loop": (whole - bare) / QUERIES,
        "late": served.late.quantile(0.5),
        "late_p99": served.late.quantile(0.99),
    }.items()}  # fmt: skip


def _worked(what: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of this thread, seconds (what others do here is not the harness's), and the result."""
    began = time.thread_time()
    made = what()
    return time.thread_time() - began, made


def _bare(engine: OrtCpu) -> float:
    """Median time of a call of ONNX Runtime, taken by the shortest loop that can; seconds."""
    run, names = engine._session._ort.run, engine._session._names
    feed, now = {"x": np.zeros(1, np.float32)}, time.perf_counter
    spent = np.empty(QUERIES)
    for i in range(QUERIES):
        began = now()
        run(names, feed)
        spent[i] = now() - began
    return float(np.median(spent))


def _row(what: str, us: list[float], wanted: str) -> dict[str, Any]:
    """Median over rounds, its limits by order statistics: a round that others disturbed is one round."""
    values = sorted(us)
    rank = largest_rank(len(values), 0.5, 0.025)
    low, high = (values[rank - 1], values[-rank]) if rank else (None, None)
    return {"what": what, "us": float(np.median(values)), "low": low, "high": high, "wanted": wanted}


if __name__ == "__main__":
    main()
