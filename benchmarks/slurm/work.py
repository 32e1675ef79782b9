"""A benchmark cut into work units: one bundle and one scenario each, every runtime and variant inside.

Arms that are compared stay in one unit: their rounds alternate on one machine, which is what makes a ratio worth
printing on a shared cluster. Several units go into one array task, so that a task has a minute of work or more.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.facts import read_facts
from common.fault import Fault

LEAST_S = 60.0  # of work in one array task: Slurm spends a second or so on each, a busy controller more
START_S = 10.0  # of one unit before it measures: imports, the bundle's checks, the roof


@dataclass(frozen=True)
class Unit:
    """One call of `pilot-bench run`.

    name     fit for a file name, the same whenever the same work is asked for
    bundle   the bundle's or run's folder
    id       of the bundle: sha256 of its SHA256SUMS
    words    what `pilot-bench run` is told besides the bundle
    seconds  a rough guess of how long it takes
    """

    name: str
    bundle: str
    id: str
    words: tuple[str, ...]
    seconds: float

    def row(self) -> dict[str, Any]:
        return {**asdict(self), "words": list(self.words)}


def unit(folder: Path, scenario: str, words: list[str], seconds: float) -> Unit:
    """The unit of this bundle and scenario; `words` are the other settings of the run."""
    bundle = folder / "bundle" if (folder / "bundle").is_dir() else folder
    try:
        sums = (bundle / "SHA256SUMS").read_bytes()
        label = str(read_facts(bundle / "bundle.json")["name"])
    except (FileNotFoundError, KeyError):
        raise Fault(f"{folder} holds no bundle: name a run folder, a bundle folder, latest or all") from None
    id = hashlib.sha256(sums).hexdigest()
    words = [*words, "--scenario", scenario]
    asked = hashlib.sha256("\0".join(words).encode()).hexdigest()[:6]
    clean = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in label)[:60]
    return Unit(f"{clean}-{id[:8]}-{scenario}-{asked}", os.path.abspath(folder), id, tuple(words), START_S + seconds)


def pack(units: list[Unit], tasks: int | None = None) -> list[list[Unit]]:
    """Units for each array task, the longest first into the emptiest; at most `tasks`, or as many as have LEAST_S."""
    most = min(len(units), tasks or max(1, int(sum(unit.seconds for unit in units) / LEAST_S)))
    for count in range(most, 0, -1):
        bins: list[list[Unit]] = [[] for _ in range(count)]
        for each in sorted(units, key=lambda unit: -unit.seconds):
            min(bins, key=_seconds).append(each)
        if tasks or count == 1 or min(map(_seconds, bins)) >= LEAST_S:
            return bins
    return []


def _seconds(units: list[Unit]) -> float:
    return sum(unit.seconds for unit in units)


def longest_minutes(tasks: list[list[Unit]]) -> int:
    """Of one task, rounded up."""
    return -int(-max(map(_seconds, tasks)) // 60)
