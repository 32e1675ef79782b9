"""Turn by turn: every contestant has a block in every round, in an order drawn anew, so that what disturbs a shared
machine disturbs them all. From the blocks come a measurement for each and a comparison for each pair."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.arms import Arm
from benchmarks.histogram import Histogram
from benchmarks.runtimes import Unsupported
from benchmarks.scenarios import Measured, Settings
from benchmarks.stats import (
    Interval,
    early_stopping,
    faster,
    hull,
    min_queries,
    over_rounds,
    paired_ratio,
    quantile_interval,
)
from benchmarks.workload import Workload
from common.fault import Fault

SHOWN = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
JUDGED = {
    "single_stream": 0.9,
    "loadgen": 0.9,
    "multi_stream": 0.99,
}  # the percentile whose early stopping decides, as in LoadGen
SPREAD = 1.25  # slowest round over fastest; within one quiet run blocks stay within 1.05

Block = Callable[[], Measured]
Blocks = list[Measured]


def play(
    arms: Sequence[Arm],
    workload: Workload,
    scenario: ModuleType,
    settings: Settings,
    rounds: int,
    clock,
    observe: Callable[[Arm, Block], Measured] = lambda arm, block: block(),
    until: float = float("inf"),
) -> list[Blocks | str]:
    """`rounds` blocks of each arm, in the order of `arms`; a sentence for one that gave up.

    observe  lets a block run and may note more about it
    until    no further round begins after it, seconds of the clock; but there is always one
    """
    random = np.random.default_rng(settings.seed)
    blocks: list[Blocks] = [[] for _ in arms]
    gone: dict[int, str] = {}
    for number in range(-1, rounds):  # the first is one call each, to warm up
        if number > 0 and clock.now() > until:
            break
        now = replace(settings, seed=settings.seed * 1000 + max(number, 0))  # the same arrivals for every arm
        for at in random.permutation(len(arms)) if number >= 0 else range(len(arms)):
            engine = arms[at].engine
            try:
                if number < 0:
                    engine.seconds(0)
                elif at not in gone:
                    blocks[at].append(observe(arms[at], partial(scenario.run, engine, workload, now, clock)))
            except (Unsupported, Fault, MemoryError) as reason:
                gone[at] = str(reason) or "not enough memory"
    return [gone.get(at, of_arm) for at, of_arm in enumerate(blocks)]


def figure(block: Measured, scenario: str) -> float:
    """The one time by which a block is compared, seconds: the median latency, or what one sample takes."""
    if scenario in JUDGED and block.latency:
        return block.latency.quantile(0.5)
    return 1 / block.rate_per_s.value if block.rate_per_s.value else float("nan")


def measurement(blocks: Blocks, scenario: str) -> dict[str, Any]:
    """What the blocks of one arm say together, and whether it may be believed."""
    noisy = [block.noise["why"] for block in blocks if block.noise and block.noise["noisy"]]
    reasons = list(dict.fromkeys(reason for block in blocks for reason in block.reasons))
    wrong = not all(block.valid for block in blocks) or bool(noisy)
    if noisy:
        reasons.append(f"{len(noisy)} of {len(blocks)} blocks were noisy: {max(noisy, key=len)[0]}")
    times = np.array([figure(block, scenario) for block in blocks])
    pooled = _pool(blocks)
    stopping = early_stopping(pooled, JUDGED[scenario]) if scenario in JUDGED and pooled else _kept(blocks)
    if stopping and not stopping["satisfied"]:
        wrong = True
        share = f"{100 * stopping['percentile']:.0f}"
        reasons.append(f"{stopping['queries']} queries are too few for a p{share}, which takes {stopping['needed']}")
    if np.isfinite(times).all() and times.max() > SPREAD * times.min():
        wrong = True
        reasons.append(
            f"its slowest round took {times.max() / times.min():.2f} times as long as its fastest; "
            f"more than {SPREAD} is no quiet machine"
        )
    if len(blocks) < 2:
        wrong = True
        reasons.append("one round cannot tell how much rounds differ")
    rates = [block.rate_per_s.value for block in blocks if block.rate_per_s.value]
    return {
        "rounds": len(blocks),
        "queries": sum(block.queries for block in blocks),
        "seconds": sum(block.seconds for block in blocks),
        "latency_ms": _latency(blocks, pooled) if pooled else None,
        "rate_per_s": over_rounds(rates).as_json() if rates else None,
        "sweep": _sweep(blocks),
        "early_stopping": stopping,
        "noisy_blocks": len(noisy),
        "energy": _energy(blocks),
        "verdict": "INVALID" if wrong else "VALID",
        "reasons": reasons,
        "notes": list(dict.fromkeys(note for block in blocks for note in block.notes)),
    }


def comparisons(arms: Sequence[Arm], blocks: Sequence[Blocks], scenario: str) -> list[dict[str, Any]]:
    """Every pair: the time of b in units of a's, round by round. One is faster only if the interval excludes 1."""
    found = []
    for a, b in itertools.combinations(range(len(arms)), 2):
        times = [[figure(block, scenario) for block in blocks[at]] for at in (a, b)]
        if not np.isfinite(times).all():
            continue
        ratio = paired_ratio(*times)
        sides = {"scenario": scenario, "a": arms[a].key, "b": arms[b].key}
        found.append({**sides, "ratio": ratio.value, "low": ratio.low, "high": ratio.high, "faster": faster(ratio)})
    return found


