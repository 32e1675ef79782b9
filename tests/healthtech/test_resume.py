"""A run that was killed goes on, with the model it was begun with, to the same figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from made_counts import counts

ROOT = Path(__file__).parents[2]
WORDS = ["model=glm", "compare=[prophet]", "data=csv", "data.path=counts.csv", "data.columns.time=day"]
WORDS += ["data.columns.value=[a,b]", "data.freq=D", "backtest.horizon=14", "backtest.report=[7]"]


def begin(folder: Path, *words: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pilots.healthtech", *words]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)


def figures(process: subprocess.Popen) -> dict:
    said, _ = process.communicate()
    assert process.returncode == 0
    return json.loads((Path(said.splitlines()[-1].removeprefix("run: ")) / "run.json").read_text())


@pytest.mark.long
def test_a_killed_run_goes_on_to_the_same_figures(tmp_path):
    made = counts(500)
    table = pd.DataFrame({"day": made.time_T, "a": made.y_ST[0].astype(int), "b": made.y_ST[1].astype(int)})
    table.to_csv(tmp_path / "counts.csv", index=False)
    whole = figures(begin(tmp_path, *WORDS))

    stopped = begin(tmp_path, *WORDS)
    while stopped.poll() is None and not list(tmp_path.glob("runs/healthtech/.partial-*/steps/glm_0.npz")):
        time.sleep(0.02)
    stopped.send_signal(signal.SIGKILL)
    stopped.communicate()
    (partial,) = tmp_path.glob("runs/healthtech/.partial-*")
    resumed = figures(begin(tmp_path, f"resume={partial}"))
    assert resumed["model"] == "glm"
    for key in ("metrics", "metrics_by_model", "metrics_by_series", "against_climatology", "parity", "totals_80"):
        assert resumed[key] == whole[key]
    assert set(resumed["metrics_by_model"]) == {"seasonal_naive", "climatology", "glm", "prophet"}
