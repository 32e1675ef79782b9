"""pilot-creative palette: a picture in other colours, and the same change as a .cube file for grading programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from common.fault import Fault

HELP = """\
Every pixel one of the palette's colours, dark in place of dark:
  pilot-creative palette scarf.png --to '#1b1b3a,#aa3311,#ffeecc'
  pilot-creative palette scarf.png --like poster.jpg --count 5
All shades kept, moved as a whole (optimal transport), also as a .cube file of 33 points:
  pilot-creative palette stone.png --like rust.png --smooth --cube rusty.cube
"""


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="pilot-creative palette",
        description=__doc__.partition(": ")[2],
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("picture", type=Path, metavar="PICTURE", help="PNG, JPEG or WebP")
    goal = parser.add_mutually_exclusive_group(required=True)
    goal.add_argument("--to", metavar="COLOURS", help="the new colours, as '#aa3311,#ffeecc'")
    goal.add_argument("--like", type=Path, metavar="OTHER", help="a picture whose colours are taken")
    parser.add_argument("--count", type=int, default=5, help="colours taken from OTHER, 2 to 16 (default 5)")
    parser.add_argument("--smooth", action="store_true", help="keep all shades instead of exact colours")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a PNG (default: PICTURE's name with _palette.png)")
    parser.add_argument("--cube", type=Path, metavar="FILE", help="write the smooth change as a .cube file too")
    change(parser.parse_args(argv))


def change(asked: argparse.Namespace) -> None:
    """Read, recolour, write; everything is checked before anything is written."""
    from common.atomic import write_bytes
    from pilots.creative.pictures import colours
    from pilots.creative.pictures.read import content, decode, read_picture
    from pilots.creative.pictures.write import encode
    from pilots.creative.provenance import Made, sign
    from pilots.creative.use import recolour
    from pilots.creative.use.cube import cube

    if not 2 <= asked.count <= colours.MOST:
        raise Fault(f"--count {asked.count}: a palette has 2 to {colours.MOST} colours")
    typed = None if asked.to is None else colours.parse(asked.to)
    out = asked.out or Path(f"{asked.picture.stem}_palette.png")
    _free(out, ".png", "other formats change colours")
    if asked.cube is not None:
        _free(asked.cube, ".cube", "that is what grading programs open")
    data = content(asked.picture)
    rgb = decode(data, str(asked.picture))
    if typed is None:
        like = read_picture(asked.like)
        palette = colours.to_bytes(colours.from_lab(colours.taken(like, asked.count)[0]))
        smooth = recolour.towards_picture(rgb, like)
    else:
        palette, smooth = typed, recolour.towards_palette(rgb, typed)
    changed = colours.to_bytes(smooth(rgb)) if asked.smooth else recolour.exact(rgb, palette)
    shown = ",".join(map(colours.name, palette))
    settings = {"colours": shown, "smooth": asked.smooth}
    made = Made(out.name, "palette", None, None, None, None, None, settings, data, asked.picture.name)
    write_bytes(out, sign(encode(changed, "png"), "png", made))  # colours stay exact: no watermark
    if asked.cube is not None:
        write_bytes(asked.cube, cube(smooth, f"{asked.picture.stem} to {asked.like.stem if asked.like else shown}"))
    print(f"wrote: {out.resolve()}")


def _free(path: Path, suffix: str, reason: str) -> None:
    if path.suffix.lower() != suffix:
        raise Fault(f"{path} does not end in {suffix}: {reason}")
    if path.exists():
        raise Fault(f"{path} is there already: name another file, or move that one away")
    if not path.absolute().parent.is_dir():
        raise Fault(f"there is no folder {path.absolute().parent} to write {path.name} into")
