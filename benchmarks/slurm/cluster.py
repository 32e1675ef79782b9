"""What Slurm is told and asked: sbatch, squeue, and sacct where accounts are kept."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from common.fault import Fault

ENDED = {
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"),
    *("REVOKED", "TIMEOUT"),
}


def needed() -> None:
    """A Fault where there is no Slurm to talk to."""
    if shutil.which("sbatch") is None:
        raise Fault("There is no sbatch on PATH: use a login node of the cluster, or print the script with --dry-run")


def submit(script: Path, logs: Path) -> str:
    """Hand the script over; the number of the job. A Fault in sbatch's own words where it refuses."""
    words = ["sbatch", "--parsable", f"--output={logs}/%x_%a.out", str(script)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line.removeprefix("sbatch: ").removeprefix("error: ") for line in done.stderr.splitlines() if line]
        raise Fault(f"sbatch refused the job: {'; '.join(said) or f'exit code {done.returncode}'}")
    return done.stdout.strip().split(";")[0]


def states(jobs: list[str]) -> dict[tuple[str, int], str] | None:
    """(job name, array index) -> state, with Slurm's reason where it gives one; None while the controller is away.

    A job that ended long ago is no longer known: it is absent. Accounts are not needed, and not every site has them.
    """
    if not jobs or shutil.which("squeue") is None:
        return {}
    words = ["squeue", "-h", "-r", "-t", "all", "-n", ",".join(jobs), "-o", "%j|%K|%T|%r"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    found = {}
    for line in done.stdout.splitlines():
        job, task, state, reason = line.split("|", 3)
        if task.isdecimal():
            found[job, int(task)] = state if reason in ("None", "") else f"{state} ({reason})"
    return found


def ended(state: str | None) -> bool:
    """Whether nothing more will come of a task in this state; None is one that Slurm has forgotten."""
    return state is None or state.split(" ")[0] in ENDED


def why_ended(job: str, task: int) -> str:
    """What the accounts say of a task that squeue no longer knows; empty without accounts."""
    if shutil.which("sacct") is None:
        return ""
    words = ["sacct", "-n", "-X", "-P", f"--name={job}", "-o", "JobID,State"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return next((row[1] for row in rows if len(row) > 1 and row[0].endswith(f"_{task}")), "")
