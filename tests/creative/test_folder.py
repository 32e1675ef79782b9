"""A folder of own pictures: what is understood of it, and one sentence for everything that is wrong with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.fault import Fault
from pilots.creative.data.folder import Folder
from pilots.creative.data.photos import Photos

SIDE = 96


def picture(path: Path, height: int = SIDE, width: int = SIDE, seed: int = 0) -> np.ndarray:
    """An 8-bit PNG of noise; what was written, as red green blue."""
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, rgb[..., ::-1])[1].tobytes())
    return rgb


def grey(path: Path, value: int, side: int = SIDE, kind=np.uint8) -> None:
    path.write_bytes(cv2.imencode(".png", np.full((side, side), value, kind))[1].tobytes())


def give_rights(folder: Path, **more: str) -> None:
    """A whole row for every picture there is."""
    said = {"owner": "the studio", "licence": "CC0-1.0", "source": "own camera", "consent": "by contract", **more}
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".png", ".jpg", ".webp", ".gif") and p.is_file())
    rows = [
        {"path": p.relative_to(folder).as_posix(), "sha256": hashlib.sha256(p.read_bytes()).hexdigest(), **said}
        for p in files
    ]
    (folder / "rights.yaml").write_text(json.dumps({"files": rows}), encoding="utf-8")


@pytest.fixture
def studio(tmp_path):
    folder = tmp_path / "studio"
    folder.mkdir()
    return folder


def refused(folder: Path, *words: str, rights: bool = True, **settings) -> None:
    """The sentence names all these words."""
    if rights:
        give_rights(folder)
    with pytest.raises(Fault) as sentence:
        Folder(str(folder), **settings).read()
    for word in words:
        assert word in str(sentence.value)


def test_a_sub_folder_is_a_class_and_a_loose_file_too(studio):
    wanted = picture(studio / "Bricks" / "10.png", seed=1)
    for name in ("Bricks/9.png", "Bricks/.hidden.png", "lawn.png"):
        picture(studio / name)
    (studio / "notes.txt").write_text("not a picture")
    give_rights(studio)
    reader = Folder(str(studio))
    found = reader.read()
    assert [(i.name, i.group) for i in found.images] == [
        ("Bricks/9.png", "Bricks"), ("Bricks/10.png", "Bricks"), ("lawn.png", "lawn"),
    ]  # fmt: skip
    np.testing.assert_array_equal(np.round(found.images[1].rgb_HW3 * 255), wanted)
    assert found.planes == ("red", "green", "blue")
    assert not found.images[0].periodic
    assert (found.name, found.licence, len(found.rights)) == ("studio", "CC0-1.0", 3)
    assert found.rights_sha256 == hashlib.sha256((studio / "rights.yaml").read_bytes()).hexdigest()
    assert any("notes.txt" in note for note in reader.findings)


def test_photos_are_the_published_ones():
    found = Photos().read()
    assert [(i.name, i.group, i.rgb_HW3.shape) for i in found.images] == [
        (name, name, (256, 256, 3)) for name in ("brick", "grass", "gravel")
    ]
    brick = found.images[0].rgb_HW3
    skimage = pytest.importorskip("skimage.data")
    by_hand = skimage.brick().reshape(256, 2, 256, 2).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(brick, np.repeat(by_hand[..., None], 3, 2), atol=1e-6)
