"""The twelve materials: periodic, in range, told apart by their maps, and the same with and without the files."""

from pathlib import Path

import numpy as np
import pytest

from common.fault import Fault
from pilots.creative.data.procedural.library import MATERIALS
from pilots.creative.data.sample import SampleMaterials, write


@pytest.fixture(scope="module")
def made():
    return SampleMaterials("absent").read()


def steps(plane: np.ndarray, axis: int) -> np.ndarray:
    """Mean step from each row (or column) to the next; the last one goes round the edge."""
    return np.abs(np.roll(plane, -1, axis) - plane).mean(axis=tuple(a for a in range(plane.ndim) if a != axis))


def test_edges_continue_at_the_opposite_ones(made):
    """The step across the wrap is one among the others: a mirrored edge's would be smaller, a cut one's larger."""
    looked = 0
    for image in made.images:
        for plane in (image.rgb_HW3, image.height_HW, image.roughness_HW):
            for axis in (0, 1):
                step = steps(plane, axis)
                assert step[:-1].min() <= step[-1] <= step[:-1].max(), (image.name, plane.ndim, axis)
                looked += 1
    assert looked == 12 * 3 * 2


def test_what_is_read(made):
    assert made.groups == list(MATERIALS)
    assert len(made.groups) == 12
    assert made.planes == ("red", "green", "blue", "height", "roughness")
    for image in made.images:
        assert image.periodic
        assert image.rgb_HW3.shape == (256, 256, 3)
        assert image.rgb_HW3.dtype == image.height_HW.dtype == image.roughness_HW.dtype == np.float32
        for plane in (image.rgb_HW3, image.height_HW, image.roughness_HW):
            assert 0 <= plane.min() < plane.max() <= 1
        assert image.height_HW.max() - image.height_HW.min() > 0.7  # eight bits are used


def test_joints_lie_low_and_are_rough(made):
    """True maps: what is deep in brick, tile and hexagons is rough; height explains colour's darkness in gravel."""
    by_name = {image.group: image for image in made.images}
    for name in ("brick", "tile", "hex"):
        image = by_name[name]
        deep = image.height_HW < 0.5 * np.median(image.height_HW)
        assert image.roughness_HW[deep].mean() > image.roughness_HW[~deep].mean() + 0.1
    gravel = by_name["gravel"]
    assert np.corrcoef(gravel.height_HW.ravel(), gravel.rgb_HW3.mean(axis=2).ravel())[0, 1] > 0.4


def test_with_and_without_the_files(made, tmp_path):
    write(tmp_path)
    kept = SampleMaterials(str(tmp_path)).read()
    assert kept.sha256 == made.sha256


def test_some_of_them():
    few = SampleMaterials("absent", materials=["tile", "brick"]).read()
    assert few.groups == ["tile", "brick"]
    with pytest.raises(Fault, match=r"data\.materials: 'grass' is not in the sample, which has brick, tile"):
        SampleMaterials(materials=["grass"])


def test_a_broken_picture(tmp_path: Path):
    (tmp_path / "brick").mkdir()
    (tmp_path / "brick" / "brick_color.png").write_bytes(b"not a picture")
    with pytest.raises(Fault, match=r"brick_color\.png is missing or broken: `dvc pull` brings the sample again"):
        SampleMaterials(str(tmp_path), ["brick"]).read()
