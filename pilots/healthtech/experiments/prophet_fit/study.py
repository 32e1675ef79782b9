"""The batched Prophet fit against Prophet's own: who finds the lower objective, and how long each takes.

    PILOTS_REAL_DATA=FOLDER python -m pilots.healthtech.experiments.prophet_fit.study WHAT [--only WORD]

WHAT: `objective` fits every public series both ways; `speed` times 250, 1,000 and 4,000 made daily series. Each writes
its file under benchmarks/results/; `readme` puts both into the package's README.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.readme import ACCURACY, SPEED_STUDIES, put
from common.atomic import write_text
from common.cli import guard
from common.fault import Fault
from pilots.healthtech.prophet_fit import fit_many, negative_log_posterior, usual
from pilots.healthtech.prophet_onnx.parameters import DAY, Mode, Parameters, Structure

RESULTS = {
    "objective": ACCURACY / "prophet_fit.json",
    "speed": SPEED_STUDIES / "prophet_fit.json",
}
PACKAGE = Path(__file__).parents[2] / "prophet_fit" / "README.md"
SAME = 1e-6  # relative: an objective this close counts as equal
TURNS = 3
LEAST = 24  # known counts: series with fewer are left out
MODES: tuple[Mode, ...] = ("additive", "multiplicative")


def by_prophet(when_T: np.ndarray, y_T: np.ndarray, structure: Structure) -> tuple[Parameters | None, float]:
    """Prophet's own fit as our parameters (None where it gives up), and the seconds of `Prophet.fit`."""
    from prophet import Prophet

    logging.disable(logging.WARNING)
    known = np.isfinite(y_T)
    frame = pd.DataFrame({"ds": when_T[known].astype("datetime64[s]"), "y": y_T[known]})
    off = {f"{name}_seasonality": False for name in ("yearly", "weekly", "daily")}
    model = Prophet(growth=structure.growth, **off)
    for season in structure.seasonalities:
        model.add_seasonality(season.name, season.period, season.order, mode=season.mode)
    began = time.perf_counter()
    try:
        model.fit(frame)
    except RuntimeError:
        return None, time.perf_counter() - began
    spent = time.perf_counter() - began
    value = {name: np.asarray(x, float).reshape(-1) for name, x in model.params.items()}
    changes = 0 if structure.growth == "flat" else len(model.changepoints)
    fit = Parameters(
        structure, ("",), when_T[known][:1], np.diff(when_T[known][[0, -1]]), [model.y_scale], [0.0],
        value["k"], value["m"], np.asarray(model.changepoints_t)[None, :changes], value["delta"][None, :changes],
        value["beta"][None], value["sigma_obs"], np.zeros((1, 0)), np.ones((1, 0)),
    )  # fmt: skip
    return fit, spent


