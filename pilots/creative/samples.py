"""The judged tiles as files that an artist can open: marked, signed, named by class."""

from __future__ import annotations

from pathlib import Path

from common.atomic import write_bytes
from common.run import Run
from pilots.creative.drawn import Tiles, first_seed
from pilots.creative.pictures.write import encode, stem, whole_numbers
from pilots.creative.provenance import Made, key, mark, sign


def write_samples(folder: Path, tiles: Tiles, run: Run, bundle_id: str, rights_sha256: str | None, steps: int) -> None:
    """One PNG per tile in `folder`, made if absent."""
    folder.mkdir(exist_ok=True)
    for number, (group, made_NSS3) in enumerate(tiles.items()):
        for k, tile in enumerate(made_NSS3):
            # Two classes may become one word where only their signs differ; the number keeps them apart.
            title = f"{number + 1:02d}_{stem(group)}_{k + 1}.png"
            seed = first_seed(run.seeds[0]) + k
            made = Made(title, "tile", seed, steps, bundle_id, run.model, rights_sha256, {"class": group})
            pixels = whole_numbers(mark(tile, key()), 8)
            write_bytes(folder / title, sign(encode(pixels, "png"), "png", made))
