"""The sample of a bundle: a few inputs made from the contract's ranges, and the outputs they must give.

Nothing in it is a row of anybody's data, so a bundle may leave the firm or hospital it was trained in.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from common.bundle.format import Tensor, tensors
from common.fault import Fault

UNPACKED_CAP = 64 << 20  # bytes
ARRAYS_CAP = 64
MISSING_SHARE = 0.05  # of the readings that may be missing, so that the self-test walks that path too

Arrays = dict[str, np.ndarray]


def sample_from_contract(manifest: Mapping[str, Any], axes: Mapping[str, int], seed: int) -> Arrays:
    """One array per input, drawn from its allowed range; `axes` says how long each named axis is.

    An input whose last axis runs over the manifest's `channels` is drawn between each channel's `seen`
    limits (its physical limits where `seen` does not say), as smooth wandering with a few gaps.
    """
    rng = np.random.default_rng(seed)
    channels = manifest.get("channels", [])
    axes = {"sensor": len(channels), "channel": len(channels), **axes}
    return {t.name: _draw(t, axes, channels, manifest["seen"], rng) for t in tensors(manifest["inputs"])}


def _draw(
    tensor: Tensor, axes: Mapping[str, int], channels: list, seen: Mapping, rng: np.random.Generator
) -> np.ndarray:
    if tensor.default is not None:
        return np.asarray(tensor.default, tensor.dtype)
    try:
        shape = tuple(axes[axis] if isinstance(axis, str) else axis for axis in tensor.shape)
        high: Any = axes[tensor.high] if isinstance(tensor.high, str) else tensor.high
    except KeyError as error:
        raise Fault(f"A sample of {tensor.name} needs the length of its axis {error}") from None
    if tensor.dtype == "bool":
        return rng.random(shape) < 0.5
    low: Any = tensor.low
    if channels and tensor.shape and tensor.shape[-1] in ("sensor", "channel", len(channels)):
        spans = [seen.get(c["name"], [c["low"], c["high"]]) for c in channels]
        low, high = (np.array(side, float) for side in zip(*spans, strict=True))
    if low is None or high is None or np.isnan(low).any() or np.isnan(high).any():
        raise Fault(f"A sample of {tensor.name} needs its low and high")
    if np.issubdtype(tensor.dtype, np.integer):  # no channels: those are readings, which are floats
        return rng.integers(np.int64(low), np.int64(high) + 1, shape).astype(tensor.dtype)
    share = rng.random(shape)
    if len(shape) > 1:  # a mean over ever more rows wanders like a real reading does, and stays inside the range
        share = np.cumsum(share, axis=-2) / np.arange(1, shape[-2] + 1)[:, None] * 0.5 + share * 0.5
    drawn = (low + share * (np.asarray(high) - low)).astype(tensor.dtype)
    if tensor.missing:
        drawn[rng.random(shape) < MISSING_SHARE] = np.nan
    return drawn


def pack(inputs: Arrays, outputs: Arrays) -> bytes:
    """`sample.npz`; the same arrays give the same bytes on every machine and day."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind, arrays in (("in", inputs), ("out", outputs)):
            for name, array in arrays.items():
                member = io.BytesIO()
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
                stamp = zipfile.ZipInfo(f"{kind}.{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                stamp.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(stamp, member.getvalue())
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[Arrays, Arrays]:
    """Inputs and outputs of `sample.npz`. Sizes are read from the zip's headers before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if len(members) > ARRAYS_CAP or size > UNPACKED_CAP:
                raise Fault(f"sample.npz is refused: {len(members)} arrays, {size:,} bytes unpacked")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except Fault:
        raise
    except Exception as error:  # zipfile, its decompressors and NumPy's header parser each have errors of their own
        raise Fault(f"sample.npz cannot be read: {error!s:.120}") from error
    inputs = {name.removeprefix("in."): array for name, array in found.items() if name.startswith("in.")}
    outputs = {name.removeprefix("out."): array for name, array in found.items() if name.startswith("out.")}
    if not inputs or not outputs or len(inputs) + len(outputs) != len(found):
        raise Fault("sample.npz must hold arrays named in.… and out.… and nothing else")
    return inputs, outputs
