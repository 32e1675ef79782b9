"""Plain PyTorch on an NVIDIA GPU, in every mode and number format: the same answers as on the CPU, in time."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from common import native_torch  # noqa: E402
from common.native import Asked  # noqa: E402
from pilots.creative import native as creative  # noqa: E402
from pilots.manufacturing.models.tcn import Net  # noqa: E402
from pilots.manufacturing.native import OnDevice  # noqa: E402
from tests.creative.test_creative_native import run  # noqa: E402, F401

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device, or a PyTorch without CUDA"),
]
MODES, NEAR = ("eager", "compiled", "graph"), {"fp32": 2e-3, "fp16": 0.02, "bf16": 0.05}  # of pictures in 0..1


@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize("mode", MODES)
def test_tiles_are_drawn_the_same(run, mode, dtype):  # noqa: F811
    wanted = [creative.opened(Asked(run, 1, "cpu", "eager", "fp32")).answer(i)["picture"] for i in range(3)]
    opened = creative.opened(Asked(run, 1, "cuda", mode, dtype))
    assert opened.modes == list(MODES)
    for i, picture in enumerate(wanted):  # one after another: a captured graph must take each new input
        np.testing.assert_allclose(opened.answer(i)["picture"], picture, atol=NEAR[dtype])
    spent = [opened.seconds({"task": "tile", "size": 64, "steps": 4, "seed": 0, "batch": k}) for k in (1, 8, 1)]
    assert all(0 < one < 10 for one in spent)


@pytest.mark.parametrize("mode", MODES)
def test_the_net_of_remaining_life_says_the_same(mode):
    torch.manual_seed(0)
    net = Net(np.arange(6), np.zeros(6), np.ones(6), 16, [1, 2, 4], 125.0).eval()
    x = torch.randn(4, 90, 6)
    x[0, 40:] = torch.nan
    with torch.inference_mode():
        wanted = net(x)
        moved = OnDevice(net, Asked(None, 1, "cuda", mode, "fp32"))
        for rows in (90, 30, 90):
            torch.testing.assert_close(moved(x[:, :rows]), wanted[:, :rows], atol=0.2, rtol=0)  # rows of life


def test_a_call_too_large_for_the_memory_is_a_sentence():
    from common.fault import Fault

    free, _ = torch.cuda.mem_get_info()
    with pytest.raises(Fault, match="memory is too small"):
        native_torch.seconds(lambda: torch.empty(2 * free, dtype=torch.uint8, device="cuda"))
    assert native_torch.seconds(lambda: torch.ones(8, device="cuda")) > 0
