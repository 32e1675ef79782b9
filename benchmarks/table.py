"""Every measurement as a row, machines side by side: benchmarks/results.md, the README's table, the plots.

All from the files in benchmarks/results/speed: a result from another machine joins when its file is dropped in. What
lost and what is INVALID stands there like the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks import plots, units
from benchmarks.readme import PROJECT, put
from benchmarks.result import FOLDER, read_all
from benchmarks.rows import Results, Row, comparisons, fastest, machines, rows, skipped
from common.atomic import write_text

PAGE = FOLDER.parents[1] / "results.md"
INTRODUCTION = """\
Written by `pilot-bench table` from the files in `benchmarks/results/speed`; the scenarios are LoadGen-style. Brackets
hold 95 % intervals. One query is one machine (manufacturing), one forecast (healthtech) or one tile (creative). A share
of the roof is measured against what the same machine could do in the same minutes. INVALID rows say why, and count for
nothing; ratios of single bundles to other programs stand in `speed/studies`."""
NOTHING = "Nothing has been measured yet: `pilot-bench run --bundle all` does."
INVALID = (
    "No figure of bundles under load is VALID yet: every machine that was measured was too noisy. What was seen, and "
    "why it does not count, stands in [benchmarks/results.md](benchmarks/results.md)."
)


def main(words: Sequence[str]) -> None:
    parser = units.Parser(prog="pilot-bench table", description="Tables and plots of all measurements.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="print these; without, write all to the README")
    given = parser.parse_args(words)
    results = read_all(given.files)
    if given.files:
        print(page(results, {}), end="")
        return
    drawn = plots.draw(results, PAGE.parent / "results" / "plots")
    write_text(PAGE, page(results, drawn))
    if PROJECT.is_file():  # an installed package has none
        put("speed", summary(results), PROJECT)
    print(f"wrote: {PAGE.absolute()}")


def page(results: Results, drawn: dict[str, str]) -> str:
    """benchmarks/results.md. `drawn`: path of a plot relative to the page -> what it shows."""
    every = rows(results)
    pictures = {path: f"![{plain(alt)}]({path})" for path, alt in drawn.items()}
    parts = ["# How fast the bundles are", INTRODUCTION if every else NOTHING]
    parts += [f"## The fastest that counts\n\n{summary(results)}"] if fastest(results) else []
    parts += [picture for path, picture in pictures.items() if path.endswith("/roofline.svg")]
    parts += [f"## Machines\n\n{markdown(machines(results))}"] if results else []
    for bundle in dict.fromkeys(cells["bundle"] for cells in every):
        mine = [{k: v for k, v in cells.items() if k != "bundle"} for cells in every if cells["bundle"] == bundle]
        parts += [
            f"## {bundle}",
            *(pictures[path] for path in pictures if f"/{bundle.split()[0]}_" in path),
            markdown(mine),
        ]
    for title, table in (("Against each other", comparisons(results)), ("Not measured", skipped(results))):
        parts += [f"## {title}\n\n{markdown(table)}"] if table else []
    return "\n\n".join(part.strip() for part in parts) + "\n"


def summary(results: Results) -> str:
    """The README's table."""
    best = fastest(results)
    return markdown(best) if best else (INVALID if results else NOTHING) + "\n"


def markdown(table: list[Row]) -> str:
    """Rows as a table; columns in which no row says anything are left out."""
    heads = [head for head in table[0] if any(cells[head] not in ("", "–") for cells in table)]
    lines = [heads, ["---"] * len(heads), *([plain(cells[head]) for head in heads] for cells in table)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def plain(text: str) -> str:
    """Text from a file as Markdown that shows it and does nothing else."""
    return re.sub(r"([\\`*\[\]<>|])", r"\\\1", " ".join(text.split()))
