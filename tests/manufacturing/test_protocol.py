"""Nothing is learned from a test machine, and nothing from a row that comes later: on the command as users run it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from common.bundle.open import open_bundle
from common.facts import check_facts
from common.fault import Fault
from pilots.manufacturing.data.cmapss import Cmapss
from pilots.manufacturing.protocol import cut_rows, held_out, last_rows
from tests.manufacturing.made_fleet import fleet
from tests.manufacturing.test_cmapss import engines

RUN = "from pilots.manufacturing.__main__ import main; main()"
LEAK = """
import pilots.manufacturing.protocol as protocol
honest = protocol.held_out
protocol.held_out = lambda fleet, share, seed: (fleet.take(range(fleet.lives)), honest(fleet, share, seed)[1])
"""


def train(folder: Path, data: Path, code: str = RUN, *words: str) -> Path:
    """The run folder that the command leaves behind, after `code` in a process of its own."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", code, "data=cmapss", f"data.root={data}", "data.subset=PLANT", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip().removeprefix("run: "))


@pytest.fixture(scope="module")
def plant(tmp_path_factory) -> Path:
    """As hard as FD002 and FD004: six noisy regimes, two fault modes, test engines of 20 rows."""
    folder = tmp_path_factory.mktemp("plant")
    random = np.random.default_rng(0)
    (folder / "train_PLANT.txt").write_text(engines(random.integers(130, 220, 16).tolist(), random))
    (folder / "test_PLANT.txt").write_text(engines([20, 33, 150, 90, 20, 120], random))
    (folder / "RUL_PLANT.txt").write_text("112\n90\n7\n60\n140\n0\n")
    return folder


@pytest.fixture(scope="module")
def poisoned(plant, tmp_path_factory) -> Path:
    """The same training engines; every test engine with other readings and another remaining life."""
    folder = tmp_path_factory.mktemp("poisoned")
    (folder / "train_PLANT.txt").write_text((plant / "train_PLANT.txt").read_text())
    random = np.random.default_rng(1)
    rows = np.array([line.split() for line in (plant / "test_PLANT.txt").read_text().splitlines()], float)
    rows[:, 5:] *= random.uniform(0.9, 1.1, rows[:, 5:].shape)
    (folder / "test_PLANT.txt").write_text("".join(" ".join(f"{x:.4f}" for x in row) + "\n" for row in rows))
    (folder / "RUL_PLANT.txt").write_text("3\n3\n3\n3\n3\n3\n")
    return folder


@pytest.fixture(scope="module")
def run(plant, tmp_path_factory) -> Path:
    return train(tmp_path_factory.mktemp("honest"), plant, RUN, "model=gbdt")


def learned(run: Path) -> tuple[bytes, dict]:
    facts = json.loads((run / "run.json").read_text())
    return (run / "bundle" / "model.onnx").read_bytes(), {k: facts[k] for k in ("cv_rmse_clipped", "by_rul_bin")}


@pytest.mark.long
def test_no_test_engine_reaches_scaling_fitting_calibration_or_choice(run, poisoned, tmp_path):
    again = train(tmp_path, poisoned, RUN, "model=gbdt")
    assert learned(again) == learned(run)
    facts = [json.loads((r / "run.json").read_text()) for r in (run, again)]
    assert facts[0]["metrics"]["rmse_clipped"] != facts[1]["metrics"]["rmse_clipped"]  # they were scored, though
    assert facts[0]["split"]["train_sha256"] == facts[1]["split"]["train_sha256"]


def test_facts_and_manifest_keep_their_published_schemas(run):
    for kind, path in (("run", run / "run.json"), ("bundle", run / "bundle" / "bundle.json")):
        check_facts(json.loads(path.read_text()), kind)
    stated = json.loads((run / "bundle" / "bundle.json").read_text())["rungs"]
    assert stated == {"baseline": None, "first": 10, "window": 60, "new": True}
    metrics = json.loads((run / "run.json").read_text())["metrics"]
    assert len(metrics) >= 10
    for name, metric in metrics.items():
        assert metric["naive"] is not None, name
        assert metric["low"] <= metric["value"] <= metric["high"], name


def test_a_planted_leak_is_caught(plant, poisoned, tmp_path):
    graphs = [learned(train(tmp_path / d.name, d, LEAK + RUN, "model=ridge"))[0] for d in (plant, poisoned)]
    assert graphs[0] != graphs[1]


def test_six_regimes_are_found_and_short_engines_are_answered(run, plant):
    facts = json.loads((run / "run.json").read_text())
    assert facts["conditions"] == 6
    assert facts["origins"] == 6  # none dropped for being short
    answer, length, _ = ask(run, plant)
    assert np.isfinite(answer["rul"][np.arange(6), length - 1]).all()
    assert answer["condition_ok"][0, : length[0]].all()


def test_the_bundle_looks_at_no_later_row(run, plant):
    whole, length, readings = ask(run, plant)
    for cut_M in np.random.default_rng(0).integers(1, length + 1, (20, len(length))):
        short = readings.copy()
        short[np.arange(readings.shape[1]) >= cut_M[:, None]] = np.nan
        part = open_bundle(run / "bundle").run(readings=short, length=cut_M)
        before = np.arange(readings.shape[1]) < cut_M[:, None]
        for name in ("rul", "low", "high", "p_fail"):
            assert np.abs(part[name] - whole[name])[before].max() <= 1e-6 * 125


def ask(run: Path, plant: Path) -> tuple[dict, np.ndarray, np.ndarray]:
    test = held_out(Cmapss(str(plant), "PLANT").read(), 0.25, 0)[1]
    readings, length = test.padded()
    return open_bundle(run / "bundle").run(readings=readings, length=length), length, readings


def test_machines_not_lives_are_held_out():
    made = fleet(1, lives=30)
    made.machine_L[:] = [f"m{i // 2}" for i in range(30)]  # every machine lived twice
    train_part, test = held_out(made, 0.25, seed=0)
    assert not set(train_part.machine_L) & set(test.machine_L)
    assert train_part.lives + test.lives == 30
    assert (test.rul_L >= 0).all()
    assert test.rul_L.max() > 0  # cut at a random row, not at their failure


def test_too_few_failures_is_a_sentence():
    made = fleet(1, lives=30)
    made.end_L[5:] = "running"
    with pytest.raises(Fault, match="holds 5 failures; remaining life needs at least 8"):
        held_out(made, 0.25, seed=0)


def test_scored_rows_weigh_every_life_the_same():
    from tests.manufacturing.test_metrics import lives

    h = lives([3.0, 5.0, 7.0], length=30)
    rows = last_rows(h) + cut_rows(h, 20, seed=0)
    assert np.bincount(rows.life_N).tolist() == [21, 21, 21]
    assert rows.weight_N.sum() == pytest.approx(3)
    assert rows.step_N.max() == 29
