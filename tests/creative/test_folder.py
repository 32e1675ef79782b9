"""A folder of own pictures: what is understood of it, and one sentence for everything that is wrong with it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.fault import Fault
from pilots.creative.data import listing
from pilots.creative.data.folder import Folder
from pilots.creative.data.maps import role
from pilots.creative.data.photos import Photos
from pilots.creative.pictures.read import read_picture

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


def test_maps_are_told_by_name_and_taken_as_numbers(studio):
    picture(studio / "wall" / "Stone_Color.png", 128, 128)
    grey(studio / "wall" / "Stone_Displacement.png", 16_384, 128, np.uint16)
    grey(studio / "wall" / "Stone_Roughness.png", 51, 64)  # half the size: brought to the picture's
    grey(studio / "wall" / "Stone_NormalGL.png", 128)
    give_rights(studio)
    reader = Folder(str(studio))
    found = reader.read()
    assert [image.name for image in found.images] == ["wall/Stone_Color.png"]
    assert found.planes == ("red", "green", "blue", "height", "roughness")
    np.testing.assert_allclose(found.images[0].height_HW, np.full((128, 128), 16_384 / 65_535), atol=1e-6)
    np.testing.assert_allclose(found.images[0].roughness_HW, np.full((128, 128), 0.2), atol=1e-6)
    assert {row["path"].split("_")[-1] for row in found.rights} == {"Color.png", "Displacement.png", "Roughness.png"}
    assert any("Stone_NormalGL.png is a normal map" in note for note in reader.findings)


@pytest.mark.parametrize(
    ("stem", "wanted"),
    [
        ("Bricks001_1K-JPG_Color", ("Bricks001_1K-JPG", "colour")),
        ("Bricks001_1K-JPG_NormalDX", ("Bricks001_1K-JPG", "normal")),
        ("Bricks001_1K-JPG_AmbientOcclusion", ("Bricks001_1K-JPG", "other")),
        ("castle_wall_diff_2k", ("castle_wall_2k", "colour")),
        ("castle_wall_nor_gl_2k", ("castle_wall_2k", "normal")),
        ("castle_wall_disp_2k", ("castle_wall_2k", "height")),
        ("wallBaseColor", ("wall", "colour")),
        ("T_wall base-color", ("T_wall", "colour")),
        ("wall.rough", ("wall", "roughness")),
        ("HeightMap", ("", "height")),
        ("chromecol", ("chromecol", "plain")),
        ("001", ("001", "plain")),
        ("", ("", "plain")),
    ],
)
def test_roles_in_names(stem, wanted):
    assert role(stem) == wanted


def test_a_map_needs_its_picture_and_its_shape(studio):
    for name in ("plain", "lone_normal", "other_height", "rough"):
        picture(studio / f"{name}.png")
    give_rights(studio)
    reader = Folder(str(studio))
    assert [image.group for image in reader.read().images] == ["plain", "rough"]  # rough alone is a name like another
    assert sum("it is not learned from; rename it if it is a picture" in note for note in reader.findings) == 2
    picture(studio / "plain_height.png", 96, 192)
    refused(studio, "plain_height.png has 192 x 96 px", "plain.png has 96 x 96")
    picture(studio / "plain_height.png")
    refused(studio, "plain_height.png is coloured")
    grey(studio / "plain_height.png", 7)
    grey(studio / "plain_disp.png", 7)
    refused(studio, "plain_disp.png and plain_height.png are both height maps of plain.png")


def test_large_pictures_are_reduced_but_never_below_what_is_needed(studio):
    picture(studio / "large.png", 200, 400)
    picture(studio / "strip.png", 100, 400)
    grey(studio / "large_height.png", 9, 400)
    (studio / "large_height.png").write_bytes(cv2.imencode(".png", np.full((400, 800), 51, np.uint8))[1].tobytes())
    give_rights(studio)
    reader = Folder(str(studio), longest=200, periodic=True)
    large, strip = reader.read().images
    assert (large.rgb_HW3.shape, large.height_HW.shape, strip.rgb_HW3.shape) == (
        (100, 200, 3),
        (100, 200),
        (96, 384, 3),
    )
    np.testing.assert_allclose(large.height_HW, 0.2, atol=1e-6)
    assert large.periodic
    assert any("data.longest" in note and "large.png, strip.png" in note for note in reader.findings)
    assert any("height is learned only where every picture has it; strip.png has none" in n for n in reader.findings)
    with pytest.raises(ValueError, match="longest must be 96 to"):
        Folder(str(studio), longest=95)


def test_sub_folders_and_loose_files_of_one_name_stay_apart(studio):
    for name in ("wall/1.png", "wall.png", "floor.png", "floor.jpg"):
        picture(studio / name)
    give_rights(studio)
    assert Folder(str(studio)).read().groups == ["floor.jpg", "floor.png", "wall", "wall.png"]


def test_the_fingerprint_knows_every_pixel_and_name(studio):
    def sum_() -> str:
        give_rights(studio)
        return Folder(str(studio)).read().sha256

    picture(studio / "a.png")
    first = sum_()
    assert sum_() == first
    give_rights(studio, owner="somebody else")
    assert Folder(str(studio)).read().sha256 == first
    (studio / "a.png").rename(studio / "b.png")
    renamed = sum_()
    picture(studio / "b.png", seed=1)
    assert len({first, renamed, sum_()}) == 3


def test_licences_are_counted(studio):
    for name in ("a", "b", "c"):
        picture(studio / f"{name}.png")
    give_rights(studio)
    text = (studio / "rights.yaml").read_text().replace("CC0-1.0", "own work", 1)
    (studio / "rights.yaml").write_text(text)
    assert Folder(str(studio)).read().licence == "CC0-1.0 (2 files), own work (1 file)"


def test_too_small_pictures(studio):
    picture(studio / "small.png", 95, 400)
    refused(studio, "small.png has 400 x 95 px", "96 or more")
    picture(studio / "small.png", 1, 1)
    refused(studio, "small.png has 1 x 1 px", "use a larger picture")


def test_bad_pictures_are_named_with_their_folder(studio):
    picture(studio / "Bricks" / "1.png")
    whole = (studio / "Bricks" / "1.png").read_bytes()
    (studio / "Bricks" / "2.png").write_bytes(whole[: len(whole) // 2])
    (studio / "Bricks" / "3.gif").write_bytes(b"GIF89a" + bytes(40))
    refused(studio, f"{studio}/Bricks/2.png is broken or cut off", "and 1 more: pilot-creative check names them all")


def test_folders_without_a_picture(studio, tmp_path):
    refused(studio, f"{studio} holds no picture", "put PNG, JPEG or WebP")
    (studio / "empty").mkdir()
    (studio / "notes.txt").write_text("")
    refused(studio, "holds no picture", "notes.txt is not a picture by its name", "empty holds no picture")
    refused(tmp_path / "absent", "is not there", "name the folder", rights=False)
    refused(studio / "notes.txt", "is not a folder", rights=False)
    picture(studio / "x_normal.png")
    refused(studio, "holds no picture", "x_normal.png is a normal map")


def test_a_folder_in_a_folder(studio):
    picture(studio / "stone" / "grey" / "1.png")
    refused(studio, f"{studio}/stone/grey is a folder in a folder", "move its pictures up")


def test_a_link_that_leaves_the_folder(studio, tmp_path):
    picture(tmp_path / "private.png")
    picture(studio / "a.png")
    (studio / "b.png").symlink_to(tmp_path / "private.png")
    refused(studio, "b.png is a link to a place outside", rights=False)
    (studio / "b.png").unlink()
    (studio / "round").symlink_to(studio / "round")  # a link to itself leads nowhere
    give_rights(studio)
    assert Folder(str(studio)).read().groups == ["a"]
    (studio / "up").symlink_to(tmp_path)
    refused(studio, "up is a link to a place outside", rights=False)


@pytest.mark.parametrize("name", [b"M\xfcll.png", b"a\nb.png", b"a\x1b[2J.png", b"a\\b.png"])
def test_names_that_cannot_be_written_down(studio, name):
    picture(studio / "a.png")
    give_rights(studio)
    (studio / os.fsdecode(name)).write_bytes(b"")
    refused(studio, "letters that cannot be written down", "rename that file", rights=False)


def test_more_files_than_anybody_means(studio, monkeypatch):
    monkeypatch.setattr(listing, "MOST_FILES", 3)
    for number in range(4):
        (studio / f"{number}.txt").write_text("")
    refused(studio, "4 files; 3 are the most", rights=False)


def test_the_shipped_sample_can_be_read_as_a_studios_own():
    folder = Path(__file__).parents[2] / "data" / "creative"
    if not folder.is_dir():
        pytest.skip("the sample is not there: `dvc pull` brings it")
    found = Folder(str(folder), periodic=True).read()
    assert len(found.groups) == len(found.images) == 12
    assert found.planes == ("red", "green", "blue", "height", "roughness")


def test_real_materials_are_read(tmp_path):
    """Four cells of a contact sheet (CC0), as a person would save them."""
    real = Path(os.environ.get("PILOTS_REAL_DATA", "/nowhere")) / "ambientcg-thumbs"
    if not real.is_dir():
        pytest.skip("needs ambientcg-thumbs below PILOTS_REAL_DATA")
    cells = [cell for cell in json.loads((real / "index.json").read_text()) if cell["square"]][:4]
    for cell in cells:
        sheet = read_picture(real / cell["file"])
        x, y, w, h = (cell[name] for name in "xywh")
        pixels = np.round(sheet[y : y + h, x : x + w, ::-1] * 255).astype(np.uint8)
        (tmp_path / cell["category"]).mkdir(exist_ok=True)
        (tmp_path / cell["category"] / f"{cell['n']}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    give_rights(tmp_path)
    found = Folder(str(tmp_path)).read()
    assert len(found.images) == 4
    assert all(image.rgb_HW3.shape == (128, 128, 3) for image in found.images)
