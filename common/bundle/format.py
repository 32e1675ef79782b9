"""What a bundle says about itself: its tensors and its manifest (`bundle.json`).

The manifest is data from a stranger until proved otherwise: `check_manifest` looks at everything the
program will later rely on, and answers with one sentence. The published JSON Schema of the same
contract is `common/schema/bundle.json`; it is not used here, because the base install has no validator.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from common.fault import Fault

FORMAT = 1  # raised when an older program could misread a newer bundle
DTYPES = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
PARTS: dict[str, type | tuple[type, ...]] = {
    "format": int,
    "pilot": str,
    "name": str,
    "version": str,
    "model": str,
    "task": str,
    "inputs": list,
    "outputs": list,
    "seen": dict,
    "table": dict,
    "decision": dict,
    "metrics": dict,
    "parity": dict,
    "opset": dict,
    "session_options": dict,
    "data": dict,
    "seed": int,
    "commit": str,
    "licence": str,
    "sample": str,
}
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")  # becomes part of file names and addresses


@dataclass(frozen=True)
class Tensor:
    """One input or output of the graph.

    shape    sizes, or names for axes whose length the caller chooses; () is a single number
    low      smallest value allowed, in `unit`; None where there is no limit
    high     largest value allowed; the name of an axis means "at most that axis's length"
    default  what a caller gets who leaves the input out; None where it must be given
    missing  whether NaN may stand for "no reading"
    """

    name: str
    dtype: str
    shape: tuple[str | int, ...] = ()
    unit: str = ""
    low: float | None = None
    high: float | str | None = None
    default: Any = None
    missing: bool = False
    meaning: str = ""

    def check(self, value: Any, axes: dict[str, int]) -> np.ndarray:
        """`value` as an array that keeps the contract, or a Fault. Fills `axes` with the lengths it meets."""
        array = value if isinstance(value, np.ndarray) else self._from_python(value)
        if array.dtype.name != self.dtype:
            raise Fault(f"{self.name} is {array.dtype}, the model takes {self.dtype}: use .astype('{self.dtype}')")
        if array.ndim != len(self.shape):
            raise Fault(f"{self.name} has shape {list(array.shape)}, the model takes {self.axes_text}")
        for axis, length in zip(self.shape, array.shape, strict=True):
            wanted = axes.setdefault(axis, length) if isinstance(axis, str) else axis
            if wanted != length:
                raise Fault(
                    f"{self.name} has shape {list(array.shape)}, the model takes {self.axes_text}"
                    + (f" with {axis} = {wanted}" if isinstance(axis, str) else "")
                )
        self._check_values(array, axes)
        return array

    def _from_python(self, value: Any) -> np.ndarray:
        """A number or list typed by a person takes the tensor's dtype, unless that would change its value."""
        try:
            given = np.asarray(value)
        except ValueError as error:  # lists of unequal length
            raise Fault(f"{self.name} is no regular array {self.axes_text}") from error
        lossless = {"b": "b", "i": "iu", "u": "iu", "f": "fiu"}[np.dtype(self.dtype).kind]
        if given.size and given.dtype.kind not in lossless:
            raise Fault(f"{self.name} = {value!r:.60} is not {self.dtype}")
        return given.astype(self.dtype)

    @property
    def axes_text(self) -> str:
        return f"[{', '.join(map(str, self.shape))}]"

    def _check_values(self, array: np.ndarray, axes: Mapping[str, int]) -> None:
        if array.dtype.kind == "f":
            bad = np.isinf(array) if self.missing else ~np.isfinite(array)
            if bad.any():
                rule = "may be missing (NaN) but not infinite" if self.missing else "must be finite"
                raise Fault(f"{self.name} holds {array[bad].flat[0]}; it {rule}")
        high = axes.get(self.high) if isinstance(self.high, str) else self.high
        # A comparison with NaN is False, so a missing reading passes both.
        if self.low is not None and (array < self.low).any():
            raise Fault(f"{self.name} = {array[array < self.low].flat[0]:g} is below {self.low:g} {self.unit}".rstrip())
        if high is not None and (array > high).any():
            raise Fault(f"{self.name} = {array[array > high].flat[0]:g} is above {high:g} {self.unit}".rstrip())

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "shape": list(self.shape)}


def tensors(entries: Sequence[Mapping[str, Any]]) -> tuple[Tensor, ...]:
    """The manifest's `inputs` or `outputs` as Tensors; the manifest must have been checked."""
    return tuple(Tensor(**{**entry, "shape": tuple(entry["shape"])}) for entry in entries)


def manifest(*, inputs: Sequence[Tensor], outputs: Sequence[Tensor], **parts: Any) -> dict[str, Any]:
    """A checked manifest. `parts` are the other names in PARTS and whatever the pilot adds for its readers."""
    made = {"format": FORMAT, "sample": "contract", **parts}
    made |= {"inputs": [t.as_json() for t in inputs], "outputs": [t.as_json() for t in outputs]}
    check_manifest(made)
    return made


