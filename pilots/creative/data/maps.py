"""Which files of a folder are one material: a colour picture and, told by their names, its height and roughness.

Names as game engines and texture libraries write them: Bricks_Color.jpg, Bricks_Roughness.jpg, wall_disp_1k.png …
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from common.fault import Fault

ROLES = {  # how a name ends
    "colour": r"base[_\-. ]?colou?r|colou?r|albedo|diffuse|diff|col",
    "height": r"height[_\-. ]?map|height|displacement|disp",
    "roughness": r"roughness|rough",
    "normal": r"(?:normal[_\-. ]?map|normal|nor|nrm)(?:[_\-. ]?(?:gl|dx|opengl|directx))?",
    "other": r"ao|ambient[_\-. ]?occlusion|occlusion|arm|orm|metal(?:lic|ness)|specular|gloss(?:iness)?|opacity|"
    r"emissi(?:ve|on)",
}
NAME = re.compile(
    r"(?P<base>.*?)"
    r"(?:[_\-. ]+|^|(?-i:(?<=[a-z0-9])(?=[A-Z])))"  # wall_height, height, wallHeight; not chromecol
    rf"(?:{'|'.join(f'(?P<{role}>{words})' for role, words in ROLES.items())})"
    r"(?P<size>[_\-. ]\d{1,2}k)?",  # wall_height_2k
    re.IGNORECASE,
)
LEARNED = ("height", "roughness")


@dataclass(frozen=True)
class Material:
    """A colour picture and the maps beside it; paths relative to the folder of the data."""

    name: str
    colour: PurePosixPath
    maps: dict[str, PurePosixPath] = field(default_factory=dict)  # height, roughness

    @property
    def files(self) -> list[PurePosixPath]:
        return [self.colour, *self.maps.values()]


def role(stem: str) -> tuple[str, str]:
    """('Bricks_1K', 'roughness') for Bricks_Roughness_1K; what is not the name of a map is 'plain'."""
    found = NAME.fullmatch(stem)
    if not found:
        return stem, "plain"
    return found["base"] + (found["size"] or ""), next(what for what in ROLES if found[what])


def materials(paths: Iterable[PurePosixPath]) -> tuple[list[Material], list[str]]:
    """The materials among the pictures of one folder, in the order of `paths`, and a note on each of the others."""
    named = [(path, *role(path.stem)) for path in paths]
    sets: dict[str, dict[str, list[PurePosixPath]]] = defaultdict(lambda: defaultdict(list))
    for path, name, what in named:
        sets[name.casefold()][what].append(path)
    found, notes = [], []
    for path, name, what in named:
        files = sets[name.casefold()]
        colours = files["colour"] or files["plain"]
        if what in ("plain", "colour"):
            found.append(Material(name or path.stem, path, _maps(files, path) if path == colours[0] else {}))
        elif not colours and (what == "other" or not name):  # gloss.png or rough.png with nothing beside it
            found.append(Material(path.stem, path))
        elif not colours:
            notes.append(
                f"{path} is a {what} map by its name and no colour picture '{name}' is beside it: it is not learned "
                "from; rename it if it is a picture"
            )
        elif what not in LEARNED:
            notes.append(f"{path} is a {'normal' if what == 'normal' else 'further'} map by its name: not learned from")
    return found, notes


def _maps(files: dict[str, list[PurePosixPath]], colour: PurePosixPath) -> dict[str, PurePosixPath]:
    for what in LEARNED:
        if len(files[what]) > 1:
            both = " and ".join(map(str, files[what]))
            raise Fault(f"{both} are both {what} maps of {colour} by their names: keep one of them")
    return {what: files[what][0] for what in LEARNED if files[what]}
