"""The flow: a local net on the torus, its sampler as one graph, a training that can be taken up again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.probes import graph_cost
from common.bundle.session import Session
from pilots.creative.data.contract import Exemplar, Exemplars
from pilots.creative.flow.codec import Codec
from pilots.creative.flow.descent import orthogonal
from pilots.creative.flow.finish import LOOKS, Finish, bands
from pilots.creative.flow.patches import Patches
from pilots.creative.flow.transport import REACH, Transport
from pilots.creative.models.tile_flow import TileFlow

GRIDS = {"2": [0.5], "4": [0.3, 0.6, 0.9]}


def seen() -> Exemplars:
    """Two pictures of 96 px: stripes in colour, and grey noise."""
    random = np.random.default_rng(0)
    wave = 0.5 + 0.3 * np.sin(np.arange(96) * 2 * np.pi / 12)[:, None] + 0.02 * random.standard_normal((96, 96))
    stripes = np.stack([wave, 0.6 * wave, 1 - wave], axis=2).clip(0, 1).astype(np.float32)
    noise = np.repeat(random.random((96, 96, 1), np.float32), 3, axis=2)
    pictures = (Exemplar("a.png", "stripes", stripes), Exemplar("b.png", "noise", noise, periodic=True))
    return Exemplars("two", pictures, "CC0-1.0", "0" * 64)


def small(**changed) -> TileFlow:
    settings = dict(grids=GRIDS, base=2, per_class=2, batch=2, patch=32, rim=4, steps=4, drawn=32) | changed
    return TileFlow(**settings)


@pytest.fixture(scope="module")
def model() -> TileFlow:
    return small().fit(seen(), seed=0)


@pytest.fixture(scope="module")
def graph(model) -> bytes:
    return model.graph().SerializeToString()


def feed(model: TileFlow, batch: int, height: int, width: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    noise = random.standard_normal((batch, model.channels, height, width), np.float32)
    mask = np.ones((batch, 1, height, width), np.float32)
    mask[:, :, :16] = 0
    return {
        "noise": noise,
        "state": noise,
        "grid": np.array([0, 0.4, 0.7, 1], np.float32),
        "condition": np.tile(np.array([[0.25, 0.75]], np.float32), (batch, 1)),
        "known": random.random((batch, 3, height, width), np.float32),
        "mask": mask,
    }


def test_graph_equals_eager_on_every_size_wraps_and_keeps_what_is_known(model, graph):
    session = Session(graph)
    for shape in ((1, 32, 32), (2, 40, 64)):
        given = feed(model, *shape)
        made = session.run(given)
        with torch.no_grad():
            picture, state = model.eager()(*map(torch.from_numpy, given.values()))
        assert np.abs(made["picture"] - picture.numpy()).max() <= 1e-4
        assert np.abs(made["next"] - state.numpy()).max() <= 1e-4
        np.testing.assert_array_equal(made["picture"][:, :, :16], given["known"][:, :, :16])

        rolled = {name: np.roll(x, (8, -16), (2, 3)) if x.ndim == 4 else x for name, x in given.items()}
        assert np.abs(session.run(rolled)["picture"] - np.roll(made["picture"], (8, -16), (2, 3))).max() <= 1e-5

        state = given["state"]  # one step at a time comes to the same
        for begin, end in zip(given["grid"][:-1], given["grid"][1:], strict=True):
            one = session.run({**given, "state": state, "grid": np.array([begin, end])})
            state = one["next"]
        assert np.abs(one["picture"] - made["picture"]).max() <= 1e-5


def test_work_counted_from_the_graph_is_what_pytorch_counts(model, graph):
    """PyTorch counts products alone: the graph's biases come on top, a few in a hundred in a net as narrow as this."""
    given = feed(model, 1, 32, 32)
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        model.eager()(*map(torch.from_numpy, given.values()))
    by_op = graph_cost.count(graph, given)["flops_by_op"]
    products = sum(by_op.get(op, 0) for op in ("Conv", "ConvTranspose", "Gemm", "MatMul"))
    assert 1 <= products / counted.get_total_flops() < 1.05


def test_openvino_runs_the_graph(model):
    openvino = pytest.importorskip("openvino")
    core, given = openvino.Core(), feed(model, 1, 32, 32)
    hint = {"INFERENCE_PRECISION_HINT": "f32"}  # its own choice is bfloat16 on some processors
    sampler = model.graph().SerializeToString()
    compiled = core.compile_model(core.read_model(sampler), "CPU", hint)
    made = compiled(given)[compiled.output("picture")]
    assert np.abs(made - Session(sampler).run(given)["picture"]).max() <= 1e-4


def test_a_pixel_sees_no_further_than_the_halo(model):
    net = model.sampler.step.velocity
    torch.nn.init.normal_(net.leave.weight)
    for block in net.blocks:
        torch.nn.init.normal_(block.second.weight, std=0.05)
    x = torch.randn(1, model.channels, 256, 16)
    y = x.clone()
    y[:, :, 128] += 10
    with torch.no_grad():
        told = torch.tensor([0.5]), torch.eye(2)[:1]
        rows = (net(x, *told) != net(y, *told)).any(dim=3).any(dim=1)[0].nonzero().flatten()
    least, most = 128 - model.halo + LOOKS, 128 + model.halo - LOOKS  # the last touch looks further still
    assert least <= rows.min() < 128 < rows.max() <= most


class Kept:
    """The two words of a run that a fit needs."""

    def __init__(self, folder, stop_after: int):
        self.folder, self.arrays, self.left = folder, {}, stop_after

    def kept(self, name):
        return self.arrays.get(name)

    def put(self, name, arrays):
        self.arrays[name] = {key: value.copy() for key, value in arrays.items()}
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt

    def say(self, text):
        pass


