"""Prophet models fitted to every public hospital series under PILOTS_REAL_DATA, one kind of model per data set."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.serialize import model_from_json, model_to_json

SETS = {  # kind of model, and how many series at most
    "hourly arrivals, Iowa": ("linear, additive, US holidays, temperature; hours by weekend (condition)", 2),
    "daily arrivals, UK": ("linear, additive, UK holidays", 1),
    "daily discharges, trusts": ("linear, multiplicative, UK holidays", 121),
    "daily discharges, flat": ("flat, multiplicative, UK holidays", 12),
    "daily discharges, logistic": ("400 days, logistic with cap and floor, additive, UK holidays", 6),
    "beds occupied in winter, trusts": ("linear, changepoint prior 0.5, 95 % interval, minmax scaling", 40),
    "monthly attendances, providers": ("linear, multiplicative", 60),
}


def fitted(data: Path, name: str, cache: Path) -> Iterator[Prophet]:
    """The models of a set; a fit is kept in `cache` as Prophet's own JSON."""
    for label, settings, table in _tables(data, name, SETS[name][1]):
        kept = cache / f"{name} {label}.json"
        if kept.exists():
            yield model_from_json(kept.read_text())
            continue
        model = _model(settings, table)
        model.fit(table)
        kept.write_text(model_to_json(model))
        yield model_from_json(kept.read_text())


def _model(settings: dict, table: pd.DataFrame) -> Prophet:
    settings = dict(settings)
    country, seasons = settings.pop("country", None), settings.pop("seasons", ())
    model = Prophet(**settings)
    if country:
        model.add_country_holidays(country)
    for season in seasons:
        model.add_seasonality(**season)
    if "temp_f" in table:
        model.add_regressor("temp_f")
    return model


def _tables(data: Path, name: str, most: int) -> Iterator[tuple[str, dict, pd.DataFrame]]:
    """(label, settings of Prophet, its table) of every series that has enough to fit."""
    if name.startswith("hourly"):
        table = pd.read_csv(data / "health-ed-hourly-iowa" / "ed_hourly.csv.gz", parse_dates=["ts"])
        table = table.rename(columns={"ts": "ds", "arrivals": "y"})[["ds", "y", "temp_f"]]
        weekend = table["ds"].dt.dayofweek >= 5
        yield "default", {"country": "US"}, table
        seasons = [
            {"name": f"daily_{when}", "period": 1, "fourier_order": 6, "condition_name": when}
            for when in ("weekend", "weekday")
        ]
        apart = table.drop(columns="temp_f").assign(weekend=weekend, weekday=~weekend)
        yield "conditional", {"daily_seasonality": False, "seasons": seasons, "country": "US"}, apart
    elif name.startswith("daily arrivals"):
        table = pd.read_csv(data / "health-ed-daily-uk" / "ed_ts.csv.gz")
        table["ds"] = pd.to_datetime(table["date"], format="%d/%m/%y")
        yield "ed", {"country": "GB"}, table.rename(columns={"arrivals": "y"})[["ds", "y"]]
    elif name.startswith("daily discharges"):
        table = pd.read_csv(data / "health-discharges-daily-trust" / "discharges_daily.csv.gz", parse_dates=["date"])
        kind = name.rpartition(", ")[2]
        settings = {"country": "GB", "growth": "linear" if kind == "trusts" else kind}
        settings["seasonality_mode"] = "additive" if kind == "logistic" else "multiplicative"
        for code, ds, y in _series(table, "nhs_trust22_code", "date", "discharged_total", most):
            rows = pd.DataFrame({"ds": ds, "y": y})
            if kind == "logistic":
                rows = rows.tail(400).assign(cap=1.2 * y.max(), floor=-5.0)
            yield code, settings, rows
    elif name.startswith("beds"):
        table = pd.read_csv(data / "health-winter-sitrep-2015-2020" / "sitrep.csv.gz", parse_dates=["date"])
        settings = {"changepoint_prior_scale": 0.5, "interval_width": 0.95, "scaling": "minmax"}
        for code, ds, y in _series(table[table["code"] != "-"], "code", "date", "g_a_beds_occupied", most):
            yield code, settings, pd.DataFrame({"ds": ds, "y": y})
    else:
        table = pd.read_csv(data / "health-ae-monthly-provider" / "ae_monthly_tidy.csv.gz", parse_dates=["date"])
        for code, ds, y in _series(table, "org_code", "date", "total", most):
            yield code, {"seasonality_mode": "multiplicative"}, pd.DataFrame({"ds": ds, "y": y})


def _series(table: pd.DataFrame, code: str, time: str, value: str, most: int) -> Iterator[tuple]:
    """The first series that have two years' worth of times (24 at least), in the order of their codes."""
    table, found = table.dropna(subset=[value]), 0
    for name, rows in table.groupby(code):
        rows = rows.drop_duplicates(time).sort_values(time)
        if len(rows) < 24 or found == most:
            continue
        found += 1
        yield name, rows[time].to_numpy(), rows[value].to_numpy()


def quiet() -> None:
    for noisy in ("prophet", "prophet.plot", "cmdstanpy"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)


def seed(number: int = 0) -> None:
    """Prophet draws from NumPy's global generator."""
    np.random.seed(number)  # noqa: NPY002
