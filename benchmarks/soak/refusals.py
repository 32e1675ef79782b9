"""The corpus of hostile bundles, opened as every command opens one: each refused with a sentence, under the caps."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.hostile import CORPUS, operators, spoil
from benchmarks.soak.count import FULL, Count
from benchmarks.soak.forks import Job, Outcome, Plan, Room, side_by_side
from common.bundle import open as opening
from common.bundle.selftest import MEMORY_CAP, SECONDS_CAP
from common.cli import guard
from common.machine import cores

PATIENCE = SECONDS_CAP if FULL else 6  # s given to graphs without an end
GRACE = 10  # s; to start the child and to say the sentence
MEGABYTES, SECONDS = "MB at most", "s at most"


def refuse(folder: Path, honest: Path) -> Count:
    """Every hostile bundle of the corpus, made from the bundle `honest`."""
    count = Count("hostile bundles")
    side_by_side((_refused(count, Room(folder / str(n)), honest, name) for n, name in enumerate(CORPUS)), cores())
    return count


def _refused(count: Count, room: Room, honest: Path, name: str) -> Plan:
    bundle = spoil(honest, room.root / "bundle", name)
    outcome = yield Job(lambda: sys.exit(meet(bundle, name)), (), room)
    if wrong := complaint(name, outcome):
        count.fail(f"{name}: {wrong}")
        return
    count.add("refused")
    count.did[MEGABYTES] = max(count.did[MEGABYTES], outcome.peak >> 20)
    count.did[SECONDS] = max(count.did[SECONDS], round(outcome.seconds))


def meet(bundle: Path, name: str) -> int:
    """The exit code of a command that opens it; in a process of its own."""
    if name in operators.CASES:
        opening.SECONDS_CAP = PATIENCE
    return guard(lambda: opening.open_bundle(bundle))


def complaint(name: str, outcome: Outcome) -> str:
    """What is wrong with how the bundle was refused; empty where nothing is."""
    lines = outcome.err.splitlines()
    if outcome.code != 2:
        return f"exit code {outcome.code}: {outcome.err[-300:]}"
    if len(lines) != 1 or not lines[0].isprintable() or not re.search(CORPUS[name], lines[0]):
        return f"said {outcome.err[-300:]!r}, not one sentence with {CORPUS[name]!r}"
    if outcome.peak > MEMORY_CAP or outcome.seconds > SECONDS_CAP + GRACE:
        return f"took {outcome.peak >> 20:,} MB and {outcome.seconds:.0f} s"
    return ""