def test_a_killed_fit_goes_on_to_the_same_bits(monkeypatch, tmp_path):
    monkeypatch.setattr("pilots.creative.flow.train.KEEP", 2)
    whole, stopped = small().fit(seen(), seed=3), Kept(tmp_path, stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        small().fit(seen(), seed=3, run=stopped)
    stopped.left = 10**9
    again = small().fit(seen(), seed=3, run=stopped)
    assert (tmp_path / "preview.png").read_bytes().startswith(b"\x89PNG")
    for name, value in whole.sampler.state_dict().items():
        assert torch.equal(value, again.sampler.state_dict()[name]), name


def test_codec_finds_grey_and_gives_back_what_it_took():
    pictures = [image.rgb_HW3 for image in seen().images]
    assert Codec.of([pictures[1]]).channels == 1
    codec, eye = Codec.of(pictures), torch.eye(2)
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    latent = codec.encode(x, eye)
    assert latent.shape[1] == codec.channels
    assert torch.allclose(latent.mean(dim=(2, 3))[:, 0], torch.zeros(2), atol=1e-3)
    assert (codec.decode(latent, eye) - x).abs().max() < 0.02


def test_finish_gives_back_the_bands_and_values_of_the_exemplar():
    torch.manual_seed(0)
    sharp = torch.exp(0.5 * torch.randn(1, 1, 64, 64))
    sharp -= sharp.mean()
    assert torch.allclose(sum(bands(sharp)), sharp, atol=1e-5)
    soft = 0.5 * sharp + 0.5 * sharp.roll(1, 3)  # along one axis only
    finish = Finish([0.1, 0.4], 1, 1)
    finish.learn(1, 0, soft, sharp[0], periodic=True)
    mended = finish(soft, torch.tensor([0.4]), torch.ones(1, 1))
    level = torch.tensor([0.05, 0.5, 0.95])
    assert torch.allclose(mended.quantile(level), sharp.quantile(level), atol=0.05)
    for part, true in zip(bands(mended), bands(sharp), strict=True):
        assert part.std() == pytest.approx(float(true.std()), rel=0.25)
    untouched = finish(soft, torch.tensor([0.05]), torch.ones(1, 1))
    assert torch.allclose(untouched, soft, atol=1e-5)


def test_transport_carries_pieces_over_to_the_spread_of_the_exemplar():
    torch.manual_seed(0)
    drawn = torch.randn(2, 1, 96, 96)
    drawn = drawn + drawn.roll(1, 3)
    true = torch.exp(0.8 * (drawn[:1] + 0.8 * drawn[:1].roll(1, 2)))[0]  # lean to one side, and alike along the other
    true = (true - true.mean()) / true.std()
    seen = torch.randn(5 * 5, 20)  # along other directions than its own

    def shown(x_NCHW: torch.Tensor) -> torch.Tensor:
        pieces = torch.nn.functional.unfold(x_NCHW, 5).transpose(1, 2).reshape(-1, 25)[::5]
        return (pieces @ seen).quantile(torch.linspace(0.01, 0.99, 50), dim=0)

    def far(x_NCHW: torch.Tensor) -> float:
        return float((shown(x_NCHW) - shown(true[None])).abs().mean())

    transport, first = Transport(2, 1), torch.eye(2)[:1]
    assert torch.allclose(transport(drawn, first), drawn, atol=1e-5)
    transport.learn(0, drawn[:1], true, torch.ones(1))
    assert far(transport(drawn[1:], first)) < 0.4 * far(drawn[1:])  # a picture that was not measured
    assert torch.allclose(transport(drawn, torch.eye(2)[1:]), drawn, atol=1e-5)  # of the other picture nothing is known

    window = drawn[..., :64, :]  # gives in its core what the whole gives
    core = slice(REACH, 64 - REACH)
    assert torch.allclose(transport(window, first)[..., core, :], transport(drawn, first)[..., core, :], atol=1e-5)


def test_muon_steps_as_long_along_every_direction():
    torch.manual_seed(0)
    lengths = torch.linalg.svdvals(orthogonal(torch.randn(32, 288) * torch.logspace(0, -2, 32)[:, None]))
    assert 0.6 < lengths.min() <= lengths.max() < 1.25


def test_pieces_come_from_their_picture_and_wrap_only_where_it_does():
    picture = np.arange(40 * 48, dtype=np.float32).reshape(1, 40, 48)
    patches = Patches([picture, -picture], ["a", "b"], [False, True], size=64, rim=8)
    assert patches.size == 32
    pieces, which = patches.draw(np.random.default_rng(0), 32)
    assert pieces.shape == (32, 1, 32, 32)
    assert set(which) == {0, 1}
    across = np.diff(pieces[:, 0, :, 0], axis=1)
    assert (across[which == 0] == 48).all()
    assert (across[which == 1] != -48).any()


def test_grids_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="rise"):
        small(grids={"4": [0.3, 0.2, 0.9]})
    with pytest.raises(ValueError, match="one length"):
        small(grids={"2": [0.5], "4": [0.2, 0.3, 0.5]})


def test_native_weights_come_back_the_same(model, tmp_path):
    native = pytest.importorskip("pilots.creative.native")
    native.save(model.eager(), tmp_path / "native")
    again, asked = native.load(tmp_path / "native"), native.request_of(model.eager(), 32, 2, seed=0)
    asked = {name: torch.from_numpy(x) for name, x in asked.items()}
    with torch.inference_mode():
        assert torch.equal(again(**asked)[0], model.eager()(**asked)[0])
