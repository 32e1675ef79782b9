"""Real materials by category, learned with the default settings: where the model beats its baselines, and where not.

    python -m pilots.creative.experiments.materials.study FOLDER_OF_AMBIENTCG_THUMBS

Runs the pilot's own command once and writes benchmarks/results/accuracy/materials.{json,md}.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.readme import ACCURACY as RESULTS
from common.atomic import write_text
from common.cli import guard
from common.fault import Fault

CATEGORIES, EACH, SEED = 18, 17, 0
CELL, RIM = 128, 2  # px of a cell's side; of its edge, where the sheet's white background bleeds in
RIGHTS = {
    "owner": "Lennart Demes, ambientCG",
    "licence": "CC0-1.0",
    "source": "https://ambientcg.com, thumbnails",
    "consent": "dedicated to the public by the owner",
}
WANTED = 14  # categories
COLUMNS = ("swd", "spectrum_error", "seam_pass", "copy_ratio_median", "copy_ratio_p01")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pilots.creative.experiments.materials.study", description=__doc__.split("\n")[0]
    )
    parser.add_argument("root", type=Path, help="folder of contact sheets with index.json")
    parser.add_argument("--categories", type=int, default=CATEGORIES, help="the largest ones; fewer write no figures")
    parser.add_argument("words", nargs="*", help="settings for the pilot's command; any writes no figures")
    given = parser.parse_intermixed_args()
    raise SystemExit(guard(lambda: work(given.root, given.categories, given.words)))


def work(root: Path, categories: int, words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pictures = cut(root, Path(folder) / "materials", categories)
        facts = run(Path(folder), words)
    kept = ("model", "metrics", "metrics_by_class", "seconds", "machine", "white_noise")
    result = {"pictures": pictures, "each": EACH, "seed": SEED, **{key: facts[key] for key in kept}}
    if categories == CATEGORIES and not words:
        RESULTS.mkdir(parents=True, exist_ok=True)
        write_text(RESULTS / "materials.json", json.dumps(result, indent=1) + "\n")
        write_text(RESULTS / "materials.md", page(result))
    print(page(result))


def cut(root: Path, folder: Path, categories: int) -> int:
    """Write the cells of the largest categories as PNG, a sub-folder each; gives their number."""
    path = root / "index.json"
    if not path.is_file():
        raise Fault(f"{root} holds no index.json: name the folder of contact sheets")
    cells: dict[str, list[dict]] = {}
    for cell in json.loads(path.read_text(encoding="utf-8")):
        if cell["square"]:
            cells.setdefault(cell["category"], []).append(cell)
    rng, count = np.random.default_rng(SEED), 0
    for category in sorted(sorted(cells), key=lambda name: -len(cells[name]))[:categories]:
        sheet = cv2.imread(str(root / cells[category][0]["file"]), cv2.IMREAD_COLOR)
        (folder / category).mkdir(parents=True)
        chosen = rng.choice(len(cells[category]), min(EACH, len(cells[category])), replace=False)
        for cell in (cells[category][i] for i in sorted(chosen)):
            y, x = cell["y"] + RIM, cell["x"] + RIM
            inner = sheet[y : y + CELL - 2 * RIM, x : x + CELL - 2 * RIM]
            cv2.imwrite(str(folder / category / f"{cell['n']:03d}.png"), inner)
            count += 1
    return count


def run(folder: Path, words: list[str]) -> dict[str, Any]:
    """The facts of one run of the pilot's command on what was cut."""
    told = [word for key, value in RIGHTS.items() for word in (f"--{key}", value)]
    command(["rights", "init", str(folder / "materials"), *told])
    words = ["data=folder", f"data.path='{folder / 'materials'}'", f"run.folder='{folder / 'runs'}'", *words]
    last = command(words).splitlines()[-1]
    return json.loads((Path(last.removeprefix("run: ")) / "run.json").read_text(encoding="utf-8"))


def command(words: list[str]) -> str:
    """Standard output of the pilot's command; its progress goes on to the terminal."""
    called = [sys.executable, "-m", "pilots.creative", *words]
    done = subprocess.run(called, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Fault(f"pilot-creative {' '.join(words)} ended with code {done.returncode}")
    return done.stdout


def wins(by_class: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """The classes in which each wish came true."""
    nearest = "patch nearest neighbours'"
    wishes: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]], bool]] = {
        "`seam_pass` above mirror tiling's": lambda own, mirror, _: own["seam_pass"] > mirror["seam_pass"],
        f"`copy_ratio_median` above {nearest}": lambda own, _, nn: own["copy_ratio_median"] > nn["copy_ratio_median"],
        f"`copy_ratio_p01` above {nearest}": lambda own, _, nn: own["copy_ratio_p01"] > nn["copy_ratio_p01"],
        f"`swd` no larger than {nearest}": lambda own, _, nn: own["swd"] <= nn["swd"],
    }
    return {
        wish: [
            name
            for name, own in by_class.items()
            if true(own, own["baselines"]["mirror"], own["baselines"]["patch_nn"])
        ]
        for wish, true in wishes.items()
    }


def page(result: dict[str, Any]) -> str:
    by_class, seconds = result["metrics_by_class"], result["seconds"]
    text = "# Real materials by category\n\n"
    text += (
        f"{result['pictures']} thumbnails of ambientCG's materials (CC0) in {len(by_class)} categories, 124 px, in "
        f"colour, learned in one run with the default settings of `{result['model']}`. The right quarter of every "
        "picture is held out; eight tiles of 128 px are drawn per category, after four of its pictures (patch nearest "
        "neighbours: four tiles, after the same pictures). Some settings of the last touch were chosen with held-out "
        "figures of such thumbnails in view (experiments/settings): these are development results.\n\n"
    )
    text += f"| wanted in at least {WANTED} of {CATEGORIES} | came true in | not in |\n| --- | --- | --- |\n"
    for wish, names in wins(by_class).items():
        missed = ", ".join(name for name in by_class if name not in names) or "–"
        text += f"| {wish} | {len(names)} of {len(by_class)} | {missed} |\n"
    text += "\n| category | generator | " + " | ".join(COLUMNS) + " |\n" + "| --- " * (len(COLUMNS) + 2) + "|\n"
    for name, own in by_class.items():
        rows = {result["model"]: own} | own["baselines"]
        for generator, row in rows.items():
            text += f"| {name} | {generator} | " + " | ".join(_number(row[key]) for key in COLUMNS) + " |\n"
        text += f"| {name} | *floor* | {_number(own['swd_floor'])} | {_number(own['spectrum_floor'])} | | | |\n"
    noisy = [name for name, value in result["white_noise"].items() if value < by_class[name]["swd"]]
    text += f"\nWhite noise of the picture's own colour would have a lower `swd` in: {', '.join(noisy) or 'none'}.\n"
    stages = ", ".join(f"{name} {value / 60:.1f}" for name, value in seconds.items() if name != "total")
    text += f"Minutes: {stages}; {seconds['total'] / 60:.1f} in all, on {result['machine']['cores']} cores.\n"
    return text


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
