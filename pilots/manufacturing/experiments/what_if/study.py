"""How far `--what-if` is from the truth, on pumps that no one trained on and whose other future is known.

    python -m pilots.manufacturing.experiments.what_if.study RUN_FOLDER [--seed 8]

The run's bundle is asked, with the user's own command, about a fresh fleet from the sample's generator, every life cut
at a random day. The generator then lets the same pumps live on under the other load. Writes
benchmarks/results/accuracy/what_if.{json,md} and the README's table.

Axes: L lives of the fresh fleet, B bootstrap draws of whole machines.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.readme import ACCURACY as RESULTS
from benchmarks.readme import MANUFACTURING, put
from common.atomic import write_text
from common.cli import guard
from common.predict import predict
from pilots.manufacturing.data import fleet
from pilots.manufacturing.use.what_if import terms_of

LEAST = 20  # days seen of each life
DUTIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "speed=-10%": lambda speed: 0.90 * speed,
    "speed=-5%": lambda speed: 0.95 * speed,
    "speed=+5%": lambda speed: 1.05 * speed,
    "speed=+10%": lambda speed: 1.10 * speed,
    "speed=2350": lambda speed: np.full_like(speed, 2350.0),
    "speed=2900": lambda speed: np.full_like(speed, 2900.0),
}
DATES = {"maintenance=+10": 10, "maintenance=+20": 20, "maintenance=+40": 40}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pilots.manufacturing.experiments.what_if.study", description=__doc__.split("\n")[0]
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--seed", type=int, default=8, help="of the fresh fleet")
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.run, given.seed)))


def work(run: Path, seed: int) -> None:
    facts = json.loads((run / "run.json").read_text())
    terms = terms_of(json.loads((run / "bundle" / "bundle.json").read_text()))
    log, lives = fresh(seed)
    same_L = fleet.days_left(seed, lives["seen"].to_numpy(), lambda speed: speed)
    times_BL = draws(lives["machine"].to_numpy())
    with tempfile.TemporaryDirectory() as folder:
        log.to_csv(Path(folder) / "log.csv", index=False)

        def ask(question: str) -> pd.DataFrame:
            out = Path(folder) / question.replace("%", "")
            predict([str(run), f"{folder}/log.csv", "--what-if", question, "--out", str(out)])
            told = pd.read_csv(out / "what_if.csv", encoding="utf-8-sig", dtype={"machine": str})
            return told.set_index("machine").loc[lives["name"]]

        as_now = ask("maintenance=+0")
        held_L = (as_now["low"] <= same_L) & (same_L <= as_now["high"])
        covered = spread(times_BL @ held_L.to_numpy(float) / times_BL.sum(1))
        duties = []
        for question, moved in DUTIES.items():
            then_L = fleet.days_left(seed, lives["seen"].to_numpy(), moved)
            duties.append({"question": question, **duty_row(ask(question), same_L, then_L, times_BL)})
        dates = []
        for question, days in DATES.items():
            dates.append({"question": question, **date_row(ask(question), same_L, days, terms, times_BL)})
    result = {
        "run": {key: facts[key] for key in ("model", "version", "commit", "data")},
        "seed": seed,
        "lives": len(lives),
        "coverage_90_as_now": covered,
        "duties": duties,
        "dates": dates,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_text(RESULTS / "what_if.json", json.dumps(result, indent=1) + "\n")
    write_text(RESULTS / "what_if.md", page(result))
    put("what-if", summary(result), MANUFACTURING)
    print(page(result))


def fresh(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Readings of a new fleet, every life a machine of its own and cut at a random day; and name, machine, seen."""
    readings, _, truth = fleet.simulate(seed)
    seen_L = np.random.default_rng(seed).integers(LEAST, truth["days"] + 1)
    seen_L = np.where(truth["rows_left"] == 0, np.minimum(seen_L, truth["days"] - 1), seen_L)  # none has failed yet
    by_machine = dict(list(readings.groupby("machine", sort=False)))
    parts = []
    for life, seen in zip(truth.itertuples(), seen_L, strict=True):
        rows = by_machine[life.machine]
        rows = rows.head(life.days) if life.life == 1 else rows.tail(life.days)
        parts.append(rows.head(seen).assign(machine=f"{life.machine}-{life.life}"))
    names = [f"{life.machine}-{life.life}" for life in truth.itertuples()]
    return pd.concat(parts), pd.DataFrame({"name": names, "machine": truth["machine"], "seen": seen_L})


def duty_row(told: pd.DataFrame, same_L: np.ndarray, then_L: np.ndarray, times_BL: np.ndarray) -> dict:
    """The change of remaining life: said beside true, and beside "no change"."""
    known_L = told["life_left_then"].notna().to_numpy()
    said_L = np.nan_to_num((told["life_left_then"] - told["life_left"]).to_numpy())
    true_L = (then_L - same_L).astype(float)
    times_BL = times_BL * known_L

    def mean(x_L: np.ndarray, finish: Callable = lambda x: x) -> dict[str, float]:
        return spread(finish(times_BL @ np.nan_to_num(x_L) / times_BL.sum(1)))

    def inside(low: str, high: str) -> np.ndarray:
        return ((told[low] <= then_L) & (then_L <= told[high])).to_numpy(float)

    rank = told[known_L].assign(said=said_L[known_L], true=true_L[known_L])[["said", "true"]].corr("spearman")
    return {
        "answered": int(known_L.sum()),
        "true_wear": spread((times_BL @ same_L) / (times_BL @ then_L)),
        "said_wear": {
            n: float(told[c].median()) for n, c in (("value", "wear"), ("low", "wear_low"), ("high", "wear_high"))
        },
        "true_change": mean(true_L),
        "said_change": mean(said_L),
        "bias": mean(said_L - true_L),
        "rmse": mean((said_L - true_L) ** 2, np.sqrt),
        "rmse_no_change": mean(true_L**2, np.sqrt),
        "rank_correlation": float(rank.iloc[0, 1]),
        "coverage_90": mean(inside("low_then", "high_then")),
        "coverage_90_no_change": mean(inside("low", "high")),
    }


