"""`pilot-creative tile`: what it writes, and that the same seed gives the same picture."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from replay import replayed

from common.evaluation import packed
from pilots.creative.save import pictures
from pilots.creative.use import tile


def drawn(folder):
    return {path.name: cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(folder.iterdir())}


def run(bundle, out, *words):
    tile.main([str(bundle), "--out", str(out), *words])
    return drawn(out)


def test_count_takes_the_next_seeds_and_the_next_pictures(toy_folder, tmp_path, capsys):
    three = run(toy_folder, tmp_path / "three", "--class", "brick", "--size", "64x32", "--count", "3")
    assert list(three) == ["brick_0.png", "brick_1.png", "brick_2.png"]
    assert all(picture.shape == (32, 64, 3) and picture.dtype == np.uint8 for picture in three.values())
    one = run(toy_folder, tmp_path / "one", "--class", "brick", "--size", "64x32", "--seed", "1")
    np.testing.assert_array_equal(one["brick_1.png"], three["brick_1.png"])
    assert (three["brick_0.png"] != three["brick_2.png"]).mean() > 0.9
    assert capsys.readouterr().out.splitlines()[0] == f"wrote: {(tmp_path / 'three').resolve()}"


@pytest.mark.parametrize(("fmt", "bits"), [("png", 8), ("png", 16), ("webp", 8)])
def test_formats_and_bits_hold_the_same_picture(toy_folder, tmp_path, fmt, bits):
    [picture] = run(toy_folder, tmp_path / "o", "--size", "64", "--format", fmt, "--bits", str(bits)).values()
    [plain] = run(toy_folder, tmp_path / "p", "--size", "64").values()
    assert picture.dtype == (np.uint16 if bits == 16 else np.uint8)
    np.testing.assert_allclose(picture / (2.0**bits - 1), plain / 255, atol=0.51 / 255)


def test_the_set_of_maps(toy_maps_folder, tmp_path):
    found = run(toy_maps_folder, tmp_path / "o", "--image", "moss.png", "--size", "64", "--maps", "directx")
    kinds = ["BaseColor", "Height", "Normal_DirectX", "Roughness"]
    assert list(found) == [f"moss_0_{kind}.png" for kind in kinds]
    assert found["moss_0_Height.png"].dtype == np.uint16
    other = run(toy_maps_folder, tmp_path / "p", "--image", "moss.png", "--size", "64", "--maps", "opengl")
    up, down = (f[f"moss_0_Normal_{n}.png"][..., 1].astype(int) for f, n in ((found, "DirectX"), (other, "OpenGL")))
    assert np.abs(up + down - 255).max() <= 1  # green turned over, nothing else
    assert up.std() > 1


def test_steps_between_the_bundles_own_are_interpolated(toy):
    from pilots.creative.use.material import read_material

    material = read_material(toy.manifest)
    np.testing.assert_allclose(material.grid(4), [0, 0.3, 0.6, 0.8, 1])
    assert material.grid(1).tolist() == [0, 1]
    grid = material.grid(11)
    assert len(grid) == 12
    assert grid[0] == 0
    assert grid[-1] == 1
    assert (np.diff(grid) > 0).all()


def test_help_needs_nothing_slow():
    import subprocess
    import sys

    code = "from pilots.creative.use import repair, tile, variation; import sys; print(sys.modules.keys() & {'numpy'})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()"]


def test_what_a_run_keeps_of_new_pictures_replays_through_the_bundle(toy_folder):
    part = json.loads((toy_folder / "bundle.json").read_text())["creative"]
    made = pictures((toy_folder / "model.onnx").read_bytes(), part, 0, number=3)
    number, said, outcome = replayed(toy_folder, packed(made), "picture")
    assert number == 3
    np.testing.assert_array_equal(said, outcome)
