"""The judgement on generators whose faults are known."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from common.bundle.session import Session
from common.fault import Fault
from pilots.creative.closest import closest
from pilots.creative.drawn import Drawn, draw, draw_baselines, draw_seams, plan
from pilots.creative.evaluate import judge
from pilots.creative.metrics.copying import Copies
from pilots.creative.models.mirror import Mirror
from pilots.creative.models.quilting import Quilting, cheapest, cut
from pilots.creative.noise import tile_noise
from tests.creative.made_pictures import exemplars, texture

PART = {"images": [{}, {}], "planes": ["red", "green", "blue", "height"], "channels": 4, "multiple": 8, "steps": 4}
PART["grids"] = {"4": [0, 0.1, 0.3, 0.6, 1]}
FLOORS = {"swd_floor", "spectrum_floor"}


class Unseen:
    """New spots of the class's own kind, on a torus: a perfect model."""

    def tiles(self, image, seeds, size):
        return np.stack([texture(1000 + 50 * image + s, size, size, 1.5 + image // 2) for s in seeds])


@pytest.fixture(scope="module")
def seen():
    return exemplars(classes=2, each=2, size=96)


@pytest.fixture(scope="module")
def judged(seen):
    baselines = draw_baselines(seen, {"mirror": Mirror(), "quilting": Quilting(24, 8)}, 4, 0, size=64)
    model = draw(Unseen(), plan(seen, 4), 0, size=64)
    return judge(seen, model, baselines, 0, draw_seams(seen, Unseen(), 4, 0))


def test_a_perfect_model_reaches_the_floor_and_copies_nothing(judged):
    metrics = judged.metrics
    assert metrics["swd"]["low"] < metrics["swd_floor"]["high"] * 1.3
    assert metrics["spectrum_error"]["value"] < 1.3 * metrics["spectrum_floor"]["value"]
    assert metrics["seam_pass"]["value"] > 0.8
    assert metrics["copy_ratio_median"]["value"] > 0.9
    for key, row in metrics.items():
        assert row["low"] <= row["value"] <= row["high"], key
        assert (row["naive"] is None) == (key in FLOORS), key


def test_mirror_and_quilting_are_caught(judged):
    for facts in judged.by_class.values():
        mirror, quilting = facts["baselines"]["mirror"], facts["baselines"]["quilting"]
        assert mirror["seam_pass"] == 0
        assert mirror["copy_ratio_median"] < 0.5
        assert quilting["copy_ratio_median"] < 0.8 < facts["copy_ratio_median"]
        assert set(facts) - {"baselines"} == set(mirror) | FLOORS
    assert set(judged.by_class) == {"c0", "c1"}
    assert set(judged.white_noise) == {"c0", "c1"}


def test_every_generator_draws_after_the_same_pictures_spread_over_the_class(seen):
    assert plan(seen, 8) == {"c0": [0, 1] * 4, "c1": [2, 3] * 4}
    assert plan(exemplars(1, 1, 16), 8) == {"c0": [0] * 8}
    assert plan(exemplars(1, 17, 16), 8)["c0"][:4] == [0, 4, 8, 12]


def test_a_baseline_repeats_itself_and_knows_only_the_left_part(seen):
    dark = exemplars(classes=2, each=2, size=96)
    for image in dark.images:
        image.rgb_HW3[:, image.cut :] = 0
    for name in (Mirror, Quilting):
        one, again, blind = (name().fit(e, 0).tiles(3, [0, 1], 64) for e in (seen, seen, dark))
        np.testing.assert_array_equal(one, again)
        np.testing.assert_array_equal(one, blind)
        assert one.shape == (2, 64, 64, 3)
        assert one.dtype == np.float32
        assert np.abs(one[0] - one[1]).max() > 0.1


def test_mirror_of_too_small_a_picture_is_refused(seen):
    with pytest.raises(Fault, match=r"c0/0\.png is too small to be mirrored to 256 px"):
        Mirror().fit(seen, 0).tiles(0, [0], 256)


def test_quilting_cuts_where_it_costs_nothing():
    off = np.ones((6, 6))
    way = [1, 2, 2, 1, 0, 1]
    off[np.arange(6), way] = 0
    np.testing.assert_array_equal(cheapest(off), way)
    laid = np.zeros((6, 6), bool)
    laid[:, :3] = True
    np.testing.assert_array_equal(cut(off, laid), np.arange(6)[None] >= np.array(way)[:, None])


def graph() -> bytes:
    """The contract's names, but the picture is the noise's first four planes, times the grid's last time."""
    four = ["batch", "channel", "height", "width"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, four) for name in ("noise", "state")]
    inputs += [helper.make_tensor_value_info("grid", TensorProto.FLOAT, ["points"])]
    inputs += [helper.make_tensor_value_info("condition", TensorProto.FLOAT, ["batch", "image"])]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, list("bchw")) for name in ("known", "mask")]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, four) for name in ("picture", "next")]
    nodes = [helper.make_node("Sigmoid", ["noise"], ["picture"]), helper.make_node("Identity", ["state"], ["next"])]
    made = helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs), opset_imports=[helper.make_opsetid("", 20)]
    )
    made.ir_version = 10
    onnx.checker.check_model(made)
    return made.SerializeToString()


def test_drawn_gives_the_graph_the_noise_of_each_seed():
    drawn = Drawn(Session(graph()), PART)
    tiles = drawn.tiles(1, [3, 4, 5, 6, 7], 16)
    assert tiles.shape == (5, 16, 16, 3)
    np.testing.assert_allclose(
        tiles[4, :, :, 2], 1 / (1 + np.exp(-tile_noise(7, 4, 16, 16, PART["planes"])[2])), atol=1e-6
    )
    assert drawn.torus_error(0, 1, 64) == 0
    np.testing.assert_allclose(drawn._grid(8), [0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1])


def test_the_closest_pairs_are_shown_side_by_side(seen):
    tiles = {"c0": np.stack([np.roll(texture(1000 + i, 96, 96), i, 0) for i in range(2)])}
    left = seen.images[0].left().rgb_HW3
    tiles["c0"][1, 20:52, 30:62] = left[40:72, 10:42][:, ::-1]  # stolen, and flipped to hide it
    test = Copies([image.left().rgb_HW3 for image in seen.images[:2]], [seen.images[0].held().rgb_HW3] * 2, 0)
    pairs = closest(tiles, {"c0": (test, test.look(tiles["c0"], torus=True))})
    assert len(pairs) == 16
    assert pairs[0].ratio < 1e-3 < 0.1 < pairs[-1].ratio
    np.testing.assert_allclose(pairs[0].made, pairs[0].near, atol=1e-6)
    assert len({pair.made.tobytes() for pair in pairs}) == 16
