"""What a bundle says about its sampler, and the proof that the exported graph draws what PyTorch draws.

noise, state [batch, C, h, w], grid [points], condition [batch, image], known [batch, P, h, w], mask [batch, 1, h, w]
-> picture [batch, P, h, w], next [batch, C, h, w]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import torch

from common.bundle.format import Tensor, manifest
from common.bundle.session import SESSION_OPTIONS, Session
from common.export.parity import parity
from pilots.creative.data.contract import Exemplars
from pilots.creative.noise import tile_noise

MULTIPLE = 8  # pixels: the network halves the picture three times
SAMPLE = 64  # pixels of the sample's side
PROVED = ((128, 128), (96, 160))  # height and width of the pictures that the proof draws


def part(model: Any, seen: Exemplars) -> dict[str, Any]:
    """What the right side must know beyond the tensors: manifest part `creative`."""
    return {
        "images": [{"name": image.name, "group": image.group} for image in seen.images],
        "planes": list(seen.planes),
        "channels": model.channels,
        "halo": model.halo,
        "multiple": MULTIPLE,
        "steps": model.steps,
        "grids": {str(number): [float(t) for t in grid] for number, grid in model.grids.items()},
        "data": seen.name,
        "rights_sha256": seen.rights_sha256,
    }


def asked(facts: Mapping[str, Any], image: int, seed: int, size: tuple[int, int], grid: Sequence[float]) -> dict:
    """The graph's inputs for one new picture in the manner of a training picture."""
    drawn = tile_noise(seed, facts["channels"], *size, facts["planes"])[None]
    condition = np.zeros((1, len(facts["images"])), np.float32)
    condition[0, image] = 1.0
    return {
        "noise": drawn,
        "state": drawn,
        "grid": np.asarray(grid, np.float32),
        "condition": condition,
        "known": np.zeros((1, len(facts["planes"]), *size), np.float32),
        "mask": np.ones((1, 1, *size), np.float32),
    }


def prove(graph: onnx.ModelProto, model: Any, facts: Mapping[str, Any], tolerance: float) -> dict[str, Any]:
    """The graph's pictures against PyTorch's from the same noise, new, repaired and varied; a Fault where they part."""
    session, eager = Session(graph.SerializeToString()), model.eager().eval()
    ours, theirs = [], []
    for number, size in enumerate(PROVED):
        given = asked(facts, number % len(facts["images"]), number, size, facts["grids"][str(facts["steps"])])
        given["mask"][..., size[1] // 2 :] = number  # the second keeps half of a known picture
        given["known"] += np.float32(0.5)
        theirs.append(session.run(given)["picture"].ravel())
        with torch.no_grad():
            ours.append(eager(*(torch.from_numpy(array) for array in given.values()))[0].numpy().ravel())
    return parity(np.concatenate(ours), np.concatenate(theirs), tolerance)


def contract(facts: Mapping[str, Any]) -> tuple[list[Tensor], list[Tensor]]:
    """Inputs and outputs of the graph."""
    latent = ("batch", facts["channels"], "height", "width")
    picture = ("batch", len(facts["planes"]), "height", "width")
    steps, planes = facts["steps"], ", ".join(facts["planes"])
    inputs = [
        Tensor("noise", "float32", latent, "", -10, 10, meaning="standard normal; height and width are multiples of 8"),
        Tensor("state", "float32", latent, "", -100, 100, meaning="where the run stands at grid[0]; the noise at 0"),
        Tensor("grid", "float32", ("points",), "", 0, 1, default=facts["grids"][str(steps)],
               meaning="times, rising from 0 = noise to 1 = picture; one evaluation of the network between two"),
        Tensor("condition", "float32", ("batch", len(facts["images"])), "", 0, 1,
               meaning="weights over the pictures learned from, which sum to 1"),
        Tensor("known", "float32", picture, "", 0, 1, meaning=f"a picture to start from or to keep: {planes}"),
        Tensor("mask", "float32", ("batch", 1, "height", "width"), "", 0, 1, meaning="1 = make anew, 0 = keep"),
    ]  # fmt: skip
    outputs = [
        Tensor("picture", "float32", picture, "", 0.0, 1.0, meaning=planes),
        Tensor("next", "float32", latent, "", meaning="the state at the last time of the grid"),
    ]
    return inputs, outputs


def describe(graph: onnx.ModelProto, facts: Mapping[str, Any], **found: Any) -> dict[str, Any]:
    """The manifest of a material. `found`: model, version, metrics, parity, seed, commit, licence, data."""
    return of_task("material", "creative", contract(facts), graph, facts, **found)


def of_task(
    task: str, name: str, tensors: tuple[list[Tensor], list[Tensor]], graph: onnx.ModelProto, facts: Mapping[str, Any],
    **found: Any,
) -> dict[str, Any]:  # fmt: skip
    """The manifest of any sampler; `tensors`: its inputs and outputs."""
    inputs, outputs = tensors
    return manifest(
        inputs=inputs,
        outputs=outputs,
        pilot="creative",
        name=name,
        task=task,
        seen={},
        table={},
        decision={},
        creative=dict(facts),
        opset={o.domain or "ai.onnx": o.version for o in graph.opset_import},
        session_options=SESSION_OPTIONS,
        **found,
    )


def sample(facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Inputs of the self-test: a small new picture in few steps."""
    fewest = min(facts["grids"], key=int)
    return asked(facts, 0, 0, (SAMPLE, SAMPLE), facts["grids"][fewest])
