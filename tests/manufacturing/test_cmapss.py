"""C-MAPSS files: a synthetic set as hard as FD002/FD004, every kind of damage, and the real files where they are."""

import gzip
import lzma
import os
from pathlib import Path

import numpy as np
import pytest

from common.fault import Fault
from pilots.manufacturing.data.cmapss import CHANNELS, Cmapss

REGIMES = np.array([[0, 0, 100], [10, 0.25, 100], [20, 0.7, 100], [25, 0.62, 60], [35, 0.84, 100], [42, 0.84, 100]])
PACK = {"": lambda b: b, ".gz": gzip.compress, ".xz": lzma.compress}


def engines(lengths: list[int], rng: np.random.Generator) -> str:
    """Units of these lengths: six noisy regimes, sensors that follow the regime and one of two faults."""
    lines = []
    for unit, length in enumerate(lengths, 1):
        regime = REGIMES[rng.integers(0, 6, length)]
        settings = regime + rng.normal(0, [0.003, 0.0004, 0], (length, 3))
        wear = np.linspace(0, 1, length)[:, None] * (np.arange(21) % 2 == unit % 2)
        sensors = [
            518,
            642,
            1590,
            1400,
            14.6,
            21.6,
            553,
            2388,
            9050,
            1.3,
            47,
            522,
            2388,
            8130,
            8.4,
            0.03,
            392,
            2388,
            100,
            39,
            23,
        ]
        sensors = (
            np.array(sensors) * (1 - 0.001 * settings[:, :1]) * (1 + 0.01 * wear + rng.normal(0, 1e-4, (length, 21)))
        )
        for cycle in range(length):
            numbers = " ".join(f"{x:.4f}" for x in [*settings[cycle], *sensors[cycle]])
            lines.append(f"{unit} {cycle + 1} {numbers}  \n")  # the originals end in two blanks
    return "".join(lines)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A subset named PLANT: 4 units run to failure, 3 test units, the shortest of 20 rows."""
    rng = np.random.default_rng(0)
    (tmp_path / "train_PLANT.txt").write_text(engines([40, 55, 31, 60], rng))
    (tmp_path / "test_PLANT.txt").write_text(engines([20, 33, 25], rng))
    (tmp_path / "RUL_PLANT.txt").write_text("112 \n7 \n0 \n")
    return tmp_path


def read(folder: Path, subset: str = "PLANT"):
    return Cmapss(str(folder), subset).read()


def test_lives_labels_and_names(folder):
    fleet = read(folder)
    assert fleet.machine_L.tolist() == ["train-1", "train-2", "train-3", "train-4", "test-1", "test-2", "test-3"]
    assert fleet.length_L.tolist() == [40, 55, 31, 60, 20, 33, 25]
    assert fleet.rul_L.tolist() == [0, 0, 0, 0, 112, 7, 0]
    assert fleet.test_L.tolist() == [False] * 4 + [True] * 3
    assert fleet.end_L.tolist() == ["failed"] * 4 + ["running"] * 3
    assert fleet.rul_LT()[4, :20].tolist() == list(range(131, 111, -1))
    assert [c.role for c in fleet.channels] == ["setting"] * 3 + ["sensor"] * 21
    assert fleet.x_RF.shape == (264, 24)
    assert fleet.row_unit == "cycle"


def test_settings_below_zero_are_noise(folder):
    assert (read(folder).x_RF[:, 0] < 0).any()  # e.g. -0.0087 kft in the original


@pytest.mark.parametrize("ending", PACK)
def test_packing_and_name_change_nothing(folder, tmp_path, ending):
    other = tmp_path / "other"
    other.mkdir()
    for kind in ("train", "test", "RUL"):
        text = (folder / f"{kind}_PLANT.txt").read_bytes()
        (other / f"{kind}_FD002.txt{ending}").write_bytes(PACK[ending](text))
    assert read(other, "FD002").sha256 == read(folder).sha256


def spoil(path: Path, line: int, change) -> None:
    lines = path.read_text().splitlines(keepends=True)
    lines[line - 1] = change(lines[line - 1])
    path.write_text("".join(lines))


BREACHES = {
    "a field too few": ("train", 7, lambda s: s.rsplit(maxsplit=1)[0] + "\n", "line 7: 25 numbers instead of 26"),
    "a field too many": ("train", 7, lambda s: s.rstrip() + " 1.0\n", "line 7: 27 numbers instead of 26"),
    "text": ("train", 9, lambda s: s.replace(s.split()[4], "engine"), "line 9: throttle = 'engine' is not a finite"),
    "nan": ("test", 3, lambda s: s.replace(s.split()[5], "nan"), "line 3: T2 = 'nan' is not a finite"),
    "altitude in feet": ("test", 2, lambda s: s.replace(s.split()[2], "35000"), "altitude = 35000 is outside"),
    "a cycle missing": ("train", 20, lambda s: "", "line 20: cycle 21 of unit 1 should be 20"),
    "a unit twice": ("train", 100, lambda s: "1 1 " + s.split(maxsplit=2)[2], "line 100: unit 1 starts a second time"),
    "half a unit": ("test", 1, lambda s: "1.5" + s[1:], "line 1: unit = 1.5 is not a number"),
    "a label missing": ("RUL", 3, lambda s: "", "test_PLANT.txt has 3 units but RUL_PLANT.txt has 2 lines"),
    "a negative label": ("RUL", 2, lambda s: "-4\n", "line 2: remaining life = -4"),
    "a label of two numbers": ("RUL", 2, lambda s: "4 5\n", "line 2: 2 numbers instead of 1"),
}


@pytest.mark.parametrize("what", BREACHES)
def test_a_breach_names_its_line(folder, what):
    kind, line, change, words = BREACHES[what]
    spoil(folder / f"{kind}_PLANT.txt", line, change)
    with pytest.raises(Fault) as fault:
        read(folder)
    assert words in str(fault.value)
    assert f"{kind}_PLANT.txt" in str(fault.value)


def test_blank_lines_count_as_lines(folder):
    spoil(folder / "train_PLANT.txt", 3, lambda s: s + "\n\n")
    assert read(folder).length_L[0] == 40
    spoil(folder / "train_PLANT.txt", 7, lambda s: s.replace(s.split()[2], "99"))
    with pytest.raises(Fault, match=r"line 7: altitude = 99"):
        read(folder)


def test_a_missing_file_names_those_there_are(folder):
    with pytest.raises(Fault, match=r"no train_FD001\.txt.*it has RUL_PLANT\.txt, test_PLANT\.txt, train_PLANT\.txt"):
        read(folder, "FD001")
    with pytest.raises(Fault, match="is not a folder"):
        Cmapss(str(folder / "nowhere")).read()


def test_empty_and_truncated(folder):
    whole = (folder / "train_PLANT.txt").read_bytes()
    (folder / "train_PLANT.txt").write_text("")
    with pytest.raises(Fault, match="is empty"):
        read(folder)
    (folder / "train_PLANT.txt").unlink()
    for ending in (".gz", ".xz"):
        path = folder / f"train_PLANT.txt{ending}"
        packed = PACK[ending](whole)
        path.write_bytes(packed[: len(packed) // 2])
        with pytest.raises(Fault, match="cut short or damaged"):
            read(folder)
        path.unlink()


def test_limits_are_physical():
    limits = {c.name: (c.low, c.high) for c in CHANNELS}
    assert limits["altitude"][0] <= 0
    assert limits["altitude"][1] >= 42.008  # the original six-regime sets reach it by noise
    assert limits["mach"][1] >= 0.9
    assert limits["throttle"][1] >= 100
    assert all(low < high for low, high in limits.values())


REAL = os.environ.get("PILOTS_REAL_DATA")
COUNTS = {"FD001": (20631, 100, 13096, 100), "FD003": (24720, 100, 16596, 100)}  # rows and units: train, test


@pytest.mark.skipif(not REAL, reason="PILOTS_REAL_DATA is not set: the original files are not here")
@pytest.mark.parametrize("subset", COUNTS)
def test_the_real_files(subset):
    fleet = Cmapss(str(Path(REAL) / "cmapss"), subset).read()
    rows_L, test_L = fleet.length_L, fleet.test_L
    assert (rows_L[~test_L].sum(), (~test_L).sum(), rows_L[test_L].sum(), test_L.sum()) == COUNTS[subset]
    # a predictor that is perfect up to 125 has this RMSE against the raw labels: a published fact about the set
    known = {"FD001": 3.74, "FD003": 4.71}[subset]
    assert np.sqrt(np.mean((fleet.rul_L[test_L] - np.minimum(fleet.rul_L[test_L], 125)) ** 2)) == pytest.approx(
        known, abs=0.005
    )
