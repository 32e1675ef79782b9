"""What a user would call instead of the bundle: the same sampler in PyTorch, from the run's native/ weights.

    python -m pilots.creative.native RUN_FOLDER [--threads 1] [--device cpu|cuda] [--mode eager|compiled|graph]
                                     [--dtype fp32|fp16|bf16]

The protocol is that of `common.native`; a query is one picture, arrays in and picture out, copies to and from a GPU
included. {"task": "tile", "size": 512, "steps": 16, "seed": 0, "batch": 4} asks for new square tiles instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from common import native_torch
from common.fault import Fault
from common.native import Asked, Opened, chosen, one_of, queries, readable, serve
from pilots.creative.flow.codec import Codec
from pilots.creative.flow.finish import Finish
from pilots.creative.flow.net import Velocity
from pilots.creative.flow.sampler import Sampler
from pilots.creative.noise import tile_noise

FILE, PATTERN = "tile_flow.safetensors", "field_flow.safetensors"
INPUTS = ("noise", "state", "grid", "condition", "known", "mask")


def opened(asked: Asked) -> Opened:
    """The sampler on its device, in its mode."""
    modes = native_torch.ready(asked)
    one_of(asked, modes)
    sampler = load(asked.run / "native")
    grid, kept = usual_grid(asked.run), queries(asked.run)
    drawn = Drawing(sampler, asked)

    def seconds(request: Mapping[str, Any]) -> float:
        if request.get("task") == "tile":
            size, steps = int(request["size"]), int(request["steps"])
            given = many(request_of(sampler, size, steps, int(request["seed"])), int(request.get("batch", 1)))
        else:
            given = inputs(chosen(request, len(kept["noise"])))
        return drawn.seconds(given)

    def inputs(numbers: np.ndarray) -> dict[str, np.ndarray]:
        return {name: np.concatenate(kept[name][numbers]) for name in INPUTS if name != "grid"} | {"grid": grid}

    def answer(query: int) -> dict[str, np.ndarray]:
        with torch.inference_mode():
            return {"picture": drawn.picture(inputs(np.array([query])))}

    return Opened(f"{native_torch.words(asked)}: the whole sampler", modes, seconds, answer)


class Drawing:
    """Arrays in, picture out."""

    def __init__(self, sampler: Sampler, asked: Asked):
        self.device, self.dtype = asked.device, native_torch.DTYPES[asked.dtype]
        # the channels of a pixel side by side: so tensor cores want them
        self.layout = torch.channels_last if asked.device == "cuda" else torch.contiguous_format
        sampler = sampler.to(self.device, self.dtype).to(memory_format=self.layout)
        if asked.mode == "compiled":
            sampler.step = native_torch.called(sampler.step, "compiled")  # once for all steps
            self.call = sampler
        else:
            self.call = native_torch.called(sampler, asked.mode)
        self.shapes: set[tuple] = set()

    def seconds(self, given: Mapping[str, np.ndarray]) -> float:
        """Of one call. A shape is asked for once before it counts: that call compiles, captures or chooses kernels."""
        shapes = tuple(given[name].shape for name in INPUTS)
        if shapes not in self.shapes:
            native_torch.seconds(lambda: self.picture(given))
            self.shapes.add(shapes)
        return native_torch.seconds(lambda: self.picture(given))

    def picture(self, given: Mapping[str, np.ndarray]) -> np.ndarray:
        put = (torch.from_numpy(given[name]).to(self.device, self.dtype) for name in INPUTS)
        laid = (x.contiguous(memory_format=self.layout) if x.ndim == 4 else x for x in put)
        return self.call(*laid)[0].float().cpu().numpy()


def usual_grid(run: Path) -> np.ndarray:
    """The bundle's own time grid, which its queries leave out."""
    part = json.loads((run / "bundle" / "bundle.json").read_text(encoding="utf-8"))["creative"]
    return np.array(part["grids"][str(part["steps"])], np.float32)


def request_of(sampler: Sampler, size: int, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Inputs of the sampler for one square tile in the manner of the first picture, its times evenly spread."""
    images, planes, channels = sampler.codec.back.shape
    drawn = tile_noise(seed, channels, size, size, ["colour"] * planes)[None]
    return {
        "noise": drawn,
        "state": drawn,
        "grid": np.linspace(0, 1, steps + 1, dtype=np.float32),
        "condition": np.eye(images, dtype=np.float32)[:1],
        "known": np.zeros((1, planes, size, size), np.float32),
        "mask": np.ones((1, 1, size, size), np.float32),
    }


def many(given: Mapping[str, np.ndarray], batch: int) -> dict[str, np.ndarray]:
    """The same tile so many times in one call."""
    return {name: x if name == "grid" else np.repeat(x, batch, axis=0) for name, x in given.items()}


def save(sampler: Sampler, folder: Path) -> None:
    """Write the weights into `folder` (made if absent)."""
    folder.mkdir(exist_ok=True)
    save_file({name: value.contiguous() for name, value in sampler.state_dict().items()}, folder / FILE)


def load(folder: Path) -> Sampler:
    """The sampler whose weights `save` wrote; every size is read off them."""
    path = folder / (PATTERN if (folder / PATTERN).is_file() else FILE)
    if not path.is_file():
        raise Fault(f"{folder} holds no {FILE}: this run left no weights to draw with in PyTorch")
    with readable(path):
        kept = load_file(path)
        sampler = _patterns() if path.name == PATTERN else _tiles(kept)
        sampler.load_state_dict(kept)
    return sampler.eval()


def _tiles(kept: dict[str, torch.Tensor]) -> Sampler:
    codec = Codec(*(kept[f"codec.{name}"] for name in ("mean", "into", "back")))
    images, _, channels = codec.back.shape
    return Sampler(Velocity(channels, images), codec, Finish(kept["finish.spans"].tolist(), images, channels))


def _patterns() -> Sampler:
    from pilots.creative.pattern import net

    return Sampler(net.Velocity(net.Net()), net.Codec(), net.Plain())


if __name__ == "__main__":
    serve(opened)
