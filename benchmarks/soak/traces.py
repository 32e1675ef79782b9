"""What a command leaves behind: is it whole, is it the same as undisturbed, does anything lie where it should not?"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from benchmarks.soak.forks import Room
from common.atomic import PARTIAL
from common.bundle.files import read_files
from common.bundle.selftest import selftest
from common.facts import check_facts, read_facts
from common.runs import FINISHED

BUNDLES = ("bundle", "bundle-step")
DATED = {"run.json", "report.html"} | {
    f"{bundle}/{file}" for bundle in BUNDLES for file in ("bundle.json", "MODEL_CARD.md", "SHA256SUMS")
}
TIMES = {"version", "command", "commit", "dirty", "seconds", "peak_memory_mb", "machine"}


def result(folder: Path) -> dict[str, str]:
    """Everything in a run folder that an undisturbed run would have made the same: file or fact -> its content's hash.

    Of files that hold the time of the run only the presence counts, and the facts in them that do not.
    """
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        found[name] = "there" if name in DATED else hashlib.sha256(path.read_bytes()).hexdigest()
    for name in ("run.json", *(f"{bundle}/bundle.json" for bundle in BUNDLES)):
        for key, value in json.loads((folder / name).read_text(encoding="utf-8")).items():
            if key not in TIMES:
                found[f"{name} {key}"] = json.dumps(value, sort_keys=True)
    return found


def answers(folder: Path) -> dict[str, str]:
    """Every file that pilot-predict wrote -> its hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def difference(got: dict[str, str], wanted: dict[str, str]) -> str:
    """Names of what differs; empty where nothing does."""
    return ", ".join(name for name in sorted(got.keys() | wanted.keys()) if got.get(name) != wanted.get(name))


def strangers(room: Room, top: str, below: int) -> list[str]:
    """What lies in a room and is neither a finished folder nor a partial one, `below` levels under `top`."""
    found = [f"temp/{path.name}" for path in room.temp.iterdir()]
    level = [room.here]
    for depth in range(below + 1):
        inner = [path for folder in level for path in folder.iterdir()]
        found += [str(path.relative_to(room.here)) for path in inner if not path.is_dir()]
        if depth == 0:
            found += [path.name for path in inner if path.name != top]
        level = [path for path in inner if path.is_dir()]
    return found


def runs(room: Room) -> tuple[list[Path], list[Path]]:
    """Finished and partial run folders; any other folder beside them counts as finished and will be found wanting."""
    folders = sorted(path for path in room.here.glob("runs/*/*") if path.is_dir())
    partial = [path for path in folders if path.name.startswith(PARTIAL)]
    return [path for path in folders if path not in partial], partial


def prove_whole(folder: Path) -> None:
    """Raise unless the run folder is complete: its name, run.json by the schema, a bundle that passes its self-test."""
    facts = read_facts(folder / "run.json")
    check_facts(facts, "run")
    if not FINISHED.fullmatch(folder.name) or not folder.name.startswith(facts["version"]):
        raise ValueError(f"{folder.name} is no name for the run of {facts['version']}")
    hidden = [str(path.relative_to(folder)) for path in folder.rglob(".*")] + [p.name for p in folder.glob("st*")]
    if hidden:
        raise ValueError(f"{folder.name} holds unfinished work: {', '.join(hidden)}")
    for bundle in BUNDLES:
        selftest(read_files(folder / bundle))


def prove_argument() -> None:
    """`prove_whole` as a job: the folder is the first word."""
    prove_whole(Path(sys.argv[1]))
