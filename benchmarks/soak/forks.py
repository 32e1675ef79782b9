"""Commands forked from a warm process: the real entry point in a process of its own, without the seconds of imports.

A plan is a generator: it yields a Job, gets its Outcome, and decides on the next one. `side_by_side` keeps as many
jobs running as there are cores. No threads: a process that forks must not have any.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

LIMIT = 300.0  # s; a job that takes longer hangs
MAKES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Room:
    """Where one plan's commands run. Only `here` may change; `temp` must be empty after each of them."""

    root: Path

    def __post_init__(self) -> None:
        for folder in (self.here, self.temp):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def here(self) -> Path:
        return self.root / "a folder [1] x=2"

    @property
    def temp(self) -> Path:
        return self.root / "temp"


@dataclass(frozen=True)
class Job:
    """One process. `program`: a command of this project, or a function of ours.

    after     seconds until it is killed
    at_write  it is killed in front of this file-system change, counted from 1
    observe   note in the outcome what it changed and imported
    """

    program: str | Callable[[], object]
    words: tuple[str, ...]
    room: Room
    after: float | None = None
    at_write: int | None = None
    observe: bool = False


@dataclass(frozen=True)
class Outcome:
    """code: exit code, negative for a signal · peak: bytes, of it or a child of its own, whichever was larger ·
    writes, modules: of an observed job."""

    code: int
    out: str
    err: str
    seconds: float
    peak: int = 0
    writes: int = 0
    modules: tuple[str, ...] = ()

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


Plan = Generator[Job, Outcome, None]


def side_by_side(plans: Iterable[Plan], lanes: int) -> None:
    """Run every plan to its end, `lanes` jobs at a time."""
    waiting, running = iter(plans), {}
    while True:
        while len(running) < lanes and (plan := next(waiting, None)) is not None:
            _next(plan, None, running)
        if not running:
            return
        now = time.perf_counter()
        poll = select.poll()
        for handle in running:
            poll.register(handle, select.POLLIN)
        due = min(began + _patience(job) for _, job, _, began in running.values())
        ended = {handle for handle, _ in poll.poll(max(0.0, due - now) * 1000)}
        for handle, (plan, job, process, began) in list(running.items()):
            seconds = time.perf_counter() - began
            if handle not in ended and seconds < _patience(job):
                continue
            if handle not in ended:
                os.kill(process, signal.SIGKILL)
            _, status, used = os.wait4(process, 0)
            os.close(handle)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process, signal.SIGKILL)  # what the command had started, such as git
            del running[handle]
            _next(plan, _outcome(job, os.waitstatus_to_exitcode(status), seconds, used.ru_maxrss << 10), running)


def one(job: Job) -> Outcome:
    """Run a single job."""
    found: list[Outcome] = []

    def plan() -> Plan:
        found.append((yield job))

    side_by_side([plan()], 1)
    return found[0]


def warm_up(modules: Iterable[str]) -> None:
    """Import what an observed job imported, so that later ones find it there."""
    for name in modules:
        with suppress(Exception):  # a module that cannot be imported by its name will be imported by each job
            importlib.import_module(name)
    gc.collect()
    gc.disable()  # a fork is too short-lived to be worth the walks through all that was imported, a tenth of its time


def _patience(job: Job) -> float:
    return LIMIT if job.after is None else job.after


def _next(plan: Plan, outcome: Outcome | None, running: dict) -> None:
    try:
        job = plan.send(outcome)
    except StopIteration:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    began = time.perf_counter()
    process = os.fork()
    if process == 0:
        _child(job)
    running[os.pidfd_open(process)] = (plan, job, process, began)


def _outcome(job: Job, code: int, seconds: float, peak: int) -> Outcome:
    out, err = ((job.room.root / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
    if not job.observe or code:
        return Outcome(code, out, err, seconds, peak)
    seen = json.loads((job.room.root / "seen").read_text(encoding="utf-8"))
    return Outcome(code, out, err, seconds, peak, seen["writes"], tuple(seen["modules"]))


def _child(job: Job) -> None:
    """Never returns. Ends as a Python process does: exit functions, flush, exit code."""
    code = 1
    try:
        os.setsid()
        for number, (name, mode) in enumerate(((os.devnull, os.O_RDONLY), ("out", None), ("err", None))):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if mode is None else mode
            os.dup2(os.open(job.room.root / name, flags, 0o600), number)
        for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
            setattr(sys, name, open(number, mode, buffering=1, encoding="utf-8", closefd=False))  # noqa: SIM115
        atexit._clear()  # what the parent has to tidy up is its own affair
        os.chdir(job.room.here)
        os.environ["TMPDIR"], tempfile.tempdir = str(job.room.temp), None
        call = job.program if callable(job.program) else entry(job.program)
        sys.argv = [str(job.program), *job.words]
        before, writes = set(sys.modules), _Writes(job.at_write)
        if job.at_write or job.observe:
            sys.addaudithook(writes)
        code = _code(call)
        atexit._run_exitfuncs()
        if job.observe:
            seen = {"writes": writes.count, "modules": [name for name in sys.modules if name not in before]}
            (job.room.root / "seen").write_text(json.dumps(seen), encoding="utf-8")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def entry(program: str) -> Callable[[], object]:
    """What the command of this name calls."""
    return next(found for found in entry_points(group="console_scripts") if found.name == program).load()


def _code(call: Callable[[], object]) -> int:
    try:
        call()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


class _Writes:
    """Counts what changes the file system, and kills its own process in front of the chosen change."""

    def __init__(self, last: int | None):
        self.last, self.count = last, 0

    def __call__(self, event: str, given: tuple) -> None:
        if event not in MAKES and not (event == "open" and given[2] & WRITES and given[0] != os.devnull):
            return
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