def public_series(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Data set: when_T and y_ST, NaN where a series has no count."""

    def wide(path: str, time_: str, series: str, value: str, **reading: object) -> pd.DataFrame:
        read = pd.read_csv(folder / path)
        read[time_] = pd.to_datetime(read[time_], **reading)
        return read.pivot_table(index=time_, columns=series, values=value, aggfunc="sum", min_count=1)

    iowa = pd.read_csv(folder / "health-ed-hourly-iowa" / "ed_hourly.csv.gz", parse_dates=["ts"]).set_index("ts")
    uk = pd.read_csv(folder / "health-ed-daily-uk" / "ed_ts.csv.gz")
    uk.index = pd.to_datetime(uk.date, format="%d/%m/%y")
    trusts = "health-discharges-daily-trust/discharges_daily.csv.gz"
    monthly = "health-ae-monthly-provider/ae_monthly_tidy.csv.gz"
    tables = {
        "discharges, 121 trusts, daily": wide(trusts, "date", "nhs_trust22_code", "discharged_total"),
        "UK emergency department, daily": uk[["arrivals"]],
        "Iowa emergency department, daily": iowa[["arrivals"]].resample("D").sum(),
        "Iowa emergency department, hourly": iowa[["arrivals"]],
        "winter beds occupied, daily, five winters": wide(
            "health-winter-sitrep-2015-2020/sitrep.csv.gz", "date", "code", "g_a_beds_occupied"
        ),
        "A&E attendances by provider, monthly": wide(monthly, "date", "org_code", "total"),
    }
    made = {}
    for name, t in tables.items():
        when_T, y_ST = t.index.to_numpy().astype("datetime64[s]").astype(np.int64), t.to_numpy(float).T
        moves = np.array([len(np.unique(y[np.isfinite(y)])) > 1 for y in y_ST])
        made[name] = when_T, y_ST[moves & (np.isfinite(y_ST).sum(axis=1) >= LEAST)]
    return made


def objective(only: str) -> list[dict]:
    folder = os.environ.get("PILOTS_REAL_DATA")
    if not folder:
        raise Fault("PILOTS_REAL_DATA does not say where the public series lie")
    rows = []
    for name, (when_T, y_ST) in public_series(Path(folder)).items():
        for mode in (mode for mode in MODES if only in f"{name}, {mode}"):
            structure = Structure("linear", usual(when_T, mode))
            began = time.perf_counter()
            ours = fit_many(when_T, y_ST, structure)
            spent = time.perf_counter() - began
            mine_S = negative_log_posterior(ours, when_T, y_ST)
            gaps, seconds, gave_up = [], 0.0, 0
            for y_T, mine in zip(y_ST, mine_S, strict=True):
                theirs, took = by_prophet(when_T, y_T, structure)
                seconds += took
                if theirs is None:
                    gave_up += 1
                    continue
                other = negative_log_posterior(theirs, when_T, y_T[None])[0]
                gaps.append(float((mine - other) / max(1.0, abs(other))))
            rows.append(
                {
                    "data": name, "mode": mode, "series": len(y_ST), "prophet_gave_up": gave_up,
                    "highest": max(gaps), "median": float(np.median(gaps)), "lowest": min(gaps),
                    "not_above": sum(gap <= SAME for gap in gaps), "seconds": spent, "prophet_seconds": seconds,
                }
            )  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def made_days(series: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two years of daily arrivals: a level that bends, a year, a week, noise."""
    random, t = np.random.default_rng(seed), np.arange(730)
    slopes = np.repeat(random.normal(0, 0.15, (series, 8)), 100, axis=1)[:, :730]
    year, week = (np.sin(2 * np.pi * t / p + random.uniform(0, 6, (series, 1))) for p in (365.25, 7.0))
    y_ST = (300 + slopes.cumsum(axis=1)) * (1 + 0.1 * year + 0.08 * week) + random.normal(0, 8, (series, 730))
    return (17_000 + t) * DAY, np.maximum(np.round(y_ST), 0)


def speed(only: str) -> list[dict]:
    """Both sides on one core, in turns; every Prophet turn fits a few of the same series."""
    rows = []
    for mode in (mode for mode in MODES if only in mode):
        for absent in (0.0, 0.02):
            for series in (250, 1000, 4000):
                when_T, y_ST = made_days(series)
                y_ST[np.random.default_rng(1).random(y_ST.shape) < absent] = np.nan
                structure = Structure("linear", usual(when_T, mode))
                ours, theirs = [], []
                fit_many(when_T, y_ST[:2], structure)
                for turn in range(TURNS):
                    began = time.perf_counter()
                    fit_many(when_T, y_ST, structure)
                    ours.append(time.perf_counter() - began)
                    theirs += [by_prophet(when_T, y_ST[s], structure)[1] for s in range(4 * turn, 4 * turn + 4)]
                one = float(np.median(theirs))
                rows.append(
                    {
                        "mode": mode, "missing": absent, "series": series, "seconds": float(np.median(ours)),
                        "seconds_least": min(ours), "seconds_most": max(ours), "prophet_seconds_per_series": one,
                        "times": one * series / float(np.median(ours)),
                    }
                )  # fmt: skip
                print(rows[-1], flush=True)
    return rows


def table(name: str, rows: list[dict]) -> str:
    if name == "objective":
        text = "| series | mode | how many | not above Prophet's | median gap | largest gap | Prophet gave up |\n"
        text += "| --- | --- | --- | --- | --- | --- | --- |\n"
        for r in rows:
            judged = r["series"] - r["prophet_gave_up"]
            text += f"| {r['data']} | {r['mode']} | {r['series']} | {r['not_above']} of {judged} | {r['median']:.1e} "
            text += f"| {r['highest']:.1e} | {r['prophet_gave_up']} |\n"
        return text
    text = "| daily series, 730 days | mode | missing days | all of them, s | Prophet, s each | one core each "
    text += "| both cores to Prophet |\n| --- | --- | --- | --- | --- | --- | --- |\n"
    for r in rows:
        text += f"| {r['series']:,} | {r['mode']} | {100 * r['missing']:.0f} % | {r['seconds']:.2f} "
        text += f"| {r['prophet_seconds_per_series']:.3f} | {r['times']:,.0f} × | {r['times'] / 2:,.0f} × |\n"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["objective", "speed", "readme"])
    parser.add_argument("--only", default="", help="measure rows with this in their data and mode, keep the others")
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.what, given.only)))


def work(what: str, only: str) -> None:
    measure = {"objective": objective, "speed": speed}
    if what in measure:
        packages = ("prophet", "numpy", "scipy", "cmdstanpy")
        facts = {"versions": {p: version(p) for p in packages}, "cpu": platform.processor() or platform.machine()}
        path, rows = RESULTS[what], measure[what](only)
        if only and path.exists():
            known = {_of(row): row for row in json.loads(path.read_text())["rows"]}
            rows = list((known | {_of(row): row for row in rows}).values())
        write_text(path, json.dumps(facts | {"rows": rows}, indent=1) + "\n")
    for name in measure:
        if RESULTS[name].exists():
            put(name, table(name, json.loads(RESULTS[name].read_text())["rows"]), PACKAGE)


def _of(row: dict) -> tuple:
    return row["mode"], row.get("data"), row.get("missing"), row["series"]


if __name__ == "__main__":
    main()
