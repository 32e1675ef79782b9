"""What a step remembers of a machine between two rows: named tensors of a size that no row changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx

from common.bundle.format import Tensor

NEXT = "_next"  # ends the name of the output that holds a memory's new content


@dataclass(frozen=True)
class Memory:
    """One tensor of the state. Before a machine's first row it is all zeros.

    axes   name and length of each axis after `machine`
    """

    name: str
    dtype: str
    axes: tuple[tuple[str, int], ...] = ()
    unit: str = ""
    meaning: str = ""
    missing: bool = False  # NaN may stand in it

    def of(self, member: str) -> Memory:
        """The same memory of one model among several."""
        return replace(self, name=f"{member}_{self.name}")

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(length for _, length in self.axes)

    @property
    def bytes(self) -> int:
        """Of one machine."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def start(self, machines: int) -> np.ndarray:
        """The state of machines that have not shown a row yet."""
        return np.zeros((machines, *self.shape), self.dtype)

    def tensors(self) -> tuple[Tensor, Tensor]:
        """It as an input and as an output of the bundle."""
        given = {"dtype": self.dtype, "shape": ("machine", *self.shape), "unit": self.unit, "missing": self.missing}
        return Tensor(self.name, meaning=self.meaning, **given), Tensor(
            self.name + NEXT, meaning=f"{self.name} after this row", **given
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "next": self.name + NEXT,
            "dtype": self.dtype,
            "axes": ["machine", *(name for name, _ in self.axes)],
            "shape": ["machine", *self.shape],
            "unit": self.unit,
            "bytes": self.bytes,
            "meaning": self.meaning,
        }


@dataclass(frozen=True)
class Step:
    """A graph with memory: beside its own tensors it takes every memory by its name and gives it anew as NAME_next."""

    graph: onnx.ModelProto
    memory: Sequence[Memory] = ()


def step_of(model: Any) -> Step:
    """A model's graph for one new row; a model without `step` remembers nothing: a row's features say it all."""
    return model.step() if hasattr(model, "step") else Step(model.graph())
