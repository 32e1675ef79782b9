"""A text-to-image model that the user already has, made to draw tiles without a seam."""

from __future__ import annotations

from common.fault import Fault
from pilots.creative.foundation.folder import look_over

LONGEST = 2000  # letters of a text; the model reads 75 words of it at most


class Foundation:
    """Settings of one prompt to one model; nothing is learned and nothing is downloaded.

    path             folder of a StableDiffusionPipeline as diffusers saves it, weights as safetensors
    prompt, avoid    what the tiles show, and what they should not
    licence, source  under which licence the user holds the model, and where it came from: said by the user, kept with
                     every tile
    steps            evaluations of the denoising net per tile (two each where guidance > 1)
    guidance         how closely the prompt is followed (classifier-free guidance: Ho and Salimans 2022); 1 = off
    size             pixels of a tile's side; null = as the model was trained

    Wrong where the prompt asks for one thing in the middle: a tile that wraps has no middle.
    """

    learns = "prompt"

    def __init__(
        self,
        path: str,
        prompt: str,
        licence: str,
        source: str,
        avoid: str = "",
        steps: int = 25,
        guidance: float = 7.5,
        size: int | None = None,
    ):
        why = {
            "prompt": "say what the tiles show, as model.prompt='mossy cobblestones'",
            "licence": "say under which licence you hold the model, as model.licence='CreativeML Open RAIL-M'",
            "source": "say where the model came from, as model.source='trained in our studio'",
        }
        for name, remedy in why.items():
            if not {"prompt": prompt, "licence": licence, "source": source}[name].strip():
                raise Fault(f"model.{name} is empty: {remedy}")
        for name, text in {"prompt": prompt, "avoid": avoid, "licence": licence, "source": source}.items():
            if len(text) > LONGEST or not text.isprintable():
                raise Fault(f"model.{name} must be one line of at most {LONGEST:,} letters, it has {len(text):,}")
        if not 1 <= steps <= 1000:
            raise Fault(f"model.steps={steps} is not a whole number from 1 to 1000")
        if not 1 <= guidance <= 100:
            raise Fault(f"model.guidance={guidance} is not a number from 1 (off) to 100")
        if size is not None and not 8 <= size <= 4096:
            raise Fault(f"model.size={size} is not a number of pixels from 8 to 4096")
        self.folder = look_over(path)
        self.prompt, self.avoid, self.licence, self.source = prompt, avoid, licence, source
        self.steps, self.guidance, self.size = steps, float(guidance), size
