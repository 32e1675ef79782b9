"""How fast tiles are drawn, and against what: ratios within one run, other noise in every call.

    python -m benchmarks.tile_speed RUN_FOLDER [--repeats 20]

Both sides take turns, so a busy moment of a shared machine hits both. Medians; the interval of a ratio is a
bootstrap over turns. Writes benchmarks/results/speed/studies/tile_<data>.json and .md and prints the table.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.readme import SPEED_STUDIES
from benchmarks.rul_speed import row, seconds, take_turns
from benchmarks.runtimes.native import Native
from common.atomic import write_text
from common.bundle.session import Session
from common.cli import guard

STEPS = 8  # network evaluations per tile


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tile_speed", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--repeats", type=int, default=20)
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.run, given.repeats)))


def work(run: Path, repeats: int) -> None:
    facts = json.loads((run / "run.json").read_text())
    part = json.loads((run / "bundle" / "bundle.json").read_text())["creative"]
    model = (run / "bundle" / "model.onnx").read_bytes()
    one, two, native = Session(model), Session(model, threads=2), Native(run, facts["pilot"])

    def drawn(session: Session, size: int) -> Callable[[int], float]:
        def once(seed: int) -> float:
            given = request(part, size, seed)
            return seconds(lambda: session.run(given))

        return once

    sides = {
        "bundle_128": drawn(one, 128),
        "native_128": lambda seed: native.ask({"task": "tile", "size": 128, "steps": STEPS, "seed": seed}),
        "bundle_512": drawn(two, 512),
        "bundle_1024": drawn(two, 1024),
    }
    spent = take_turns(sides, repeats)
    result = {
        "run": {key: facts[key] for key in ("model", "version", "commit", "data", "machine")},
        "steps": STEPS,
        "repeats": repeats,
        "median_ms": {name: round(1e3 * float(np.median(s)), 2) for name, s in spent.items()},
        "least_ms": {name: round(1e3 * float(s.min()), 2) for name, s in spent.items()},
        "rows": [row(*line, spent) for line in LINES],
    }
    SPEED_STUDIES.mkdir(parents=True, exist_ok=True)
    name = f"tile_{re.sub('[^a-z0-9]+', '-', facts['data']['name'].lower())}"
    write_text(SPEED_STUDIES / f"{name}.json", json.dumps(result, indent=1) + "\n")
    table = "| what | measured | 95 % interval | wanted |\n| --- | --- | --- | --- |\n"
    for r in result["rows"]:
        table += f"| {r['what']} | {r['value']:.3g} {r['unit']} | {r['low']:.3g}–{r['high']:.3g} | {r['wanted']} |\n"
    title = f"# Speed of `{facts['model']}` on {facts['data']['name']}, {STEPS} evaluations\n\n"
    write_text(SPEED_STUDIES / f"{name}.md", title + table)
    print(table)


def request(part: dict, size: int, seed: int) -> dict[str, np.ndarray]:
    """Inputs of the graph for one square tile in the manner of the first picture."""
    noise = np.random.default_rng(seed).standard_normal((1, part["channels"], size, size), np.float32)
    return {
        "noise": noise,
        "state": noise,
        "grid": np.array(part["grids"][str(STEPS)], np.float32),
        "condition": np.eye(len(part["images"]), dtype=np.float32)[:1],
        "known": np.zeros((1, len(part["planes"]), size, size), np.float32),
        "mask": np.ones((1, 1, size, size), np.float32),
    }


LINES = [
    ("128 px tile, one thread", "ms", "≤ 60", lambda m: 1e3 * m["bundle_128"]),
    ("PyTorch ÷ bundle, 128 px tile, one thread", "×", "≥ 1.3", lambda m: m["native_128"] / m["bundle_128"]),
    ("512 px tile, two threads", "s", "≤ 1.0", lambda m: m["bundle_512"]),
    ("cost of 4 × the pixels (1024 to 512 px)", "×", "4", lambda m: m["bundle_1024"] / m["bundle_512"]),
]


if __name__ == "__main__":
    main()
