"""The same seed gives the same picture in PyTorch and ONNX Runtime; a real net in windows gives the whole picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from common.bundle.open import open_bundle
from common.bundle.write import write_bundle
from pilots.creative import bundle as left
from pilots.creative.data.contract import Exemplar, Exemplars
from pilots.creative.models.tile_flow import TileFlow
from pilots.creative.noise import noise, tile_noise
from pilots.creative.use.draw import Painter

STEPS = 4
FOUND = {
    "model": "tile_flow",
    "version": "20260131120000",
    "metrics": {},
    "parity": {"max_abs_diff": 0.0, "tolerance": 1e-4, "rows": 1},
    "seed": 0,
    "commit": "0" * 40,
    "licence": "Apache-2.0",
    "data": {"name": "two", "rows": 2, "series": 2, "sha256": "0" * 64, "licence": "CC0-1.0"},
}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The default model, hardly trained, in PyTorch, and its bundle."""
    random = np.random.default_rng(0)
    pictures = (Exemplar(name, name, random.random((96, 96, 3), np.float32)) for name in "ab")
    seen = Exemplars("two", tuple(pictures), "CC0-1.0", "0" * 64)
    model = TileFlow(grids={"4": [0.25, 0.5, 0.75]}, steps=4, base=1, per_class=0, batch=1, patch=32, rim=4, drawn=32)
    model.fit(seen, 0, None)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        for weights in model.eager().parameters():
            weights.add_(0.03 * torch.randn_like(weights))  # the net's last layer begins at zero
    facts, graph = left.part(model, seen), model.graph()
    folder = tmp_path_factory.mktemp("flow") / "bundle"
    write_bundle(folder, graph.SerializeToString(), left.describe(graph, facts, **FOUND), left.sample(facts), "# two\n")
    return model.eager(), folder


def test_the_same_seed_in_pytorch_and_onnx_runtime(both):
    sampler, folder = both
    bundle = open_bundle(folder)
    channels = bundle.manifest["creative"]["channels"]
    state = torch.from_numpy(tile_noise(7, channels, 64, 48, ["red", "green", "blue"])[None])
    drawn = Painter(bundle).tile([1], 64, 48, seed=7, steps=STEPS)
    grid, condition = torch.linspace(0, 1, STEPS + 1), torch.eye(2)[[1]]
    with torch.no_grad():
        known, mask = torch.zeros(1, 3, 64, 48), torch.ones(1, 1, 64, 48)
        eager = sampler(state, state, grid, condition, known, mask)[0][0].numpy()
    assert drawn.std() > 0.05
    steps_apart = np.abs(np.rint(255 * drawn) - np.rint(255 * eager))
    assert (steps_apart <= 1).mean() >= 0.999


@pytest.mark.parametrize(("height", "width"), [(512, 64), (64, 512)])
def test_windows_of_a_real_net_equal_the_whole_picture(both, height, width):
    bundle = open_bundle(both[1])
    whole = Painter(bundle, 1 << 30).tile([0], height, width, seed=1, steps=2)
    windows = Painter(bundle, 420 * 64).tile([0], height, width, seed=1, steps=2)
    assert whole.std() > 0.05
    np.testing.assert_allclose(windows, whole, rtol=0, atol=1e-5)


def test_a_new_material_has_noise_of_mean_0_and_a_pattern_keeps_its_own():
    plain = noise(3, 2, range(40), 24)
    material, pattern = (tile_noise(3, 2, 40, 24, planes) for planes in (("red", "green", "blue"), ("distance",)))
    np.testing.assert_array_equal(pattern, plain)
    np.testing.assert_allclose(material, plain - plain.mean(axis=(1, 2), keepdims=True), atol=1e-6)
