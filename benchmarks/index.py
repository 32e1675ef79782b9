"""`pilot-bench index`: runs/index.html, the page on which a first visit ends and a second begins.

The newest run of each pilot with its report and headline figure, how fast those bundles are on this machine, and the
next commands for three kinds of reader. One file, no network; links are relative, so the folder can be moved.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks import units
from benchmarks.result import read
from benchmarks.rows import row
from common.atomic import write_text
from common.bundle.files import CAPS, bundle_id
from common.facts import read_facts
from common.fault import Fault
from common.report import page
from common.runs import find_runs
from common.words import percent, short

SPEED = "speed"  # the folder beside the pilots' in which pilot-demo leaves its measurements
HEADLINES = {  # pilot: what it answers; the figures to look at first, in words; what the naive guess is
    "manufacturing": (
        "Which machine should we open this week?",
        {"rmse_clipped": "typical error of remaining life", "cost_per_machine_year": "cost of upkeep"},
        "one life for every machine, and renewal at fixed intervals",
    ),
    "healthtech": (
        "How many patients, and how sure is that?",
        {"mae": "mean error of the forecast", "coverage_80": "of outcomes inside the interval that promises 80 %"},
        "last week's count",
    ),
    "creative": (
        "More of this wall, please, and whose is it?",
        {"seam_pass": "of tiles pass the seam test", "swd": "distance from a part of the picture that it never saw"},
        "the picture mirrored",
    ),
}
SHOWN = ("scenario", "runtime", "variant", "threads", "p50, ms", "p99, ms", "queries/s", "verdict")
SHARES = ("share", "")  # units of what is read as a percentage


def main(argv: Sequence[str]) -> None:
    parser = units.Parser(prog="pilot-bench index", description="Write runs/index.html over the newest runs.")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs; default runs")
    root = parser.parse_args(argv).runs
    runs = {folder.parent.name: folder for folder in find_runs("all", root)}
    pilots = [pilot(runs[name], root) for name in dict.fromkeys([*HEADLINES, *runs]) if name in runs]
    made = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    text = page(
        "Your pilots",
        "benchmarks/index.html.j2",
        pilots=pilots,
        speed=speed(root, {p["bundle"]: p["name"] for p in pilots}),
        made=made,
        bin=scripts(),
    )
    write_text(root / "index.html", text)
    print(f"wrote: {(root / 'index.html').absolute()}")


def pilot(folder: Path, root: Path) -> dict[str, Any]:
    """What the page says of one run."""
    facts, name = read_facts(folder / "run.json"), folder.parent.name
    asks, wanted, naive = HEADLINES.get(name, ("", {}, ""))
    try:
        metrics = facts["metrics"]
        first = {key: words for key, words in wanted.items() if key in metrics}
        first = first or {key: key.replace("_", " ") for key, m in metrics.items() if m["naive"] is not None}
        figures = [_figure(words, metrics[key]) for key, words in list(first.items())[:2]]
        known = {"model": facts["model"], "data": facts["data"]["name"], "seconds": round(facts["seconds"]["total"])}
        notes = [str(note) for note in facts.get("notes", [])][:2]
    except (KeyError, TypeError, AttributeError) as error:
        raise Fault(f"{folder / 'run.json'} lacks {error}: name another folder of runs, or train again") from error
    links = {
        words: quote((folder / file).relative_to(root).as_posix())
        for words, file in (("report", "report.html"), ("model card", "bundle/MODEL_CARD.md"), ("facts", "run.json"))
        if (folder / file).is_file()
    }
    return {
        **known,
        **{"name": name, "asks": asks, "naive": naive, "figures": figures, "notes": notes},
        **{"links": links, "bundle": _bundle(folder), "folder": folder.relative_to(root).as_posix()},
    }


def _figure(words: str, metric: dict[str, Any]) -> dict[str, str]:
    """A figure as it is said: 80 %, £3,200 per machine-year, 12.7 days."""
    unit = metric["unit"]

    def say(value: float | None) -> str:
        if value is None:
            return "–"
        if unit in SHARES:
            return percent(value)
        return f"{'£' * unit.startswith('£ ')}{short(value)}"

    bounds = [metric["low"], metric["high"]]
    interval = "" if None in bounds else f"{say(bounds[0])} to {say(bounds[1])}"
    after = "" if unit in SHARES else f" {unit.removeprefix('£ ')}"
    return {"words": words, "value": say(metric["value"]) + after, "interval": interval, "naive": say(metric["naive"])}


def _bundle(folder: Path) -> str:
    """The id by which measurements name it; a run may have none."""
    sums = folder / "bundle" / "SHA256SUMS"
    return bundle_id({"SHA256SUMS": sums.read_bytes()[: CAPS["SHA256SUMS"]]}) if sums.is_file() else ""


def speed(root: Path, names: dict[str, str]) -> dict[str, Any] | None:
    """The measurements of these bundles (id -> pilot) in the newest file that has any; None where there is none."""
    for path in sorted((root / SPEED).glob("*.json"), reverse=True):
        result = read(path)
        bundles = {bundle["id"]: bundle for bundle in result["bundles"]}
        mine = [m for m in result["measurements"] if m["bundle"] in names]
        if mine:
            cells = [{**row(result, bundles[m["bundle"]], m), "verdict": m["verdict"]} for m in mine]
            heads = _heads(cells, first_look=not any(map(counts, mine)))
            order = list(names.values())
            lines = [[names[m["bundle"]], *(c[head] for head in heads)] for m, c in zip(mine, cells, strict=True)]
            return {
                "file": quote(path.relative_to(root).as_posix()),
                "head": ["pilot", *heads],
                "rows": sorted(lines, key=lambda line: order.index(line[0])),
                "first_look": "verdict" not in heads,
                "reasons": list(dict.fromkeys(reason for m in mine for reason in m["reasons"])),
                "where": f"{result['machine']['cpu']}, {result['machine']['cores']} cores, {result['made'][:10]}",
            }
    return None


def counts(measured: dict[str, Any]) -> bool:
    return measured["verdict"] == "VALID" and not measured["settings"].get("quick")


def _heads(cells: list[dict[str, str]], first_look: bool) -> list[str]:
    """A column that says the same in every row is left out; so is what a first look is too short for."""
    kept = {
        "scenario",
        "p50, ms",
        "p99, ms",
        "queries/s",
        "verdict",
        *(head for head in SHOWN if len({c[head] for c in cells}) > 1),
    }
    if first_look:
        kept -= {"p99, ms", "verdict"}
    return [head for head in SHOWN if head in kept]


def scripts() -> str:
    """How the commands are typed from here: '.venv/bin/' where that lies in the current folder, else ''."""
    folder = Path(sysconfig.get_path("scripts"))
    return f"{folder.relative_to(Path.cwd())}{os.sep}" if folder.is_relative_to(Path.cwd()) else ""
