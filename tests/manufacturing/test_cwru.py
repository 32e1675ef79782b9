"""Raw bearing recordings: what is read, and one sentence for each kind of damage."""

import lzma
import os
from pathlib import Path

import numpy as np
import pytest
from made_vibration import mat, packed, write_folder

from common.fault import Fault
from pilots.manufacturing.data import cwru
from pilots.manufacturing.data.cwru import Cwru, sampling_rate

REAL = os.environ.get("PILOTS_REAL_DATA")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return write_folder(tmp_path_factory.mktemp("cwru"))


@pytest.fixture
def folder(whole, tmp_path) -> Path:
    """A folder of links into the whole one, of which a test may exchange a file."""
    for path in whole.iterdir():
        (tmp_path / path.name).hardlink_to(path)
    return tmp_path


def exchange(folder: Path, data: bytes, name: str = "12k_DE_B007_2.mat.xz") -> None:
    (folder / name).unlink()
    (folder / name).write_bytes(data)


def test_split_by_load_and_the_healthy_file_by_time(whole):
    found = Cwru(str(whole)).read()
    assert [r.state for r in found.train if r.sensor == "drive end"] == ["normal", "inner", "ball", "outer"]
    assert {r.rpm for r in found.train} == {1797}
    assert {r.rpm for r in found.test if r.state != "normal"} == {1749}
    first, second = (next(r for r in part if r.state == "normal") for part in (found.train, found.test))
    healthy = mat("Normal_0")["X100_DE_time"].ravel()
    np.testing.assert_array_equal(np.concatenate([first.x_N, second.x_N]), healthy)
    assert (first.rate, found.train[2].rate) == (48_000, 12_000)
    assert "48,000 samples a second" in found.notes[0]
    assert len(found.train) + len(found.test) == 16


def test_the_rate_is_told_from_the_shaft():
    time_N = np.arange(120_000) / 12_000
    lines_N = sum(np.sin(2 * np.pi * h * 30 * time_N) for h in (1, 2, 3, 4, 8, 12))
    x_N = lines_N + np.random.default_rng(0).normal(0, 1, len(time_N))
    assert sampling_rate(x_N, 1800, "x") == 12_000
    assert sampling_rate(x_N, 7200, "x") == 48_000  # the same samples, were the shaft four times faster
    with pytest.raises(Fault, match="no line of a shaft at 1170 rpm"):
        sampling_rate(np.random.default_rng(0).normal(0, 1, 120_000), 1170, "x")


def test_a_missing_file_is_named(folder):
    (folder / "12k_DE_OR007-6_2.mat.xz").unlink()
    with pytest.raises(Fault, match=r"has no 12k_DE_OR007-6_2\.mat .*it has .*Normal_0"):
        Cwru(str(folder)).read()
    with pytest.raises(Fault, match=r"data\.root=FOLDER"):
        Cwru(str(folder / "nowhere")).read()


@pytest.mark.parametrize("cut", [100, 200_000])
def test_a_cut_archive(folder, whole, cut):
    exchange(folder, (whole / "12k_DE_B007_2.mat.xz").read_bytes()[:cut])
    with pytest.raises(Fault, match=r"12k_DE_B007_2\.mat\.xz is cut short or damaged"):
        Cwru(str(folder)).read()


def test_what_is_no_matlab_file(folder):
    exchange(folder, lzma.compress(b"MATLAB 5.0 MAT-file" + bytes(500)))
    with pytest.raises(Fault, match=r"12k_DE_B007_2\.mat\.xz is no MATLAB file, or damaged"):
        Cwru(str(folder)).read()


def test_an_archive_that_unpacks_without_end(folder, monkeypatch):
    monkeypatch.setattr(cwru, "MAX_BYTES", 1_000_000)
    exchange(folder, lzma.compress(bytes(2_000_000)))
    with pytest.raises(Fault, match="unpacks to more than 1 MB"):
        Cwru(str(folder)).read()


CHANGES = {
    "has no X…RPM": {"X100RPM": None},
    r"has no X…_FE_time \(the fan end sensor\); it has X100_DE_time": {"X100_FE_time": None},
    "is not one speed from 60": {"X100RPM": np.array([[0.0]])},
    "holds 100 samples; 48,000": {"X100_DE_time": np.ones((100, 1))},
    "all of them finite": {"X100_DE_time": np.full((50_000, 1), np.nan)},
    "is no column of numbers": {"X100_DE_time": np.ones((300, 300))},
    r"is no column of numbers \(object": {"X100_DE_time": np.array(["a", 1.0], dtype=object)},
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_wrong_content(folder, sentence):
    held = {key: value for key, value in (mat("12k_DE_B007_2") | CHANGES[sentence]).items() if value is not None}
    exchange(folder, packed(held))
    with pytest.raises(Fault, match=sentence):
        Cwru(str(folder)).read()


def test_the_test_needs_another_load():
    with pytest.raises(ValueError, match="both 0"):
        Cwru("x", 0, 0)


@pytest.mark.skipif(not REAL, reason="PILOTS_REAL_DATA is not set: the original files are not here")
def test_the_original_files():
    """The healthy file runs at 48 kHz, and each race's fault speaks at its own rate at the load not learned from."""
    from pilots.manufacturing.vibration.classify import look
    from pilots.manufacturing.vibration.graph import LINES

    found = Cwru(f"{REAL}/cwru-bearing").read()
    drive = [r for r in found.test if r.sensor == "drive end" and r.state in ("normal", "inner", "outer")]
    seen = look(drive)
    assert [(r.state, r.rate, r.rpm) for r in drive] == [
        ("normal", 48_000, 1796), ("inner", 12_000, 1748), ("outer", 12_000, 1750),
    ]  # fmt: skip
    for number, recording in enumerate(drive[1:], start=1):
        line_L = np.median(seen.said["line_db"][seen.recording_W == number], axis=0)
        assert line_L[LINES.index(f"{recording.state} x1")] > 20
    healthy_L = np.median(seen.said["line_db"][seen.recording_W == 0], axis=0)
    assert healthy_L[[LINES.index("inner x1"), LINES.index("outer x1")]].max() < 10
