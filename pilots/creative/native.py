"""What a user would call instead of the bundle: the same sampler in PyTorch, from the run's native/ weights.

    python -m pilots.creative.native RUN_FOLDER [THREADS]

Loads the weights (safetensors, never pickle), prints "ready", then answers one JSON line per request on standard
input: {"task": "tile", "size": 128, "steps": 8, "seed": 0} -> {"seconds": 0.01}. The weights stay in float32.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from pilots.creative.flow.codec import Codec
from pilots.creative.flow.finish import Finish
from pilots.creative.flow.net import Velocity
from pilots.creative.flow.sampler import Sampler
from pilots.creative.noise import tile_noise

FILE = "tile_flow.safetensors"


def main() -> None:
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    sampler = load(Path(sys.argv[1]) / "native")
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        given = request(sampler, asked["size"], asked["steps"], asked["seed"])
        began = time.perf_counter()
        with torch.inference_mode():
            sampler(**given)
        print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


def request(sampler: Sampler, size: int, steps: int, seed: int) -> dict[str, torch.Tensor]:
    """Inputs of the sampler for one square tile in the manner of the first picture, its times evenly spread."""
    images, planes, channels = sampler.codec.back.shape
    drawn = torch.from_numpy(tile_noise(seed, channels, size, size, ["colour"] * planes))[None]
    return {
        "noise": drawn,
        "state": drawn,
        "grid": torch.linspace(0, 1, steps + 1),
        "condition": torch.eye(images)[:1],
        "known": torch.zeros(1, planes, size, size),
        "mask": torch.ones(1, 1, size, size),
    }


def save(sampler: Sampler, folder: Path) -> None:
    """Write the weights into `folder` (made if absent)."""
    folder.mkdir(exist_ok=True)
    save_file({name: value.contiguous() for name, value in sampler.state_dict().items()}, folder / FILE)


def load(folder: Path) -> Sampler:
    """The sampler whose weights `save` wrote; every size is read off them."""
    kept = load_file(folder / FILE)
    codec = Codec(*(kept[f"codec.{name}"] for name in ("mean", "into", "back")))
    images, _, channels = codec.back.shape
    finish = Finish(kept["finish.spans"].tolist(), images, channels)
    sampler = Sampler(Velocity(channels, images), codec, finish)
    sampler.load_state_dict(kept)
    return sampler.eval()


if __name__ == "__main__":
    main()
