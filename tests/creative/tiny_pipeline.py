"""A text-to-image model of a million random numbers: it draws noise, but is built as large ones are."""

from __future__ import annotations

import json
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

YAML = Path(__file__).resolve().parents[2] / "conf" / "creative" / "model" / "foundation.yaml"
WANTED = {"prompt": "mossy cobblestones", "licence": "CC0-1.0", "source": "made in a test"}


def settings(path: Path | str, **more) -> DictConfig:
    """What a user would have to say to draw with the model in this folder."""
    return OmegaConf.merge(OmegaConf.load(YAML), {"path": str(path), **WANTED, **more})


def write_tiny(folder: Path) -> None:
    """A whole folder as diffusers saves it; the extra `foundation` is needed."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    words = CLIPTextConfig(
        vocab_size=514, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=77, bos_token_id=512, eos_token_id=513,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, attention_head_dim=8, norm_num_groups=8,
    )  # fmt: skip
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(16, 32), latent_channels=4, norm_num_groups=8, sample_size=32,
    )  # fmt: skip
    with torch.no_grad():  # a brightness that zeros at the rim would dim, as they do in trained models
        vae.decoder.conv_norm_out.bias += 3
    steps = DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    whole = StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(words), tokenizer=tokenizer(folder.parent), unet=unet, scheduler=steps,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    whole.save_pretrained(folder, safe_serialization=True)


def tokenizer(beside: Path):
    """Every byte is a word: 514 entries."""
    from transformers import CLIPTokenizer
    from transformers.models.clip.tokenization_clip import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary, merges = beside / "vocab.json", beside / "merges.txt"
    vocabulary.write_text(json.dumps({word: number for number, word in enumerate(words)}))
    merges.write_text("#version: 0.2\n")
    return CLIPTokenizer(str(vocabulary), str(merges), model_max_length=77)
