"""The pipeline of a folder that has been looked over, in PyTorch, float32, each part by a class chosen here."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.fault import Fault
from pilots.creative.foundation.folder import class_of, weights

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

EXTRA = ("diffusers", "optimum.onnxruntime", "transformers")


def check_extra() -> None:
    """A Fault where the libraries for these models are not installed."""
    from importlib import import_module

    for name in EXTRA:
        try:
            with quiet():
                import_module(name)
        except ModuleNotFoundError as err:
            raise Fault(
                f"model=foundation needs the package '{err.name}': pip install 'sector-ai-pilots[foundation]'"
            ) from err


@contextmanager
def quiet() -> Iterator[None]:
    """The libraries' own advice is for their developers; what goes wrong here is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def load(folder: Path) -> StableDiffusionPipeline:
    """The pipeline, ready to draw. `folder`: as `look_over` returns it."""
    import diffusers
    import torch
    import transformers

    safe = {"local_files_only": True, "use_safetensors": True, "torch_dtype": torch.float32}
    nets = {"text_encoder": transformers.CLIPTextModel, "unet": diffusers.UNet2DConditionModel}
    nets["vae"] = diffusers.AutoencoderKL
    parts = {}
    for part, net in nets.items():
        _check_size(folder, part, net)
        variant = "fp16" if weights(folder, part).name.endswith(".fp16.safetensors") else None
        opened = _made(part, net.from_pretrained, folder / part, variant=variant, output_loading_info=True, **safe)
        parts[part] = _complete(part, *opened)
    others = {"tokenizer": transformers.CLIPTokenizer, "scheduler": getattr(diffusers, class_of(folder, "scheduler"))}
    for part, kind in others.items():
        parts[part] = _made(part, kind.from_pretrained, folder / part, local_files_only=True)
    most, known = max(parts["tokenizer"].get_vocab().values(), default=0), parts["text_encoder"].config.vocab_size
    if most >= known:
        raise Fault(
            f"tokenizer/vocab.json numbers words up to {most}, text_encoder knows {known}: they belong to two models"
        )
    pipeline = diffusers.StableDiffusionPipeline(
        **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _check_size(folder: Path, part: str, net: Any) -> None:
    """Before memory is taken: the settings describe a net as large as the weights are."""
    import torch

    def described() -> int:
        with torch.device("meta"):  # shapes without numbers
            if part == "text_encoder":
                made = net(net.config_class.from_pretrained(folder / part, local_files_only=True))
            else:
                made = net.from_config(net.load_config(folder / part, local_files_only=True))
        return sum(p.numel() for p in made.parameters())

    numbers, stored = _made(part, described), weights(folder, part)
    if numbers * 2 > stored.stat().st_size:  # bytes of a number in half precision
        raise Fault(
            f"{part}/config.json describes {numbers:,} numbers, more than the {stored.stat().st_size:,} bytes of "
            f"{stored.name} can hold: the two do not belong together"
        )


def _complete(part: str, net: Any, told: dict[str, Any]) -> Any:
    """The net itself; a Fault where the weights do not hold all of it, for the rest would be noise."""
    wrong = [*told.get("missing_keys", ()), *told.get("mismatched_keys", ())]
    if wrong:
        raise Fault(f"{part} has no weights for {wrong[0]} and {len(wrong) - 1} more: the folder is not complete")
    return net.eval()


def _made(part: str, make: Callable[..., Any], *given: Any, **settings: Any) -> Any:
    try:
        with quiet():
            return make(*given, **settings)
    except Exception as err:  # what a broken file sets off in these libraries has no common base
        raise Fault(f"{part} cannot be loaded: {first_line(err)}") from err


def first_line(err: Exception) -> str:
    """What a library says went wrong, fit for a sentence."""
    return (str(err).strip().splitlines() or [type(err).__name__])[0][:200]
