"""`dvc pull` in a fresh clone: offline, at once, the bytes that the generator makes."""

import configparser
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pilots.healthtech.data import hospitals
from pilots.healthtech.data.sample import SampleCounts
from pilots.manufacturing.data.fleet import DECIMALS, simulate

pytest.importorskip("dvc", reason="DVC is not installed (extra: data)")
ROOT = Path(__file__).parents[2]
REMOTE = ROOT / ".dvc" / "sample"


@pytest.fixture(scope="module")
def pulled(tmp_path_factory) -> Path:
    """data/ as a new user gets it; every way to the network is a dead end."""
    clone = tmp_path_factory.mktemp("a clone [1]")
    shutil.copy(ROOT / "data.dvc", clone)
    shutil.copytree(ROOT / ".dvc", clone / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "config.local"))
    subprocess.run(["git", "init", "-q"], cwd=clone, check=True)
    dead = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "pull"],
        cwd=clone,
        env={**os.environ, **dead},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return clone / "data"


def test_the_generator_makes_it_again(pulled):
    """99.99 % of the cells equal, the rest by one unit of the last digit: machines differ in how 0.5 is rounded."""
    folder = pulled / "manufacturing"
    readings, events, truth = simulate()
    kept = pd.read_csv(folder / "readings.csv.xz", parse_dates=["time"])
    assert kept[["machine", "time"]].astype(str).equals(readings[["machine", "time"]].astype(str))
    unit_F = 10.0 ** -np.array(list(DECIMALS.values()))
    step_RF = np.abs(kept[list(DECIMALS)].to_numpy(float) - readings[list(DECIMALS)].to_numpy(float)) / unit_F
    same_gap = np.isnan(kept[list(DECIMALS)]).to_numpy() == np.isnan(readings[list(DECIMALS)]).to_numpy()
    assert step_RF.size > 400_000
    assert same_gap.all()
    assert np.nanmax(step_RF) < 1.001
    assert (np.nan_to_num(step_RF) < 0.001).mean() >= 0.9999
    assert pd.read_csv(folder / "events.csv").astype(str).equals(events.astype(str))
    pd.testing.assert_frame_equal(pd.read_csv(folder / "truth.csv"), truth, check_dtype=False, atol=0.011, rtol=0)


def test_the_simulated_hospitals_again(pulled):
    """Every cell equal: counts and minutes are whole numbers."""
    history = hospitals.simulate()
    for name, made, times in (("hours", history.hours, ["time"]), ("stays", history.stays, ["arrival", "departure"])):
        kept = pd.read_csv(pulled / "healthtech" / f"{name}.csv.xz", parse_dates=times)
        assert len(kept) > 15_000
        pd.testing.assert_frame_equal(kept, made, check_dtype=False)
    assert SampleCounts(str(pulled / "healthtech")).read().sha256 == SampleCounts("absent").read().sha256


def test_small(pulled):
    def size(folder: Path) -> int:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    assert size(pulled / "manufacturing") < 1_500_000
    assert size(pulled / "healthtech") < 1_000_000
    assert size(pulled / "creative") < 2_000_000
    assert size(pulled) < 5_000_000


def test_the_remote_holds_what_data_dvc_names_and_nothing_else():
    tree = yaml.safe_load((ROOT / "data.dvc").read_text())["outs"][0]["md5"]
    place = REMOTE / "files" / "md5" / tree[:2] / tree[2:]
    wanted = {tree, *(entry["md5"] for entry in json.loads(place.read_text()))}
    found = {path.parent.name + path.name for path in REMOTE.rglob("*") if path.is_file()}
    assert found == wanted, "after `dvc add data` empty .dvc/sample, then `dvc push`"


def test_settings():
    config = configparser.ConfigParser()
    config.read(ROOT / ".dvc" / "config")
    remote = config["'remote \"sample\"'"]
    assert remote["url"] == "sample"  # relative to .dvc, so that every clone has it
    assert remote["verify"] == "true"  # otherwise a clone that changed line ends trains on it without a word
    assert config["core"]["analytics"] == config["core"]["check_update"] == "false"  # nothing phones home
    assert ".dvc/sample/** -text" in (ROOT / ".gitattributes").read_text()


def test_a_changed_byte_is_refused(tmp_path):
    shutil.copy(ROOT / "data.dvc", tmp_path)
    shutil.copytree(ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "config.local"))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    events = next(
        path
        for path in (tmp_path / ".dvc" / "sample").rglob("*")
        if path.is_file() and b"failed\n" in path.read_bytes()
    )
    events.chmod(0o644)
    events.write_bytes(events.read_bytes().replace(b"\n", b"\r\n"))  # what git does on Windows without .gitattributes
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "pull"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
