"""A model the user already has: its folder and its settings are looked over before any library opens it."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_pipeline import settings

from common.config import build
from common.fault import Fault
from pilots.creative.foundation import folder as looked
from pilots.creative.foundation.load import check_extra

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.39.0",
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


@pytest.fixture
def hollow(tmp_path):
    """The files of a model without what is in them: enough to be looked over."""
    made = tmp_path / "model"
    for part, names in looked.CONFIGS.items():
        (made / part).mkdir(parents=True)
        for name in (*names, *([f"{looked.WEIGHTS[part]}.safetensors"] if part in looked.WEIGHTS else [])):
            (made / part / name).write_text("{}")
    (made / "model_index.json").write_text(json.dumps(INDEX))
    return made


def index(made: Path, **changed) -> None:
    (made / "model_index.json").write_text(json.dumps({**INDEX, **changed}))


def test_a_whole_folder_is_taken(hollow):
    asked = build(settings(hollow))
    assert asked.folder == hollow.resolve()
    assert (asked.learns, asked.steps, asked.guidance, asked.size) == ("prompt", 25, 7.5, None)
    assert len(list(looked.used(hollow))) == 9


def pickled(made):
    (made / "unet" / "diffusion_pytorch_model.safetensors").rename(made / "unet" / "diffusion_pytorch_model.bin")


def outside(made):
    shutil.move(made / "vae", made.parent / "elsewhere")
    (made / "vae").symlink_to(made.parent / "elsewhere")


HOSTILE = {
    "pickle": (pickled, "unet has its weights as diffusion_pytorch_model.bin alone, a kind of file that can run code"),
    "no weights": (lambda m: (m / "vae" / "diffusion_pytorch_model.safetensors").unlink(), "vae has no weights"),
    "split": (
        lambda m: (m / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text("{}"),
        "unet is split over several files",
    ),
    "class": (lambda m: index(m, unet=["os", "system"]), '"unet" is ["os", "system"], expected diffusers.UNet2D'),
    "module": (lambda m: index(m, vae=["vae.py", "AutoencoderKL"]), "no other class is loaded"),
    "more": (lambda m: index(m, adapter=["diffusers", "Adapter"]), '["diffusers", "Adapter"], expected no such part'),
    "custom": (lambda m: index(m, _class_name=["pipeline", "Mine"]), "code of their own are never loaded"),
    "other": (lambda m: index(m, _class_name="FluxPipeline"), "only StableDiffusionPipeline is drawn with"),
    "unnamed": (lambda m: index(m, scheduler=None), "names no scheduler"),
    "missing": (lambda m: shutil.rmtree(m / "text_encoder"), "text_encoder/config.json is missing"),
    "no index": (lambda m: (m / "model_index.json").unlink(), "model_index.json is missing"),
    "not json": (lambda m: (m / "model_index.json").write_text("{" * 9), "is not JSON that can be read"),
    "a list": (lambda m: (m / "model_index.json").write_text("[]"), "holds no settings"),
    "huge": (lambda m: (m / "tokenizer" / "merges.txt").write_bytes(b" " * 20_000_001), "has 20,000,001 bytes"),
    "outside": (outside, "vae/config.json leads out of"),
    "remote code": (
        lambda m: (m / "text_encoder" / "config.json").write_text('{"a": {"auto_map": {"AutoModel": "x--y.Z"}}}'),
        "text_encoder/config.json sets auto_map, which could bring in code from elsewhere",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_broken_folder_is_refused_before_it_is_opened(name, hollow):
    spoil, sentence = HOSTILE[name]
    spoil(hollow)
    with pytest.raises(Fault) as said:
        build(settings(hollow))
    assert sentence in str(said.value)
    assert "\n" not in str(said.value)


def test_nothing_is_downloaded(monkeypatch):
    def connect(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Fault, match="looks like a name on a model hub, and nothing is downloaded here"):
        build(settings("runwayml/stable-diffusion-v1-5"))


def test_a_path_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(Fault, match="is no folder: name a folder on this machine"):
        build(settings(tmp_path / "absent"))
    (tmp_path / "one.safetensors").write_bytes(b"")
    with pytest.raises(Fault, match="is a file: name the folder of the model"):
        build(settings(tmp_path / "one.safetensors"))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"prompt": " "}, "model.prompt is empty: say what the tiles show"),
        ({"licence": ""}, "model.licence is empty: say under which licence you hold the model"),
        ({"source": ""}, "model.source is empty: say where the model came from"),
        ({"prompt": "moss\nand stone"}, "model.prompt must be one line"),
        ({"steps": 0}, "model.steps=0 is not a whole number from 1"),
        ({"guidance": 0.5}, "model.guidance=0.5 is not a number from 1"),
        ({"size": 5000}, "model.size=5000 is not a number of pixels"),
    ],
)
def test_a_wrong_setting_is_told(changed, sentence, hollow):
    with pytest.raises(Fault, match=sentence):
        build(settings(hollow, **changed))


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(Fault, match=r"needs the package 'diffusers': pip install 'sector-ai-pilots\[foundation\]'"):
        check_extra()


def test_mirror_tiling_keeps_the_size_and_has_no_step():
    from pilots.creative.foundation.draw import mirrored

    tile = mirrored(np.random.default_rng(0).random((10, 10, 3)))
    assert tile.shape == (10, 10, 3)
    np.testing.assert_array_equal(tile[0], tile[-1])
    np.testing.assert_array_equal(tile[:, 0], tile[:, -1])
