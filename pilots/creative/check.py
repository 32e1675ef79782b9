"""pilot-creative check: read pictures without training; say what was understood and what must be mended."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.check import plain, settings_of, site_of
from common.fault import Fault

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from pilots.creative.data.folder import Looked

HELP = """\
Say what a later run would say:
  pilot-creative check data=folder data.path=my_textures
  pilot-creative check my_textures                           the same, shorter
  pilot-creative check my_site/data/textures.yaml            settings of your own
  pilot-creative check data=photos

Nothing is written. Exit code 0, or 2 with a sentence that says what to mend.
"""
MOST, ALL = 8, 10**9  # sentences of a kind


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="pilot-creative check",
        description=__doc__.partition(": ")[2],
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="name=value as for a run, a folder of pictures, or a site's yaml"
    )
    parser.add_argument("--config-dir", "-cd", type=Path, help="folder of your own settings, with data/NAME.yaml in it")
    parser.add_argument("--data", help="the same as data=NAME")
    parser.add_argument("--all", action="store_true", help=f"every sentence, not the first {MOST} of a kind")
    asked = parser.parse_args(argv)
    words = [*asked.words, *([f"data={asked.data}"] if asked.data else [])]
    named = [word for word in words if Path(word).exists() or "=" not in word]
    words = [word for word in words if word not in named]
    if len(named) > 1 or (named and any(word.startswith("data=") for word in words)):
        raise Fault(f"check takes one folder or yaml, or data=NAME; got {' '.join([*named, *words])}")
    folder = asked.config_dir
    if named and named[0].endswith(".yaml"):
        folder, choice = site_of(Path(named[0]), folder)
        words = [choice, *words]
    elif named:
        words = ["data=folder", f"data.path={named[0]}", *words]
    _say(settings_of("creative", words, folder), ALL if asked.all else MOST)


def _say(cfg: DictConfig, most: int) -> None:
    """Read and say; a Fault where something must be mended."""
    from common.config import build
    from pilots.creative.data.folder import Folder, Looked

    reader = build(cfg.data)
    if isinstance(reader, Folder):
        looked = reader.look()
    else:
        seen = reader.read()
        looked = Looked(images=list(seen.images))
    print(plain("\n".join(page(looked, most))))
    if looked.wrongs:
        many = f"{len(looked.wrongs):,} things must be mended before training, the first: " if looked.wrongs[1:] else ""
        raise Fault(many + looked.wrongs[0])
    model = build(cfg.model)
    if getattr(model, "learns", None) == "material":
        seen = reader.exemplars(looked) if isinstance(reader, Folder) else seen
        print(f"\nAbout {model.minutes(seen):.1f} minutes of learning for each seed, on this machine")


def page(looked: Looked, most: int) -> list[str]:
    """The classes as a table, then the notes, then what is wrong."""
    from pilots.creative.data.contract import HELD

    number, classes = len(looked.images), list(dict.fromkeys(image.group for image in looked.images))
    lines = [f"{_many(number, 'picture')} in {_many(len(classes), 'class', 'classes')}"]
    if classes:
        width = max(5, *(min(32, len(name)) for name in classes))
        lines.append(f"{'class':<{width}}  pictures  {'smallest':>11}  {'largest':>11}  with maps of")
    for name in classes:
        images = [image for image in looked.images if image.group == name]
        sizes = sorted((image.rgb_HW3.shape[:2] for image in images), key=lambda size: size[0] * size[1])
        low, high = (f"{width_} x {height}" for height, width_ in (sizes[0], sizes[-1]))
        maps = [m for m in ("height", "roughness") if all(getattr(i, f"{m}_HW") is not None for i in images)]
        told = ", ".join(maps) or "nothing"
        lines.append(f"{name[:width]:<{width}}  {len(images):>8}  {low:>11}  {high:>11}  {told}")
    if classes:
        periodic = "tile already (data.periodic=true)" if looked.images[0].periodic else "do not tile by themselves"
        lines.append(f"The right {HELD:.0%} of every picture is not learned from, it judges; the pictures {periodic}")
    for title, sentences in (("To know", looked.notes), ("To mend before training", looked.wrongs)):
        if sentences:
            lines += ["", title, *(f"- {sentence}" for sentence in sentences[:most])]
            if len(sentences) > most:
                lines.append(f"- and {len(sentences) - most:,} more like these; --all shows them")
    return lines


def _many(number: int, one: str, more: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"
