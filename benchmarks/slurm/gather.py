"""The units' results as one file for each kind of machine and date."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import result
from benchmarks.slurm.ledger import Ledger
from common.fault import Fault

SECOND, STAMP = timedelta(seconds=1), "%Y-%m-%dT%H:%M:%SZ"


def gather(folder: Path, work: Ledger | None = None) -> Path:
    """Merge what lies in `folder`/results into result files in `folder`; the path of the last one written.

    Nodes of one kind share a file, others get their own: a figure belongs to its machine. A result of another bundle
    than the manifest names is refused: the bundle was changed while the benchmark ran.
    """
    paths = sorted((folder / "results").glob("[!.]*.json"))
    if not paths:
        raise Fault(f"{folder} holds no results yet: its tasks write them into {folder / 'results'}")
    written = None
    taken: set[str] = set()
    for path in paths:
        found = result.read(path)
        unit = work.units.get(path.stem) if work else None
        if unit and unit.id not in {bundle["id"] for bundle in found["bundles"]}:
            raise Fault(
                f"{unit.bundle} changed after the work was submitted ({path.name}): begin anew with another --out"
            )
        found["command"] = _without_out(found["command"])
        _at_its_own_second(found, taken)
        written = result.write(found, folder)
    assert written is not None
    return written


def _at_its_own_second(found: dict[str, Any], taken: set[str]) -> None:
    """Units that began together on several nodes: a file knows its runs, with noise and roof of each, by the second."""
    stamp = found["made"]
    while stamp in taken:
        stamp = (datetime.strptime(stamp, STAMP) + SECOND).strftime(STAMP)
    taken.add(stamp)
    for entry in [found, *found["measurements"]]:
        entry["made"] = stamp


def _without_out(command: str) -> str:
    """The task's own folder is gone by now, and its path is nobody's business."""
    try:
        words = shlex.split(command)
    except ValueError:  # not written by us
        return command
    at = words.index("--out") if "--out" in words else len(words)
    return shlex.join(words[:at] + words[at + 2 :])
