"""From made recordings to a bundle, and from a waveform through that bundle to an answer with its evidence."""

import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_vibration import blows, mat, write_folder
from omegaconf import OmegaConf

from common.bundle.open import open_bundle
from common.fault import Fault
from common.predict import predict
from pilots.manufacturing.settings import check
from pilots.manufacturing.use.fault_class.waveform import read_waveform
from pilots.manufacturing.vibration import scores
from tests.test_every_model import config

RUN = "from pilots.manufacturing.__main__ import main; main()"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The run folder of the command, as a user calls it."""
    home = tmp_path_factory.mktemp("plant")
    data = home / "my data [1]"
    data.mkdir()
    write_folder(data)
    words = ["task=fault_class", "data=cwru", f"data.root='{data}'"]
    done = subprocess.run([sys.executable, "-c", RUN, *words], cwd=home, capture_output=True, text=True, check=False,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip().splitlines()[-1].removeprefix("run: "))


@pytest.fixture
def ask(run, tmp_path, monkeypatch):
    """Predict on a file in the current folder; the answer as one row."""
    monkeypatch.chdir(tmp_path)

    def call(source: str, *options: str) -> pd.Series:
        predict([str(run), source, "--out", "out", *options])
        return pd.read_csv("out/diagnosis.csv", encoding="utf-8-sig", keep_default_na=False).iloc[0]

    return call


def test_facts_of_the_run(run):
    facts = json.loads((run / "run.json").read_text())
    assert run.name.endswith("_envelope")
    assert facts["metrics"]["accuracy"]["value"] > 0.9 > facts["metrics"]["accuracy"]["naive"]
    assert facts["parity"]["max_abs_diff"] <= 1e-6
    assert facts["parity"]["rows"] == facts["origins"] == 3 * 9 + 4
    assert set(facts["metrics_by_class"]) == {"normal", "inner", "ball", "outer"}
    assert "Normal_0 drive end, second half" in facts["metrics_by_series"]
    assert not set(facts["split"]["train"]) & set(facts["split"]["test"])
    assert len(facts["metrics_by_model"]) == 8
    told = pd.read_csv(run / "predictions.csv.gz")
    assert (told.said == told.state).mean() == facts["metrics"]["accuracy"]["value"]
    page = (run / "report.html").read_text()
    assert "What this does not show" in page
    assert page.count("<svg") == 4


def test_a_waveform_in_three_forms_gives_one_answer(ask):
    x_N = mat("12k_DE_IR007_2")["X100_DE_time"].ravel().astype(np.float32)
    np.save("w.npy", x_N)
    pd.DataFrame({"time": np.arange(len(x_N)), "VIB": x_N}).to_csv("w.csv", index=False)
    with wave.open("w.wav", "wb") as file:
        file.setnchannels(1), file.setsampwidth(3), file.setframerate(12_000)
        whole_N = np.round(x_N / 4 * 2**23).astype("<i4")
        file.writeframes(whole_N[:, None].view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    found = []
    for words in (
        ["w.npy", "--rate", "12000"],
        ["w.csv", "--rate", "12000", "--column", "VIB"],
        ["w.wav", "--scale", "4"],
    ):
        found.append(ask(*words, "--speed", "1749"))
        rows = pd.read_csv("out/windows.csv.gz")
        assert len(rows) == 9
        assert rows.inner_x1_hz.median() == pytest.approx(5.4152 * 1749 / 60, abs=2)
        for path in Path("out").iterdir():
            path.unlink()
    assert [row.state for row in found] == ["inner"] * 3
    assert all("inner line at 15" in row.evidence for row in found)
    assert max(row.probability for row in found) - min(row.probability for row in found) < 0.01


def test_another_bearing_and_another_rate(ask):
    """12 balls, ratio 0.25: the outer race speaks at 4.5 times shaft speed, here at 25.6 kHz."""
    np.save("w.npy", blows(25_600, 4.5 * 20, 2.0))
    row = ask("w.npy", "--rate", "25600", "--speed", "1200", "--set", "balls=12", "--set", "ratio=0.25")
    assert "outer line at 90.0 Hz (4.50 x shaft speed)" in row.evidence
    assert "is far from the 1797 to 1797 rpm of training" in row.doubts


def test_noise_is_no_evidence(ask):
    np.save("w.npy", np.random.default_rng(0).normal(0, 0.1, 60_000))
    row = ask("w.npy", "--rate", "12000", "--speed", "1797")
    assert row.evidence == "No line of a fault stands 10 dB or more above its surroundings."


def text(content: str):
    return lambda path: path.write_text(content)


def array(x: np.ndarray):
    return lambda path: np.save(path, x, allow_pickle=True)


GOOD = ["--speed", "1750", "--rate", "12000"]
WRONG = {
    "speed in rpm is not known: say it with --speed": ("w.npy", array(np.ones(9000)), []),
    "samples a second is not known: say it with --rate": ("w.npy", array(np.ones(9000)), GOOD[:2]),
    "--speed fast is not a number above 0": ("w.npy", array(np.ones(9000)), ["--speed", "fast", *GOOD[2:]]),
    "needs 10000 or more": ("w.npy", array(np.ones(9000)), ["--speed", "1750", "--rate", "8000"]),
    "9 samples, 0.00 s; 0.5 s or more": ("w.npy", array(np.ones(9)), GOOD),
    "one column of numbers is wanted": ("w.npy", array(np.ones((90, 90))), GOOD),
    r"w\.npy is no NumPy array of numbers": ("w.npy", array(np.array([print], dtype=object)), GOOD),
    "sample 2 is missing or not finite": ("w.npy", array(np.array([1, np.nan, 1])), GOOD),
    "is no plain .wav file": ("w.wav", text("RIFF"), GOOD),
    "MATLAB files are not read here": ("w.mat", text(""), GOOD),
    r"w\.csv has no column 'acceleration'": ("w.csv", text("a,b\n1,2\n3,4\n"), GOOD),
    "There is no file": ("nothing.csv", None, GOOD),
    "--events is not an option": ("w.npy", array(np.ones(9000)), [*GOOD, "--events", "x"]),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_wrong_waveforms(ask, sentence):
    name, write, options = WRONG[sentence]
    if write:
        write(Path(name))
    with pytest.raises(Fault, match=sentence):
        ask(name, *options)
    assert not Path("out").exists()


def test_sixteen_bits(tmp_path):
    with wave.open(str(tmp_path / "w.wav"), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(20_000)
        file.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
    x_N, rate = read_waveform(tmp_path / "w.wav", "")
    assert (x_N.tolist(), rate) == ([0.0, 0.5, -1.0], 20_000.0)


def test_each_task_reads_its_own_kind_of_data():
    with pytest.raises(Fault, match="task=fault_class reads data=cwru"):
        check(config("task=fault_class"))
    cfg = config()
    OmegaConf.update(cfg, "data._target_", "pilots.manufacturing.data.cwru.Cwru")
    with pytest.raises(Fault, match="data=cwru goes with task=fault_class"):
        check(cfg)


def test_a_bundle_of_another_make_is_refused(run):
    from pilots.manufacturing.use.fault_class import check_contract

    manifest = open_bundle(run / "bundle").manifest
    check_contract(manifest)
    for part, sentence in (
        ({"rates": []}, "no list"),
        ({"classes": ["a"]}, "does not fit"),
        ({"seconds": 0}, "seconds"),
    ):
        with pytest.raises(Fault, match=sentence):
            check_contract(manifest | {"decision": manifest["decision"] | part})


def test_scores_by_hand():
    p_WC = np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1]])
    state_W = np.array([0, 0, 1])
    assert scores.accuracy(p_WC, state_W) == pytest.approx(1 / 3)
    assert scores.balanced_accuracy(p_WC, state_W) == pytest.approx(0.25)
    assert scores.brier(p_WC, state_W) == pytest.approx((0.08 + 0.72 + 1.62) / 3)


def test_blocks_of_time_are_drawn_whole():
    drawn = scores.draws(np.array([0, 0, 0, 0, 1, 1]), 0)[:50]
    for sample in drawn:
        assert sorted(sample.tolist())[4:] == [4, 5]
        assert all(sample[i + 1] == sample[i] + 1 for i in (0, 2))
