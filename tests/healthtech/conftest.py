from __future__ import annotations

from pathlib import Path

import made_bundle
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


@pytest.fixture(scope="session")
def hourly_run(tmp_path_factory) -> Path:
    """A run on three sites by the hour, see made_bundle.py; read it, never change it."""
    return made_bundle.hourly(tmp_path_factory.mktemp("hourly"))


@pytest.fixture(scope="session")
def daily_run(tmp_path_factory) -> Path:
    """A run on one series by the day, two days late, with a temperature known ahead."""
    return made_bundle.daily(tmp_path_factory.mktemp("daily"))
