"""A model the user already has, from a tiny one made here: what it draws once it is made periodic goes round."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess

import pytest
import third_party
from omegaconf import OmegaConf
from tiny_pipeline import settings, write_tiny

from common.config import build
from common.fault import Fault
from pilots.creative.foundation import folder as looked

pytestmark = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("diffusers", "optimum", "transformers")),
    reason="the extra 'foundation' is not installed",
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    made = tmp_path_factory.mktemp("tiny") / "model"
    write_tiny(made)
    return made


@pytest.fixture(scope="module")
def ran(tiny, tmp_path_factory):
    """The folder of one run, and what it returned."""
    from common.run import Run
    from pilots.creative.foundation.train import story

    at = tmp_path_factory.mktemp("runs")
    whole = {"resume": None, "run": {"seeds": [0], "folder": str(at)}, "tiles": 3, "parity": 1e-4}
    cfg = OmegaConf.create({**whole, "model": settings(tiny, steps=2, size=64)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(at / "config"))
        shown = story(Run.start(cfg, "creative", "foundation"), cfg)
    return next(at.glob("creative/*_foundation")), shown


def test_a_run_draws_tiles_that_go_round(ran):
    run, shown = ran
    facts = json.loads((run / "run.json").read_text())
    assert facts["parity"]["max_abs_diff"] <= 1e-4
    assert facts["metrics"]["torus_error"]["value"] <= 1e-5
    bare = facts["metrics_by_class"]["mossy cobblestones"]
    assert bare["baselines"]["untouched"]["torus_error"] > 0.01
    assert bare["baselines"]["mirror"]["seam_pass"] == 0
    assert facts["metrics"]["seam_pass"]["value"] > bare["baselines"]["untouched"]["seam_pass"]
    assert shown == 1 - facts["metrics"]["seam_pass"]["value"]
    assert facts["data"]["licence"] == facts["foundation"]["licence"] == "CC0-1.0"
    assert facts["foundation"]["source"] == "made in a test"
    assert facts["foundation"]["periodic_convolutions"] == 46
    assert facts["seconds"]["export"] > 0
    assert not any("://" in part for part in (run / "report.html").read_text().split('src="')[1:2])


def test_every_tile_says_how_it_was_made(ran, monkeypatch):
    from pilots.creative.provenance import certificate, credential

    run, _ = ran
    monkeypatch.setenv("XDG_CONFIG_HOME", str(run.parents[1] / "config"))
    files = sorted((run / "samples").iterdir())
    assert [file.name for file in files] == [f"mossy_cobblestones_{k}.png" for k in (1, 2, 3)]
    for file in files:
        found = credential.read(file.read_bytes(), "png", certificate.existing())
        assert found.state == "Trusted"
        assert found.facts["settings"]["prompt"] == "mossy cobblestones"
        assert found.facts["settings"]["licence"] == "CC0-1.0"
        assert found.facts["settings"]["source"] == "made in a test"


def test_the_exported_pipeline_is_whole_and_free_of_wrapping_pads(ran):
    import onnx

    native = ran[0] / "native"
    done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=native, check=False)
    assert done.returncode == 0
    graphs = sorted(native.rglob("*.onnx"))
    assert len(graphs) == 4
    for graph in graphs:
        pads = [node for node in onnx.load(graph).graph.node if node.op_type == "Pad"]
        assert pads == []


def test_strided_and_uneven_convolutions_go_round():
    import torch
    from diffusers.models.downsampling import Downsample2D

    from pilots.creative.foundation.torus import make_periodic

    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1),
        Downsample2D(4, use_conv=True, padding=0),  # adds zeros at the right and below alone
        torch.nn.Conv2d(4, 4, (5, 3), stride=2, padding=(2, 1)),
        torch.nn.Conv2d(4, 2, 3, padding="same", dilation=2),
        torch.nn.Conv2d(2, 2, 1),
    )
    x = torch.randn(1, 3, 32, 48)
    assert make_periodic(net) == 4
    assert make_periodic(net) == 0  # once is enough
    with torch.no_grad():
        apart = net(x.roll((4, 8), (2, 3))) - net(x).roll((1, 2), (2, 3))
    assert net(x).shape == (1, 2, 8, 12)
    assert apart.abs().max() <= 1e-6


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("unet/diffusion_pytorch_model.safetensors", "x" * 9_000_000, "unet cannot be loaded"),
        ("vae/config.json", '{"block_out_channels": [32000, 32000]}', "can hold: the two do not belong together"),
        ("text_encoder/config.json", '{"hidden_size": "x"}', "text_encoder cannot be loaded"),
        ("tokenizer/vocab.json", '{"a": 514}', "numbers words up to 51., text_encoder knows 514"),
        ("scheduler/scheduler_config.json", '{"beta_schedule": "none"}', "scheduler cannot be loaded"),
    ],
)
def test_a_broken_file_is_told_before_memory_is_taken(name, content, sentence, tiny, tmp_path):
    from pilots.creative.foundation.load import load

    made = shutil.copytree(tiny, tmp_path / "model")
    (made / name).write_text(content)
    with pytest.raises(Fault, match=sentence):
        load(looked.look_over(str(made)))


def test_half_the_weights_are_not_enough(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    from pilots.creative.foundation.load import load

    made = shutil.copytree(tiny, tmp_path / "model")
    path = looked.weights(made, "unet")
    stored = load_file(path)
    stored["extra"] = stored.pop("conv_in.weight").contiguous()
    save_file(stored, path)
    with pytest.raises(Fault, match=r"unet has no weights for conv_in.weight and 0 more: the folder is not complete"):
        load(made)


def test_weights_in_half_precision_are_read(tiny, tmp_path):
    import torch
    from safetensors.torch import load_file, save_file

    from pilots.creative.foundation.load import load

    made = shutil.copytree(tiny, tmp_path / "model")
    for part, stem in looked.WEIGHTS.items():
        path = looked.weights(made, part)
        save_file({name: x.half() for name, x in load_file(path).items()}, made / part / f"{stem}.fp16.safetensors")
        path.unlink()
    model = load(looked.look_over(str(made)))
    assert {p.dtype for p in model.unet.parameters()} == {torch.float32}


def test_what_the_model_cannot_draw_is_told(tiny):
    from pilots.creative.foundation.draw import size
    from pilots.creative.foundation.load import load

    model = load(tiny)
    assert size(model, build(settings(tiny))) == 32
    with pytest.raises(Fault, match=r"model\.size=62 is no multiple of 4 px, as this model needs: say 60 or 64"):
        size(model, build(settings(tiny, size=62)))
    with pytest.raises(Fault, match=r"model\.prompt has 140 tokens, the model reads 75: shorten it"):
        size(model, build(settings(tiny, prompt="mossy " * 28)))


def test_no_licence_of_the_extra_binds_a_user():
    names = third_party.needed("foundation")
    assert {"diffusers", "optimum-onnx", "transformers"} <= names
    assert [why for why in map(third_party.refused, sorted(names)) if why] == []
