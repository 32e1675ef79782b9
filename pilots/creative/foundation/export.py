"""The pipeline as ONNX graphs, written by Optimum and run by ONNX Runtime; the proof that they are the same nets."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from common.atomic import write_text
from common.export.parity import parity
from pilots.creative.foundation.draw import latent, multiple
from pilots.creative.foundation.load import quiet
from pilots.creative.models.foundation import Foundation

SUMS = "SHA256SUMS"


def export(pipeline: Any, to: Path) -> str:
    """Write the pipeline as a folder that Optimum opens; its id, the sha256 of its SHA256SUMS."""
    from optimum.exporters.onnx import onnx_export_from_model

    with quiet():
        onnx_export_from_model(pipeline, to, task="text-to-image", do_validation=False, no_post_process=True)
    lines = []
    for path in sorted(p for p in to.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.relative_to(to).as_posix()}\n")
    write_text(to / SUMS, "".join(lines))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def opened(folder: Path) -> Any:
    """The exported pipeline, ready to draw on the processor."""
    from optimum.onnxruntime import ORTStableDiffusionPipeline

    with quiet():
        pipeline = ORTStableDiffusionPipeline.from_pretrained(
            folder, export=False, provider="CPUExecutionProvider", local_files_only=True, safety_checker=None
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def prove(native: Any, exported: Any, asked: Foundation, side: int, tolerance: float) -> dict[str, float | int]:
    """The exported nets against PyTorch's on the same inputs: text, noise at both ends of the schedule, picture."""
    ours, theirs = (answers(pipeline, asked, side) for pipeline in (native, exported))
    return parity(*(np.concatenate([a.ravel() for a in each.values()]) for each in (ours, theirs)), tolerance)


def answers(pipeline: Any, asked: Foundation, side: int) -> dict[str, np.ndarray]:
    """What each net says to the prompt and to noise: text, noise found early and late, picture 0..1."""
    import torch

    pipeline.scheduler.set_timesteps(asked.steps)
    early, late = pipeline.scheduler.timesteps[[0, -1]]
    x = latent(pipeline, side, 0)
    with quiet(), torch.no_grad():
        text = encoded(pipeline, asked.prompt)
        found = {"text": text, "picture": pipeline.vae.decode(x)[0] / 2 + 0.5}
        for name, t in (("early", early), ("late", late)):
            found[name] = pipeline.unet(x, t, text, return_dict=False)[0]
    return {name: np.asarray(answer, np.float32) for name, answer in found.items()}


def encoded(pipeline: Any, prompt: str) -> Any:
    """The prompt as the denoising net reads it: a tensor [1, token, feature]."""
    longest = pipeline.tokenizer.model_max_length
    words = pipeline.tokenizer(prompt, padding="max_length", max_length=longest, return_tensors="pt")
    return pipeline.text_encoder(words.input_ids)[0]


def torus_error(pipeline: Any, asked: Foundation, side: int) -> float:
    """Largest |net(roll x) − roll net(x)| of the denoising net and of the decoder (its picture in 0..1)."""
    import torch

    x = latent(pipeline, side, 1)
    step = multiple(pipeline) // pipeline.vae_scale_factor
    shift = (step * max(1, x.shape[2] // step // 3), step * max(1, x.shape[3] // step // 2))
    apart = []
    with quiet(), torch.no_grad():
        text = encoded(pipeline, asked.prompt)
        pipeline.scheduler.set_timesteps(asked.steps)
        t = pipeline.scheduler.timesteps[0]
        for net, grown in (
            (lambda z: pipeline.unet(z, t, text, return_dict=False)[0], 1),
            (lambda z: pipeline.vae.decode(z)[0] / 2 + 0.5, pipeline.vae_scale_factor),
        ):
            rolled = net(torch.roll(x, shift, (2, 3)))
            apart.append((rolled - torch.roll(net(x), [s * grown for s in shift], (2, 3))).abs().max())
    return float(max(apart))
