"""What is known of a benchmark on a cluster: files in its folder alone, so that any stop can be gone on from.

manifest.json         what was asked, one row per unit; written once
submissions/N.json    which units went into which task of the N-th job, written before sbatch is called; N.sh: script
results/UNIT.json     what `pilot-bench run` wrote, moved here whole by the task
refused/UNIT          the sentence of a unit that cannot be run as asked
logs/                 what units and tasks said
"""

from __future__ import annotations

import hashlib
import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.slurm.work import Unit
from common.atomic import write_text
from common.facts import read_facts, to_json
from common.fault import Fault

FORMAT = 1


class Ledger:
    """folder  the shared one; asked  the words of `pilot-bench run` for the whole; units  by name"""

    def __init__(self, folder: Path, asked: list[str], units: list[Unit]):
        self.folder, self.asked, self.units = folder, asked, {unit.name: unit for unit in units}

    @property
    def job(self) -> str:
        """What the names of its jobs begin with. A job is found again by name: its number may be lost in a stop."""
        mark = "\0".join([os.path.abspath(self.folder), *self.asked])
        return f"pilot-bench-{hashlib.sha256(mark.encode()).hexdigest()[:8]}"

    def begin(self) -> None:
        """Make the folder, or go on in it: a Fault if it cannot be written or holds another benchmark."""
        path = self.folder / "manifest.json"
        try:
            for name in ("submissions", "results", "refused", "logs"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as err:
            raise Fault(
                f"--out {self.folder} cannot be written ({err.strerror}): name a folder that every node sees"
            ) from None
        if path.exists():
            asked = read(self.folder).asked
            if asked != self.asked:
                raise Fault(
                    f"{self.folder} holds another benchmark ({shlex.join(asked)}): name another folder with --out"
                )
            return
        rows = [unit.row() for unit in self.units.values()]
        write_text(path, to_json({"format": FORMAT, "asked": self.asked, "units": rows}))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else submits for this folder meanwhile; a network drive may know no such locks."""
        import fcntl  # not on Windows, where there is no sbatch either

        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Fault(
                    f"Another pilot-bench slurm is at work on {self.folder}: wait for it, or stop it first"
                ) from None
            except OSError:
                pass
            yield

    def submissions(self) -> list[dict[str, Any]]:
        """{"job": its name, "tasks": [[unit names]]} in the order they were made."""
        paths = (self.folder / "submissions").glob("*.json")
        return [read_facts(path) for path in sorted(paths, key=lambda path: int(path.stem))]

    def done(self) -> set[str]:
        """Names of units with a result."""
        return {path.stem for path in (self.folder / "results").glob("[!.]*.json")} & set(self.units)

    def refused(self) -> dict[str, str]:
        """Unit -> the sentence of its refusal."""
        found = (self.folder / "refused").glob("[!.]*")
        return {path.name: path.read_text(encoding="utf-8", errors="replace").strip()[:500] for path in found}

    def forgive(self) -> None:
        """Whoever asks again has mended what was refused."""
        for path in (self.folder / "refused").glob("[!.]*"):
            path.unlink(missing_ok=True)

    def last_task(self) -> dict[str, tuple[str, int]]:
        """Unit -> job name and array index of its latest submission."""
        return {
            unit: (each["job"], task)
            for each in self.submissions()
            for task, units in enumerate(each["tasks"])
            for unit in units
        }


def read(folder: Path) -> Ledger:
    """The benchmark of a folder."""
    facts = read_facts(folder / "manifest.json")
    try:
        rows = [Unit(**{**row, "words": tuple(row["words"])}) for row in facts["units"]]
        return Ledger(folder, list(facts["asked"]), rows)
    except (KeyError, TypeError, AttributeError):
        raise Fault(
            f"{folder / 'manifest.json'} is no manifest of pilot-bench slurm: name the folder of --out"
        ) from None
