"""What lies in a folder of pictures, by name alone: classes, materials, and what is left aside. Nothing is opened.

A sub-folder is a class; a loose file is a class of its own. Names never become paths: only what the system lists is
opened, and only where it lies inside the folder.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from common.fault import Fault
from pilots.creative.data.maps import Material, materials
from pilots.creative.data.rights import FILE

PICTURES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp")
REFUSED = (  # read_picture says what to do about them
    ".gif", ".bmp", ".tif", ".tiff", ".tga", ".exr", ".hdr", ".psd", ".heic", ".heif", ".avif", ".jp2", ".jxl",
)  # fmt: skip
MOST_FILES = 2_000


@dataclass(frozen=True)
class Listing:
    """Materials by class in natural order, and notes on what is not learned from."""

    classes: dict[str, list[Material]]
    notes: list[str]

    @property
    def files(self) -> list[PurePosixPath]:
        """All that is learned from, relative to the folder."""
        return [path for found in self.classes.values() for material in found for path in material.files]


def listed(folder: Path) -> Listing:
    """The folder's materials; a Fault for a name or link that cannot be taken as it is."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "is not there"
        raise Fault(f"{folder} {what}: name the folder that holds your pictures (looked in {Path.cwd()})")
    files, folders, notes = _entries(folder, folder)
    found, more = materials(files)
    notes += more
    names = [material.name for material in found] + [path.name for path in folders]
    classes: dict[str, list[Material]] = {}
    for material in found:
        alone = names.count(material.name) == 1
        classes[material.name if alone else material.colour.name] = [material]
    for sub in folders:
        files, deeper, more = _entries(folder / sub, folder)
        if deeper:
            raise Fault(
                f"{folder / deeper[0]} is a folder in a folder: a class is one folder deep; move its pictures up into "
                f"{folder / sub}, or make it a class of its own"
            )
        found, noted = materials(files)
        notes += [*more, *noted]
        if found:
            classes[sub.name] = found
        else:
            notes.append(f"{sub} holds no picture to learn from")
    if not classes:
        seen = f" ({'; '.join(notes[:3])})" if notes else ""
        raise Fault(f"{folder} holds no picture to learn from{seen}: put PNG, JPEG or WebP files into it")
    return Listing(dict(sorted(classes.items(), key=lambda item: natural(item[0]))), notes)


def _entries(at: Path, folder: Path) -> tuple[list[PurePosixPath], list[PurePosixPath], list[str]]:
    """Pictures, folders and notes, relative to `folder`, in natural order."""
    files, folders, notes = [], [], []
    entries = sorted((entry for entry in at.iterdir() if not entry.name.startswith(".")), key=lambda e: natural(e.name))
    if len(entries) > MOST_FILES:
        raise Fault(f"{at} holds {len(entries):,} files; {MOST_FILES:,} are the most: name the folder of your pictures")
    for entry in entries:
        path = PurePosixPath(entry.relative_to(folder).as_posix())
        if not entry.name.isprintable() or "\\" in entry.name:
            raise Fault(f"{at} holds a name with letters that cannot be written down, {entry.name!a}: rename that file")
        if not Path(os.path.realpath(entry)).is_relative_to(os.path.realpath(folder)):
            raise Fault(f"{entry} is a link to a place outside {folder}: put a copy of the file there instead")
        if entry.is_dir():
            folders.append(path)
        elif entry.suffix.lower() in (*PICTURES, *REFUSED) and entry.is_file():
            files.append(path)
        elif str(path) != FILE:
            notes.append(f"{path} is not a picture by its name: not read")
    return files, folders, notes


def natural(name: str) -> list[tuple[int, str]]:
    """Order as a person sorts names: 2 before 10."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts] + [(0, name)]
