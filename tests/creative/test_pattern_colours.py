"""Colours: palettes as typed, exact recolouring, optimal transport, .cube files, and patterns drawn in a palette."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from common.fault import Fault
from pilots.creative.data.patterns import library
from pilots.creative.pictures import colours, pattern
from pilots.creative.use import palette, recolour
from pilots.creative.use.cube import POINTS, cube

THREE = "#1b1b3a,#aa3311,#ffeecc"


@pytest.fixture(scope="module")
def stone() -> np.ndarray:
    """[96, 96, 3] a picture of many shades."""
    rng = np.random.default_rng(0)
    grain = cv2.GaussianBlur(rng.normal(size=(96, 96, 3)).astype(np.float32), (0, 0), 3)
    return np.clip(0.45 + 1.5 * grain, 0, 1)


def test_palettes_are_read_as_typed():
    assert colours.parse("#aa3311, fec").tolist() == [[0xAA, 0x33, 0x11], [0xFF, 0xEE, 0xCC]]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("#aa3311,red", "'red' is no colour: write palettes as '#aa3311,#ffeecc'"),
        ("#aa33", "'#aa33' is no colour"),
        ("", "'' is no colour"),
        ("#aa3311", "one colour: a palette has 2 to 16"),
        ("#aa3311,#a31,#a31", "#aa3311 stands twice"),
    ],
)
def test_a_malformed_palette_is_answered_with_the_word_and_an_example(typed, said):
    typed = typed.replace("#a31,#a31", "#ffffff,#AA3311")
    with pytest.raises(Fault, match=said.replace("(", r"\(")):
        colours.parse(typed)


def test_known_colours_in_lab():
    white, red = colours.to_lab(np.array([[1, 1, 1], [1, 0, 0]], np.float32))
    assert white == pytest.approx([100, 0, 0], abs=0.05)
    assert red == pytest.approx([53.24, 80.09, 67.20], abs=0.15)  # sRGB red under D65


def test_exact_recolouring_leaves_only_the_palettes_colours_and_keeps_dark_dark(stone):
    new = colours.parse(THREE)
    painted = recolour.exact(stone, new)
    assert np.array_equal(np.unique(painted.reshape(-1, 3), axis=0), np.unique(new, axis=0))
    used = colours.to_lab(painted.astype(np.float32) / 255)[..., 0]
    own = colours.to_lab(stone)[..., 0]
    assert own[used == used.min()].mean() < own.mean() < own[used == used.max()].mean()


def test_flat_artwork_changes_colour_by_colour():
    old, new = colours.parse("#000000,#808080,#ffffff"), colours.parse("#ffeecc,#102030,#aa3311")
    art = old[np.random.default_rng(1).integers(0, 3, (40, 40))]
    painted = recolour.exact(art.astype(np.float32) / 255, new)
    for before, after in zip(old, new[[1, 2, 0]], strict=True):  # by lightness
        assert (painted[(art == before).all(axis=2)] == after).all()


def test_transport_moves_mean_and_spread_of_colours_onto_the_others(stone):
    other = np.clip(0.6 + 0.4 * (stone[::-1] - 0.5) * [1.0, 0.5, 0.2], 0, 1).astype(np.float32)
    moved = colours.to_lab(recolour.towards_picture(stone, other)(stone)).reshape(-1, 3)
    goal = colours.to_lab(other).reshape(-1, 3)
    assert moved.mean(axis=0) == pytest.approx(goal.mean(axis=0), abs=0.5)
    assert np.cov(moved.T) == pytest.approx(np.cov(goal.T), abs=3.0)


def test_transport_onto_itself_changes_nothing(stone):
    assert np.abs(recolour.towards_picture(stone, stone)(stone) - stone).max() < 5e-3


def test_a_cube_file_holds_the_map_red_running_fastest(stone):
    change = recolour.towards_palette(stone, colours.parse(THREE))
    lines = cube(change, 'a "title"').decode().splitlines()
    assert lines[:4] == ['TITLE "a  title "', "LUT_3D_SIZE 33", "DOMAIN_MIN 0.0 0.0 0.0", "DOMAIN_MAX 1.0 1.0 1.0"]
    table = np.array([line.split() for line in lines[4:]], float)
    assert table.shape == (POINTS**3, 3)
    assert table.min() >= 0
    assert table.max() <= 1
    red, green, blue = 5, 11, 30
    asked = np.array([[red, green, blue]], np.float32) / (POINTS - 1)
    assert table[red + POINTS * (green + POINTS * blue)] == pytest.approx(change(asked)[0], abs=1e-6)


def test_a_pattern_is_drawn_in_exactly_the_palettes_colours():
    field = library.drawn("rings", [(2, 0)], np.random.default_rng(2))[0]
    for typed in ("#1b1b3a,#ffeecc", THREE):
        new = colours.parse(typed)
        drawn = pattern.render(field, new, (200, 320))
        assert drawn.shape == (200, 320, 3)
        apart = colours.delta_e(drawn[:, :, None] / np.float32(255), new[None, None] / np.float32(255)).min(axis=2)
        assert apart.max() == 0
        assert len(np.unique(drawn.reshape(-1, 3), axis=0)) == len(new)
    smooth = pattern.render(field, colours.parse("#000000,#ffffff"), (100, 100), smooth=True)
    assert len(np.unique(smooth)) > 20


def test_a_drawn_pattern_closes_at_its_rim():
    field = library.drawn("leaves", [(2,)], np.random.default_rng(4))[0]
    new = colours.parse("#000000,#ffffff")
    drawn = pattern.render(field, new, (256, 256))
    moved = pattern.render(np.roll(field, (16, 24), (0, 1)), new, (256, 256))
    np.testing.assert_array_equal(np.roll(drawn, (64, 96), (0, 1)), moved)


def test_an_svg_shows_the_same_as_the_pixels():
    import re
    from xml.etree import ElementTree

    field = library.drawn("herringbone", [(2, 1, 4)], np.random.default_rng(3))[0]
    new = colours.parse(THREE)
    root = ElementTree.fromstring(pattern.svg(field, new, 512))
    shapes = list(root)
    assert [shape.get("fill") for shape in shapes] == ["#ffeecc", "#aa3311", "#1b1b3a"]
    canvas = np.zeros((2048, 2048), np.uint8)
    for number, shape in enumerate(shapes[1:], 1):
        rings = [
            np.array([xy.split() for xy in ring.rstrip("Z").split("L")], float)
            for ring in re.split("M", shape.get("d"))[1:]
        ]
        inside = np.zeros_like(canvas)
        cv2.fillPoly(inside, [np.round(ring * 32 * 16 - 8).astype(np.int32) for ring in rings], 1, shift=4)
        canvas[inside == 1] = number
    pixels = pattern.render(field, new, canvas.shape)
    same = (pixels == new[::-1][canvas]).all(axis=2)
    assert same.mean() > 0.99  # fillPoly also fills the pixels that a rim touches


def test_a_pattern_of_no_size_is_refused():
    with pytest.raises(Fault, match="a pattern of 0x512 pixels: each side may have 1 to 4096"):
        pattern.render(np.zeros((8, 8), np.float32), colours.parse(THREE), (512, 0))


def test_the_verb_recolours_a_file_and_refuses_before_it_writes(tmp_path, monkeypatch, stone, capsys):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("stone.png", colours.to_bytes(stone)[..., ::-1])
    palette.main(["stone.png", "--to", THREE, "--cube", "warm.cube"])
    assert capsys.readouterr().out == f"wrote: {tmp_path / 'stone_palette.png'}\n"
    written = cv2.imread("stone_palette.png")[..., ::-1]
    assert {colours.name(c) for c in np.unique(written.reshape(-1, 3), axis=0)} == set(THREE.split(","))
    assert (tmp_path / "warm.cube").read_bytes().startswith(b'TITLE "stone to #1b1b3a')
    before = sorted(path.name for path in tmp_path.iterdir())
    for words, said in (
        (["--to", THREE], "stone_palette.png is there already"),
        (["--to", THREE, "--out", "new.jpg"], "new.jpg does not end in .png"),
        (["--to", "#12345g,#000", "--out", "new.png"], "'#12345g' is no colour"),
        (["--like", "stone.png", "--count", "1", "--out", "new.png"], "--count 1: a palette has 2 to 16"),
        (["--to", THREE, "--out", "no/new.png"], "there is no folder"),
    ):
        with pytest.raises(Fault, match=said):
            palette.main(["stone.png", *words])
    assert sorted(path.name for path in tmp_path.iterdir()) == before
