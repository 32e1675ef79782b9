"""The twelve materials: periodic, in range, with true maps, small, and the same with and without the files."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from common.fault import Fault
from pilots.creative.data.procedural.library import MATERIALS
from pilots.creative.data.sample import SampleMaterials, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("made")
    write(made)
    return made


@pytest.fixture(scope="module")
def sample(folder):
    return SampleMaterials(str(folder)).read()


def steps(plane: np.ndarray, axis: int) -> np.ndarray:
    """Mean step from each row (or column) to the next; the last one goes round the edge."""
    return np.abs(np.roll(plane, -1, axis) - plane).mean(axis=tuple(a for a in range(plane.ndim) if a != axis))


def test_edges_continue_at_the_opposite_ones(sample):
    """The step across the wrap is one among the others: a mirrored edge's would be smaller, a cut one's larger."""
    looked = 0
    for image in sample.images:
        for plane in (image.rgb_HW3, image.height_HW, image.roughness_HW):
            for axis in (0, 1):
                step = steps(plane, axis)
                assert step[:-1].min() <= step[-1] <= step[:-1].max(), (image.name, plane.ndim, axis)
                looked += 1
    assert looked == 12 * 3 * 2


def test_what_is_read(sample):
    assert sample.groups == list(MATERIALS)
    assert len(sample.groups) == 12
    assert sample.planes == ("red", "green", "blue", "height", "roughness")
    assert (sample.name, sample.licence) == ("sample", "CC0-1.0")
    assert len(sample.rights) == 36
    for image in sample.images:
        assert image.periodic
        assert image.rgb_HW3.shape == (256, 256, 3)
        for plane in (image.rgb_HW3, image.height_HW, image.roughness_HW):
            assert plane.dtype == np.float32
            assert 0 <= plane.min() < plane.max() <= 1
        assert np.ptp(image.height_HW) > 0.7  # eight bits are used


def test_maps_are_true(sample):
    """What lies deep in brick, tile and hexagons is rough; a pebble is light on top and dark at its foot."""
    by_name = {image.group: image for image in sample.images}
    for name in ("brick", "tile", "hex"):
        image = by_name[name]
        deep = image.height_HW < 0.5 * np.median(image.height_HW)
        assert image.roughness_HW[deep].mean() > image.roughness_HW[~deep].mean() + 0.1
    gravel = by_name["gravel"]
    assert np.corrcoef(gravel.height_HW.ravel(), gravel.rgb_HW3.mean(axis=2).ravel())[0, 1] > 0.4


def test_the_published_files_again(folder):
    """At least 99.99 % of the values equal, the rest by one: machines differ in how 0.5 is rounded."""
    remote = ROOT / ".dvc" / "sample" / "files" / "md5"
    tree = yaml.safe_load((ROOT / "data.dvc").read_text())["outs"][0]["md5"]
    entries = json.loads((remote / tree[:2] / tree[2:]).read_text())
    published = {e["relpath"].removeprefix("creative/"): e["md5"] for e in entries if "creative/" in e["relpath"]}
    assert published.keys() == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    pictures = [name for name in published if name.endswith(".png")]
    assert len(pictures) == 36
    apart = [
        np.abs(_values(remote / published[name][:2] / published[name][2:]) - _values(folder / name)).ravel()
        for name in pictures
    ]
    apart = np.concatenate(apart)
    assert apart.max() <= 1
    assert (apart == 0).mean() >= 0.9999


def _values(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(int)


def test_with_and_without_the_files(folder):
    two = ["weave", "plank"]
    kept, made = SampleMaterials(str(folder), two).read(), SampleMaterials("absent", two).read()
    assert kept.groups == made.groups == two
    assert kept.sha256 == made.sha256
    assert kept.rights == made.rights
    assert len(made.rights) == 6


def test_no_such_material(tmp_path):
    with pytest.raises(Fault, match=r"data\.materials: 'grass' is not in the sample, which has brick, tile"):
        SampleMaterials(materials=["grass"])
    write(tmp_path, ["plank"])
    with pytest.raises(Fault, match="holds no brick: `dvc pull` brings the sample again"):
        SampleMaterials(str(tmp_path), ["brick"]).read()
