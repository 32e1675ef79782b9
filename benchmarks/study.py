"""What every study of accuracy does before it writes its tables: run a pilot's command, keep the facts that it left.

No pilot is imported: what is shown is what the command left behind.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.readme import ACCURACY
from common.atomic import write_text
from common.facts import read_facts
from common.fault import Fault


def run(pilot: str, words: Sequence[str]) -> Path:
    """The run folder that `pilot-<pilot>` left."""
    print(f"pilot-{pilot} {shlex.join(words)}", flush=True)
    command = [sys.executable, "-m", f"pilots.{pilot}", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Fault(f"pilot-{pilot} {shlex.join(words)} ended with exit code {done.returncode}; its words stand above")
    return Path(done.stdout.strip().rpartition("run: ")[2])


def facts(folder: Path, kept: Iterable[str]) -> dict[str, Any]:
    """Those facts of the folder's run.json, as far as it has them, in this order."""
    found = read_facts(folder / "run.json")
    return {name: found[name] for name in kept if name in found}


def store(name: str, found: Mapping[str, Any]) -> None:
    """Keep facts in results/accuracy. Not before every run of a study: a new file makes the clone a changed one."""
    ACCURACY.mkdir(parents=True, exist_ok=True)
    write_text(ACCURACY / f"{name}.json", json.dumps(found, indent=1) + "\n")


def stored(name: str) -> dict[str, Any]:
    """Facts that were kept; a Fault where there are none yet."""
    path = ACCURACY / f"{name}.json"
    if not path.is_file():
        raise Fault(f"There is no {path.name} yet: let the study run first (--help says how)")
    return json.loads(path.read_text(encoding="utf-8"))
