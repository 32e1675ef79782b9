"""A pilot's sweep as jobs of a real Slurm of one node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slurm_node import Cluster, until

pytestmark = pytest.mark.slurm
LAUNCHER = ("-m", "hydra/launcher=submitit_slurm", "hydra.launcher.partition=main")
QUICK = ("--config-dir", "my site", "data=pumps", "split.folds=2", "split.cuts=2")
YAML = """
defaults: [csv]
path: pumps.csv
events: book.csv
rows_per_month: 730
channels:
  - {name: speed, unit: rpm, low: 0, high: 4000, role: setting}
  - {name: vibration, unit: mm/s, low: 0, high: 80}
"""


@pytest.fixture
def plant(tmp_path) -> Path:
    """A folder with the readings of 14 pumps that wear until they fail, and the settings to read them."""
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    (tmp_path / "my site" / "data").mkdir(parents=True)
    (tmp_path / "my site" / "data" / "pumps.yaml").write_text(YAML)
    rows, book = ["machine,time,speed,vibration"], ["machine,time,event"]
    for pump in range(14):
        for hour in range(100 + 3 * pump):
            worn = 1.5 + (40 / (120 + 3 * pump - hour)) ** 2 + (hour * 7 % 5) / 10
            rows.append(f"P{pump},{hour},{2700 + 20 * pump + hour % 3},{worn:.4f}")
        book.append(f"P{pump},{99 + 3 * pump},failed")
    (tmp_path / "my site" / "data" / "pumps.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "my site" / "data" / "book.csv").write_text("\n".join(book) + "\n")
    return tmp_path


def commands(plant: Path) -> set[str]:
    """Of the finished runs: what each was told."""
    found = plant.glob("runs/manufacturing/[0-9]*/run.json")
    return {json.loads(path.read_text())["command"] for path in found}


def sweep(cluster: Cluster, plant: Path, *words: str) -> tuple[int, str]:
    return cluster.pilot_done(*LAUNCHER, *QUICK, *words, cwd=plant, module="pilots.manufacturing")


def test_a_sweep_makes_a_run_of_each(cluster, plant):
    """Two tasks begin in one second; each gets a folder of its own, and its own words."""
    code, said = sweep(cluster, plant, "model=naive,ridge")
    assert code == 0, said
    told = "pilot-manufacturing --config-dir 'my site' data=pumps split.folds=2 split.cuts=2"
    assert commands(plant) == {f"{told} model={model}" for model in ("naive", "ridge")}
    assert list((plant / "runs").glob(".site-*")) == []


def test_a_killed_task_of_a_sweep_is_told(cluster, plant):
    at_work = cluster.pilot(*LAUNCHER, *QUICK, "model=ridge", cwd=plant, module="pilots.manufacturing")
    partial = "runs/manufacturing/.partial-*/started.json"
    until(lambda: at_work.poll() is not None or list(plant.glob(partial)), "the run at work")
    cluster.kill_task(cluster.running()[0])
    assert at_work.wait(90) == 2
    said = (plant / "said").read_text()
    assert "of the sweep ended without a result (FAILED), see " in said
    assert "Traceback" not in said


def test_a_sweep_on_an_unknown_partition(cluster, plant):
    code, said = sweep(cluster, plant, "model=naive", "hydra.launcher.partition=nope")
    assert code == 2
    assert said.splitlines()[-1].startswith("sbatch refused the sweep: invalid partition specified: nope")