def date_row(told: pd.DataFrame, left_L: np.ndarray, days: int, terms: dict, times_BL: np.ndarray) -> dict:
    """Risk and cost of work after so many days: said beside what became of the pumps."""
    failed_L = (left_L <= days).astype(float)

    def real(after_L: np.ndarray | float) -> np.ndarray:
        thrown_L = np.maximum(left_L - after_L, 0)
        planned_L = terms["planned"] + terms["row"] * thrown_L
        return np.where(left_L <= after_L, terms["breakdown"], planned_L)

    def mean(x_L: np.ndarray, finish: Callable = lambda x: x) -> dict[str, float]:
        return spread(finish(times_BL @ x_L / times_BL.sum(1)))

    risk_L = told["work_p_fail"].to_numpy()
    one_date = min(range(int(left_L.max()) + 2), key=lambda day: real(day).mean())
    return {
        "risk_said": mean(risk_L),
        "risk_true": mean(failed_L),
        "brier": mean((risk_L - failed_L) ** 2),
        "brier_constant": float(failed_L.mean() * (1 - failed_L.mean())),
        "cost_said": mean(told["work_cost"].to_numpy()),
        "cost_true": mean(real(days)),
        "cheapest_said": mean(told["cheapest_cost"].to_numpy()),
        "cheapest_true": mean(real(told["cheapest_after"].to_numpy())),
        "one_date_true": mean(real(one_date)),
        "one_date": one_date,
    }


def draws(machine_L: np.ndarray, count: int = 1000) -> np.ndarray:
    """How often each life counts: the first line once each, the others draw whole machines anew."""
    machines, number_L = np.unique(machine_L, return_inverse=True)
    pick = np.random.default_rng(0).integers(0, len(machines), (count, len(machines)))
    times = np.stack([np.bincount(row, minlength=len(machines)) for row in pick])[:, number_L]
    return np.concatenate([np.ones((1, len(machine_L))), times])


def spread(drawn_B: np.ndarray) -> dict[str, float]:
    low, high = np.percentile(drawn_B[1:], [2.5, 97.5])
    return {"value": float(drawn_B[0]), "low": float(low), "high": float(high)}


def cell(x: dict[str, float], form: str = ".1f", signed: bool = False) -> str:
    sign = "+" if signed else ""
    return f"{x['value']:{sign}{form}} ({x['low']:{sign}{form}} to {x['high']:{sign}{form}})"


def summary(result: dict) -> str:
    """The README's two tables."""
    lines = [
        "| asked | wears, true | said | life changes by, days, true | said | RMSE of that | of “no change” "
        "| 90 % interval holds |"
    ]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for r in result["duties"]:
        lines.append(
            f"| `{r['question']}` | {r['true_wear']['value']:.2f} × | {cell(r['said_wear'], '.2f')} × | "
            f"{r['true_change']['value']:+.1f} | {r['said_change']['value']:+.1f} | {cell(r['rmse'])} | "
            f"{cell(r['rmse_no_change'])} | {100 * r['coverage_90']['value']:.0f} % |"
        )
    lines += [
        "",
        "| asked | failed before the work, true | said | Brier | of a constant | £ per renewal, true | said |",
    ]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for r in result["dates"]:
        lines.append(
            f"| `{r['question']}` | {100 * r['risk_true']['value']:.0f} % | {100 * r['risk_said']['value']:.0f} % | "
            f"{cell(r['brier'], '.3f')} | {r['brier_constant']:.3f} | {r['cost_true']['value']:,.0f} | "
            f"{r['cost_said']['value']:,.0f} |"
        )
    r = result["dates"][0]
    each, all_ = f"{r['cheapest_true']['value']:,.0f}", f"{r['one_date_true']['value']:,.0f}"
    lines.append(f"| each pump at its cheapest date | | | | | {each} | {r['cheapest_said']['value']:,.0f} |")
    lines.append(f"| all at one date, the best by hindsight: day {r['one_date']} | | | | | {all_} | |")
    return "\n".join(lines) + "\n"


def page(result: dict) -> str:
    """Every figure."""
    run = result["run"]
    parts = ["# What-if beside the truth\n\nWritten by `python -m pilots.manufacturing.experiments.what_if.study`. "]
    parts.append(
        f"`{run['model']}` trained on {run['data']['name']}, version {run['version']}; {result['lives']} lives of a "
        f"fresh fleet, seed {result['seed']}, each cut at a random day. Brackets: 95 % bootstrap over machines; "
        "of a said wear: the 90 % interval that was answered. Remaining life is compared without a cap.\n\n"
    )
    parts.append(summary(result))
    parts.append(
        "\n| asked | answered | bias of the change, days | rank correlation | 90 % interval holds "
        "| the interval as now holds |\n"
    )
    parts.append("| --- | --- | --- | --- | --- | --- |\n")
    for r in result["duties"]:
        parts.append(
            f"| `{r['question']}` | {r['answered']} | {cell(r['bias'], signed=True)} | {r['rank_correlation']:.2f} | "
            f"{cell(r['coverage_90'], '.2f')} | {cell(r['coverage_90_no_change'], '.2f')} |\n"
        )
    parts.append(f"\nAs things are, the interval holds the truth in {cell(result['coverage_90_as_now'], '.2f')}.\n")
    return "".join(parts)


if __name__ == "__main__":
    main()
