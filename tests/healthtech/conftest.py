from __future__ import annotations

from pathlib import Path

import made_bundle
import numpy as np
import pandas as pd
import pytest
from made_csv import LONG

from pilots.healthtech.data.csv import CsvCounts


@pytest.fixture
def read(tmp_path: Path):
    """read(["date,site,n", ...], columns=..., freq=..., ...) -> Counts"""

    def read(lines: list[str], **settings):
        path = tmp_path / "counts.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return CsvCounts(**{"path": str(path), "columns": LONG, "freq": "D", **settings}).read()

    return read


@pytest.fixture
def examined(read):
    """examined({"A": counts, ...}) -> Counts of a daily file; NaN = the cell is empty"""

    def examined(series: dict[str, np.ndarray], first: str = "2022-01-01", **settings):
        days = pd.date_range(first, periods=len(next(iter(series.values()))))
        cells = [["" if np.isnan(n) else f"{n:.0f}" for n in y] for y in series.values()]
        rows = [",".join([f"{day:%Y-%m-%d}", *row]) for day, row in zip(days, zip(*cells, strict=True), strict=True)]
        return read([",".join(["date", *series]), *rows], columns={"time": "date", "value": "*"}, **settings)

    return examined


@pytest.fixture(scope="session")
def hourly_run(tmp_path_factory) -> Path:
    """A run on three sites by the hour, see made_bundle.py; read it, never change it."""
    return made_bundle.hourly(tmp_path_factory.mktemp("hourly"))


@pytest.fixture(scope="session")
def daily_run(tmp_path_factory) -> Path:
    """A run on one series by the day, two days late, with a temperature known ahead."""
    return made_bundle.daily(tmp_path_factory.mktemp("daily"))
