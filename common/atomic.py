"""Files and folders that appear whole or not at all: a full disk or a killed process leaves nothing half-written.

The new content is written beside its place under a hidden name, forced to the disk, then renamed: a rename within
one folder is a single step for the file system.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.fault import Fault

PARTIAL = ".partial-"  # a name beginning so is unfinished work: never read, safe to delete


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write or replace one file."""
    path = Path(path)
    # The hidden name does not hold the file's own, which may already be as long as the file system allows.
    beside = path.parent / f"{PARTIAL}{secrets.token_hex(6)}"
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def write_text(path: str | Path, text: str) -> None:
    """Write or replace one text file: UTF-8, line ends as they stand in `text` on every system."""
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Fill the yielded hidden folder; it takes the name `path` when the block ends without an error."""
    path = Path(path)
    if path.exists() or path.is_symlink():
        raise Fault(f"{path} is there already: name a folder that does not exist yet, or move that one away")
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.parent / f"{PARTIAL}{secrets.token_hex(6)}"
    hidden.mkdir()
    try:
        yield hidden
        publish(hidden, path)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)  # the error on its way up says more than a failed tidying would
        raise


def publish(hidden: Path, path: Path) -> None:
    """Force every file of `hidden` to the disk, then give the folder its name; refuse to replace another."""
    for folder, _, names in os.walk(hidden, topdown=False):
        for name in names:
            _sync(Path(folder) / name)
        _sync(Path(folder))
    if path.exists():  # POSIX would let a rename swallow an empty folder
        raise Fault(f"{path} is there already: name a folder that does not exist yet, or move that one away")
    os.rename(hidden, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Wait until the disk holds it. Windows can neither open a folder nor sync a read-only handle: nothing to do."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
