"""What a file's credential says about how the file was made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"  # IPTC NewsCodes, scheme digitalsourcetype
KINDS = ("tile", "variation", "repair", "palette", "pattern", "map")
OF_A_PICTURE = ("variation", "repair")  # made from a picture of the user's
WATERMARKED = ("tile", "variation", "repair")  # continuous-tone base colour; the others carry the credential alone


@dataclass(frozen=True)
class Made:
    """Facts of one generated file.

    title           what a viewer shows: the file's own name
    kind            one of KINDS
    seed, steps     of the noise; network evaluations; None where no model drew
    bundle_id, model   which bundle drew it, and its model's name; None likewise
    rights_sha256   of the rights manifest that the model was trained under; None where there is none
    settings        all settings of the command, as JSON can hold them
    ingredient, ingredient_name   the user's picture, byte by byte, and its file name; None unless made from one
    """

    title: str
    kind: str
    seed: int | None
    steps: int | None
    bundle_id: str | None
    model: str | None
    rights_sha256: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    ingredient: bytes | None = None
    ingredient_name: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.kind != "palette" and (self.kind in OF_A_PICTURE) != (self.ingredient is not None):
            raise ValueError(f"a {self.kind} {'is' if self.kind in OF_A_PICTURE else 'is not'} made from a picture")

    @property
    def source_type(self) -> str:
        """IPTC digital source type; a picture that is only recoloured is not drawn by a model."""
        if self.ingredient is None:
            return f"{SOURCES}trainedAlgorithmicMedia"
        return SOURCES + (
            "algorithmicallyEnhanced" if self.kind == "palette" else "compositeWithTrainedAlgorithmicMedia"
        )

    @property
    def picture(self) -> str:
        """The ingredient's name without its folders, which are nobody's business."""
        return _written(PurePath((self.ingredient_name or "picture").replace("\\", "/")).name)

    @property
    def name(self) -> str:
        """The title as it can be written down."""
        return _written(self.title)

    def facts(self) -> dict[str, Any]:
        """For the credential and the PNG's text; nothing of the ingredient."""
        return {
            "kind": self.kind,
            "seed": self.seed,
            "steps": self.steps,
            "bundle_id": self.bundle_id,
            "model": self.model,
            "rights_sha256": self.rights_sha256,
            "settings": self.settings,
        }


def _written(name: str) -> str:
    """A file name without what neither JSON nor XML can hold: control characters and bytes that are no UTF-8."""
    return re.sub("[\x00-\x1f\x7f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", name)
