"""Patterns from net to file: every repeat alike, one graph, one bundle, and orders that cannot be met."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch

from common.bundle.open import open_bundle
from common.bundle.write import write_bundle
from common.fault import Fault
from pilots.creative.data.patterns import library, symmetry
from pilots.creative.data.patterns.learned import Patterns
from pilots.creative.models.field_flow import FieldFlow
from pilots.creative.pattern import bundle as described
from pilots.creative.pattern import classifier, evaluate
from pilots.creative.pattern.net import SPREAD, Even, Place
from pilots.creative.pictures import colours
from pilots.creative.use import predict

GRIDS = {"2": [0.3], "4": [0.1, 0.3, 0.6]}


@pytest.fixture(scope="module")
def seen() -> Patterns:
    return Patterns(8, 0, SPREAD)


@pytest.fixture(scope="module")
def flow(seen) -> FieldFlow:
    """Trained for two steps: what holds for it holds for every weight."""
    return FieldFlow(GRIDS, base=2, batch=4, stock=8, steps=2).fit(seen, 0)


@pytest.fixture(scope="module")
def bundle(flow, seen, tmp_path_factory):
    graph, part = flow.graph(), described.part(flow, seen)
    facts = {"version": "20260101000000", "model": "field_flow", "metrics": {}, "seed": 0, "commit": "none"}
    facts |= {"parity": described.prove(graph, flow, part, 1e-4), "licence": seen.licence}
    facts["data"] = {"name": seen.name, "sha256": seen.sha256}
    folder = tmp_path_factory.mktemp("patterns") / "bundle"
    manifest = described.describe(graph, part, **facts)
    write_bundle(folder, graph.SerializeToString(), manifest, described.sample(part), "# Patterns\n")
    return open_bundle(folder)


@pytest.mark.parametrize("kind", range(len(library.KINDS)), ids=library.kind_name)
def test_a_pattern_is_what_it_was_after_each_of_its_kinds_shifts(kind):
    number, lattice = library.KINDS[kind]
    name = library.NAMES[number]
    field = library.drawn(name, [lattice], np.random.default_rng(kind))
    even = symmetry.even(field, np.array([kind]))
    assert np.abs(even - field).max() < 1.0  # cells; the library's rims are sharper than 64 cells can hold
    assert np.abs(even - field).mean() < 0.06
    assert symmetry.repeats(kind) >= lattice[0] / 2


def test_even_is_the_same_in_numpy_and_in_the_net():
    fields, kinds = library.sample(1, 1)
    noise = np.random.default_rng(0).standard_normal(fields.shape, np.float32)
    condition = torch.eye(len(library.KINDS))[torch.from_numpy(kinds)]
    net = Even()(torch.from_numpy(noise)[:, None], condition)[:, 0].numpy()
    np.testing.assert_allclose(net, symmetry.even(noise, kinds), atol=2e-5)


def test_a_pattern_put_in_phase_with_a_moved_one_is_the_moved_one():
    fields, kinds = library.sample(2, 3)
    fields = symmetry.even(fields, kinds)
    moved = np.roll(fields, (5, -9), (1, 2))
    np.testing.assert_allclose(symmetry.in_phase(fields, moved, kinds), moved, atol=1e-4)


def test_noise_lies_where_its_field_does_and_stays_white():
    random = np.random.default_rng(0)
    stock = Patterns(4, 0, SPREAD)
    data, which = stock.draw(random, 32)
    noise = stock.noise(random, which, data)
    assert noise.shape == data.shape
    assert noise.std() == pytest.approx(1, abs=0.1)
    for field, made, kind in zip(data[:, 0], noise[:, 0], which, strict=True):
        at = tuple(np.array(symmetry.waves(int(kind)))[:, ::-1].T)
        turn = np.angle(np.fft.fft2(field)[at] * np.conj(np.fft.fft2(made)[at]))
        np.testing.assert_allclose(turn, 0, atol=2e-3)


def test_the_net_is_told_where_a_field_lies_and_a_roll_takes_that_along():
    fields, kinds = library.sample(1, 2)
    condition = torch.eye(len(library.KINDS))[torch.from_numpy(kinds)]
    place, field = Place(), torch.from_numpy(fields)[:, None]
    told = place(field, condition)
    assert told.abs().max() <= 1 + 1e-4
    torch.testing.assert_close(
        place(field.roll((7, -3), (2, 3)), condition), told.roll((7, -3), (2, 3)), atol=2e-3, rtol=0
    )
    torch.testing.assert_close(place(3 * field, condition), told, atol=1e-4, rtol=0)


def test_all_repeats_of_a_drawn_pattern_are_the_same_figure(bundle):
    kind = next(k for k, kind in enumerate(library.KINDS) if kind == (library.NAMES.index("dots"), (4,)))
    given = described.asked(bundle.manifest["creative"], kind, 5, "4")
    field = bundle.run(**given)["picture"][0, 0]
    assert field.std() > 0.01
    for axis in (0, 1):
        np.testing.assert_allclose(np.roll(field, library.SIZE // 4, axis), field, atol=2e-5)


def test_a_rolled_noise_gives_the_rolled_pattern(flow, seen, bundle):
    from common.bundle.session import Session
    from pilots.creative.drawn import Drawn

    sampler = Drawn(Session((bundle.folder / "model.onnx").read_bytes()), described.part(flow, seen))
    assert evaluate.torus_error(sampler, 0) < 1e-5


def test_a_stopped_training_goes_on_to_the_same_weights(seen):
    whole = FieldFlow(GRIDS, base=3, batch=4, stock=8, steps=2)._begin(seen, 0)
    whole.run(3)
    first = FieldFlow(GRIDS, base=3, batch=4, stock=8, steps=2)._begin(seen, 0)
    first.run(2)
    second = FieldFlow(GRIDS, base=3, batch=4, stock=8, steps=2)._begin(seen, 0)
    second.go_on(first.arrays())
    second.run(1)
    np.testing.assert_array_equal(whole.arrays()["net"], second.arrays()["net"])


def test_the_judge_learns_the_library_and_says_which_judge_it_is():
    torch.manual_seed(0)
    judge, other = classifier.trained(2, 0), classifier.trained(2, 1)
    assert classifier.sha256(judge) == classifier.sha256(classifier.trained(2, 0))
    assert classifier.sha256(judge) != classifier.sha256(other)
    fields, _ = library.sample(1, 3)
    said, features = classifier.judged(judge, fields)
    assert said.shape == (len(fields),)
    assert features.shape == (len(fields), classifier.FEATURES)


def test_kid_is_nothing_between_halves_of_one_set_and_grows_with_distance():
    random = np.random.default_rng(0)
    one, other = random.normal(size=(2, 300, 8))
    assert abs(evaluate.kid(one, other)) < 0.02
    assert evaluate.kid(one, other + 1) > 0.5
    same = np.zeros((3, 8))
    assert evaluate.kid(same, same + 1) == pytest.approx(1 + 8 - 2)  # kernel (0+1)^3, (8/8+1)^3, (0+1)^3


def test_mirror_tiling_folds_and_is_seen_by_its_seam():
    fields, _ = evaluate.held_out(1, 0)
    folded = evaluate.mirrored(fields)
    np.testing.assert_array_equal(folded[:, 0], folded[:, -1])
    assert evaluate.seams(fields).mean() > evaluate.seams(folded).mean()


@pytest.mark.parametrize("fmt", ["png", "svg"])
def test_an_order_for_a_pattern_gives_a_signed_tile_in_exact_colours(bundle, tmp_path, fmt):
    settings = tmp_path / "order.json"
    settings.write_text(json.dumps({"class": "scales", "size": 96, "palette": "#112233,#ffeecc", "format": fmt}))
    out = tmp_path / "out"
    out.mkdir()
    predict(bundle, settings, out)
    (tile,) = out.glob(f"scales_0.{fmt}")
    assert (out / "page.html").is_file()
    if fmt == "png":
        pixels = cv2.imread(str(tile))[..., ::-1]
        assert pixels.shape == (96, 96, 3)
        assert {colours.name(c) for c in np.unique(pixels.reshape(-1, 3), axis=0)} <= {"#112233", "#ffeecc"}
    else:
        assert b"#ffeecc" in tile.read_bytes()


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"class": "dot"}, "the bundle knows no class 'dot': did you mean 'dots'"),
        ({"image": "dots 9"}, "the bundle knows no picture 'dots 9'"),
        ({"size": "512x256"}, "a pattern's tile is square, got 512x256"),
        ({"palette": "#112233,blue"}, "'blue' is no colour"),
        ({"maps": "opengl"}, "patterns, which are flat"),
        ({"bits": 16}, "the colours of a palette have 8 bits"),
        ({"make": "variation", "picture": "x.png"}, "x.png|patterns"),
    ],
)
def test_an_order_that_cannot_be_met_is_answered_with_a_sentence(bundle, tmp_path, order, said):
    settings = tmp_path / "order.json"
    settings.write_text(json.dumps(order))
    with pytest.raises((Fault, OSError), match=said):
        predict(bundle, settings, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["order.json"]


def test_pictures_of_anybodys_are_no_library_of_patterns():
    from omegaconf import OmegaConf

    from pilots.creative.pattern.train import story

    cfg = OmegaConf.create({"data": {"_target_": "pilots.creative.data.photos.Photos"}})
    with pytest.raises(Fault, match="learns the project's own pattern library and no pictures: leave out data="):
        story(None, cfg)
