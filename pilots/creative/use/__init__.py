"""Right of the waist: a bundle and a seed in, seamless tiles out."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from common.fault import Fault

if TYPE_CHECKING:
    from common.bundle.open import Bundle

__all__ = ["OPTIONS", "predict"]
OPTIONS = """INPUT is a JSON file of settings, as `pilot-creative tile --help` names them, such as
  {"class": "brick", "size": 512, "count": 4, "seed": 1}
  {"make": "variation", "picture": "wall.png", "strength": 0.4}; {"make": "repair", "picture": "wall.png"}"""
MAKES = {
    "tile": "pilots.creative.use.tile",
    "variation": "pilots.creative.use.variation",
    "repair": "pilots.creative.use.repair",
}


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Fill the empty folder `out` with the pictures that the file of settings asks for, and a page that shows them."""
    from pilots.creative.use.order import OF_A_PICTURE, as_json, check_names, read_order, read_settings

    if argv_rest:
        raise Fault(f"{argv_rest[0]}: settings of this bundle stand in {source}, not on the command line")
    verb, given = read_settings(source, tuple(MAKES))
    check_names(source, verb, given)
    order = read_order(verb, given)
    picture = None
    if verb in OF_A_PICTURE:
        if not isinstance(given.get("picture"), str):
            raise Fault(f'{source}: {verb} needs your picture: "picture": "wall.png"')
        picture = source.parent / given["picture"]
    from common.progress import Progress
    from pilots.creative.use.page import write_page

    with Progress(verb) as stage:
        files = import_module(MAKES[verb]).make(bundle, order, out, picture, stage.say)
    said = {"make": verb, **({"picture": given["picture"]} if picture else {}), **as_json(order)}
    write_page(bundle, verb, said, files, out)
