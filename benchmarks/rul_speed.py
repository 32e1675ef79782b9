"""How fast the remaining-life bundle is, and against what: ratios within one run, other readings in every call.

    python -m benchmarks.rul_speed RUN_FOLDER [--repeats 40]

Both sides take turns, so a busy moment of a shared machine hits both. Medians; the interval of a ratio is a
bootstrap over turns. Writes benchmarks/results/speed/studies/rul_<data>.json and prints the table.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx.utils import Extractor

from benchmarks.readme import MANUFACTURING, SPEED_STUDIES, put
from benchmarks.runtimes.native import Native
from common.atomic import write_text
from common.bundle.session import Session
from common.cli import guard

ROWS = 200  # of one machine


class Parts:
    """The bundle's graph whole, and its features, trees and net cut out of it."""

    def __init__(self, model: bytes):
        graph = onnx.shape_inference.infer_shapes(onnx.load_from_string(model))
        cut = Extractor(graph)
        names = {name for node in graph.graph.node for name in node.output}
        prefix = "model_gbdt_" if "model_gbdt_rul" in names else "model_"
        self.whole = Session(model)
        self.features = self._cut(cut, ["readings", "length", "judge"], ["features"])
        self.trees = self._cut(cut, ["features"], [f"{prefix}rul"])
        rest = [n for n in ("model_tcn_rul", "model_hazard_p_fail") if n in names]
        self.model = self._cut(cut, ["features"], [f"{prefix}rul", *rest])

    @staticmethod
    def _cut(cut: Extractor, inputs: list[str], outputs: list[str]) -> Session:
        return Session(cut.extract_model(inputs, outputs).SerializeToString())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rul_speed", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--repeats", type=int, default=40)
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.run, given.repeats)))


def work(run: Path, repeats: int) -> None:
    facts = json.loads((run / "run.json").read_text())
    parts, native = Parts((run / "bundle" / "model.onnx").read_bytes()), Native(run, facts["pilot"])
    with np.load(run / "evaluation.npz") as kept:
        readings, length = kept["readings"][:, 0], kept["length"][:, 0]
    rows = readings[np.arange(readings.shape[1]) < length[:, None]]

    def ask(machines: int, length: int, seed: int) -> dict[str, np.ndarray]:
        start = np.random.default_rng(seed).integers(0, len(rows), machines)
        readings = rows[(start[:, None] + np.arange(length)) % len(rows)]
        return {"readings": readings, "length": np.full(machines, length)}

    def asked(task: str, machines: int, length: int, seed: int) -> float:
        return native.ask({"task": task, "machines": machines, "rows": length, "seed": seed})

    threshold, judge = {"threshold": np.array(30, np.float32)}, {"judge": np.array(1, np.float32)}

    def timed(session: Session, machines: int, length: int) -> Callable[[int], float]:
        def once(seed: int) -> float:
            inputs = ask(machines, length, seed) | judge | (threshold if session is parts.whole else {})
            return seconds(lambda: session.run(inputs))

        return warm(once, machines)

    def on_features(session: Session, machines: int, length: int) -> Callable[[int], float]:
        def once(seed: int) -> float:
            made = {"features": parts.features.run(ask(machines, length, seed) | judge)["features"]}
            return seconds(lambda: session.run(made))

        return warm(once, machines)

    sides = {
        "features_one": timed(parts.features, 1, ROWS),
        "features_batch": timed(parts.features, 16, ROWS),
        "trees_one": on_features(parts.trees, 1, ROWS),
        "model_one": on_features(parts.model, 1, ROWS),
        "bundle_one": timed(parts.whole, 1, ROWS),
        "native_one": warm(lambda seed: asked("pipeline", 1, ROWS, seed), 8),
        "native_features_one": warm(lambda seed: asked("features", 1, ROWS, seed), 8),
        "trees_row": on_features(parts.trees, 1, 1),
        "native_trees_row": warm(lambda seed: asked("trees", 1, 1, seed), 1),
        "trees_10000": on_features(parts.trees, 50, ROWS),
        "native_trees_10000": lambda seed: asked("trees", 50, ROWS, seed),
        **{f"fleet_{n}": timed(parts.whole, 10 * n, ROWS) for n in (1, 4, 16)},
    }
    spent = take_turns(sides, repeats)
    result = {
        "run": {key: facts[key] for key in ("model", "version", "commit", "data", "machine")},
        "threads": 1,
        "repeats": repeats,
        "median_us": {name: round(1e6 * float(np.median(s)), 1) for name, s in spent.items()},
        "rows": [row(*line, spent) for line in lines(spent)],
    }
    SPEED_STUDIES.mkdir(parents=True, exist_ok=True)
    name = f"rul_{facts['data']['name'].lower()}"
    write_text(SPEED_STUDIES / f"{name}.json", json.dumps(result, indent=1) + "\n")
    table = "| what | measured | 95 % interval | wanted |\n| --- | --- | --- | --- |\n"
    for r in result["rows"]:
        table += f"| {r['what']} | {r['value']:.3g} {r['unit']} | {r['low']:.3g}–{r['high']:.3g} | {r['wanted']} |\n"
    title = f"# Speed of `{facts['model']}` on {facts['data']['name']}, one thread\n\n"
    write_text(SPEED_STUDIES / f"{name}.md", title + table)
    if facts["data"]["name"] == "sample":  # what a newcomer can repeat at once
        put("speed", table, MANUFACTURING)
    print(table)


