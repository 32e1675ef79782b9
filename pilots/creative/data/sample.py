"""The teaching sample: twelve materials drawn by formula, `procedural/`, with true height and roughness.

`SampleMaterials` reads data/creative where it has been fetched (`dvc pull`), else the generator draws them.

    python -m pilots.creative.data.sample data/           makes data/creative again; to publish a change:
    dvc add data && rm -rf .dvc/sample && dvc push        so that data.dvc and the bytes beside it agree

brick/brick_color.png       256 x 256 px, sRGB; periodic: its edges continue at the opposite ones
brick/brick_height.png      linear, 0 the deepest place, 255 the highest
brick/brick_roughness.png   linear, 0 a mirror, 255 chalk
LICENSE, rights.yaml        CC0-1.0; a row per file, so that the folder can be read as a studio's own
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import yaml

from common.fault import Fault
from pilots.creative.data.contract import Exemplar, Exemplars
from pilots.creative.data.procedural.library import MATERIALS, make

MAPS = ("color", "height", "roughness")
LICENCE = "CC0-1.0 (drawn by this project's own program)"


class SampleMaterials:
    """folder     where `dvc pull` puts the sample; where it is absent the generator is asked
    materials  those wanted, by name; none named = all twelve
    """

    def __init__(self, folder: str = "data/creative", materials: Sequence[str] = ()):
        unknown = [name for name in materials if name not in MATERIALS]
        if unknown:
            raise Fault(f"data.materials: '{unknown[0]}' is not in the sample, which has {', '.join(MATERIALS)}")
        self.folder = Path(folder)
        self.materials = tuple(materials) or tuple(MATERIALS)

    def read(self) -> Exemplars:
        """One periodic picture per material, its class by the same name."""
        there = self.folder.is_dir()
        maps = {name: _kept(self.folder / name) if there else make(name) for name in self.materials}
        digest = hashlib.sha256()
        for name, planes in maps.items():
            digest.update(name.encode())
            for plane in planes.values():
                digest.update(plane.tobytes())
        return Exemplars("sample", tuple(_exemplar(n, m) for n, m in maps.items()), LICENCE, digest.hexdigest())


def _exemplar(name: str, planes: dict[str, np.ndarray]) -> Exemplar:
    unit = {key: plane.astype(np.float32) / np.float32(255) for key, plane in planes.items()}
    return Exemplar(f"{name}/{name}_color.png", name, unit["color"], unit["height"], unit["roughness"], periodic=True)


def _kept(folder: Path) -> dict[str, np.ndarray]:
    planes = {}
    for key in MAPS:
        path = folder / f"{folder.name}_{key}.png"
        form = cv2.IMREAD_COLOR_RGB if key == "color" else cv2.IMREAD_GRAYSCALE
        plane = cv2.imread(str(path), form) if path.is_file() else None
        if plane is None:
            raise Fault(f"{path} is missing or broken: `dvc pull` brings the sample again")
        planes[key] = plane
    return planes


def write(folder: Path) -> None:
    """All pictures, their licence, and a row of rights for each."""
    rows = []
    for name in MATERIALS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for key, plane in make(name).items():
            path = folder / name / f"{name}_{key}.png"
            _, png = cv2.imencode(".png", plane[..., ::-1] if key == "color" else plane, PNG)
            path.write_bytes(png.tobytes())
            rows.append(
                {
                    "path": path.relative_to(folder).as_posix(),
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "owner": "The sector AI pilots contributors",
                    "licence": "CC0-1.0",
                    "source": f"pilots/creative/data/procedural, material {name}",
                    "consent": "not needed: drawn by a program, no person and no work of others is shown",
                }
            )
    (folder / "rights.yaml").write_text(yaml.safe_dump({"files": rows}, sort_keys=False, width=120))
    (folder / "LICENSE").write_text(PUBLIC)


PNG = [cv2.IMWRITE_PNG_COMPRESSION, 9]
PUBLIC = """CC0 1.0 Universal (https://creativecommons.org/publicdomain/zero/1.0/)

The pictures in this folder were drawn by the program pilots/creative/data/procedural. To the extent possible under law,
the sector AI pilots contributors have waived all copyright and related rights to them. A citation is welcome:
"Sector AI pilots: twelve procedural materials", see CITATION.cff of the project.
"""


if __name__ == "__main__":
    write(Path(sys.argv[1]) / "creative")
