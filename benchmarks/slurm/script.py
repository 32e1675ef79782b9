"""The sbatch script: what `--dry-run` prints is what is submitted. The head node needs no Python for it."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.slurm.work import Unit, longest_minutes
from common.fault import Fault

TIMES = re.compile(r"\d+(:[0-5]?\d){0,2}|\d+-\d+(:[0-5]?\d){0,2}|UNLIMITED|INFINITE")  # as man sbatch gives them
PLAIN = re.compile(r"[\w.,:=@()*+/-]+")  # in a #SBATCH line a space would begin another setting

BODY = r"""
failed=
unit() { # NAME, then the words of `pilot-bench run`. The result appears whole under its name, or not at all.
  local name=$1 scratch code
  shift
  [ -e "$out/results/$name.json" ] && return
  scratch=$out/.partial-$name-$SLURM_JOB_ID-${SLURM_RESTART_COUNT:-0}
  mkdir -p "$out/results" "$out/logs" "$out/refused" "$scratch" || exit 1
  echo "begun: $(date -u +%FT%TZ), job $SLURM_JOB_ID on $(uname -n)" >>"$out/logs/$name.log"
  "$python" -m benchmarks run "$@" --out "$scratch" >>"$out/logs/$name.log" 2>&1
  code=$?
  if [ $code = 0 ]; then
    mv -n "$scratch"/*.json "$out/results/$name.json" || code=1
  elif [ $code = 2 ] || [ $code = 126 ] || [ $code = 127 ]; then # for a person to mend: to try again would not help
    tail -n 1 "$out/logs/$name.log" >"$out/refused/$name"
  fi
  rm -rf "$scratch"
  [ $code = 0 ] || failed="$failed $name"
}

cd "$work" || exit 1
case $SLURM_ARRAY_TASK_ID in
"""
END = """esac
[ -z "$failed" ] || { echo "without a result:$failed (see $out/logs)" >&2; exit 1; }
"""


@dataclass(frozen=True)
class Wishes:
    """What Slurm is asked for; None leaves it to the site. Account, QOS and the like: SBATCH_ACCOUNT, SBATCH_QOS …"""

    partition: str | None = None
    gres: str | None = None
    time: str | None = None
    cpus_per_task: int | None = None

    def lines(self) -> list[str]:
        if self.time is not None and not TIMES.fullmatch(self.time):
            raise Fault(f"--time {self.time} is no time that Slurm knows: say minutes (30), 1:30:00 or 1-12:00:00")
        for name, value in vars(self).items():
            if isinstance(value, str) and not PLAIN.fullmatch(value):
                raise Fault(f"--{name} {value!r} holds what sbatch cannot be told: letters, digits and .,:=- only")
        return [f"--{name.replace('_', '-')}={value}" for name, value in vars(self).items() if value is not None]


def script(name: str, tasks: list[list[Unit]], out: Path, wishes: Wishes) -> str:
    """The text of the job array `name`; paths below the current folder are written relative to it."""
    work = Path.cwd()
    count = sum(map(len, tasks))
    head = ["#!/bin/bash"]
    settings = [f"--job-name={name}", f"--array=0-{len(tasks) - 1}", "--ntasks=1", *wishes.lines()]
    head += [f"#SBATCH {setting}" for setting in [*settings, "--requeue", "--open-mode=append"]]
    head += [
        f"# pilot-bench: {count} units of work in {len(tasks)} tasks, about {longest_minutes(tasks)} min each.",
        "# Submit it again after a task was killed: what has a result is not repeated.",
        "# Three places as the compute nodes see them:",
        f"work={shlex.quote(str(work))} # where the paths of bundles begin",
        f"python={shlex.quote(sys.executable)}",
        f"out={shlex.quote(os.path.abspath(out))} # shared: results, logs, refused",
    ]
    cases = []
    for index, units in enumerate(tasks):
        calls = [shlex.join(["unit", unit.name, "--bundle", _seen(unit.bundle, work), *unit.words]) for unit in units]
        cases += [f"{index})", *(f"  {call}" for call in calls), "  ;;"]
    return "\n".join(head) + "\n" + BODY + "\n".join(cases) + "\n" + END


def _seen(folder: str, work: Path) -> str:
    path = Path(folder)
    return str(path.relative_to(work)) if path.is_relative_to(work) else folder
