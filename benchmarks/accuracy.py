"""Accuracy tables from run folders: run the pilot's command over models and seeds, read run.json, write the tables.

    python -m benchmarks.accuracy --root FOLDER_OF_CMAPSS --subset FD001 FD003     runs, then writes
    python -m benchmarks.accuracy                                                  writes again from the stored facts

It imports no pilot: what it shows is what the command left behind.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import yaml

from benchmarks import study
from benchmarks.readme import ACCURACY, MANUFACTURING, put
from common.atomic import write_text
from common.cli import guard

HERE = Path(__file__).parent
VARIANTS = {"ensemble": [], "ensemble, no age": ["model.age=false"], "gbdt": [], "tcn": [], "ridge": [], "hazard": []}
LATE = "log without"  # names of the scores on logs that begin later
KEPT = "model task seeds version command commit dirty data origins metrics metrics_by_model cv_rmse_clipped by_rul_bin"
KEPT = [*KEPT.split(), "parity", "split", "conditions", "money", "seconds", "peak_memory_mb", "machine"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, help="folder with the C-MAPSS text files; without it nothing is run")
    parser.add_argument("--subset", nargs="+", default=["FD001", "FD003"])
    parser.add_argument("--variant", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--seeds", default="[0,1,2,3,4]")
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given)))


def work(given: argparse.Namespace) -> None:
    """Run what is asked for, then write every table from the stored facts."""
    for subset in given.subset if given.root else []:
        for variant in given.variant:
            facts = run(given.root, subset, variant, given.seeds)
            name = re.sub(r"[^a-z0-9]+", "-", f"cmapss-{subset}-{variant}".lower())
            study.store(name, facts)
    stored = [json.loads(path.read_text()) for path in sorted(ACCURACY.glob("cmapss-*.json"))]
    published = yaml.safe_load((HERE / "published.yaml").read_text())
    write_text(ACCURACY / "cmapss.md", tables(stored, published))
    put("accuracy", summary(stored, published), MANUFACTURING)
    put("alarms", alarms(stored), MANUFACTURING)
    print(f"wrote: {ACCURACY / 'cmapss.md'}")


def run(root: Path, subset: str, variant: str, seeds: str) -> dict:
    """Facts of one run of the command, as it left them in run.json."""
    model, words = variant.split(",")[0], VARIANTS[variant]
    asked = ["data=cmapss", f"data.root={root.resolve()}", f"data.subset={subset}", f"model={model}", *words]
    kept = study.facts(study.run("manufacturing", [*asked, f"run.seeds={seeds}"]), KEPT)
    kept["command"] = kept["command"].replace(str(root.resolve()), "FOLDER_OF_CMAPSS")
    return {"variant": variant, "subset": subset, **kept}


def cell(metric: dict, digits: int = 2) -> str:
    return f"{metric['value']:.{digits}f} ({metric['low']:.{digits}f}–{metric['high']:.{digits}f})"


def naive_cell(stored: list[dict], subset: str, key: str) -> str:
    """The naive value beside the first variant shown: its training logs are as published."""
    shown = sorted((f for f in stored if f["subset"] == subset), key=lambda f: list(VARIANTS).index(f["variant"]))
    return f"{shown[0]['metrics'][key]['naive']:.2f}" if shown else ""


def summary(stored: list[dict], published: list[dict]) -> str:
    """The README's table: clipped RMSE on the last row of each test engine, ours beside naive and published."""
    subsets = sorted({f["subset"] for f in stored})
    lines = [f"| model | {' | '.join(subsets)} | labels | source |", "| --- |" + " --- |" * (len(subsets) + 2)]
    for variant in VARIANTS:
        found = {f["subset"]: f for f in stored if f["variant"] == variant}
        if found:
            seeds = len(next(iter(found.values()))["seeds"])
            cells = [cell(found[s]["metrics"]["rmse_clipped"]) if s in found else "" for s in subsets]
            lines.append(f"| **{variant}** | {' | '.join(cells)} | clipped | this repository, mean of {seeds} seeds |")
            for log in (name for name in found[subsets[0]]["metrics_by_model"] if name.startswith(LATE)):
                if variant.startswith("ensemble"):
                    cells = [f"{found[s]['metrics_by_model'][log]['rmse_clipped']:.2f}" for s in subsets if s in found]
                    lines.append(f"| … {log} | {' | '.join(cells)} | clipped | as above |")
    cells = [naive_cell(stored, s, "rmse_clipped") for s in subsets]
    lines.append(f"| naive (best constant) | {' | '.join(cells)} | clipped | this repository |")
    for row in published:
        cells = [f"{row[s]:.2f}" if s in row else "" for s in subsets]
        lines.append(f"| {row['method']} | {' | '.join(cells)} | {row['labels']} | {row['source']} |")
    return "\n".join(lines) + "\n"


ALARMS = {
    "alarm_missed": ("failures missed", 3),
    "alarm_lead_median": ("notice, median, cycles", 0),
    "false_alarms_per_machine_month": ("false alarms per machine-month", 4),
    "cost_per_machine_year": ("cost per machine-year, £", 0),
}


def alarms(stored: list[dict]) -> str:
    """The README's table of the default model's alarm, beside the best fixed interval."""
    found = {f["subset"]: f for f in stored if f["variant"] == "ensemble" and "money" in f}
    lines = [f"| | {' | '.join(f'{s} | fixed interval' for s in found)} |", "| --- |" + " --- | --- |" * len(found)]
    for key, (said, digits) in ALARMS.items():
        metrics = [f["metrics"][key] for f in found.values()]
        cells = [f"{cell(m, digits)} | {m['naive']:.{digits}f}" for m in metrics]
        lines.append(f"| {said} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def tables(stored: list[dict], published: list[dict]) -> str:
    """Every metric of every variant and subset."""
    parts = ["# Remaining useful life on C-MAPSS\n", "Written by `python -m benchmarks.accuracy` from run.json files. "]
    parts += ["Brackets: 95 % interval, bootstrap over test engines.\n", "\n## Clipped RMSE, cycles\n\n"]
    parts += [summary(stored, published)]
    for facts in stored:
        seconds = facts["seconds"]
        parts.append(f"\n## {facts['subset']}, {facts['variant']}\n\n")
        parts.append(
            f"`{facts['command']}` at commit {(facts['commit'] or 'unknown')[:12]}; seeds {facts['seeds']}; "
            f"{facts['conditions']} operating condition(s) found; grouped cross-validation on training engines: "
            f"RMSE {facts['cv_rmse_clipped']:.2f} cycles over all rows; parity {facts['parity']['max_abs_diff']:.1e} "
            f"cycles on {facts['parity']['rows']} values; {seconds['total']:.0f} s.\n\n"
        )
        parts.append("| metric | ours | naive | unit |\n| --- | --- | --- | --- |\n")
        for key, metric in facts["metrics"].items():
            parts.append(f"| {key} | {cell(metric, 3)} | {metric['naive']:.3f} | {metric['unit']} |\n")
        parts.append("\n| also scored | clipped RMSE | raw RMSE |\n| --- | --- | --- |\n")
        for name, table in facts["metrics_by_model"].items():
            parts.append(f"| {name} | {table['rmse_clipped']:.2f} | {table['rmse_raw']:.2f} |\n")
    return "".join(parts)


if __name__ == "__main__":
    main()
