"""A real Slurm of one node (one_node.sh), and what tests ask it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATIENCE_S = 90  # for anything that takes seconds on a quiet machine


class Cluster:
    """env  what a user of it has in the environment; folder  where its settings and logs lie"""

    def __init__(self, folder: Path):
        self.folder = folder
        done = self.script("start")
        if done.returncode == 77:
            pytest.skip(f"no Slurm here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        known = dict(line.split("=", 1) for line in done.stdout.splitlines())
        self.env = {**os.environ, **known, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    def script(self, word: str) -> subprocess.CompletedProcess:
        words = [HERE / "one_node.sh", word, self.folder]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)

    def ask(self, *words: str) -> str:
        """What a Slurm command prints."""
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
        return done.stdout

    def states(self) -> dict[str, str]:
        """Of every job, or array task as JOB_INDEX: its state."""
        rows = self.ask("squeue", "-h", "-r", "-t", "all", "-o", "%i|%T").splitlines()
        return dict(row.split("|") for row in rows)

    def running(self) -> list[str]:
        return [task for task, state in self.states().items() if state == "RUNNING"]

    def kill_task(self, task: str) -> None:
        """kill -9 of every process of an array task, as the kernel does when memory runs out."""
        shown = self.ask("scontrol", "show", "job", task)
        job = next(word for word in shown.split() if word.startswith("JobId=")).removeprefix("JobId=")
        rows = [line.split() for line in self.ask("scontrol", "listpids", job).splitlines()[1:]]
        pids = [int(row[0]) for row in rows if row[1] == job]
        assert pids
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def pilot(self, *words: str, cwd: Path, module: str = "benchmarks", **env: str) -> subprocess.Popen:
        """A command of ours at work; what it says goes to cwd/said."""
        with (cwd / "said").open("ab") as said:
            command = [sys.executable, "-m", module, *words]
            return subprocess.Popen(command, cwd=cwd, env={**self.env, **env}, stdout=said, stderr=said)

    def pilot_done(self, *words: str, cwd: Path, module: str = "benchmarks", **env: str) -> tuple[int, str]:
        """Exit code and output of a command of ours."""
        (cwd / "said").unlink(missing_ok=True)
        return self.pilot(*words, cwd=cwd, module=module, **env).wait(PATIENCE_S), (cwd / "said").read_text()


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.1)