def lines(spent: dict[str, np.ndarray]) -> list[tuple]:
    """What is shown: words, unit, wanted, and the figure from the median of each side."""
    return [
        ("features, 16 machines, per row", "µs", "≤ 1", lambda m: 1e6 * m["features_batch"] / (16 * ROWS)),
        ("features, one machine of 200 rows", "µs", "≤ 150", lambda m: 1e6 * m["features_one"]),
        ("bundle, one machine of 200 rows", "ms", "≤ 2", lambda m: 1e3 * m["bundle_one"]),
        (
            "bundle ÷ (features + trees and net)", "×", "≤ 1.10",
            lambda m: m["bundle_one"] / (m["features_one"] + m["model_one"]),
        ),
        ("plain Python ÷ bundle, one machine", "×", "≥ 20", lambda m: m["native_one"] / m["bundle_one"]),
        ("pandas ÷ feature graph, one machine", "×", "–", lambda m: m["native_features_one"] / m["features_one"]),
        ("scikit-learn ÷ trees, 1 row", "×", "≥ 20", lambda m: m["native_trees_row"] / m["trees_row"]),
        ("scikit-learn ÷ trees, 10,000 rows", "×", "≥ 1", lambda m: m["native_trees_10000"] / m["trees_10000"]),
        ("cost of 4 × the fleet", "×", "4", lambda m: m["fleet_4"] / m["fleet_1"]),
        ("cost of 16 × the fleet", "×", "16", lambda m: m["fleet_16"] / m["fleet_1"]),
    ]  # fmt: skip


def row(what: str, unit: str, wanted: str, figure: Callable, spent: dict[str, np.ndarray]) -> dict:
    """The figure and its bootstrap interval over turns."""
    turns = len(next(iter(spent.values())))
    random = np.random.default_rng(0)
    draws = [
        figure({n: np.median(s[pick]) for n, s in spent.items()}) for pick in random.integers(0, turns, (500, turns))
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    value = figure({name: np.median(s) for name, s in spent.items()})
    return {"what": what, "unit": unit, "wanted": wanted, "value": float(value), "low": float(low), "high": float(high)}


def take_turns(sides: dict[str, Callable[[int], float]], repeats: int) -> dict[str, np.ndarray]:
    """Seconds of every side in every turn; the order is drawn anew each turn, the first turn is warm-up."""
    random = np.random.default_rng(0)
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeats + 1):
        for name in random.permutation(list(sides)):
            spent[name].append(sides[name](1000 * turn))
    return {name: np.array(s[1:]) for name, s in spent.items()}


def warm(once: Callable[[int], float], machines: int) -> Callable[[int], float]:
    """Median of a few calls in a row on other readings each, as in service; large calls warm themselves."""
    calls = max(1, 16 // machines)
    return lambda seed: float(np.median([once(seed + call) for call in range(calls)]))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
