"""The units' results as one file for each kind of machine and date."""

from __future__ import annotations

import shlex
from pathlib import Path

from benchmarks import result
from benchmarks.slurm.ledger import Ledger
from common.fault import Fault


def gather(folder: Path, work: Ledger | None = None) -> Path:
    """Merge what lies in `folder`/results into result files in `folder`; the path of the last one written.

    Nodes of one kind share a file, others get their own: a figure belongs to its machine. A result of another bundle
    than the manifest names is refused: the bundle was changed while the benchmark ran.
    """
    paths = sorted((folder / "results").glob("[!.]*.json"))
    if not paths:
        raise Fault(f"{folder} holds no results yet: its tasks write them into {folder / 'results'}")
    written = None
    for path in paths:
        found = result.read(path)
        unit = work.units.get(path.stem) if work else None
        if unit and unit.id not in {bundle["id"] for bundle in found["bundles"]}:
            raise Fault(f"{path} measured another bundle than {unit.bundle} was when the work was submitted: remove it")
        found["command"] = _without_out(found["command"])
        written = result.write(found, folder)
    assert written is not None
    return written


def _without_out(command: str) -> str:
    """The task's own folder is gone by now, and its path is nobody's business."""
    try:
        words = shlex.split(command)
    except ValueError:  # not written by us
        return command
    at = words.index("--out") if "--out" in words else len(words)
    return shlex.join(words[:at] + words[at + 2 :])
