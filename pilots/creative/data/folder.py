"""Your own pictures: a folder of them, and rights.yaml, which says whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from common.fault import Fault
from pilots.creative.data.contract import LEAST, Exemplar, Exemplars
from pilots.creative.data.fingerprint import fingerprint
from pilots.creative.data.listing import listed
from pilots.creative.data.maps import LEARNED, Material
from pilots.creative.data.rights import Rights, key, licences, read_rights
from pilots.creative.pictures.read import content, decode

LONGEST = 4096  # px, the most that data.longest may be
GREY = 0.02  # of 1; planes of a map that differ by more on average are colours


@dataclass
class Looked:
    """What a folder holds. wrongs: sentences about what must be mended before training; notes: what else to know."""

    images: list[Exemplar] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)  # of rights.yaml, for every file learned from
    rights_sha256: str | None = None
    wrongs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """A Fault inside becomes one of the wrongs, once."""
        try:
            yield
        except Fault as err:
            if str(err) not in self.wrongs:
                self.wrongs.append(str(err))


class Folder:
    """Pictures from a folder: PNG, JPEG or WebP, a sub-folder per class; loose files are a class each.

    path       the folder, with rights.yaml in it
    periodic   every picture continues at its opposite edges
    longest    px; larger pictures are reduced by area until their longer side has that many
    name       for the reports; null = the folder's name

    Height and roughness maps are told by name beside their picture (maps.py) and taken as numbers, not colours.
    """

    def __init__(self, path: str, periodic: bool = False, longest: int = 512, name: str | None = None):
        if not LEAST <= longest <= LONGEST:
            raise ValueError(f"longest must be {LEAST} to {LONGEST:,} px, got {longest}")
        self.path, self.periodic, self.longest, self.name = Path(path).expanduser(), periodic, longest, name
        self.findings: tuple[str, ...] = ()

    def read(self) -> Exemplars:
        """All pictures; a Fault for the first thing that is wrong. `findings` then holds the notes."""
        return self.exemplars(self.look())

    def exemplars(self, looked: Looked) -> Exemplars:
        """What was looked at, if nothing is wrong with it."""
        if looked.wrongs:
            more = len(looked.wrongs) - 1
            rest = f" (and {more} more: pilot-creative check names them all)" if more else ""
            raise Fault(f"{looked.wrongs[0]}{rest}")
        self.findings = tuple(looked.notes)
        return Exemplars(
            name=self.name or self.path.resolve().name,
            images=tuple(looked.images),
            licence=licences(looked.rows),
            sha256=fingerprint(looked.images),
            rights=tuple(looked.rows),
            rights_sha256=looked.rights_sha256,
        )

    def look(self) -> Looked:
        """The pictures that can be read, with all that is wrong or worth knowing."""
        listing, rights = listed(self.path), read_rights(self.path)
        looked = Looked(rights_sha256=rights.sha256, notes=list(listing.notes))
        reduced = []
        for group, found in listing.classes.items():
            for material in found:
                with looked.collected():
                    image, size = self._exemplar(material, group, rights, looked)
                    looked.images.append(image)
                    if size != image.rgb_HW3.shape[:2]:
                        reduced.append(image.name)
        if reduced:
            looked.notes.append(f"reduced until the longer side has {self.longest} px (data.longest): {_some(reduced)}")
        for what in LEARNED:
            without = [image.name for image in looked.images if getattr(image, f"{what}_HW") is None]
            if 0 < len(without) < len(looked.images):
                looked.notes.append(f"{what} is learned only where every picture has it; {_some(without)} has none")
        files = {key(path) for path in listing.files}
        unknown = [row["path"] for name, row in rights.rows.items() if name not in files]
        if unknown:
            looked.notes.append(f"rows of rights.yaml for files that are not learned from: {_some(unknown)}")
        return looked

    def _exemplar(
        self, material: Material, group: str, rights: Rights, looked: Looked
    ) -> tuple[Exemplar, tuple[int, int]]:
        """The picture with its maps, reduced; and its size as it was."""
        planes = {}
        for what, path in (("colour", material.colour), *material.maps.items()):
            data = content(self.path / path)  # the same bytes are hashed and decoded
            with looked.collected():
                looked.rows.append(rights.row(path, data))
            planes[what] = decode(data, str(self.path / path), linear=what != "colour")
        rgb_HW3 = planes.pop("colour")
        height, width = rgb_HW3.shape[:2]
        if min(height, width) < LEAST:
            raise Fault(
                f"{self.path / material.colour} has {width} x {height} px; its shorter side needs {LEAST} or "
                "more, as a part is held out to judge by: use a larger picture"
            )
        # A shorter side of LEAST stays: of a long strip less is taken away.
        scale = min(1.0, max(self.longest / max(height, width), LEAST / min(height, width)))
        size = (round(width * scale), round(height * scale))
        maps = {f"{what}_HW": self._map(plane, rgb_HW3, material, what, size) for what, plane in planes.items()}
        if scale < 1:
            rgb_HW3 = cv2.resize(rgb_HW3, size, interpolation=cv2.INTER_AREA)
        return Exemplar(str(material.colour), group, rgb_HW3, **maps, periodic=self.periodic), (height, width)

    def _map(
        self, map_HW3: np.ndarray, rgb_HW3: np.ndarray, material: Material, what: str, size: tuple[int, int]
    ) -> np.ndarray:
        """[H, W] of the picture's own size."""
        at = self.path / material.maps[what]
        (height, width), (wanted_h, wanted_w) = map_HW3.shape[:2], rgb_HW3.shape[:2]
        if abs(width * wanted_h - height * wanted_w) > 0.01 * width * wanted_h:
            raise Fault(
                f"{at} has {width} x {height} px, {material.colour} has {wanted_w} x {wanted_h}: a map has the "
                "shape of its picture; export it anew, or rename it if it belongs to another"
            )
        if float(np.ptp(map_HW3, axis=2).mean()) > GREY:
            raise Fault(f"{at} is coloured; a {what} map is grey: export it so, or rename it if it is another kind")
        method = cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR
        return cv2.resize(map_HW3.mean(axis=2), size, interpolation=method)


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
