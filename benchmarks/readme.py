"""Figures in a README stand between two marks and are written by the program that measured them."""

from __future__ import annotations

from pathlib import Path

from common.atomic import write_text
from common.fault import Fault

PROJECT = Path(__file__).parents[1] / "README.md"
PILOTS = PROJECT.parent / "pilots"
MANUFACTURING, HEALTHTECH, CREATIVE = (
    PILOTS / pilot / "README.md" for pilot in ("manufacturing", "healthtech", "creative")
)
ACCURACY = Path(__file__).parent / "results" / "accuracy"  # where studies of a pilot leave their figures, too
SPEED_STUDIES = ACCURACY.parent / "speed" / "studies"  # ratios of one bundle each; pilot-bench writes beside them


def put(mark: str, text: str, path: Path) -> None:
    """Replace what stands between `<!-- mark -->` and `<!-- /mark -->`, each on a line of its own."""
    start, stop = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    old = path.read_text(encoding="utf-8")
    if start not in old or stop not in old:
        raise Fault(f"{path.name} lacks the marks {start.strip()} and {stop}")
    head, rest = old.split(start, 1)
    write_text(path, head + start + text + stop + rest.split(stop, 1)[1])
