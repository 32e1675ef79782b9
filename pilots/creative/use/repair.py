"""`pilot-creative repair`: a photo made tileable. Only a cross is drawn anew; every other pixel stays as it was.

Rolled by half, a photo shows its seams as a cross through the middle. The canvas is a torus, so nothing need be rolled:
the cross lies along the rim. Axes: H, W pixels, h, w of a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.fault import Fault
from pilots.creative.use.command import Told, run
from pilots.creative.use.order import Order

if TYPE_CHECKING:
    import numpy as np

    from common.bundle.open import Bundle
    from pilots.creative.use.draw import Look
    from pilots.creative.use.write import File

CROSS = 64  # px, its width unless another one is asked for
EXAMPLES = """\
  pilot-creative repair wall.png
  pilot-creative repair wall.jpg --width 128 --crop
  pilot-creative repair wall.png --class brick --seed 3 --out walls"""
ABOUT = """Make a photo tileable: a cross over its seams is drawn anew, every other pixel stays as it was. Without
--class or --image it is drawn in the manner of the training picture that explains yours best."""


def main(argv: Sequence[str]) -> None:
    run("repair", make, ABOUT, EXAMPLES, argv)


def make(bundle: Bundle, order: Order, out: Path, picture: Path, told: Told) -> list[File]:
    """Draw the cross of one picture and write it."""
    import numpy as np

    from pilots.creative.pictures.write import stem, whole_numbers
    from pilots.creative.provenance import key, mark
    from pilots.creative.use.draw import Kept, Painter
    from pilots.creative.use.own import nearest, read_own
    from pilots.creative.use.write import Job

    painter = Painter(bundle, told=told)
    material = painter.material
    material.check_draws_pictures("repair")
    own = read_own(picture, material, order["crop"])
    height, width = own.size
    if order["width"] % 2 or order["width"] > min(own.size) // 2:
        most = min(own.size) // 4 * 2
        raise Fault(f"width is {order['width']}; of this picture it is an even number of px up to {most}")
    bits = order["bits"] or (8 if order["format"] == "webp" else own.bits)
    image = nearest(painter, own, material.members(order["class"], order["image"]))
    kept = Kept(lambda y, x: own.planes(material.planes, y, x), cross_of(height, width, order["width"]))
    steps = order["steps"] or material.steps
    planes_PHW = painter.repair([image], kept, height, width, order["seed"], steps)
    anew_HW = kept.mask(range(height), range(width)) > 0
    pixels_HW3 = whole_numbers(mark(np.moveaxis(planes_PHW[:3], 0, 2), key(), anew_HW), bits)
    del planes_PHW
    rest_HW3 = own.pixels_HW3 if bits == own.bits else whole_numbers(own.floats(), bits)
    pixels_HW3[~anew_HW] = rest_HW3[~anew_HW]
    job = Job("repair", bundle, material, order, steps, out, own)
    name = f"{stem(picture.name)}_repair_{order['seed']}"
    return [job.file(name, pixels_HW3, "base colour", image, order["seed"])]


def cross_of(height: int, width: int, thick: int) -> Look:
    """rows, columns (counted on beyond the rim) -> [h, w] float32: 1 within thick / 2 px of a seam, else 0."""

    def mask(y: Sequence[int], x: Sequence[int]) -> np.ndarray:
        import numpy as np

        rows, columns = ((np.array(i) + thick // 2) % n < thick for i, n in ((y, height), (x, width)))
        return (rows[:, None] | columns[None, :]).astype(np.float32)

    return mask
