"""Hostile folders: what lies in them is not the plain files of a bundle."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def weights_beside_the_model(folder: Path) -> None:
    """What external data would name."""
    (folder / "model.onnx.data").write_bytes(b"1234")


def symlink_beside_the_model(folder: Path) -> None:
    (folder / "model.onnx.data").symlink_to("/etc/passwd")


def hardlink_beside_the_model(folder: Path) -> None:
    os.link(folder / "model.onnx", folder / "model.onnx.data")


def model_is_a_symlink(folder: Path) -> None:
    (folder / "model.onnx").rename(folder.parent / f"{folder.name}.onnx")
    (folder / "model.onnx").symlink_to(folder.parent / f"{folder.name}.onnx")


def model_is_a_pipe(folder: Path) -> None:
    """Whoever opens it waits for ever."""
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")


def model_is_endless(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to("/dev/zero")


def model_of_a_terabyte(folder: Path) -> None:
    """A hole: it takes no room on the disk."""
    with (folder / "model.onnx").open("ab") as file:
        file.truncate(1 << 40)


def sums_that_name_another_file(folder: Path) -> None:
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("model.onnx", "../../model.onnx"))


CHANGES: dict[Callable[[Path], None], str] = {
    weights_beside_the_model: "does not belong to a bundle",
    symlink_beside_the_model: "does not belong to a bundle",
    hardlink_beside_the_model: "does not belong to a bundle",
    model_is_a_symlink: "not a plain file",
    model_is_a_pipe: "not a plain file",
    model_is_endless: "not a plain file",
    model_of_a_terabyte: "more than",
    sums_that_name_another_file: "does not list exactly",
}
NAMED = {change.__name__.replace("_", " "): change for change in CHANGES}
CASES = {name: CHANGES[change] for name, change in NAMED.items()}


def spoil(folder: Path, name: str) -> None:
    """Change the folder."""
    NAMED[name](folder)
