"""The same seed gives the same picture in PyTorch and ONNX Runtime; a real net in windows gives the whole picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from common.bundle.open import open_bundle
from common.bundle.write import write_bundle
from pilots.creative import bundle as left
from pilots.creative import graph
from pilots.creative.data.contract import Exemplar, Exemplars
from pilots.creative.flow.codec import Codec
from pilots.creative.flow.finish import Finish
from pilots.creative.flow.net import Velocity
from pilots.creative.flow.sampler import Sampler
from pilots.creative.noise import noise
from pilots.creative.use.draw import Painter

STEPS = 4


class Untrained:
    """The default model's net and graph with random weights: as far as it reaches, and quick to make."""

    halo, steps = 80, STEPS
    grids = {str(STEPS): [0.0, 0.25, 0.5, 0.75, 1.0]}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The sampler in PyTorch, and its bundle."""
    random = np.random.default_rng(0)
    pictures = [random.random((64, 64, 3), np.float32) for _ in range(2)]
    seen = Exemplars("two", tuple(Exemplar(n, n, p) for n, p in zip("ab", pictures, strict=True)), "CC0-1.0", "0" * 64)
    codec = Codec(pictures)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        net = Velocity(codec.channels, 2)
        for weights in net.parameters():
            weights.add_(0.03 * torch.randn_like(weights))  # the last layer begins at zero
    sampler = Sampler(net, codec, Finish([0.25], 2, codec.channels)).eval()
    model = Untrained()
    model.channels = codec.channels
    facts = left.part(model, seen)
    onnx = graph.sampler(sampler, codec.channels, 3, 2)
    found = {"model": "untrained", "version": "20260131120000", "metrics": {}, "seed": 0, "commit": "0" * 40}
    found |= {"parity": {"max_abs_diff": 0.0, "tolerance": 1e-4, "rows": 1}, "licence": "Apache-2.0"}
    data = {"name": "two", "rows": 2, "series": 2, "sha256": "0" * 64, "licence": "CC0-1.0"}
    manifest = left.describe(onnx, facts, data=data, **found)
    folder = tmp_path_factory.mktemp("flow") / "bundle"
    write_bundle(folder, onnx.SerializeToString(), manifest, left.sample(facts), "# untrained\n")
    return sampler, folder


def test_the_same_seed_in_pytorch_and_onnx_runtime(both):
    sampler, folder = both
    drawn = Painter(open_bundle(folder)).tile([1], 128, 96, seed=7, steps=STEPS)
    state = torch.from_numpy(noise(7, sampler.codec.channels, range(128), 96)[None])
    grid, condition = torch.linspace(0, 1, STEPS + 1), torch.eye(2)[[1]]
    with torch.no_grad():
        known, mask = torch.zeros(1, 3, 128, 96), torch.ones(1, 1, 128, 96)
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
