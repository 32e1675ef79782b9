"""The teaching sample: twelve materials drawn by formula, `procedural/`, read the way a studio's own pictures are read.

`SampleMaterials` reads data/creative where it has been fetched (`dvc pull`), else the generator draws them.

    python -m pilots.creative.data.sample data/           makes data/creative again; to publish a change:
    dvc add data && rm -rf .dvc/sample && dvc push        so that data.dvc and the bytes beside it agree

brick/brick_color.png       256 x 256 px, sRGB; periodic: its edges continue at the opposite ones
brick/brick_height.png      linear, 0 the deepest place, 255 the highest
brick/brick_roughness.png   linear, 0 a mirror, 255 chalk
LICENSE, rights.yaml        CC0-1.0; a row per file
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import yaml

from common.fault import Fault
from pilots.creative.data.contract import Exemplars
from pilots.creative.data.fingerprint import fingerprint
from pilots.creative.data.folder import Folder
from pilots.creative.data.procedural.library import MATERIALS, make

PUBLIC = """CC0 1.0 Universal (https://creativecommons.org/publicdomain/zero/1.0/)

The pictures in this folder were drawn by the program pilots/creative/data/procedural. To the extent possible under law,
the sector AI pilots contributors have waived all copyright and related rights to them. A citation is welcome:
"Sector AI pilots: twelve procedural materials", with CITATION.cff of the project.
"""


class SampleMaterials:
    """folder     where `dvc pull` puts the sample; where it is absent the generator is asked
    materials  those wanted, by name; none named = all twelve
    """

    findings: tuple[str, ...] = ()

    def __init__(self, folder: str = "data/creative", materials: Sequence[str] = ()):
        unknown = [name for name in materials if name not in MATERIALS]
        if unknown:
            raise Fault(f"data.materials: '{unknown[0]}' is not in the sample, which has {', '.join(MATERIALS)}")
        self.folder = Path(folder)
        self.materials = tuple(dict.fromkeys(materials)) or tuple(MATERIALS)

    def read(self) -> Exemplars:
        """One periodic picture per material, its class by the same name, in the order asked for."""
        if (self.folder / "rights.yaml").is_file():
            return self._read(self.folder)
        with tempfile.TemporaryDirectory() as made:
            write(Path(made), self.materials)
            return self._read(Path(made))

    def _read(self, folder: Path) -> Exemplars:
        seen = Folder(str(folder), periodic=True, name="sample").read()
        there = {image.group: image for image in seen.images}
        missing = [name for name in self.materials if name not in there]
        if missing:
            raise Fault(f"{folder} holds no {missing[0]}: `dvc pull` brings the sample again")
        images = tuple(there[name] for name in self.materials)
        rights = tuple(row for row in seen.rights if row["path"].split("/")[0] in self.materials)
        return replace(seen, images=images, rights=rights, sha256=fingerprint(images))


def write(folder: Path, materials: Iterable[str] = tuple(MATERIALS)) -> None:
    """The pictures, their licence, and a row of rights for each."""
    rows = []
    for name in materials:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for what, plane in make(name).items():
            path = folder / name / f"{name}_{what}.png"
            path.write_bytes(_png(plane))
            rows.append(
                {
                    "path": path.relative_to(folder).as_posix(),
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "owner": "The sector AI pilots contributors",
                    "licence": "CC0-1.0",
                    "source": "pilots/creative/data/procedural",
                    "consent": "none needed: drawn by a formula",
                }
            )
    (folder / "rights.yaml").write_text(yaml.safe_dump({"files": rows}, sort_keys=False, width=120))
    (folder / "LICENSE").write_text(PUBLIC)


def _png(plane: np.ndarray) -> bytes:
    colour = plane.ndim == 3
    how = cv2.IMWRITE_PNG_STRATEGY_DEFAULT if colour else cv2.IMWRITE_PNG_STRATEGY_FILTERED  # what is smaller
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_STRATEGY, how]
    return bytes(cv2.imencode(".png", plane[..., ::-1] if colour else plane, settings)[1])


if __name__ == "__main__":
    write(Path(sys.argv[1]) / "creative")
