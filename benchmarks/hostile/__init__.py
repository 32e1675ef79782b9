"""A corpus of bundles made to harm: each is an honest one with a single thing changed, and sums that fit.

`CORPUS` maps what is wrong to words of the sentence that refuses it. Nothing hostile is stored: `spoil` makes it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.hostile import archives, folders, graphs, operators
from common.bundle.files import CAPS, sums

CORPUS: dict[str, str] = {**graphs.CASES, **operators.CASES, **archives.CASES, **folders.CASES}


def spoil(honest: Path, folder: Path, name: str) -> Path:
    """A copy of the bundle `honest` at `folder`, made hostile as `name` says, its SHA256SUMS made to fit."""
    shutil.copytree(honest, folder)
    if name in folders.CASES:  # no byte of a file is wrong, so there are no sums to mend
        folders.spoil(folder, name)
        return folder
    part = next(part for part in (graphs, operators, archives) if name in part.CASES)
    file = folder / ("sample.npz" if part is archives else "model.onnx")
    file.write_bytes(part.spoil(file.read_bytes(), name))
    (folder / "SHA256SUMS").write_bytes(sums({inner: (folder / inner).read_bytes() for inner in CAPS}))
    return folder
