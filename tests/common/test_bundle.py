"""A bundle is whole, harmless and right, or it is refused with one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import toy_graph

from common.bundle import open as opening
from common.bundle.files import CAPS
from common.bundle.open import open_bundle
from common.bundle.session import SESSION_OPTIONS
from common.fault import Fault


@pytest.fixture
def bundle_copy(toy_bundle, tmp_path):
    return Path(shutil.copytree(toy_bundle, tmp_path / "a bundle [1] x=2"))


def test_a_bundle_opens_and_runs(bundle_copy):
    bundle = open_bundle(bundle_copy)
    readings = np.array([[[0.8, 2.0, 50.0], [0.8, 4.0, 50.0], [np.nan, np.nan, np.nan]]], np.float32)
    out = bundle.run(readings=readings, length=np.array([3]))
    # 125 - 10 * 2, then 125 - 10 * 3; a gap leaves the mean as it was
    np.testing.assert_allclose(out["rul"], [[105.0, 95.0, 95.0]])
    assert not out["alarm"][0]
    assert bundle.run(readings=readings, length=np.array([3]), threshold=100.0)["alarm"][0]
    assert bundle.card == "# A toy\n"
    assert bundle.manifest["session_options"] == SESSION_OPTIONS
    assert bundle.label == "manufacturing-rul-20260131120000"


def test_sha256sum_agrees(toy_bundle):
    if not shutil.which("sha256sum"):
        pytest.skip("no sha256sum on this system")
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=toy_bundle, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.count(": OK") == 4
    id_line = subprocess.run(["sha256sum", "SHA256SUMS"], cwd=toy_bundle, capture_output=True, text=True).stdout
    assert id_line.split()[0] == open_bundle(toy_bundle).id


def test_writing_twice_gives_the_same_id(tmp_path):
    assert toy_graph.write_toy(tmp_path / "one") == toy_graph.write_toy(tmp_path / "two")


def test_every_corruption_is_refused(toy_bundle, tmp_path, monkeypatch):
    """Flipped bytes and cut files; nothing of it may reach the parser of the graph. `make soak` asks for more."""
    wanted = int(os.environ.get("PILOTS_CORRUPTIONS", "100"))
    monkeypatch.setattr(opening, "_selftest_in_child", lambda *_: pytest.fail("a corrupted bundle was parsed"))
    rng = np.random.default_rng(0)
    folder, refused, names = tmp_path / "bundle", 0, sorted(CAPS)
    for attempt in range(wanted):
        shutil.copytree(toy_bundle, folder, dirs_exist_ok=True)
        path = folder / names[attempt % len(names)]
        data = bytearray(path.read_bytes())
        if rng.random() < 0.3:
            del data[rng.integers(len(data)) :]
        else:
            for place in rng.integers(len(data), size=rng.integers(1, 5)):
                data[place] ^= int(rng.integers(1, 256))
        if bytes(data) == path.read_bytes():  # two flips of one byte may cancel
            data[0] ^= 1
        path.write_bytes(data)
        with pytest.raises(Fault, match=r"refused|SHA256SUMS"):
            open_bundle(folder)
        refused += 1
    print(f"{refused} corrupted bundles refused")
    assert refused == wanted >= 100


@pytest.mark.parametrize("name", sorted(CAPS))
def test_a_missing_file_is_refused(bundle_copy, name):
    (bundle_copy / name).unlink()
    with pytest.raises(Fault, match=f"{name} is missing"):
        open_bundle(bundle_copy)


@pytest.mark.parametrize("extra", ["model.onnx.data", ".hidden", "sub"])
def test_an_extra_file_is_refused(bundle_copy, extra):
    (bundle_copy / extra).mkdir() if extra == "sub" else (bundle_copy / extra).write_text("x")
    with pytest.raises(Fault, match="does not belong"):
        open_bundle(bundle_copy)


@pytest.mark.skipif(os.name == "nt", reason="links and pipes need rights on Windows")
@pytest.mark.parametrize("kind", ["symlink", "pipe", "folder"])
def test_what_is_no_plain_file_is_refused(bundle_copy, tmp_path, kind):
    card = bundle_copy / "MODEL_CARD.md"
    shutil.move(card, tmp_path / "card")
    {"symlink": lambda: card.symlink_to(tmp_path / "card"), "pipe": lambda: os.mkfifo(card), "folder": card.mkdir}[
        kind
    ]()
    with pytest.raises(Fault, match="not a plain file"):
        open_bundle(bundle_copy)


def test_a_file_over_its_cap_is_refused(bundle_copy):
    with (bundle_copy / "bundle.json").open("ab") as file:
        file.truncate(CAPS["bundle.json"] + 1)
    with pytest.raises(Fault, match="more than 1,048,576 bytes"):
        open_bundle(bundle_copy)


def test_no_bundle_there(tmp_path):
    with pytest.raises(Fault, match="There is no bundle"):
        open_bundle(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(Fault, match="a bundle is a folder"):
        open_bundle(tmp_path / "file")


def test_the_selftest_runs_once_per_bundle(toy_bundle, monkeypatch):
    runs = []
    real = opening._selftest_in_child
    monkeypatch.setattr(opening, "_selftest_in_child", lambda *a: (runs.append(a), real(*a)))
    open_bundle(toy_bundle)
    open_bundle(toy_bundle)
    assert len(runs) == 1


def test_a_read_only_home_is_no_obstacle(toy_bundle, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    assert open_bundle(toy_bundle).id


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"readings": "ok"}, "needs the input length"),
        ({"readings": "ok", "length": [1], "colour": 1}, "no input colour; it has readings, length, threshold"),
        (
            {"readings": np.zeros((1, 4, 3)), "length": [1]},
            r"float64, the model takes float32: use .astype\('float32'\)",
        ),
        (
            {"readings": np.zeros((4, 3), "f4"), "length": [1]},
            r"shape \[4, 3\], the model takes \[machine, time, sensor\]",
        ),
        ({"readings": np.zeros((1, 4, 2), "f4"), "length": [1]}, "with sensor = 3"),
        ({"readings": "ok", "length": [1, 1]}, "with machine = 1"),
        ({"readings": "ok", "length": [5]}, "length = 5 is above 4"),
        ({"readings": "ok", "length": [0]}, "length = 0 is below 1"),
        ({"readings": "ok", "length": [1.5]}, "is not int64"),
        ({"readings": np.full((1, 4, 3), np.inf, "f4"), "length": [1]}, "not infinite"),
        ({"readings": "ok", "length": [1], "threshold": np.nan}, "must be finite"),
        ({"readings": "ok", "length": [1], "threshold": 126}, "threshold = 126 is above 125 hours"),
        ({"readings": "ok", "length": [1], "threshold": "x"}, "is not float32"),
        ({"readings": [[[1, 2, 3], [1, 2]]], "length": [1]}, "no regular array"),
    ],
)
def test_wrong_inputs_are_answered_with_a_sentence(toy_bundle, inputs, sentence):
    given = {name: np.zeros((1, 4, 3), "f4") if isinstance(v, str) and v == "ok" else v for name, v in inputs.items()}
    with pytest.raises(Fault, match=sentence):
        open_bundle(toy_bundle).run(**given)


def test_a_setting_moves_the_default(toy_bundle):
    bundle = open_bundle(toy_bundle)
    bundle.set_default("threshold", "100")
    readings = np.full((1, 2, 3), 3.0, np.float32)
    assert bundle.run(readings=readings, length=[2])["alarm"][0]
    for name, value, sentence in [
        ("treshold", "1", "no input 'treshold' that can be set; it has threshold"),
        ("threshold", "high", "'high' is not a number"),
        ("threshold", "500", "above 125 hours"),
    ]:
        with pytest.raises(Fault, match=sentence):
            bundle.set_default(name, value)


def test_threads_change_no_answer(toy_bundle):
    readings = np.random.default_rng(0).uniform(0, 9, (64, 300, 3)).astype(np.float32)
    length = np.full(64, 300)
    one, two = (open_bundle(toy_bundle, threads=n).run(readings=readings, length=length) for n in (1, 2))
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])
