"""A disk of 1 MB that fills up: one sentence, exit code 2, nothing half-written; with room again, the run goes on.

The disk is a tmpfs in a mount namespace of our own, so that nobody else sees it and it goes with the process. Its free
room grows step by step from nothing to what the command needs, so that each try ends in a different place.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
from pathlib import Path

from benchmarks.soak.count import FULL, Count
from benchmarks.soak.forks import Job, Outcome, Plan, Room, one, side_by_side
from benchmarks.soak.traces import answers, difference, result, runs, strangers
from benchmarks.soak.undisturbed import Undisturbed
from common.machine import cores

STEPS = 60 if FULL else 8  # tries per command, each with more room
SIZE, PAGE = 1 << 20, 4096  # bytes; a tmpfs gives out whole pages
NEW_MOUNTS, NEW_USER = 0x20000, 0x10000000  # CLONE_NEWNS, CLONE_NEWUSER of linux/sched.h
PROGRESS = re.compile(r"[a-z ]+: ([\d.]+ s|.* \(\d+ s\))")


def fill(folder: Path, commands: list[Undisturbed]) -> Count:
    """Every command on disks that are too small for it."""
    count = Count("full disk of 1 MB")
    plans = (
        _apart(count, Room(folder / f"{command.program} {step}"), command, step)
        for step in range(STEPS)
        for command in commands
    )
    side_by_side(plans, cores())
    return count


def _apart(count: Count, room: Room, command: Undisturbed, step: int) -> Plan:
    """One try, in a process with a mount namespace of its own."""
    outcome = yield Job(lambda: _try(room, command, step), (), room)
    try:
        found = json.loads(outcome.out)
    except ValueError:
        count.fail(f"{command.program}: {outcome.err[-500:]}")
        return
    count.skipped = found["skipped"]
    count.did.update(found["did"])
    count.failures += found["failures"]


def _try(room: Room, command: Undisturbed, step: int) -> None:
    """Print what was counted as JSON."""
    count = Count(command.program)
    small = Room(room.root / "small")
    try:
        _own_mounts()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", small.here], check=True)
    except (OSError, subprocess.CalledProcessError) as err:
        count.skipped = f"this user may not mount a disk of their own ({err})"
    else:
        need = sum(-(-path.stat().st_size // PAGE) * PAGE for path in command.folder.rglob("*") if path.is_file())
        _fill_and_run(count, small, command, min(SIZE, round(need * step / STEPS)))
    print(json.dumps({"did": count.did, "failures": count.failures, "skipped": count.skipped}))


def _own_mounts() -> None:
    """From here on, mounts of this process are seen by nobody else; needs no rights where user namespaces are on."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_USER | NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _fill_and_run(count: Count, room: Room, command: Undisturbed, free: int) -> None:
    ballast = room.here / "ballast"
    ballast.write_bytes(b"\xff" * (SIZE - free))
    outcome = one(Job(command.program, command.words, room))
    ballast.unlink()
    where = f"{command.program} with {free // 1024} KiB of room"
    if outcome.code == 0:
        count.fail(f"{where}: it fitted, which proves nothing")
    else:
        _one_sentence(count, command, outcome, where)
    look = _after_run if command.program == "pilot-manufacturing" else _after_prediction
    look(count, room, command, where)


def _one_sentence(count: Count, command: Undisturbed, outcome: Outcome, where: str) -> None:
    said = [line for line in outcome.err.splitlines() if not PROGRESS.fullmatch(line)]
    if outcome.code != 2 or len(said) != 1 or "disk is full" not in said[0]:
        count.fail(f"{where}: exit code {outcome.code}: {' | '.join(said)[-500:]}")
    elif outcome.out:
        count.fail(f"{where}: it says on standard output: {outcome.out[-200:]}")
    else:
        count.add(f"{command.program} stopped with one sentence")


def _after_run(count: Count, room: Room, command: Undisturbed, where: str) -> None:
    finished, partial = runs(room)
    for stranger in strangers(room, "runs", 2) + [f"{path.name}, whole or not" for path in finished]:
        count.fail(f"{where}: {stranger} is left behind")
    for path in partial:
        outcome = one(Job(command.program, (f"resume={path}",), room))
        (whole,) = runs(room)[0] or [None]
        if outcome.code or whole is None:
            count.fail(f"{where}: with room again, resume= ends with {outcome.code}: {outcome.err[-300:]}")
        elif differs := difference(result(whole), command.gives):
            count.fail(f"{where}: with room again, the run gives another {differs}")
        else:
            count.add("resumed to the same result")


def _after_prediction(count: Count, room: Room, command: Undisturbed, where: str) -> None:
    left = strangers(room, "predictions", 1) + [path.name for path in room.here.glob("predictions/*")]
    for stranger in left:
        count.fail(f"{where}: {stranger} is left behind")
    outcome = one(Job(command.program, command.words, room))
    folders = list(room.here.glob("predictions/*"))
    if outcome.code or len(folders) != 1 or difference(answers(folders[0]), command.gives):
        count.fail(f"{where}: with room again, it ends with {outcome.code}: {outcome.err[-300:]}")
