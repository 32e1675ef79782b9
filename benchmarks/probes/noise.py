"""Was the machine quiet while a block was measured? The kernel's own counters, and a fixed piece of work.

A quiet block says little about the next hour of a shared machine, but a disturbed one is known not to count.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

PROC = Path("/proc")
# A block is noisy above any of these. On a core left alone the fixed work stays within 2 %, twelve blocks of a model
# within 5 %.
WAITING = 0.05  # share of the time in which some program waited for a processor (pressure stall information)
MEMORY = 0.01  # share of the time in which every program waited for memory
STOLEN = 0.01  # share of the granted processors' time that the hypervisor gave to other machines
OTHERS = 0.10  # share of the granted processors' time that other programs used
SPREAD = 0.10  # slowest over fastest block of the fixed work, less 1
ALONE = 0.02  # share up to which others do not matter: who waits then waits for this very program's other threads
SHORTEST = 0.5  # s; the kernel counts in ticks of 10 ms, so shorter windows are not judged by them
BLOCKS = 3  # blocks of the fixed work, before and again after
TRIES = 5  # of the fixed work in a block; the fastest counts, for being interrupted shows in the counters


class Watch:
    """`with Watch() as watch: …`, then `watch.facts()`. Counters are compared from the first line to the last.

    proc   the folder of the kernel's counters; where it has none (not Linux), that part says None
    clock  seconds
    work   the fixed piece of work; returns its seconds
    """

    def __init__(
        self,
        *,
        proc: Path = PROC,
        clock: Callable[[], float] = time.perf_counter,
        work: Callable[[], float] | None = None,
    ):
        self._proc, self._clock, self._work = proc, clock, work or fixed_work
        self._found: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        self._blocks = _blocks(self._work)
        self._start, self._before = self._clock(), _Counters(self._proc)
        self._load = _load(self._proc)
        return self

    def __exit__(self, *_: object) -> None:
        after, seconds = _Counters(self._proc), self._clock() - self._start
        self._blocks += _blocks(self._work)
        self._found = {"seconds": round(seconds, 3), "load_before": self._load, "load_after": _load(self._proc)}
        self._found |= self._before.until(after, seconds)
        self._found["spread"] = round(max(self._blocks) / min(self._blocks) - 1, 3)

    def facts(self) -> dict[str, Any]:
        """What was counted (shares of the time; None where the kernel does not say), `noisy`, and `why` in words."""
        if self._found is None:
            raise RuntimeError("the watch has not ended yet")
        why = verdict(self._found)
        return {**self._found, "noisy": bool(why), "why": why}


def verdict(found: dict[str, Any]) -> list[str]:
    """Why a block is noisy, one sentence each; none if it is quiet."""
    limits = (
        ("waiting", WAITING, "programs waited for a processor"),
        ("memory", MEMORY, "every program waited for memory"),
        ("stolen", STOLEN, "the hypervisor gave the processors to other machines"),
        ("others", OTHERS, "other programs kept the processors busy"),
    )
    unjudged = {"waiting"} if found["others"] is not None and found["others"] <= ALONE else set()
    why = [
        f"{words} for {found[name]:.1%} of the time (limit {limit:.0%})"
        for name, limit, words in limits
        if found["seconds"] >= SHORTEST and name not in unjudged and (found[name] or 0) > limit
    ]
    if found["spread"] > SPREAD:
        why.append(
            f"a fixed piece of work took up to {found['spread']:.0%} longer than at its best (limit {SPREAD:.0%})"
        )
    return why


def fixed_work() -> float:
    """Seconds of about 0.1 ms of arithmetic that fits into the second-level cache."""
    start = time.perf_counter()
    x = np.ones(1 << 15)
    for _ in range(20):
        np.multiply(x, 1.0000001, out=x)
    return time.perf_counter() - start


def _blocks(work: Callable[[], float]) -> list[float]:
    work()
    return [min(work() for _ in range(TRIES)) for _ in range(BLOCKS)]


class _Counters:
    """What the kernel has counted up to now."""

    def __init__(self, proc: Path):
        self.waiting, self.memory = _pressure(proc, "cpu", "some"), _pressure(proc, "memory", "full")
        self.ticks = _ticks(proc)
        self.own = _own_ticks(proc)

    def until(self, after: _Counters, seconds: float) -> dict[str, float | None]:
        """Shares of the time between the two."""
        found: dict[str, float | None] = {
            "waiting": _share(self.waiting, after.waiting, seconds * 1e6),
            "memory": _share(self.memory, after.memory, seconds * 1e6),
            "stolen": None,
            "others": None,
        }
        if self.ticks and after.ticks:
            busy, stolen, every = (b - a for a, b in zip(self.ticks, after.ticks, strict=True))
            if every > 0:
                found["stolen"] = round(stolen / every, 4)
                found["others"] = round(max(busy - (after.own - self.own), 0) / every, 4)
        return found


def _pressure(proc: Path, kind: str, who: str) -> int | None:
    """Microseconds of waiting since the machine started."""
    for line in _lines(proc / "pressure" / kind):
        words = line.split()
        if words[0] == who:
            return int(words[-1].removeprefix("total="))
    return None


def _ticks(proc: Path) -> tuple[int, int, int] | None:
    """(busy, stolen, all) ticks of the processors that this process may use."""
    granted = {f"cpu{n}" for n in os.sched_getaffinity(0)} if hasattr(os, "sched_getaffinity") else set()
    busy = stolen = every = 0
    seen = False
    for line in _lines(proc / "stat"):
        name, *numbers = line.split()
        if name in granted:
            user, nice, system, idle, wait, irq, soft, steal = map(int, numbers[:8])  # guest time is inside user
            busy += user + nice + system + irq + soft
            stolen += steal
            every += user + nice + system + idle + wait + irq + soft + steal
            seen = True
    return (busy, stolen, every) if seen else None


def _own_ticks(proc: Path) -> int:
    """Ticks of this process, of the processes it started that still run, and of those that ended."""
    ticks = 0
    for process in _family(proc, os.getpid()):
        text = "".join(_lines(proc / str(process) / "stat"))
        words = text[text.rfind(")") + 1 :].split()  # a program's name may hold spaces and brackets
        ticks += sum(map(int, words[11:15]))
    return ticks


def _family(proc: Path, process: int) -> Iterator[int]:
    """The process and all that it started, at any depth."""
    yield process
    for children in (proc / str(process) / "task").glob("*/children"):
        for child in " ".join(_lines(children)).split():
            yield from _family(proc, int(child))


def _load(proc: Path) -> list[float] | None:
    """Programs that ran or waited, mean of 1, 5 and 15 minutes."""
    lines = _lines(proc / "loadavg")
    return [float(word) for word in lines[0].split()[:3]] if lines else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def _share(before: int | None, after: int | None, whole: float) -> float | None:
    return None if before is None or after is None or whole <= 0 else round((after - before) / whole, 4)
