"""Write a bundle: check the graph, let it answer its own sample, tie the files together with their sums."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from common.atomic import new_folder, write_bytes
from common.bundle.files import bundle_id, check_caps, sums
from common.bundle.format import check_manifest, dump
from common.bundle.sample import pack, sample_from_contract
from common.bundle.selftest import check_graph, selftest
from common.bundle.session import Session

__all__ = ["sample_from_contract", "write_bundle"]


def write_bundle(
    folder: Path, model: bytes, manifest: Mapping[str, Any], sample_inputs: dict[str, np.ndarray], card: str
) -> str:
    """Write the bundle into a new folder, whole or not at all. Returns its id."""
    made = dict(manifest)
    check_manifest(made)
    check_graph(model)
    outputs = Session(model, options=made["session_options"]).run(sample_inputs)
    files = {
        "model.onnx": model,
        "bundle.json": dump(made),
        "sample.npz": pack(sample_inputs, outputs),
        "MODEL_CARD.md": card.encode(),
    }
    files["SHA256SUMS"] = sums(files)
    check_caps(files)
    selftest(files)  # what cannot be opened is not written
    with new_folder(folder) as partial:
        for name, data in files.items():
            write_bytes(partial / name, data)
    return bundle_id(files)
