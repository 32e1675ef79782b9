"""How good are few evaluations of the network? Every grid of a bundle against the held-out parts it was judged by.

    python -m pilots.creative.experiments.steps.study RUN_FOLDER [RUN_FOLDER …]

Draws the tiles that the run's own judgement drew, with 4, 8 and 16 evaluations; writes the table of README.md. The
grids were chosen on left parts alone; nothing is chosen here.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from benchmarks.readme import put
from common.atomic import write_text
from common.bundle.open import open_bundle
from common.bundle.session import Session
from common.config import build
from pilots.creative.drawn import Drawn, plan
from pilots.creative.evaluate import figures, floor
from pilots.creative.metrics.reference import Reference

HERE = Path(__file__).parent
KEYS = ("swd", "spectrum_error")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN_FOLDER")
    found = [measured(run) for run in parser.parse_args().runs]
    write_text(HERE / "results.json", json.dumps(found, indent=1) + "\n")
    put("steps", table(found), HERE / "README.md")


def measured(run: Path) -> dict[str, Any]:
    """By class and number of evaluations: means over the tiles, and the floors."""
    facts, cfg = json.loads((run / "run.json").read_text(encoding="utf-8")), OmegaConf.load(run / "config.yaml")
    seen, part = build(cfg.data).read(), open_bundle(run / "bundle").manifest["creative"]
    drawn = Drawn(Session((run / "bundle" / "model.onnx").read_bytes()), part)
    seed, classes = facts["seeds"][0], {}
    for group, images in plan(seen, facts["tiles"]).items():
        sources = [Reference(seen.images[i], 128, (seed, i, j)) for j, i in enumerate(images)]
        lowest = {key: float(values.mean()) for key, values in floor(sources).items()}
        by_steps = {}
        for steps in sorted(map(int, part["grids"])):
            tiles = np.concatenate([drawn.tiles(i, [10_000 * seed + j], 128, steps) for j, i in enumerate(images)])
            judged = figures(tiles, sources, images)
            by_steps[str(steps)] = {key: float(judged[key].mean()) for key in KEYS}
        classes[group] = {**lowest, "by_steps": by_steps}
    kept = {key: facts[key] for key in ("version", "commit", "seeds", "tiles", "data")}
    return {**kept, "classes": classes}


def table(found: list[dict[str, Any]]) -> str:
    """A row per set and class: each figure over its floor."""
    counts = sorted({int(s) for one in found for m in one["classes"].values() for s in m["by_steps"]})
    heads = [f"{what}, {count}" for what in ("SWD", "spectrum") for count in counts]
    lines = [f"| set | class | {' | '.join(heads)} |", f"| --- | --- | {' | '.join('---' for _ in heads)} |"]
    for one in found:
        for group, m in one["classes"].items():
            floors = {"swd": m["swd_floor"], "spectrum_error": m["spectrum_floor"]}
            cells = [f"{m['by_steps'][str(n)][key] / floors[key]:.2f}" for key in KEYS for n in counts]
            lines.append(f"| {one['data']['name']} | {group} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
