"""The sampler in PyTorch as the benchmarks call it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from common.fault import Fault  # noqa: E402
from common.native import Asked  # noqa: E402
from pilots.creative import native  # noqa: E402
from pilots.creative.flow.codec import Codec  # noqa: E402
from pilots.creative.flow.finish import Finish  # noqa: E402
from pilots.creative.flow.net import Velocity  # noqa: E402
from pilots.creative.flow.sampler import Sampler  # noqa: E402

GRID = [0.0, 0.6, 1.0]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """As much of a run folder as native.py reads: an untrained sampler after two pictures, three queries of 16 px."""
    folder, rng = tmp_path_factory.mktemp("run"), np.random.default_rng(0)
    codec = Codec.of([rng.random((16, 16, 3), np.float32) for _ in range(2)])
    torch.manual_seed(0)
    velocity = Velocity(codec.channels, 2)
    torch.nn.init.normal_(velocity.leave.weight, std=0.02)
    native.save(Sampler(velocity, codec, Finish([0.4], 2, codec.channels)).eval(), folder / "native")
    (folder / "bundle").mkdir()
    part = {"creative": {"steps": 2, "grids": {"2": GRID}}}
    (folder / "bundle" / "bundle.json").write_text(json.dumps(part))
    noise = rng.standard_normal((3, 1, codec.channels, 16, 16), np.float32)
    queries = {"noise": noise, "state": noise, "condition": np.eye(3, 2, dtype=np.float32)[:, None]}
    queries |= {"known": np.zeros((3, 1, 3, 16, 16), np.float32), "mask": np.ones((3, 1, 1, 16, 16), np.float32)}
    np.savez(folder / "evaluation.npz", **queries)
    return folder


def asked(run: Path, mode: str = "eager", dtype: str = "fp32", device: str = "cpu") -> Asked:
    return Asked(run, 1, device, mode, dtype)


def test_answers_are_the_sampler_s_own_and_a_batch_takes_the_queries_that_follow(run):
    opened = native.opened(asked(run))
    assert opened.what.startswith("PyTorch")
    assert "eager" in opened.modes
    kept, sampler = native.queries(run), native.load(run / "native")
    given = {name: torch.from_numpy(kept[name][1]) for name in native.INPUTS if name != "grid"}
    with torch.inference_mode():
        wanted = sampler(grid=torch.tensor(GRID), **given)[0].numpy()
    np.testing.assert_array_equal(opened.answer(1)["picture"], wanted)
    assert opened.seconds({"query": 2, "batch": 4}) > 0  # the first again after the last
    assert opened.seconds({"task": "tile", "size": 16, "steps": 2, "seed": 0, "batch": 2}) > 0


def test_bf16_draws_nearly_the_same(run):
    exact, half = (native.opened(asked(run, dtype=dtype)).answer(0)["picture"] for dtype in ("fp32", "bf16"))
    assert 0 < np.abs(exact - half).max() < 0.05


def test_what_is_not_here_is_told_in_a_sentence(run, tmp_path):
    with pytest.raises(Fault, match="no mode 'sideways' here: eager"):
        native.opened(asked(run, mode="sideways"))
    with pytest.raises(Fault, match=r"left no weights"):
        native.opened(asked(tmp_path))
    if not torch.cuda.is_available():
        with pytest.raises(Fault, match="no GPU to run on"):
            native.opened(asked(run, device="cuda"))


def test_weights_of_another_version_are_refused(run, tmp_path):
    whole = (run / "native" / native.FILE).read_bytes()
    (tmp_path / native.FILE).write_bytes(whole[:-100])
    with pytest.raises(Fault, match="damaged, or of another version"):
        native.load(tmp_path)


def test_a_sampler_of_patterns_comes_back_too(tmp_path):
    from safetensors.torch import save_file

    made = native._patterns().eval()
    save_file(made.state_dict(), tmp_path / native.PATTERN)
    given = [torch.randn(1, 1, 64, 64)] * 2 + [torch.tensor(GRID), torch.eye(1, made.step.velocity.loud.shape[0])]
    given += [torch.zeros(1, 1, 64, 64), torch.ones(1, 1, 64, 64)]
    with torch.inference_mode():
        assert torch.equal(native.load(tmp_path)(*given)[0], made(*given)[0])
