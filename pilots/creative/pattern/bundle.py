"""What a bundle of patterns says about its sampler, and the proof that the graph draws what PyTorch draws.

The tensors are those of a material's bundle (pilots/creative/bundle.py), at the one size the flow knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import torch

from common.bundle.format import Tensor
from common.bundle.session import Session
from common.export.parity import parity
from pilots.creative import bundle
from pilots.creative.data.patterns import library
from pilots.creative.data.patterns.learned import Patterns

SIDE = (library.SIZE, library.SIZE)
PROVED = 8  # kinds that the proof draws, spread over all


def part(model: Any, seen: Patterns) -> dict[str, Any]:
    """Manifest part `creative`; `far`: cells that 0 and 1 of the plane stand for, inside and outside the figure."""
    facts = bundle.part(model, seen)  # type: ignore[arg-type]  # kinds stand in the place of pictures
    return {**facts, "multiple": library.SIZE, "far": library.FAR}


def asked(facts: Mapping[str, Any], kind: int, seed: int, steps: str) -> dict[str, np.ndarray]:
    return bundle.asked(facts, kind, seed, SIDE, facts["grids"][steps])


def prove(graph: onnx.ModelProto, model: Any, facts: Mapping[str, Any], tolerance: float) -> dict[str, Any]:
    """The graph's fields against PyTorch's from the same noise; a Fault where they part."""
    session, eager = Session(graph.SerializeToString()), model.eager()
    ours, theirs = [], []
    for number, kind in enumerate(np.linspace(0, len(library.KINDS) - 1, PROVED).astype(int)):
        given = asked(facts, int(kind), number, str(facts["steps"]))
        given["mask"][..., library.SIZE // 2 :] = number % 2  # every second one keeps half of a known field
        given["known"] += np.float32(0.5)
        theirs.append(session.run(given)["picture"])
        with torch.no_grad():
            ours.append(eager(*(torch.from_numpy(array) for array in given.values()))[0].numpy())
    return parity(np.stack(ours), np.stack(theirs), tolerance)


def contract(facts: Mapping[str, Any]) -> tuple[list[Tensor], list[Tensor]]:
    """Inputs and outputs of the graph."""

    def sized(tensor: Tensor) -> Tensor:
        return replace(tensor, shape=tuple(library.SIZE if a in ("height", "width") else a for a in tensor.shape))

    inputs, outputs = bundle.contract(facts)
    return list(map(sized, inputs)), list(map(sized, outputs))


def describe(graph: onnx.ModelProto, facts: Mapping[str, Any], **found: Any) -> dict[str, Any]:
    """The manifest. `found`: model, version, metrics, parity, seed, commit, licence, data."""
    return bundle.of_task("pattern", "creative-pattern", contract(facts), graph, facts, **found)


def sample(facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Inputs of the self-test: one pattern in few steps."""
    return asked(facts, 0, 0, min(facts["grids"], key=int))
