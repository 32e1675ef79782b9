"""Prophet models of every kind, fitted once, and the times they are asked about."""

from __future__ import annotations

import logging
from functools import cache

import numpy as np
import pandas as pd

for noisy in ("prophet", "prophet.plot", "cmdstanpy"):
    logging.getLogger(noisy).setLevel(logging.CRITICAL)

DAYS, AHEAD = 800, 60
KINDS = ("linear", "flat", "multiplicative", "conditional", "logistic", "floor", "hourly", "monthly", "bare")


def daily(days: int = DAYS) -> pd.DataFrame:
    at = np.arange(days)
    wave = 20 * np.sin(2 * np.pi * at / 7) + 30 * np.sin(2 * np.pi * at / 365.25)
    noise = np.random.default_rng(0).normal(0, 8, days)
    return pd.DataFrame({"ds": pd.date_range("2019-01-01", periods=days), "y": 300 + 0.05 * at + wave + noise})


def christmas() -> pd.DataFrame:
    """One holiday with a window, one that falls on its edge, one without; known until 2024."""
    years = range(2018, 2025)
    rows = [("christmas", f"{year}-12-25", -1, 2) for year in years]
    rows += [("eve", f"{year}-12-24", 0, 0) for year in years] + [("strike", "2020-02-03", 0, 1)]
    table = pd.DataFrame(rows, columns=["holiday", "ds", "lower_window", "upper_window"])
    return table.assign(ds=pd.to_datetime(table["ds"]))


@cache
def made(kind: str):
    """(fitted Prophet, times: the history and AHEAD steps after it)."""
    from prophet import Prophet

    table, freq, model = daily(), "D", Prophet(growth="flat" if kind == "flat" else "linear")
    if kind == "multiplicative":
        model = Prophet(seasonality_mode="multiplicative", holidays=christmas(), changepoint_prior_scale=0.5)
        model.add_country_holidays("GB")
        model.add_regressor("temperature").add_regressor("promotion", mode="additive")
    elif kind == "conditional":
        model = Prophet(weekly_seasonality=False, scaling="minmax", holidays=christmas(), interval_width=0.95)
        for season in ("summer", "winter"):
            model.add_seasonality(f"weekly_{season}", 7, 3, condition_name=season)
        model.add_seasonality("monthly", 30.5, 5, mode="multiplicative")
    elif kind in ("logistic", "floor"):
        model = Prophet(growth="logistic", seasonality_mode="multiplicative" if kind == "floor" else "additive")
        table["y"] = 500 / (1 + np.exp(-(np.arange(DAYS) - 400) / 200)) + (table["y"] - 300) / 5
    elif kind == "hourly":
        freq, model = "h", Prophet(holidays=christmas().assign(ds=lambda x: x["ds"] - pd.Timedelta(days=330)))
        at = np.arange(DAYS)
        table["ds"] = pd.date_range("2021-01-20", periods=DAYS, freq="h")
        table["y"] = np.random.default_rng(1).poisson(15 + 5 * np.sin(2 * np.pi * at / 24))
    elif kind == "monthly":
        freq, model, table = "MS", Prophet(), table[:60]
        table["ds"] = pd.date_range("1966-01-01", periods=60, freq="MS")  # before the epoch, too
    elif kind == "bare":
        off = dict.fromkeys(("yearly_seasonality", "weekly_seasonality", "daily_seasonality"), False)
        model, table = Prophet(n_changepoints=0, **off), table[:200]
    model.fit(bring(table, kind))
    times = pd.DataFrame({"ds": pd.date_range(table["ds"].iloc[0], periods=len(table) + AHEAD, freq=freq)})
    return model, bring(times, kind)


def bring(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """What the caller knows beforehand."""
    at, summer = np.arange(len(table)), table["ds"].dt.month.between(5, 9)
    columns = {
        "multiplicative": {"temperature": 15 + 10 * np.sin(at), "promotion": (at % 9 == 0).astype(float)},
        "conditional": {"summer": summer, "winter": ~summer},
        "logistic": {"cap": 550.0 + at / 100},
        "floor": {"cap": 550.0, "floor": -10.0},
    }
    return table.assign(**columns.get(kind, {}))
