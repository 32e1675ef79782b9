"""The folder of a bundle: which files, how large, and the sums that tie them together.

Every file is read once, into memory, and everything later works on those bytes: nothing can be
exchanged between the check and the use.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path

from common.fault import Fault

MIB = 1 << 20
CAPS = {  # bytes; a bundle above them is refused before it is read
    "model.onnx": 512 * MIB,
    "bundle.json": 1 * MIB,
    "sample.npz": 16 * MIB,
    "MODEL_CARD.md": 1 * MIB,
    "SHA256SUMS": 4096,
}
SUMMED = sorted(set(CAPS) - {"SHA256SUMS"})
SUMS_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_.]+)\n", re.ASCII)


def sums(files: dict[str, bytes]) -> bytes:
    """SHA256SUMS over the other files, in the form that `sha256sum -c` reads."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in SUMMED).encode()


def bundle_id(files: dict[str, bytes]) -> str:
    """The bundle's id: the sha256 of SHA256SUMS, which fixes every byte of every file."""
    return hashlib.sha256(files["SHA256SUMS"]).hexdigest()


def read_files(folder: Path) -> dict[str, bytes]:
    """Every file of the bundle, whole and proved against SHA256SUMS; otherwise a Fault."""
    try:
        entries = sorted(entry.name for entry in os.scandir(folder))
    except FileNotFoundError:
        raise Fault(f"There is no bundle {folder}") from None
    except NotADirectoryError:
        raise Fault(f"{folder} is a file; a bundle is a folder with model.onnx and bundle.json in it") from None
    for name in CAPS:
        if name not in entries:
            raise Fault(f"{folder} is not a whole bundle: {name} is missing")
    for name in entries:
        if name not in CAPS:
            raise Fault(f"{folder} is refused: {name!r:.80} does not belong to a bundle. Remove it if you put it there")
    files = {name: _read(folder / name, cap) for name, cap in CAPS.items()}
    _verify(folder, files)
    return files


def check_caps(files: dict[str, bytes]) -> None:
    """Refuse to write what could not be opened again."""
    for name, data in files.items():
        if len(data) > CAPS[name]:
            raise Fault(f"{name} would have {len(data):,} bytes; at most {CAPS[name]:,} are allowed in a bundle")


def _read(path: Path, cap: int) -> bytes:
    if not stat.S_ISREG(path.lstat().st_mode):  # before opening: opening a pipe would wait for ever
        raise Fault(f"{path} is refused: it is a link or a device, not a plain file")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Fault(f"{path} is refused: it is a link or a device, not a plain file")
        data = file.read(cap + 1) if found.st_size <= cap else b""
    if max(found.st_size, len(data)) > cap:  # the file may grow while it is read
        raise Fault(f"{path} is refused: it has more than {cap:,} bytes")
    return data


def _verify(folder: Path, files: dict[str, bytes]) -> None:
    text = files["SHA256SUMS"].decode("ascii", "replace")
    found = SUMS_LINE.findall(text)
    if "".join(f"{digest}  {name}\n" for digest, name in found) != text or [name for _, name in found] != SUMMED:
        raise Fault(f"{folder} is refused: SHA256SUMS does not list exactly {', '.join(SUMMED)}")
    for digest, name in found:
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise Fault(f"{folder} is refused: {name} differs from its sum in SHA256SUMS. Copy the bundle again")
