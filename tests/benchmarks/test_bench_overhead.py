"""What the harness costs is published as it was measured; the figures themselves come from benchmarks/overhead.py."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import overhead
from benchmarks.readme import SPEED_STUDIES


def test_the_readme_shows_the_stored_figures():
    table = [line for line in (SPEED_STUDIES / "overhead.md").read_text(encoding="utf-8").splitlines() if "µs" in line]
    readme = (Path(overhead.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert len(table) == 8
    assert all(line in readme for line in table)


def test_every_figure_with_a_target_keeps_it():
    rows = json.loads((SPEED_STUDIES / "overhead.json").read_text(encoding="utf-8"))["rows"]
    held = [row for row in rows if row["wanted"]]
    assert len(held) == 4
    assert all(row["us"] <= overhead.WANTED_US for row in held)


def test_the_figures_can_be_measured_again(monkeypatch):
    """One short round; how large they are is not a test's business."""
    monkeypatch.setattr(overhead, "QUERIES", 50)
    rows = overhead.rows(1)
    assert len(rows) == 8
    assert all(row["low"] is None for row in rows)  # of one round
