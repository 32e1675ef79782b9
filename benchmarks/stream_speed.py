"""How long a new row waits for its advice, and that no row makes the next one dearer.

    python -m benchmarks.stream_speed RUN_FOLDER [--calls 300]

The step bundle of a run is called as pilot-predict calls it, checks included, one thread, other readings in every
call. Writes benchmarks/results/speed/studies/stream_<data>.json and .md, and the README's table for the sample.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.readme import MANUFACTURING, SPEED_STUDIES, put
from common.atomic import write_text
from common.bundle.open import Bundle, open_bundle
from common.cli import guard

AT_ONCE = 1024  # machines of one call, as in use/advance.py
FLEETS = {1: 1.0, 100: 1.0, 10_000: 0.1}  # machines: share of the calls
WARM = 70  # rows before the clock starts: every window is full
LONG = 10_000  # rows of one machine; its cost is looked at after 1, 4 and 16 parts of them


class Fleet:
    """Machines that go on from row to row; `rows` are readings of real shape, drawn anew for every call."""

    def __init__(self, bundle: Bundle, rows: np.ndarray, machines: int):
        self.bundle, self.rows, self.random = bundle, rows, np.random.default_rng(0)
        self.state = {
            memory["name"]: np.zeros((machines, *memory["shape"][1:]), memory["dtype"])
            for memory in bundle.manifest["state"]
        }
        self.machines = machines

    def call(self) -> float:
        """Seconds from the newest row of every machine to its advice and its next state."""
        readings = self.rows[self.random.integers(0, len(self.rows), self.machines)]
        began = time.perf_counter()
        for start in range(0, self.machines, AT_ONCE):
            part = slice(start, start + AT_ONCE)
            now = {name: x_M[part] for name, x_M in self.state.items()}
            out = self.bundle.run(readings=readings[part], **now)
            for name, x_M in self.state.items():
                x_M[part] = out[f"{name}_next"]
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream_speed", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--calls", type=int, default=300)
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.run, given.calls)))


def work(run: Path, calls: int) -> None:
    facts = json.loads((run / "run.json").read_text())
    step, batch = open_bundle(run / "bundle-step"), open_bundle(run / "bundle")
    with np.load(run / "evaluation.npz") as kept:
        readings, length = kept["readings"][:, 0], kept["length"][:, 0]
    rows = readings[np.arange(readings.shape[1]) < length[:, None]]
    found = {"state_bytes": step.manifest["state_bytes"], "state": step.manifest["state"]}
    found["waits"] = [waits(step, rows, n, max(20, round(share * calls))) for n, share in FLEETS.items()]
    found["long"] = one_long_log(step, rows)
    found["batch"] = against_batch(step, batch, rows, int(np.median(length)), calls)
    result = {
        "run": {key: facts[key] for key in ("model", "version", "commit", "data", "machine")},
        "threads": 1,
        "calls": calls,
        **found,
    }
    SPEED_STUDIES.mkdir(parents=True, exist_ok=True)
    name = f"stream_{facts['data']['name'].lower()}"
    write_text(SPEED_STUDIES / f"{name}.json", json.dumps(result, indent=1) + "\n")
    text = table(result)
    title = f"# One row at a time: `{facts['model']}` on {facts['data']['name']}, one thread\n\n"
    write_text(SPEED_STUDIES / f"{name}.md", title + text)
    if facts["data"]["name"] == "sample":  # what a newcomer can repeat at once
        put("stream-speed", text, MANUFACTURING)
    print(text)


def waits(step: Bundle, rows: np.ndarray, machines: int, calls: int) -> dict:
    """Median and 99th percentile of a call with one new row of every machine, ms."""
    fleet = Fleet(step, rows, machines)
    for _ in range(WARM):
        fleet.call()
    spent = np.array([fleet.call() for _ in range(calls)])
    p50, p99 = 1e3 * np.percentile(spent, [50, 99])
    return {"machines": machines, "calls": calls, "p50_ms": float(p50), "p99_ms": float(p99)}


def one_long_log(step: Bundle, rows: np.ndarray) -> list[dict]:
    """Median of the last calls after 1, 4 and 16 parts of LONG rows, and the memory held by then."""
    fleet, found, spent = Fleet(step, rows, 1), [], []
    for row in range(1, LONG + 1):
        spent.append(fleet.call())
        if row * 16 // LONG in (1, 4, 16) and (row * 16) % LONG == 0:
            state = sum(x_M.nbytes for x_M in fleet.state.values())
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            median = 1e3 * float(np.median(spent[-300:]))
            found.append({"rows": row, "p50_ms": median, "state_bytes": state, "peak_memory_mb": peak})
    return found


def against_batch(step: Bundle, batch: Bundle, rows: np.ndarray, length: int, calls: int) -> dict:
    """The batch bundle on one machine's whole log against the step on its newest row, in turns."""
    fleet, random = Fleet(step, rows, 1), np.random.default_rng(1)
    for _ in range(WARM):
        fleet.call()

    def whole() -> float:
        at = (random.integers(0, len(rows)) + np.arange(length)) % len(rows)
        return seconds(lambda: batch.run(readings=rows[at][None], length=np.array([length])))

    spent = np.array([(whole(), fleet.call()) for _ in range(calls)])
    ratio = spent[:, 0] / spent[:, 1]
    low, high = np.percentile(
        [np.median(ratio[pick]) for pick in np.random.default_rng(0).integers(0, calls, (500, calls))], [2.5, 97.5]
    )
    medians = 1e3 * np.median(spent, axis=0)
    return {
        "rows": length,
        "batch_ms": float(medians[0]),
        "step_ms": float(medians[1]),
        "ratio": float(np.median(ratio)),
        "low": float(low),
        "high": float(high),
    }


def table(result: dict) -> str:
    """What the README shows."""
    lines = ["| one new row of | p50 | p99 | per machine |", "| --- | --- | --- | --- |"]
    for w in result["waits"]:
        of = "1 machine" if w["machines"] == 1 else f"{w['machines']:,} machines"
        each = 1e3 * w["p50_ms"] / w["machines"]
        lines.append(f"| {of} | {milliseconds(w['p50_ms'])} | {milliseconds(w['p99_ms'])} | {each:.3g} µs |")
    first, *_, last = result["long"]
    steps = ", ".join(f"{part['p50_ms']:.3g} ms after {part['rows']:,}" for part in result["long"])
    b = result["batch"]
    return (
        "\n".join(lines)
        + f"\n\nA machine's state is {result['state_bytes']:,} bytes, after one row as after {last['rows']:,}. A row "
        f"costs {steps} rows of one log; memory grew by {last['peak_memory_mb'] - first['peak_memory_mb']:.1f} MB "
        f"meanwhile. The batch bundle on the whole log of {b['rows']} rows takes {b['ratio']:.1f} times as long as the "
        f"step on its newest row ({b['low']:.1f}–{b['high']:.1f}).\n"
    )


def milliseconds(spent: float) -> str:
    """Three figures, or whole milliseconds."""
    return f"{spent:.3g} ms" if spent < 1000 else f"{spent:,.0f} ms"


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
