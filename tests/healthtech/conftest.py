from __future__ import annotations

from pathlib import Path

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