def _kept(blocks: Blocks) -> dict[str, Any] | None:
    """Server: the found rate with the fewest queries, and how many its p99 takes with so many over the bound."""
    best = [max((row for row in b.sweep if row.get("passed")), key=lambda r: r["rate"], default=None) for b in blocks]
    if not best or None in best:
        return None
    few = min(best, key=lambda row: row["queries"])
    needed = min_queries(0.99, few["over"])
    counts = {"queries": few["queries"], "over": few["over"], "satisfied": few["queries"] >= needed}
    return {"percentile": 0.99, "needed": needed, **counts}


def _pool(blocks: Blocks) -> Histogram | None:
    latencies = [block.latency for block in blocks if block.latency is not None and block.latency.count]
    if not latencies:
        return None
    pooled = Histogram()
    for latency in latencies:
        pooled.merge(latency)
    return pooled


def _energy(blocks: Blocks) -> dict[str, Any]:
    """Of all blocks, and of one query; or why it was not measured."""
    found = [block.energy for block in blocks if block.energy]
    missing = next((energy for energy in found if energy["joules"] is None), None)
    if missing or not found:
        return missing or {"joules": None, "why": "not measured"}
    joules, queries = sum(energy["joules"] for energy in found), sum(block.queries for block in blocks)
    return {**found[0], "joules": round(joules, 3), "joules_per_query": joules / queries if queries else None}


def _latency(blocks: Blocks, pooled: Histogram) -> dict[str, dict[str, float | None]]:
    """Percentiles of all latencies; the limits are the wider of order statistics and of the spread over rounds."""
    found = {}
    for name, p in SHOWN.items():
        by_round = over_rounds([block.latency.quantile(p) for block in blocks if block.latency and block.latency.count])
        inner = quantile_interval(pooled, p)
        # The upper limit of order statistics is missing where the queries are too few: no round can replace it.
        wide = hull(inner, by_round)
        wide = Interval(wide.value, wide.low if inner.low else None, wide.high if inner.high else None)
        found[name] = wide.as_json(1e3)
    return found


def _sweep(blocks: Blocks) -> list[dict[str, Any]]:
    """Offline: each batch over the rounds. Server: every rate that was tried."""
    rows = [row for block in blocks for row in block.sweep]
    if not rows or "batch" not in rows[0]:
        return sorted(rows, key=lambda row: row["rate"]) if rows else []
    found = []
    for batch in sorted({row["batch"] for row in rows}):
        rate = over_rounds([row["samples_per_s"] for row in rows if row["batch"] == batch])
        found.append({"batch": batch, "samples_per_s": rate.value, "low": rate.low, "high": rate.high})
    return found
