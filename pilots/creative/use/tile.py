"""`pilot-creative tile`: seamless tiles of any size, in the manner of the training pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.fault import Fault
from pilots.creative.use.command import Told, run
from pilots.creative.use.order import Order

if TYPE_CHECKING:
    from common.bundle.open import Bundle
    from pilots.creative.use.material import Material
    from pilots.creative.use.write import File

EXAMPLES = """\
  pilot-creative tile --class brick
  pilot-creative tile --class gravel --size 1024 --count 4 --seed 7
  pilot-creative tile runs/creative/20260131120000_tile_flow --class moss --size 2048x1024 --bits 16 --maps opengl
  pilot-creative tile --image brick/red.png --steps 8 --format webp --out walls
  pilot-creative tile --class scales --palette '#1b1b3a,#f3e9dc' --format svg     of a bundle that learned patterns"""


def main(argv: Sequence[str]) -> None:
    run("tile", make, "Seamless tiles in the manner of the training pictures.", EXAMPLES, argv)


def make(bundle: Bundle, order: Order, out: Path, picture: Path | None, told: Told) -> list[File]:
    """Draw and write every tile of the order."""
    from pilots.creative.pictures.write import stem
    from pilots.creative.use.draw import Painter
    from pilots.creative.use.material import DISTANCE
    from pilots.creative.use.write import Job

    painter = Painter(bundle, told=told)
    material = painter.material
    if material.planes == DISTANCE:
        from pilots.creative.use import pattern

        return pattern.make(painter, order, out)
    check_flat(order)
    height, width = check_size(order["size"], material.multiple)
    members = material.members(order["class"], order["image"])
    check_maps(order, material)
    steps = order["steps"] or material.steps
    job, files = Job("tile", bundle, material, order, steps, out), []
    for seed in range(order["seed"], order["seed"] + order["count"]):
        told(f"picture {seed - order['seed'] + 1} of {order['count']}")
        image = members[seed % len(members)]
        name = stem(order["image"] or material.groups[image])
        planes = painter.tile([image], height, width, seed, steps)
        files += job.write(f"{name}_{seed}", planes, image, seed)
        del planes  # before the next one is drawn: two canvases would be held
    return files


def check_size(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """The size, or a Fault that names the nearest ones that are possible."""
    for side in size:
        if side % multiple:
            below, above = side // multiple * multiple, -(-side // multiple) * multiple
            raise Fault(f"size: {side} px is no multiple of {multiple}; the next are {below or above} and {above} px")
    return size


def check_flat(order: Order) -> None:
    """A Fault for what only a pattern has."""
    if order["format"] == "svg":
        raise Fault("format is 'svg': this bundle draws materials, which have no paths; choose png or webp")
    if order["palette"]:
        raise Fault("palette: this bundle draws materials in their own colours; recolour a tile with the verb palette")


def check_maps(order: Order, material: Material) -> None:
    if order.get("maps") and not {"height", "roughness"} & set(material.planes):
        raise Fault("maps: this bundle has learned neither height nor roughness, only colour: leave maps out")
