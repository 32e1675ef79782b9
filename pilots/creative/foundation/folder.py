"""Is this the folder of a text-to-image model, and nothing else? Looked through before any library opens it.

The folder is laid out as diffusers saves a StableDiffusionPipeline. Its files may be hostile: which classes are made
is decided here, never by them; weights are safetensors, which hold numbers and can run nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.fault import Fault

INDEX = "model_index.json"
PIPELINE = "StableDiffusionPipeline"
SCHEDULERS = (
    "DDIMScheduler", "DDPMScheduler", "DEISMultistepScheduler", "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler", "EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler",
    "HeunDiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "KDPM2DiscreteScheduler", "LCMScheduler",
    "LMSDiscreteScheduler", "PNDMScheduler", "UniPCMultistepScheduler",
)  # fmt: skip
PARTS = {  # part of the pipeline: library and classes that it may be of
    "scheduler": ("diffusers", SCHEDULERS),
    "text_encoder": ("transformers", ("CLIPTextModel",)),
    "tokenizer": ("transformers", ("CLIPTokenizer", "CLIPTokenizerFast")),
    "unet": ("diffusers", ("UNet2DConditionModel",)),
    "vae": ("diffusers", ("AutoencoderKL",)),
}
UNUSED = ("feature_extractor", "image_encoder", "safety_checker")  # they judge or read pictures; none is loaded
CONFIGS = {
    "scheduler": ("scheduler_config.json",),
    "text_encoder": ("config.json",),
    "tokenizer": ("vocab.json", "merges.txt"),
    "unet": ("config.json",),
    "vae": ("config.json",),
}
WEIGHTS = {"text_encoder": "model", "unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
PICKLED = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")  # these run what they hold when they are opened
REACHING = ("auto_map", "quantization_config", "_attn_implementation", "_attn_implementation_internal")
LONGEST = 20_000_000  # bytes of a text file; the largest known vocabulary has 2


def look_over(path: str) -> Path:
    """The folder itself, absolute; a Fault for the first thing in it that should not be or is missing."""
    folder = Path(path).expanduser()
    if folder.is_file():
        raise Fault(
            f"model.path={path} is a file: name the folder of the model as diffusers saves it, with a {INDEX} "
            "(StableDiffusionPipeline.from_single_file(…).save_pretrained('DIR') makes one of a single file)"
        )
    if not folder.is_dir():
        hub = re.fullmatch(r"[\w.-]+/[\w.-]+", path) is not None
        name = "looks like a name on a model hub, and nothing is downloaded here" if hub else "is no folder"
        raise Fault(f"model.path={path} {name}: name a folder on this machine that holds the model, with a {INDEX}")
    folder = folder.resolve()
    index = _json(folder, INDEX)
    if index.get("_class_name") != PIPELINE:
        raise Fault(
            f"{INDEX}: _class_name is {_short(index.get('_class_name'))}, and only {PIPELINE} is drawn with; pipelines "
            "with code of their own are never loaded"
        )
    for part, said in index.items():
        if isinstance(said, list) and said != [None, None] and part not in UNUSED:
            _check_class(part, said)
    for part in PARTS:
        if not isinstance(index.get(part), list) or index[part] == [None, None]:
            raise Fault(f"{INDEX} names no {part}: a {PIPELINE} needs {', '.join(PARTS)}")
        for name in CONFIGS[part]:
            _file(folder, f"{part}/{name}")
        for name in sorted(p.name for p in (folder / part).glob("*.json")):
            _check_reach(_json(folder, f"{part}/{name}"), f"{part}/{name}")
    for part in WEIGHTS:
        weights(folder, part)
    return folder


def weights(folder: Path, part: str) -> Path:
    """The one safetensors file of a part, in full or in half precision."""
    stem, inside = WEIGHTS[part], folder / part
    if (inside / f"{stem}.safetensors.index.json").exists():
        raise Fault(f"{part} is split over several files: save it again with max_shard_size='100GB'")
    for name in (f"{stem}.safetensors", f"{stem}.fp16.safetensors"):
        if (inside / name).exists():
            return _file(folder, f"{part}/{name}", largest=None)
    pickled = sorted(p.name for p in inside.iterdir() if p.suffix in PICKLED)
    if pickled:
        raise Fault(
            f"{part} has its weights as {pickled[0]} alone, a kind of file that can run code when it is opened: save "
            "the model with safe_serialization=True, which writes safetensors"
        )
    raise Fault(f"{part} has no weights: {stem}.safetensors is missing in {inside}")


def used(folder: Path) -> Iterator[Path]:
    """Every file that the model is made of, in the order of their names."""
    for part in sorted(PARTS):
        texts = [p for p in (folder / part).iterdir() if p.suffix in (".json", ".txt") and p.is_file()]
        yield from sorted([*texts, *([weights(folder, part)] if part in WEIGHTS else [])])


def sha256(folder: Path) -> str:
    """Of the names and contents of all files in use: tells one model from another."""
    whole = hashlib.sha256()
    for path in used(folder):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{content}  {path.relative_to(folder).as_posix()}\n".encode())
    return whole.hexdigest()


def class_of(folder: Path, part: str) -> str:
    """Name of the part's class, one of PARTS."""
    return str(_json(folder, INDEX)[part][1])


def _check_class(part: str, said: list[Any]) -> None:
    library, classes = PARTS.get(part, ("", ()))
    if len(said) != 2 or said[0] != library or said[1] not in classes:
        known = f"{library}.{' or '.join(classes[:2])}{' …' * (len(classes) > 2)}" if classes else "no such part"
        raise Fault(f"{INDEX}: {_short(part)} is {_short(said)}, expected {known}; no other class is loaded")


def _check_reach(said: dict[str, Any], name: str) -> None:
    """Refuse settings with which a file asks for code from elsewhere."""
    for key, inner in said.items():
        if key in REACHING and inner is not None:
            raise Fault(f"{name} sets {key}, which could bring in code from elsewhere: take that line out")
        if isinstance(inner, dict):
            _check_reach(inner, name)


def _file(folder: Path, name: str, largest: int | None = LONGEST) -> Path:
    path = folder / name
    if not path.is_file():
        raise Fault(f"{name} is missing in {folder}: save the model again with save_pretrained('DIR')")
    if not path.resolve().is_relative_to(folder):
        raise Fault(f"{name} leads out of {folder}: copy the model with its files, as cp -rL does")
    if largest is not None and path.stat().st_size > largest:
        raise Fault(f"{name} has {path.stat().st_size:,} bytes; a file of settings has at most {largest:,}")
    return path


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        said = json.loads(_file(folder, name).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as err:
        raise Fault(f"{name} in {folder} is not JSON that can be read: {str(err)[:80]}") from err
    if not isinstance(said, dict):
        raise Fault(f'{name} in {folder} holds no settings ("name": value)')
    return said


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
