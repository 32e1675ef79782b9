"""What the drawing verbs refuse: one sentence with the value and the remedy, exit code 2, nothing half-written."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import cv2
import numpy as np
import pytest
import toy_sampler

from common.fault import Fault
from common.predict import predict
from pilots.creative.pictures.write import encode, stem
from pilots.creative.use import repair, tile
from pilots.creative.use.material import read_material


@pytest.fixture
def refused(toy_folder, tmp_path, monkeypatch):
    """Order tiles with these words; give back the sentence. Nothing may be left behind."""
    monkeypatch.chdir(tmp_path)

    def run(*words, bundle=toy_folder):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(Fault) as caught:
            tile.main([str(bundle), *words])
        assert sorted(tmp_path.rglob("*")) == before
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return run


SENTENCES = [
    (["--size", "100"], "size: 100 px is no multiple of 8; the next are 96 and 104 px"),
    (["--size", "4096x4104"], "size is 4096x4104; a side has 8 to 4096 px"),
    (["--size=-512"], "size is -512; a side has 8 to 4096 px"),
    (["--size", "8k"], "size is '8k'; it is a side such as 512, or WIDTHxHEIGHT such as 512x1024 [px]"),
    (["--size", "512x"], "size is '512x'; it is a side such as 512, or WIDTHxHEIGHT such as 512x1024 [px]"),
    (["--class", "brik"], "the bundle knows no class 'brik': did you mean 'brick'?"),
    (["--image", "grass.png"], "the bundle knows no picture 'grass.png': did you mean"),
    (["--class", "moss", "--image", "moss.png"], "class and image are two ways to say the same: give one of them"),
    (["--steps", "0"], "steps is '0'; it is a whole number from 1 to 256"),
    (["--seed=-1"], "seed is '-1'; it is a whole number from 0 to 4294967295"),
    (["--seed", "4294967295", "--count", "2"], "seed 4294967295 and 2 pictures lead beyond the last seed, 4294967295"),
    (["--count", "many"], "count is 'many'; it is a whole number from 1 to 1000"),
    (["--bits", "12"], "bits is '12': known: 8, 16"),
    (["--format", "jpg"], "format is 'jpg': "),
    (["--format", "webp", "--bits", "16"], "webp holds 8 bits per colour: use bits 8, or format png"),
    (["--maps", "opengl"], "maps: this bundle has learned neither height nor roughness, only colour: leave maps out"),
]


@pytest.mark.parametrize(("words", "sentence"), SENTENCES)
def test_an_order_that_cannot_be_met(refused, words, sentence):
    assert refused(*words).startswith(sentence)


def test_a_folder_that_holds_something(refused, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    assert refused("--out", "full") == "full is there already and not empty: choose another --out, or empty it"


HOSTILE = [
    ({"images": None}, "creative.images is no list"),
    ({"images": [{"name": "a.png"}] * 3}, "creative.images is no list"),
    ({"images": [{"name": "a\x1b[2J.png", "group": "a"}] * 3}, "creative.images is no list"),
    ({"planes": ["red", "blue"]}, "creative.planes is not red, green, blue"),
    ({"planes": {"red": 1}}, "creative.planes is not red, green, blue"),
    ({"channels": "3"}, "creative.channels is '3', expected a whole number from 1 to 64"),
    ({"channels": 10**9}, "creative.channels is 1000000000, expected a whole number from 1 to 64"),
    ({"halo": -8}, "creative.halo is -8, expected a whole number from 1 to 512"),
    ({"halo": 12}, "creative.halo is 12, no multiple of 8"),
    ({"multiple": 0}, "creative.multiple is 0, expected a whole number from 1 to 64"),
    ({"steps": True}, "creative.steps is True, expected a whole number from 1 to 256"),
    ({"grids": {"2": [0, float("inf"), 1]}}, "creative.grids.2 is no list"),
    ({"grids": {"2": [0, 10**400, 1]}}, "creative.grids.2 is no list"),
    ({"grids": {"2": [0, float("nan"), 1]}}, "creative.grids.2 is no list"),
    ({"grids": {"2": [0, 0.7, 0.2, 1]}}, "creative.grids.2 is no list"),
    ({"grids": {"3": [0, 0.7, 0.2, 1]}}, "creative.grids.3 does not rise from 0 to 1"),
    ({"grids": {"٣": [0, 0.2, 0.7, 1]}}, "creative.grids"),
    ({"far": "8"}, "creative.far is '8', expected a number of cells"),
    ({"far": float("nan")}, "creative.far is nan, expected a number of cells"),
    ({"grids": []}, "creative.grids is no table"),
    ({"rights_sha256": "../../x"}, "creative.rights_sha256 is neither a sha256 nor null"),
]


@pytest.mark.parametrize(("change", "sentence"), HOSTILE)
def test_a_hostile_part_of_the_manifest(change, sentence):
    made = toy_sampler.toy_manifest()
    with pytest.raises(Fault, match=r"bundle\.json: ") as caught:
        read_material({**made, "creative": {**made["creative"], **change}})
    assert sentence in str(caught.value)


def test_a_bundle_that_says_nothing_of_its_sampler():
    made = toy_sampler.toy_manifest()
    for part in (None, [], "x"):
        with pytest.raises(Fault, match="'creative' is missing"):
            read_material({**made, "creative": part})


def test_names_from_a_bundle_never_lead_out_of_the_folder(tmp_path):
    """A hostile bundle's class is drawn like any other; its name becomes letters."""
    creative = toy_sampler.toy_manifest()["creative"]
    images = [{"name": "../../evil.png", "group": "../../etc/passwd"}, *creative["images"][1:]]
    toy_sampler.write_toy(tmp_path / "b", creative={**creative, "images": images})
    out = tmp_path / "inside" / "out"
    tile.main([str(tmp_path / "b"), "--class", "../../etc/passwd", "--size", "32", "--out", str(out)])
    assert [path.name for path in out.iterdir()] == ["passwd_0.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "inside"]
    for word in ("..", "/", "C:\\x\\..\\..", "a/../../b", "\\\\host\\share", "-rf", "a" * 500, "\u202egnp.exe"):
        made = stem(word)
        assert made
        assert not set(made) & set("./\\:-\u202e")
        assert len(made) <= 40


FULL = """
import resource, sys
from common.cli import guard
from pilots.creative.use import tile
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
sys.exit(guard(lambda: tile.main(sys.argv[1:])))
"""


def test_a_full_disk_leaves_nothing_behind(toy_folder, tmp_path):
    """As a disk with no room for a picture: the limit on a file's size gives the same error from the system."""
    assert resource.RLIMIT_FSIZE is not None
    words = [str(toy_folder), "--size", "256", "--out", str(tmp_path / "o")]
    done = subprocess.run([sys.executable, "-c", FULL, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].endswith("File too large")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def asked(toy_folder, tmp_path, monkeypatch):
    """Predict from a file of settings with this content."""
    monkeypatch.chdir(tmp_path)

    def run(content, *rest):
        (tmp_path / "s.json").write_text(content if isinstance(content, str) else json.dumps(content))
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(Fault) as caught:
            predict([str(toy_folder), "s.json", "--out", "o", *rest])
        assert sorted(tmp_path.rglob("*")) == before
        return str(caught.value)

    return run


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"size": 512', "s.json is not JSON ("),
        ('{"seed": NaN}', "s.json is not JSON (NaN is no number of JSON)"),
        ('{"seed": 1, "seed": 2}', "s.json is not JSON (a name stands there twice)"),
        ("[" * 50_000, "s.json is not JSON ("),
        (" " * 70_000 + "{}", "s.json has more than 65,536 bytes: it is no file of settings"),
        ("[1]", 's.json holds no settings: write {"class": "brick", "size": 512}'),
        ({"clas": "brick"}, "s.json: tile knows no setting 'clas': did you mean 'class'?"),
        ({"make": "tiles"}, "s.json: make is 'tiles': did you mean 'tile'?"),
        ({"make": "repair"}, 's.json: repair needs your picture: "picture": "wall.png"'),
        ({"seed": "1; rm"}, "seed is '1; rm'; it is a whole number"),
        ({"seed": 1.5}, "seed is 1.5; it is a whole number"),
        ({"size": [512, 512]}, "size is [512, 512]; it is a side such as 512"),
        ({"class": 7}, "class is 7; it is a name"),
        ({"format": ["png"]}, "format is ['png']: "),
        ({"bits": True}, "bits is True: known: 8, 16"),
    ],
    ids=lambda given: str(given)[:24],
)
def test_a_file_of_settings_that_cannot_be_read(asked, content, sentence):
    assert asked(content).startswith(sentence)


