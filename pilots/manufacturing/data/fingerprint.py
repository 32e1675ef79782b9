"""One number for a data set, the same however its files were packed."""

from __future__ import annotations

import hashlib

import numpy as np

from pilots.manufacturing.data.contract import Fleet


def fingerprint(fleet: Fleet) -> str:
    """SHA-256 over what a model can learn from: channels, readings, stamps, ends of life; not notes or licence."""
    digest = hashlib.sha256()
    for channel in fleet.channels:
        digest.update(f"{channel.name}|{channel.unit}|{channel.role}\n".encode())
    for text_L in (fleet.machine_L, fleet.end_L):
        digest.update("\n".join(map(str, text_L)).encode() + b"\0")
    stamp_R = fleet.time_R
    if stamp_R.dtype.kind == "M":  # pandas reads the same file in s, ms or us, depending on its version
        stamp_R = stamp_R.astype("datetime64[us]").astype(np.int64)
    for array in (fleet.life_R, stamp_R, fleet.x_RF, fleet.rul_L, fleet.test_L):
        plain = np.ascontiguousarray(array, dtype="<f8") + 0.0  # + 0.0: minus zero is zero
        digest.update(np.where(np.isnan(plain), np.nan, plain).tobytes())  # one bit pattern for every NaN
    return digest.hexdigest()
