"""`pilot-creative variation`: seamless tiles that begin from a picture of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pilots.creative.use.command import Told, run
from pilots.creative.use.order import Order

if TYPE_CHECKING:
    from common.bundle.open import Bundle
    from pilots.creative.use.write import File

EXAMPLES = """\
  pilot-creative variation wall.png
  pilot-creative variation wall.png --strength 0.3 --count 4
  pilot-creative variation wall.jpg --class brick --strength 0.7 --crop --out walls"""
ABOUT = """Seamless tiles that begin from your own picture. Without --class or --image they are drawn in the manner of
the training picture that explains yours best. Where its edges do not meet, a strip along them is drawn anew."""


def main(argv: Sequence[str]) -> None:
    run("variation", make, ABOUT, EXAMPLES, argv)


def make(bundle: Bundle, order: Order, out: Path, picture: Path, told: Told) -> list[File]:
    """Draw and write every variation of the order."""
    from pilots.creative.pictures.write import stem
    from pilots.creative.use.draw import Kept, Painter
    from pilots.creative.use.own import edges_meet, nearest, read_own
    from pilots.creative.use.repair import CROSS, cross_of
    from pilots.creative.use.tile import check_maps
    from pilots.creative.use.write import Job

    painter = Painter(bundle, told=told)
    material = painter.material
    material.check_draws_pictures("variation")
    check_maps(order, material)
    own = read_own(picture, material, order["crop"])
    image = nearest(painter, own, material.members(order["class"], order["image"]))
    steps, (height, width) = order["steps"] or material.steps, own.size
    # Where its edges do not meet, a cross over the rim begins as pure noise.
    thick = 0 if edges_meet(own) else min(CROSS, min(own.size) // 4 * 2)
    given = Kept(lambda y, x: own.planes(material.planes, y, x), cross_of(height, width, thick))
    job, files = Job("variation", bundle, material, order, steps, out, own), []
    for seed in range(order["seed"], order["seed"] + order["count"]):
        told(f"picture {seed - order['seed'] + 1} of {order['count']}")
        planes = painter.variation([image], given, height, width, order["strength"], seed, steps)
        files += job.write(f"{stem(picture.name)}_variation_{seed}", planes, image, seed)
        del planes  # before the next one is drawn: two canvases would be held
    return files