def check_manifest(made: Any) -> None:
    """Raise a Fault unless everything that programs rely on is there and has the right kind."""
    if not isinstance(made, dict):
        raise Fault("bundle.json does not hold an object")
    if made.get("format") != FORMAT:
        given = f"{made.get('format')!r:.40}"
        raise Fault(f"bundle.json has format {given}, this program reads {FORMAT}: update the one that is older")
    for part, kind in PARTS.items():
        if part not in made:
            raise Fault(f"bundle.json lacks '{part}'")
        if not isinstance(made[part], kind) or isinstance(made[part], bool):
            raise Fault(f"bundle.json: '{part}' is a {type(made[part]).__name__}, expected {_kind(kind)}")
    for part in ("pilot", "name"):
        if not NAME.fullmatch(made[part]) or len(made[part]) > 64:
            raise Fault(
                f"bundle.json: {part} {made[part]!r:.80} may hold small letters, digits and single hyphens only"
            )
    if not re.fullmatch(r"\d{14}", made["version"], re.ASCII):
        raise Fault(f"bundle.json: version {made['version']!r:.40} is not a UTC time of 14 digits")
    if made["sample"] not in ("contract", "real"):
        raise Fault(f"bundle.json: sample is {made['sample']!r:.40}, expected 'contract' or 'real'")
    for part in ("inputs", "outputs"):
        names = [_check_tensor(entry, part) for entry in made[part]]
        if not names or len(set(names)) != len(names):
            raise Fault(f"bundle.json: {part} are empty or hold a name twice")
    for name, span in made["seen"].items():
        if not (isinstance(span, list) and len(span) == 2 and all(map(_is_number, span)) and span[0] <= span[1]):
            raise Fault(f"bundle.json: seen.{name:.64} is not [low, high]")
    for name, metric in made["metrics"].items():
        if not isinstance(metric, dict) or not _is_number(metric.get("value")) or "naive" not in metric:
            raise Fault(f"bundle.json: metrics.{name:.64} lacks a finite value or its naive value")


def _check_tensor(entry: Any, part: str) -> str:
    allowed = set(Tensor.__dataclass_fields__)
    if not isinstance(entry, dict) or set(entry) != allowed:
        raise Fault(f"bundle.json: an entry of {part} does not have exactly the keys {', '.join(sorted(allowed))}")
    name, shape = entry["name"], entry["shape"]
    if not isinstance(name, str) or not WORD.fullmatch(name):
        raise Fault(f"bundle.json: {name!r:.80} is not a name for one of the {part}")
    if entry["dtype"] not in DTYPES:
        raise Fault(f"bundle.json: {name} has dtype {entry['dtype']!r:.40}, expected one of {', '.join(DTYPES)}")
    if not isinstance(shape, list) or len(shape) > 8 or not all(map(_is_axis, shape)):
        raise Fault(f"bundle.json: {name} has no shape of axis names and sizes above 0")
    low, high = entry.get("low"), entry.get("high")
    if not (low is None or _is_number(low)) or not (
        high is None or _is_number(high) or high in shape or _is_axis(high)
    ):
        raise Fault(f"bundle.json: {name} has a range that is neither a number nor an axis")
    texts = (entry.get("unit", ""), entry.get("meaning", ""))
    if not all(isinstance(text, str) for text in texts) or not isinstance(entry.get("missing", False), bool):
        raise Fault(f"bundle.json: {name} has a unit, meaning or missing of the wrong kind")
    if entry.get("default") is not None:
        _check_default(Tensor(**{**entry, "shape": tuple(shape)}))
    return name


def _check_default(tensor: Tensor) -> None:
    try:
        tensor.check(np.asarray(tensor.default, tensor.dtype), {})
    except (Fault, ValueError, TypeError, OverflowError) as error:
        raise Fault(f"bundle.json: the default of {tensor.name} is not {tensor.dtype} {tensor.axes_text}") from error


def _is_axis(axis: Any) -> bool:
    if isinstance(axis, str):
        return bool(WORD.fullmatch(axis))
    return isinstance(axis, int) and not isinstance(axis, bool) and 0 < axis < 2**31


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _kind(kind: type | tuple[type, ...]) -> str:
    return {int: "a whole number", str: "text", list: "a list", dict: "an object"}.get(kind, str(kind))  # type: ignore[arg-type]


def dump(made: Mapping[str, Any]) -> bytes:
    """The manifest as it stands in `bundle.json`: strict JSON, no NaN."""
    try:
        return (json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise Fault(f"The manifest cannot be written as JSON: {error}") from error


def parse(text: bytes) -> dict[str, Any]:
    """`bundle.json` as a checked manifest; strict JSON."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        made = json.loads(text.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Fault(f"bundle.json is not JSON: {error!s:.120}") from error
    check_manifest(made)
    return made
