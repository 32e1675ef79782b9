"""Tiles from a pipeline, in PyTorch or exported: the noise is ours, so both draw the same picture.

Axes: H, W pixels, 3 = red, green, blue, 0..1 as encoded in sRGB.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from common.fault import Fault
from pilots.creative.foundation.load import first_line, quiet
from pilots.creative.models.foundation import Foundation
from pilots.creative.noise import noise


def multiple(pipeline: Any) -> int:
    """Pixels: a tile's side is a multiple of it, so that every level of the nets goes round."""
    return pipeline.vae_scale_factor * 2 ** (len(pipeline.unet.config["block_out_channels"]) - 1)


def size(pipeline: Any, asked: Foundation) -> int:
    """Pixels of a tile's side; a Fault where the model cannot draw it, or the prompt is more than it reads."""
    step, trained = multiple(pipeline), pipeline.unet.config["sample_size"]
    trained = trained if isinstance(trained, int) else max(trained or (64,))
    side = asked.size or max(step, trained * pipeline.vae_scale_factor // step * step)
    if side % step:
        near = " or ".join(str(s) for s in (side // step * step, side // step * step + step) if s)
        raise Fault(f"model.size={side} is no multiple of {step} px, as this model needs: say {near}")
    channels = pipeline.unet.config["in_channels"]
    if channels != pipeline.vae.config["latent_channels"]:
        raise Fault(
            f"the model needs more than a prompt, its unet takes {channels} channels: take a text-to-image model"
        )
    longest = pipeline.tokenizer.model_max_length - 2  # a mark at either end
    for name, text in {"prompt": asked.prompt, "avoid": asked.avoid}.items():
        words = len(pipeline.tokenizer(text).input_ids) - 2
        if words > longest:
            raise Fault(f"model.{name} has {words} tokens, the model reads {longest}: shorten it")
    return side


def latent(pipeline: Any, side: int, seed: int) -> Any:
    """Standard normal noise of a tile, as a tensor [1, channel, height, width]."""
    import torch

    cells = side // pipeline.vae_scale_factor
    return torch.from_numpy(noise(seed, pipeline.unet.config["in_channels"], range(cells), cells)[None])


def tile(pipeline: Any, asked: Foundation, side: int, seed: int) -> np.ndarray:
    """[side, side, 3] float32."""
    import torch

    settings = {
        "negative_prompt": asked.avoid or None,
        "height": side,
        "width": side,
        "num_inference_steps": asked.steps,
        "guidance_scale": asked.guidance,
        "latents": latent(pipeline, side, seed),
        "generator": torch.Generator().manual_seed(seed),  # for the schedulers that draw noise at every step
        "output_type": "np",
    }
    try:
        with quiet(), torch.no_grad():
            drawn = pipeline(asked.prompt, **settings)
    except Exception as err:  # nets, scheduler and settings of a stranger: what they set off has no common base
        raise Fault(f"the model cannot draw this: {first_line(err)}") from err
    picture = np.asarray(drawn.images[0], np.float32)
    if not np.isfinite(picture).all():
        raise Fault("the model drew no picture (its numbers overflowed): try another scheduler or fewer steps")
    return picture


def mirrored(picture_HW3: np.ndarray) -> np.ndarray:
    """The naive seamless tile of the same size: the picture's middle and its reflections."""
    side = len(picture_HW3)
    middle = picture_HW3[side // 4 : side // 4 + side // 2, side // 4 : side // 4 + side // 2]
    return np.pad(middle, ((0, side - side // 2), (0, side - side // 2), (0, 0)), "symmetric")
