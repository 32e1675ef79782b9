"""What a large picture costs: memory per pixel and time per pixel, of the drawing alone and of the whole command.

    python -m pilots.creative.experiments.canvas.study BUNDLE [--sides 1024 2048 4096] [--threads 1] [--steps 1]

Every size is drawn in a process of its own. Memory: the process's largest resident set above what it was before (peak)
and what is added per pixel between two sizes, which is the canvas. Time: processor seconds, which neighbours on the
machine do not lengthen much. Writes results.json and the table of README.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from common.atomic import write_text
from common.machine import machine

HERE = Path(__file__).parent
WAYS = {"drawing": "the drawing alone", "command": "the whole command: drawn, marked, encoded, signed, written"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--sides", type=int, nargs="+", default=[1024, 2048, 4096], metavar="PX")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1)
    given = parser.parse_args()
    rows = []
    for way in WAYS:
        for side in given.sides:
            rows.append({"way": way, "side": side, **_measured(way, given.bundle, side, given.threads, given.steps)})
            print(rows[-1], flush=True)
    facts = {"threads": given.threads, "steps": given.steps, "machine": machine(), "rows": rows}
    write_text(HERE / "results.json", json.dumps(facts, indent=1) + "\n")
    _tell(rows, given.steps)


def _measured(way: str, bundle: str, side: int, threads: int, steps: int) -> dict[str, float]:
    words = [
        sys.executable,
        "-m",
        "pilots.creative.experiments.canvas.study",
        way,
        bundle,
        *map(str, (side, threads, steps)),
    ]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1])  # noqa: S603


def _one(way: str, bundle: str, side: int, threads: int, steps: int) -> None:
    """In a process of its own."""
    import resource
    import time

    from common.bundle.open import open_bundle
    from pilots.creative.use.draw import Painter
    from pilots.creative.use.order import read_order
    from pilots.creative.use.tile import make

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB

    opened = open_bundle(bundle, threads=threads)

    def draw(px: int) -> None:
        if way == "drawing":
            Painter(opened).tile([0], px, px, 0, steps)
            return
        with tempfile.TemporaryDirectory() as out:
            make(opened, read_order("tile", {"size": px, "steps": steps}), Path(out), None, lambda text: None)

    draw(64)  # what is loaded once is no part of the canvas
    before, began = peak(), time.process_time()
    draw(side)
    print(json.dumps({"seconds": time.process_time() - began, "before_mib": before, "peak_mib": peak()}))


def _tell(rows: list[dict], steps: int) -> None:
    """The table of README.md."""
    from benchmarks.readme import put

    lines = ["| what | px | peak above start, MiB | bytes per further px | µs per px and step | time, 1 = smallest |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for way, words in WAYS.items():
        mine = [row for row in rows if row["way"] == way]
        further = [
            None,
            *((b["peak_mib"] - a["peak_mib"]) * 2**20 / (b["side"] ** 2 - a["side"] ** 2) for a, b in pairwise(mine)),
        ]
        for row, more in zip(mine, further, strict=True):
            micro = row["seconds"] / row["side"] ** 2 / steps * 1e6
            lines.append(
                f"| {words} | {row['side']} x {row['side']} | {row['peak_mib'] - row['before_mib']:.0f} | "
                f"{'–' if more is None else f'{more:.1f}'} | {micro:.2f} | {row['seconds'] / mine[0]['seconds']:.1f} |"
            )
    put("canvas", "\n".join(lines) + "\n", HERE / "README.md")


if __name__ == "__main__":
    if len(sys.argv) == 6 and sys.argv[1] in WAYS:
        _one(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
    else:
        main()
