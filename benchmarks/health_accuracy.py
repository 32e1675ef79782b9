"""Accuracy of patient-flow forecasts on public sets: run the pilot's command on each, read run.json, write the tables.

    python -m benchmarks.health_accuracy --root FOLDER [--only ed-hourly …]   runs, then writes
    python -m benchmarks.health_accuracy                                      writes again from the stored facts

FOLDER holds the sets under the names that their READMEs give them. It imports no pilot: what it shows is what the
command left behind. How settings were chosen: pilots/healthtech/experiments/settings/README.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import study
from benchmarks.readme import ACCURACY, HEALTHTECH, put
from common.atomic import write_text
from common.cli import guard

SETS = {  # name: what it is, file under FOLDER, settings of the command
    "ed-hourly": (
        "hourly arrivals at one emergency department, Iowa, 2017-04 to 2018-03",
        "health-ed-hourly-iowa/ed_hourly.csv.gz",
        "data=csv data.path={path} data.columns.time=ts data.columns.value=arrivals data.freq=h calendar.country=US "
        "calendar.nation=IA compare=[autoets] backtest.start=2017-04-01 backtest.end=2018-03-31 backtest.step=12 "
        "backtest.horizon=48",
    ),
    "ed-daily": (
        "daily arrivals at one emergency department, UK, the last 84 days of 344",
        "health-ed-daily-uk/ed_ts.csv.gz",
        "data=csv data.path={path} data.columns.time=date data.columns.value=arrivals data.freq=D "
        "data.date_format=%d/%m/%y compare=[autoets] backtest.start=2017-10-09 backtest.end=2017-12-31 backtest.step=7 "
        "backtest.horizon=28 backtest.report=[7,28]",
    ),
    "discharges": (
        "daily discharges of 121 acute trusts, England, 2024-09 to 2025-08",
        "health-discharges-daily-trust/discharges_daily.csv.gz",
        "data=nhs_discharges data.path={path} backtest.start=2024-09-01 backtest.end=2025-08-31 backtest.step=7 "
        "backtest.horizon=28 backtest.report=[7,28]",
    ),
    "sitrep": (
        "daily occupied beds of acute trusts, England, winter 2019-20",
        "health-winter-sitrep-2015-2020/sitrep.csv.gz",
        "data=nhs_sitrep data.path={path} backtest.start=2020-01-06 backtest.end=2020-03-01 backtest.step=7 "
        "backtest.horizon=14 backtest.report=[7,14]",
    ),
    "ae-monthly": (
        "monthly A&E attendances by organisation, England, the twelve months before the pandemic",
        "health-ae-monthly-provider/ae_monthly_tidy.csv.gz",
        "data=nhs_ae_monthly data.root={path} data.level=organisation backtest.start=2019-03-01 "
        "backtest.end=2020-02-29 backtest.step=1 backtest.horizon=3 backtest.report=[1,3]",
    ),
}
SHOWN = ("pinball", "crps", "mase", "smape", "quantile_bias", "coverage_80", "coverage_95")
KEPT = "model seeds version command commit dirty data origins metrics metrics_by_model metrics_by_series weights "
KEPT += "against_climatology totals_80 backtest parity seconds peak_memory_mb machine"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.health_accuracy", description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, help="folder with the sets; without it nothing is run")
    parser.add_argument("--only", nargs="+", default=list(SETS), choices=SETS)
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given)))


def work(given: argparse.Namespace) -> None:
    """Run what is asked for, then write; not before all have run: a result file would make the clone a changed one."""
    found = {name: run(given.root, name) for name in (given.only if given.root else [])}
    for name, facts in found.items():
        study.store(f"health_{name}", facts)
    found = {name: study.stored(f"health_{name}") for name in SETS}
    write_text(ACCURACY / "health.md", tables(found))
    put("health", summary(found), HEALTHTECH)
    print(f"wrote: {ACCURACY / 'health.md'}")


def run(root: Path, name: str) -> dict:
    """Facts of one run of the command, as it left them in run.json."""
    what, file, words = SETS[name]
    path = (root / file).resolve()
    folder = study.run("healthtech", [word.format(path=path) for word in words.split()])
    kept = study.facts(folder, KEPT.split())
    kept["command"] = f"pilot-healthtech {words.format(path='FOLDER/' + file)}"
    return {"set": name, "what": what, **kept}


def summary(found: dict[str, dict]) -> str:
    """The README's table: ours beside climatology and naive, over the whole horizon."""
    lines = ["| set | forecasts | pinball loss | climatology | seasonal naive | MASE | naive | 80 % interval holds |"]
    lines.append("| --- |" + " --- |" * 7)
    for facts in found.values():
        metrics, recent = facts["metrics"], facts["metrics_by_model"]["climatology"]
        ahead = f"{facts['origins']} origins × {facts['data']['series']} series × {facts['backtest']['horizon']} steps"
        cells = [facts["what"], ahead, whole(metrics["pinball"]), number(recent["pinball"])]
        cells += [number(metrics["pinball"]["naive"]), number(metrics["mase"]["value"])]
        cells += [number(metrics["mase"]["naive"]), f"{100 * metrics['coverage_80']['value']:.0f} %"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def tables(found: dict[str, dict]) -> str:
    """Every set: ours beside naive, climatology and each member; and where ours loses."""
    parts = ["# Patient-flow forecasts on public sets\n\n"]
    parts += ["Written by `python -m benchmarks.health_accuracy` from run.json files. Brackets: 95 % interval, block "]
    parts += ["bootstrap over origins. Means over the bottom series. How settings were chosen, and where that "]
    parts += ["met a test period: `pilots/healthtech/experiments/settings/README.md`.\n"]
    for name, facts in found.items():
        parts.append(f"\n## {name}: {facts['what']}\n\n`{facts['command']}`\n\n{told(facts)}\n\n")
        parts.append("| score | **ours** | seasonal naive | " + " | ".join(others(facts)) + " |\n")
        parts.append("| --- |" + " --- |" * (2 + len(others(facts))) + "\n")
        for key, metric in own_scores(facts):
            cells = [number(facts["metrics_by_model"][model].get(key)) for model in others(facts)]
            parts.append(f"| {key} | {whole(metric)} | {number(metric['naive'])} | {' | '.join(cells)} |\n")
        parts.append(f"\n**Where we lose:** {losses(facts)}\n")
    return "".join(parts)


def told(facts: dict) -> str:
    """The run in a line or two: how many forecasts, how long, and whether climatology was beaten."""
    against, weights = facts["against_climatology"], facts.get("weights") or {}
    said = f"{facts['origins']} origins, {facts['data']['series']} series, {facts['seconds']['total']:.0f} s in all. "
    said += f"Pinball loss against climatology: {against['difference']:+.3f}"
    if against.get("low") is not None:
        said += f" ({against['low']:+.3f} to {against['high']:+.3f})"
    said += f", {against['verdict']}. "
    return said + "Weights: " + ", ".join(f"{name} {share:.2f}" for name, share in weights.items()) + "."


def others(facts: dict) -> list[str]:
    return [name for name in facts["metrics_by_model"] if name not in ("seasonal_naive", facts["model"])]


def losses(facts: dict) -> str:
    """Every score in which another model is better than ours, and coverage more than 3 points off."""
    said = []
    for key, metric in own_scores(facts):
        name = key.partition("@")[0]
        if name == "coverage_80" and abs(metric["value"] - 0.8) > 0.03:
            said.append(f"{key} is {metric['value']:.3f}")
        if name in ("pinball", "crps", "mase", "smape", "quantile_bias"):
            beside = {n: facts["metrics_by_model"][n].get(key) for n in ["seasonal_naive", *others(facts)]}
            lower = {n: v for n, v in beside.items() if v is not None and v < metric["value"]}
            better = {n: v for n, v in lower.items() if number(v) != number(metric["value"])}
            if better:
                best = min(better, key=better.get)
                said.append(f"{key} {number(metric['value'])}, {best} alone {number(better[best])}")
    return "; ".join(said) + "." if said else "in none of these scores."


def own_scores(facts: dict) -> list[tuple[str, dict]]:
    """Scores shown; those of the whole horizon stand once."""
    whole = f"@{facts['backtest']['horizon']}"
    return [(k, m) for k, m in facts["metrics"].items() if k.partition("@")[0] in SHOWN and not k.endswith(whole)]


def whole(metric: dict) -> str:
    if metric["low"] is None:
        return number(metric["value"])
    return f"**{number(metric['value'])}** ({number(metric['low'])}–{number(metric['high'])})"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


if __name__ == "__main__":
    main()
