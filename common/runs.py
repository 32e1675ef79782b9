"""Which run did the user mean? `latest`, `manufacturing/latest`, `all`, a run folder or a bundle folder.

Behind `latest` may stand a folder of that run: `manufacturing/latest/bundle-step`.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from common.fault import Fault

FINISHED = re.compile(r"\d{14}_.+")  # <UTC time>_<model>; partial folders are hidden


def find_run(text: str, root: Path = Path("runs")) -> Path:
    """The one folder that `text` names; `root` is the folder that holds every pilot's runs."""
    found = find_runs(text, root)
    if len(found) > 1:
        names = ", ".join(f"{path.parent.name}/latest" for path in found)
        raise Fault(f"'{text}' names {len(found)} runs: choose one of {names}")
    return found[0]


def find_runs(text: str, root: Path = Path("runs")) -> list[Path]:
    """Every folder that `text` names, in the order of the pilots' names; never empty."""
    newest = _newest(root)
    head, _, inner = text.rpartition("/")
    if (head == "latest" or head.endswith("/latest")) and not Path(text).exists():
        return [_inside(find_run(head, root), inner)]
    if text in ("latest", "all"):
        if not newest:
            raise Fault(
                f"there is no finished run in {root.absolute()}: make one first, for example with pilot-manufacturing"
            )
        return list(newest.values()) if text == "all" else [max(newest.values(), key=lambda path: path.name)]
    pilot = text.removesuffix("/latest")
    if pilot != text:
        if pilot not in newest:
            near = difflib.get_close_matches(pilot, newest, 1)
            hint = f"did you mean {near[0]}/latest?" if near else f"make one first with pilot-{pilot}"
            raise Fault(f"there is no finished run of '{pilot}' in {root.absolute()}: {hint}")
        return [newest[pilot]]
    folder = Path(text)
    if not folder.is_dir():
        raise Fault(
            f"there is no folder {text}: name a run folder, a bundle folder, latest, or a pilot as manufacturing/latest"
        )
    return [folder]


def _inside(run: Path, name: str) -> Path:
    """The folder of this name in the run."""
    folders = sorted(path.name for path in run.iterdir() if path.is_dir())
    if name not in folders:
        raise Fault(f"the run {run} has no folder {name}; it has {', '.join(folders)}")
    return run / name


def _newest(root: Path) -> dict[str, Path]:
    """Pilot -> its newest finished run."""
    newest = {}
    for folder in sorted(path for path in root.glob("*") if path.is_dir()):
        runs = [path for path in folder.glob("*") if FINISHED.fullmatch(path.name) and (path / "run.json").is_file()]
        if runs:
            newest[folder.name] = max(runs, key=lambda path: path.name)
    return newest
