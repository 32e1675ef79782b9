"""Real bundles from small made counts: three sites by the hour with sums, and one by the day with a delay."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
from hydra import compose, initialize_config_dir

from pilots.healthtech.train import story

CONF = Path(__file__).parents[2] / "conf" / "healthtech"
SITES = {"=north": 12.0, "<b>east</b>": 6.0, "south": 2.5}  # names as an attacker would choose them
TRUST = {"=north": "River & Sea", "<b>east</b>": "River & Sea", "south": "Hill"}
HOURS, DAYS = 24 * 7 * 12, 300


def hours() -> pd.DataFrame:
    """A row per site and hour; a gap of a day at one site."""
    rng = np.random.default_rng(4)
    time_T = pd.date_range("2025-06-02", periods=HOURS, freq="h")
    day_T = 1 + 0.6 * np.sin(2 * np.pi * (time_T.hour.to_numpy() - 9) / 24)
    parts = [
        pd.DataFrame({"when": time_T, "site": site, "trust": TRUST[site], "n": rng.poisson(mean * day_T)})
        for site, mean in SITES.items()
    ]
    table = pd.concat(parts)
    gap = (table["site"] == "south") & table["when"].between("2025-07-01", "2025-07-01 23:00")
    return table[~gap].sort_values(["when", "site"]).assign(when=lambda t: t["when"].dt.strftime("%d/%m/%Y %H:%M"))


def days() -> pd.DataFrame:
    """A row per day with a temperature known ahead; the last ten days have no count yet."""
    rng = np.random.default_rng(5)
    day_T = pd.date_range("2024-01-01", periods=DAYS, freq="D")
    mean_T = 60 + 10 * (day_T.day_of_week == 0)
    table = pd.DataFrame({"date": day_T, "visits": rng.poisson(mean_T), "temp": rng.normal(10, 3, DAYS).round(1)})
    return table.assign(date=table["date"].dt.strftime("%Y-%m-%d"))


def learn(folder: Path, table: pd.DataFrame, *words: str) -> Path:
    """Train climatology on the table; the run's folder, with the table beside it as counts.csv."""
    path = folder / "counts.csv"
    table.to_csv(path, index=False)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", ["data=csv", f"data.path={path}", "model=climatology", *words])
    before = Path.cwd()
    os.chdir(folder)
    try:
        story(cfg)
    finally:
        os.chdir(before)
    return next((folder / "runs" / "healthtech").iterdir())


def hourly(folder: Path) -> Path:
    columns = "{time: when, value: n, series: site, hierarchy: [trust]}"
    exclude = "data.exclude=[[2025-07-10, 2025-07-12]]"  # within reach of the last forecast
    test = ("backtest.start=2025-08-11", "backtest.step=24", "backtest.horizon=48")
    return learn(folder, hours(), f"data.columns={columns}", "data.freq=h", "data.total=all sites", exclude, *test)


def daily(folder: Path) -> Path:
    columns, test = "{time: date, value: visits}", ("backtest.start=2024-10-01", "backtest.horizon=10")
    return learn(
        folder, days(), f"data.columns={columns}", "data.freq=D", "data.delay=2", "data.future={temp: forecast}", *test
    )
