"""What a declared break is worth: monthly A&E counts after the pandemic, forecast with and without `data.exclude`.

    python -m pilots.healthtech.experiments.covid_break.study FOLDER_OF_MONTHLY_FILES

Runs the pilot's own command four times (attendances and admissions by region, with and without the break) and writes
benchmarks/results/accuracy/covid_break.{json,md} and the README's table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.readme import ACCURACY as RESULTS
from benchmarks.readme import HEALTHTECH, put
from common.atomic import write_text
from common.cli import guard
from common.fault import Fault

BREAK = "[[2020-03-01,2021-06-01]]"  # chosen in hindsight, as any end of a break is
PROTOCOL = ["backtest.start=2021-07-01", "backtest.end=2021-12-31", "backtest.step=1", "backtest.horizon=3"]
MEASURES = ("attendances", "admissions")
SHOWN = {"ensemble": "ensemble (default)", "climatology": "climatology", "seasonal_naive": "same month last year"}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pilots.healthtech.experiments.covid_break.study", description=__doc__.split("\n")[0]
    )
    parser.add_argument("root", type=Path, help="folder of the monthly A&E files")
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.root)))


def work(root: Path) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for measure in MEASURES:
            for exclude in ("[]", BREAK):
                facts = run(root, measure, exclude, Path(folder))
                rows.append(
                    {
                        "measure": measure,
                        "exclude": exclude,
                        "origins": facts["origins"],
                        "by_model": {name: facts["metrics_by_model"][name] for name in SHOWN},
                        "by_region": {s: v["pinball"] for s, v in facts["metrics_by_series"].items() if s != "England"},
                        "notes": facts["notes"],
                    }
                )
    result = {"command": PROTOCOL, "data": facts["data"]["licence"], "rows": rows}
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_text(RESULTS / "covid_break.json", json.dumps(result, indent=1) + "\n")
    write_text(RESULTS / "covid_break.md", page(result))
    put("covid-break", summary(result), HEALTHTECH)
    print(page(result))


def run(root: Path, measure: str, exclude: str, folder: Path) -> dict:
    """The facts of one run of the pilot's command."""
    words = [
        "data=nhs_ae_monthly",
        f"data.root='{root.absolute()}'",
        f"data.measure={measure}",
        f"data.exclude={exclude}",
    ]
    command = [sys.executable, "-m", "pilots.healthtech", *words, *PROTOCOL, f"run.folder='{folder}'"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Fault(done.stderr.strip().splitlines()[-1])
    return json.loads((Path(done.stdout.splitlines()[-1].removeprefix("run: ")) / "run.json").read_text())


def summary(result: dict) -> str:
    """The README's table."""
    lines = [
        "| monthly, seven regions of England | `data.exclude` | pinball | sMAPE | 80 % interval holds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in result["rows"]:
        for name, shown in SHOWN.items():
            score = row["by_model"][name]
            lines.append(
                f"| {row['measure']}, {shown} | {'the break' if row['exclude'] != '[]' else 'nothing'} | "
                f"{score['pinball']:,.0f} | {score['smape']:.1f} % | {100 * score['coverage_80']:.0f} % |"
            )
    return "\n".join(lines) + "\n"


def page(result: dict) -> str:
    text = "# What a declared break is worth\n\n"
    text += (
        "Monthly counts of NHS England's A&E departments by region, April 2018 to December 2021; forecasts of three "
        f"months, made at the {result['rows'][0]['origins']} months from July 2021 on, scored over seven regions. The "
        f"break of the pandemic is declared with `data.exclude={BREAK}` or not at all. Its end is known in hindsight "
        "only, and so few origins bear no interval: the table shows what a break does to models that are not told of "
        "it, not how well months are forecast.\n\n"
    )
    text += summary(result) + "\n"
    for plain, told in zip(result["rows"][::2], result["rows"][1::2], strict=True):
        better = sum(told["by_region"][region] < score for region, score in plain["by_region"].items())
        text += f"- {plain['measure']}: with the break declared the ensemble is better in {better} of "
        text += f"{len(plain['by_region'])} regions.\n"
    worse = [
        f"{shown} of {plain['measure']}"
        for plain, told in zip(result["rows"][::2], result["rows"][1::2], strict=True)
        for name, shown in SHOWN.items()
        if told["by_model"][name]["pinball"] > plain["by_model"][name]["pinball"]
    ]
    text += f"- Where it does not help: {', '.join(worse) or 'nowhere here'}.\n"
    held = [100 * row["by_model"]["ensemble"]["coverage_80"] for row in result["rows"][1::2]]
    text += (
        f"- 80 % intervals hold {min(held):.0f} to {max(held):.0f} % with the break declared: their spread was learned "
    )
    text += "before it, and the months after it were less certain.\n"
    text += f"\nData: {result['data']}.\n"
    return text


if __name__ == "__main__":
    main()