def test_options_belong_into_the_file(asked):
    assert asked({}, "--size", "64").startswith("--size: settings of this bundle stand in s.json")


def test_a_picture_to_repair_that_is_none(toy_folder, tmp_path):
    (tmp_path / "wall.png").write_bytes(b"no picture")
    with pytest.raises(Fault, match=r"wall\.png"):
        repair.main([str(tmp_path / "wall.png"), "--bundle", str(toy_folder), "--out", str(tmp_path / "o")])
    cv2.imwrite(str(tmp_path / "dot.png"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(Fault, match=r"dot\.png has 8x8 px; each side must have 32 to 4096"):
        repair.main([str(tmp_path / "dot.png"), "--bundle", str(toy_folder), "--out", str(tmp_path / "o")])
    assert not (tmp_path / "o").exists()


def test_a_photo_is_not_repaired_with_patterns(tmp_path):
    toy_sampler.write_toy(tmp_path / "b", ("distance",), task="pattern")
    cv2.imwrite(str(tmp_path / "wall.png"), np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(Fault, match="draws patterns"):
        repair.main([str(tmp_path / "wall.png"), "--bundle", str(tmp_path / "b"), "--out", str(tmp_path / "o")])
    assert not (tmp_path / "o").exists()


def test_webp_of_16_bits_is_refused():
    with pytest.raises(Fault, match="WebP holds 8 bits"):
        encode(np.zeros((8, 8, 3), np.uint16), "webp")
