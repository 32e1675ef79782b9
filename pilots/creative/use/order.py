"""What a person may order, each setting defined once: for the command line, for a JSON file and for the credential."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common.fault import Fault, did_you_mean

MOST_SIDE = 4096  # px
SEEDS = 2**32  # every program and file format holds them exactly
MOST_BYTES = 65_536  # of a file of settings


class Setting(NamedTuple):
    """read: name and given value (text from a command line, anything from JSON) -> value, or a Fault."""

    default: Any
    metavar: str | None
    read: Callable[[str, Any], Any]
    meaning: str


def _word(name: str, given: Any) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= 300 or not given.isprintable():
        raise Fault(f"{name} is {given!r:.60}; it is a name of 1 to 300 letters")
    return given


def _number(given: Any) -> Any:
    """Text from the command line as a number, where it is one."""
    if not isinstance(given, str) or len(given) > 30:
        return given
    if re.fullmatch(r"-?\d+", given, re.ASCII):
        return int(given)
    return float(given) if re.fullmatch(r"-?\d*\.\d+", given, re.ASCII) else given


def _whole(low: int, high: int) -> Callable[[str, Any], int]:
    def read(name: str, given: Any) -> int:
        value = _number(given)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Fault(f"{name} is {given!r:.40}; it is a whole number from {low} to {high}")
        return value

    return read


def _share(name: str, given: Any) -> float:
    value = _number(given)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:  # also False for NaN
        raise Fault(f"{name} is {given!r:.40}; it is a number from 0 to 1")
    return float(value)


def _one_of(*words: Any) -> Callable[[str, Any], Any]:
    def read(name: str, given: Any) -> Any:
        value = _number(given)
        if isinstance(value, bool) or value not in words:
            raise Fault(f"{name} is {given!r:.40}: {did_you_mean(str(given), map(str, words))}")
        return value

    return read


def _colours(name: str, given: Any) -> str:
    from pilots.creative.pictures.colours import parse

    parse(_word(name, given))
    return str(given)


def _yes(name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise Fault(f"{name} is {given!r:.40}; it is true or false")
    return given


def _size(name: str, given: Any) -> tuple[int, int]:
    """(height, width) px from 512 or "512x1024" (width first)."""
    sides = re.fullmatch(r"(-?\d{1,9})(?:x(-?\d{1,9}))?", str(given), re.ASCII)
    if not sides or not isinstance(given, (str, int)) or isinstance(given, bool):
        raise Fault(f"{name} is {given!r:.40}; it is a side such as 512, or WIDTHxHEIGHT such as 512x1024 [px]")
    width, height = int(sides[1]), int(sides[2] or sides[1])
    for side in (width, height):
        if not 8 <= side <= MOST_SIDE:
            raise Fault(f"{name} is {given}; a side has 8 to {MOST_SIDE} px")
    return height, width


SETTINGS = {
    "class": Setting(None, "NAME", _word, "a class of the training pictures; the seed picks one of them"),
    "image": Setting(None, "NAME", _word, "one training picture, by its name in the bundle"),
    "size": Setting("512", "SIDE", _size, "512 or WIDTHxHEIGHT [px], multiples of 8 up to 4096 (default 512)"),
    "count": Setting(1, "N", _whole(1, 1000), "how many, each with the next seed (default 1)"),
    "seed": Setting(0, "N", _whole(0, SEEDS - 1), "the same seed gives the same picture (default 0)"),
    "steps": Setting(None, "N", _whole(1, 256), "network evaluations per picture (default: the bundle's)"),
    "format": Setting(
        "png", None, _one_of("png", "webp", "svg"), "png or webp, lossless; svg of a pattern (default png)"
    ),
    "palette": Setting(None, "COLOURS", _colours, "of a pattern: figure, outlines, ground, as '#1b1b3a,#f3e9dc'"),
    "bits": Setting(None, None, _one_of(8, 16), "8 or 16 per colour (default 8; of repair: as the picture)"),
    "maps": Setting(None, None, _one_of("opengl", "directx"), "the PBR set; opengl: green points up, directx: down"),
    "strength": Setting(0.5, "S", _share, "0 gives the picture back, 1 keeps nothing of it (default 0.5)"),
    "width": Setting(64, "PX", _whole(8, 1024), "of the cross that is made anew [px] (default 64)"),
    "crop": Setting(False, None, _yes, "cut the picture at its right and bottom to multiples of 8"),
}
FOR = {  # verb -> its settings
    "tile": ("class", "image", "size", "count", "seed", "steps", "format", "bits", "maps", "palette"),
    "variation": ("strength", "class", "image", "count", "seed", "steps", "format", "bits", "maps", "crop"),
    "repair": ("width", "class", "image", "seed", "steps", "format", "bits", "crop"),
}
OF_A_PICTURE = ("variation", "repair")

Order = dict[str, Any]


def read_order(verb: str, given: Mapping[str, Any]) -> Order:
    """Every setting of the verb, checked; what is None or left out takes its default."""
    order = {}
    for name in FOR[verb]:
        setting = SETTINGS[name]
        value = given.get(name)
        value = setting.default if value is None else value
        order[name] = None if value is None else setting.read(name, value)
    if order.get("class") is not None and order["image"] is not None:
        raise Fault("class and image are two ways to say the same: give one of them")
    if order["seed"] + order.get("count", 1) > SEEDS:
        raise Fault(f"seed {order['seed']} and {order['count']} pictures lead beyond the last seed, {SEEDS - 1}")
    if order["format"] == "svg" and verb in OF_A_PICTURE:
        raise Fault("format is 'svg': a picture has no paths; choose png or webp")
    if order["format"] == "webp" and order["bits"] == 16:
        raise Fault("webp holds 8 bits per colour: use bits 8, or format png")
    return order


def as_json(order: Order) -> dict[str, Any]:
    """The order as a file of settings would say it; what is not set is left out."""
    said = {name: value for name, value in order.items() if value not in (None, False)}
    if "size" in said:
        said["size"] = "{1}x{0}".format(*said["size"])
    return said


def read_settings(source: Path, known: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Verb and settings of a JSON file, the names checked: {"make": "tile", "class": "brick", "size": 512}."""
    with source.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Fault(f"{source} has more than {MOST_BYTES:,} bytes: it is no file of settings")
    try:
        given = json.loads(data.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError) as err:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Fault(f'{source} is not JSON ({err!s:.80}): write {{"class": "brick", "size": 512}}') from err
    if not isinstance(given, dict):
        raise Fault(f'{source} holds no settings: write {{"class": "brick", "size": 512}}')
    verb = given.pop("make", "tile")
    if verb not in known:
        raise Fault(f"{source}: make is {verb!r:.40}: {did_you_mean(str(verb), known)}")
    return verb, given


def check_names(source: Path, verb: str, given: Mapping[str, Any]) -> None:
    """Raise a Fault unless the verb knows every setting of the file."""
    names = (*FOR[verb], *(["picture"] if verb in OF_A_PICTURE else []))
    for name in given:
        if name not in names:
            raise Fault(f"{source}: {verb} knows no setting '{name:.60}': {did_you_mean(name, names)}")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found
