"""What `pilot-predict` refuses: one sentence with file, line, value and remedy, exit code 2, nothing half-written."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import toy_graph

from common.fault import Fault
from common.predict import predict

TEXT = toy_graph.table({"calm": np.full(40, 2.0), "worn": np.linspace(2, 30, 40)})


@pytest.fixture
def refused(toy_bundle, tmp_path, monkeypatch):
    """Predict from a file with this content; give back the sentence. Nothing may be left behind."""
    monkeypatch.chdir(tmp_path)

    def run(content: str | bytes, name: str = "pumps.csv", bundle: Path = toy_bundle, out: str = "out") -> str:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(Fault) as caught:
            predict([str(bundle), name, "--out", out])
        assert sorted(tmp_path.rglob("*")) == before
        sentence = str(caught.value)
        assert "\n" not in sentence
        return sentence

    return run


def test_a_missing_column(refused):
    sentence = refused(TEXT.replace("vibration", "VIB"))
    assert sentence.startswith(
        "pumps.csv has no column 'vibration' [mm/s]; it has machine, time, load, VIB, temperature"
    )


def test_an_impossible_value(refused):
    lines = TEXT.splitlines()
    lines[4] = "calm,4,0.8,2,350"
    assert refused("\n".join(lines)) == (
        "pumps.csv line 5: temperature = 350 is outside -40 to 200 °C. "
        "Correct it in the file, or leave it empty where there was no reading"
    )


def test_a_wrong_unit(refused):
    assert refused(TEXT.replace(",50\n", ",323\n")) == (
        "pumps.csv line 2: temperature = 323 is outside -40 to 200 °C, as are 79 more of its 80 readings. "
        "That looks like a wrong unit, K: convert the column to °C"
    )
    assert refused(TEXT.replace(",50\n", ",9000\n")).endswith(
        "That looks like a wrong unit: the model needs this column in °C"
    )


def test_a_code_for_no_reading(refused):
    lines = TEXT.splitlines()
    lines[7] = "calm,7,0.8,-9999,50"
    assert refused("\n".join(lines)).endswith(
        "line 8: vibration = -9999 is outside 0 to 80 mm/s. "
        "Loggers write -9999 where there was no reading: leave those cells empty"
    )


def test_two_rows_with_one_stamp(refused):
    assert refused(TEXT + "calm,7,0.8,3,50\n") == (
        "pumps.csv line 82: machine calm has a second row at 7, the first is line 8. Keep the one that is right"
    )


def test_text_in_a_number_column(refused):
    sentence = refused(TEXT.replace("calm,9,0.8,2,50", "calm,9,0.8,high,50"))
    assert sentence.startswith("pumps.csv line 10: vibration = 'high'")


def test_a_machine_without_a_name(refused):
    assert "pumps.csv line 3: machine is empty" in refused(TEXT.replace("calm,2,", ",2,"))


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty"), (b"machine,time,load,vibration,temperature\n", "not one row")]
)
def test_an_empty_file(refused, content, words):
    assert words in refused(content)


def test_a_file_cut_off_in_a_row(refused):
    sentence = refused(TEXT[: TEXT.rindex(",")])
    assert sentence.startswith("pumps.csv line 81 has 4 values")
    assert "cut off" in sentence


def test_a_packed_file_cut_off(refused):
    packed = gzip.compress(TEXT.encode())
    assert "ends in the middle of its packed data" in refused(packed[: len(packed) // 2], "pumps.csv.gz")


def test_no_such_file(refused, toy_bundle, tmp_path):
    with pytest.raises(Fault, match=r"nowhere.csv"):
        predict([str(toy_bundle), "nowhere.csv", "--out", "out"])
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something(refused, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    assert "not empty" in refused(TEXT)
    assert (tmp_path / "out" / "mine.txt").read_text() == "precious"


def test_an_empty_folder_stays_when_the_file_is_refused(refused, tmp_path):
    (tmp_path / "out").mkdir()
    refused(TEXT.replace("vibration", "VIB"))
    assert list((tmp_path / "out").iterdir()) == []


def test_an_unknown_option(toy_bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pumps.csv").write_text(TEXT)
    with pytest.raises(Fault, match="--colour is not an option"):
        predict([str(toy_bundle), "pumps.csv", "--out", "out", "--colour", "red"])
    assert [path.name for path in tmp_path.iterdir()] == ["pumps.csv"]


def test_the_command_exits_with_2_and_one_line(toy_bundle, tmp_path):
    (tmp_path / "pumps.csv").write_text(TEXT.replace("vibration", "VIB"))
    command = [sys.executable, "-m", "common.predict", toy_bundle, tmp_path / "pumps.csv", "--out", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("pumps.csv has no column 'vibration'")


def test_a_full_disk(toy_bundle, tmp_path):
    """A disk of 1 MB: the answer does not fit, one sentence says so, and the disk is empty again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        rng = np.random.default_rng(0)
        text = toy_graph.table({f"P{i}": rng.uniform(1, 9, 4000) for i in range(40)})
        (tmp_path / "pumps.csv").write_text(text)
        command = [sys.executable, "-m", "common.predict", toy_bundle, tmp_path / "pumps.csv", "--out", disk / "out"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "disk" in done.stderr.strip().splitlines()[-1]
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
