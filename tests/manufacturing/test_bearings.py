"""Bearings run to failure: what is read, what is refused, and answers known beforehand."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from common.fault import Fault
from pilots.manufacturing.data import bearings
from pilots.manufacturing.data.bearings import BANDS, Bearings, Life
from pilots.manufacturing.vibration import detect, remaining
from pilots.manufacturing.vibration.life import one, summary

REAL = os.environ.get("PILOTS_REAL_DATA")
RUN = "from pilots.manufacturing.__main__ import main; main()"


def worn(rows: int, seed: int, onset: float = 0.7) -> np.ndarray:
    """Hours and bands of a made bearing: calm until `onset` of its rows, then the upper bands grow."""
    random = np.random.default_rng(seed)
    wear_T = np.maximum(np.arange(rows) / rows - onset, 0) / (1 - onset)
    bands = 0.02 * np.exp(random.normal(0, 0.2, (rows, BANDS)))
    bands[:, 10:] *= 1 + 20 * wear_T[:, None] ** 2
    return np.column_stack([np.arange(rows) / 6, bands]).astype(np.float32)


MADE = {
    "ims_run1_b3": worn(400, 0), "ims_run1_b4": worn(400, 1), "ims_run2_b1": worn(300, 2), "ims_run3_b3": worn(600, 3),
    "femto_1_1": worn(300, 4), "femto_2_1": worn(250, 5), "femto_3_1": worn(200, 6),
    "femto_1_3_truncated": worn(200, 7)[:160], "femto_9_9_truncated": worn(200, 8)[:170],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path) -> Path:
    np.savez_compressed(tmp_path / "bearings.npz", **MADE)
    return tmp_path


def test_lives_and_their_ends(folder):
    ims, femto = (Bearings(str(folder), name).read().lives for name in ("ims", "femto"))
    assert [life.group for life in ims] == ["ims_run1", "ims_run1", "ims_run2", "ims_run3"]
    assert all(life.failed and life.left_T[-1] == 0 for life in ims)
    assert [life.name for life in femto[3:]] == ["femto_1_3_truncated", "femto_9_9_truncated"]
    assert femto[3].left_T[-1] == pytest.approx(5730 / 3600)
    assert not femto[3].failed
    assert np.isnan(femto[4].left)


def write(**arrays: np.ndarray):
    return lambda path: np.savez(path, **MADE | arrays)


def without(*names: str):
    return lambda path: np.savez(path, **{name: x for name, x in MADE.items() if name not in names})


BACK = worn(300, 0)
BACK[7, 0] = 0.1
GAP = worn(300, 0)
GAP[9, 3] = np.nan
WRONG = {
    "There is no .*bearings.npz. Name the folder": lambda path: None,
    "no archive of plain numbers": lambda path: path.write_bytes(b"PK not really"),
    "no archive of plain numbers, or damaged": write(ims_x=np.array([print], dtype=object)),
    r"bearings.npz: ims_run2_b1 is float64 \[10, 21\]; hours and 20 bands": write(ims_run2_b1=np.zeros((10, 21))),
    r"ims_run2_b1 is float32 \[300, 20\]": write(ims_run2_b1=worn(300, 0)[:, 1:]),
    r"ims_run2_b1 is <U1 \[1\]": write(ims_run2_b1=np.array(["a"])),
    "ims_run2_b1 row 7: hour 0.1 does not come after 1": write(ims_run2_b1=BACK),
    "ims_run2_b1 row 9: a value is not finite": write(ims_run2_b1=GAP),
    "has 1 tests of ims that ended in failure; 3": without("ims_run2_b1", "ims_run3_b3"),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_wrong_files(tmp_path, sentence):
    WRONG[sentence](tmp_path / "bearings.npz")
    with pytest.raises(Fault, match=sentence):
        Bearings(str(tmp_path)).read()


def test_an_archive_cut_short(folder):
    path = folder / "bearings.npz"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(Fault, match="Copy it again"):
        Bearings(str(folder)).read()


def test_an_archive_that_unpacks_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(bearings, "MAX_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bearings.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ims_run1_b1.npy", bytes(2_000_000))
    with pytest.raises(Fault, match="unpacks to 2,000,000 bytes"):
        Bearings(str(tmp_path)).read()


def test_an_unknown_set():
    with pytest.raises(ValueError, match="choose ims or femto"):
        Bearings("x", "xjtu")


def test_wear_alarms_after_it_began_and_calm_does_not():
    band_TB = MADE["ims_run3_b3"][:, 1:].astype(float)
    alarm_T = detect.alarms(detect.index(band_TB))
    assert detect.episodes(alarm_T[:420]) == 0
    assert alarm_T[500:].all()
    calm_TB = worn(600, 3, onset=0.9999)[:, 1:].astype(float)
    assert not detect.alarms(detect.index(calm_TB)).any()


def test_the_index_is_causal():
    band_TB = MADE["ims_run3_b3"][:, 1:].astype(float)
    np.testing.assert_allclose(detect.index(band_TB)[:300], detect.index(band_TB[:300]), rtol=1e-12)
    life = Life("a", "a", np.arange(600.0), band_TB, 0.0)
    early = Life("a", "a", np.arange(300.0), band_TB[:300], 0.0)
    np.testing.assert_allclose(remaining.features(life)[:300], remaining.features(early), atol=1e-9)


def test_an_alarm_needs_rows_in_a_row():
    index_T = np.zeros(200)
    index_T[[50, 51, 52, 53, 54, 120, 121, 122, 123, 130, 131, 132, 133, 134, 135]] = 2
    assert np.flatnonzero(detect.alarms(index_T)).tolist() == [134, 135]
    assert detect.episodes(np.array([1, 1, 0, 1, 0], bool)) == 2


def test_the_test_of_a_bearing_is_left_out_whole(folder):
    """Another bearing of the same test, changed beyond recognition, changes nothing."""
    lives = Bearings(str(folder)).read().lives
    errors = remaining.left_out(lives, "hours")["ims_run1_b3"]
    spoilt = [Life(b.name, b.group, b.hour_T, b.band_TB * (9 if b.name == "ims_run1_b4" else 1), b.left) for b in lives]
    assert remaining.left_out(spoilt, "hours")["ims_run1_b3"] == errors


def test_notice_and_the_naive_age_by_hand(folder):
    lives = Bearings(str(folder)).read().lives
    index_T = np.zeros(600)
    index_T[500:] = 2
    told = one(lives[3], lives, index_T, {"hours": {}})
    assert told["first_alarm_hour"] == pytest.approx(504 / 6, abs=1e-4)
    assert told["lead_hours"] == pytest.approx((599 - 504) / 6, abs=1e-4)
    assert told["age_policy_hour"] == pytest.approx(0.9 * 299 / 6, abs=1e-4)
    assert told["early"] == 0
    errors = {f"rmse_{k}_{m}": 1.0 for k in ("hours", "share") for m in ("ridge", "naive")}
    missed = told | {"lead_hours": None, "first_alarm_hour": None}
    found = summary([told | errors, missed | errors], 0)
    assert found["alarm_missed"]["value"] == 0.5
    assert found["alarm_lead_median"]["value"] == pytest.approx(told["lead_hours"] / 2)


def test_the_command_names_every_bearing(folder):
    words = ["task=bearing_life", "data=bearings", f"data.root='{folder}'", "data.set=femto"]
    done = subprocess.run([sys.executable, "-c", RUN, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = Path(done.stdout.strip().splitlines()[-1].removeprefix("run: "))
    facts = json.loads((out / "run.json").read_text())
    assert list(facts["metrics_by_series"]) == [name for name in MADE if name.startswith("femto")]
    assert facts["metrics_by_series"]["femto_9_9_truncated"]["hours_of_life"] is None
    assert all(metric["naive"] is not None for metric in facts["metrics"].values())
    page = (out / "report.html").read_text()
    assert all(name in page for name in facts["metrics_by_series"])
    assert page.count("<svg") == 5


@pytest.mark.skipif(not REAL, reason="PILOTS_REAL_DATA is not set: the original files are not here")
def test_the_original_file():
    lives = Bearings(f"{REAL}/bearing-run-to-failure").read().lives
    assert [(life.name, len(life.hour_T)) for life in lives] == [
        ("ims_run1_b3", 2153), ("ims_run1_b4", 2153), ("ims_run2_b1", 981), ("ims_run3_b3", 6321),
    ]  # fmt: skip
    alarm_T = detect.alarms(detect.index(lives[2].band_TB))
    assert 40 < lives[2].left_T[np.argmax(alarm_T)] < 120  # hours of notice before the outer race failed
    assert detect.episodes(alarm_T[: len(alarm_T) // 2]) == 0
