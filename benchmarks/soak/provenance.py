"""`pilot-creative verify` on pictures that were never marked and on signed ones that were changed.

A watermark found in the first, or "intact" said of the second, is a failure.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.soak.count import FULL, Count
from benchmarks.soak.forks import Job, Plan, Room, entry, side_by_side
from common.machine import cores

UNMARKED = 10_000 if FULL else 400  # tiles
FLIPPED = 5_000 if FULL else 200  # signed files with one bit changed
ONCE = 100  # files of one command
SIDES = (128, 128, 160, 256)  # px
MOST = "% of the threshold reached at most"
PHOTOS = ("brick", "grass", "gravel", "coffee", "rocket")  # of scikit-image


def false_alarms(folder: Path) -> Count:
    """Every unmarked tile is answered with `nothing`."""
    count = Count("unmarked tiles")
    plans = (_unmarked(count, Room(folder / f"{n}"), n) for n in range(UNMARKED // ONCE))
    side_by_side(plans, cores())
    return count


def flips(folder: Path) -> Count:
    """One bit anywhere in a signed file: it is never called intact."""
    count = Count("signed files with one bit changed")
    plans = (_flipped(count, Room(folder / f"{n}"), n) for n in range(FLIPPED // ONCE))
    side_by_side(plans, cores())
    return count


def _unmarked(count: Count, room: Room, seed: int) -> Plan:
    rng = np.random.default_rng(seed)
    names = [f"{n}.{('png', 'jpg')[n % 2]}" for n in range(ONCE)]
    yield from _key(count, room)
    for name in names:
        _write(room.here / name, tile(rng))
    outcome = yield Job(_at_home(room, "verify", "--json", *names), (), room)
    answers = [json.loads(line) for line in outcome.out.splitlines()]
    if outcome.code or len(answers) != ONCE:
        count.fail(f"exit code {outcome.code} after {len(answers)} tiles: {outcome.err[-300:]}")
    for answer in answers:
        count.add("judged")
        count.did[MOST] = max(count.did[MOST], round(100 * answer["z"] / answer["threshold"]))
        if answer["verdict"] != "nothing":
            count.fail(f"seed {seed}, {answer['file']}: {answer['sentence']}")
    for name in names:
        (room.here / name).unlink()


def _flipped(count: Count, room: Room, seed: int) -> Plan:
    rng = np.random.default_rng(seed)
    yield from _key(count, room)
    whole, places = (room.here / "signed.png").read_bytes(), {}
    for n in range(ONCE):
        data, place = bytearray(whole), int(rng.integers(len(whole)))
        data[place] ^= 1 << int(rng.integers(8))
        (room.here / f"{n}.png").write_bytes(data)
        places[f"{n}.png"] = place
    names = list(places)
    while names:  # a command ends at the first file that is no picture any more
        outcome = yield Job(_at_home(room, "verify", "--json", *names), (), room)
        answers = [json.loads(line) for line in outcome.out.splitlines()]
        for name, answer in zip(names, answers, strict=False):
            count.add(answer["verdict"])
            if answer["verdict"] not in ("altered", "nothing"):
                count.fail(f"seed {seed}, bit at {places[name]}: {answer['sentence']}")
        if outcome.code not in (0, 2) or (outcome.code == 0 and len(answers) < len(names)):
            count.fail(f"exit code {outcome.code} after {len(answers)} files: {outcome.err[-300:]}")
        count.did["refused"] += outcome.code == 2
        names = names[len(answers) + 1 :]


def _key(count: Count, room: Room) -> Plan:
    """A signed file, and with it the certificate and the watermark's key of this room."""
    _write(room.here / "photo.png", tile(np.random.default_rng(0))[:32, :32])
    words = ("palette", "photo.png", "--to", "#204060,#d0c0a0", "--out", "signed.png")
    outcome = yield Job(_at_home(room, *words), (), room)
    if outcome.code:
        count.fail(f"palette: exit code {outcome.code}: {outcome.err[-300:]}")


def _at_home(room: Room, *words: str) -> Callable[[], object]:
    """`pilot-creative` with a config folder of its own."""

    def call() -> object:
        os.environ["XDG_CONFIG_HOME"] = str(room.root / "config")
        sys.argv = ["pilot-creative", *words]
        return entry("pilot-creative")()

    return call


def _write(path: Path, rgb_HW3: np.ndarray) -> None:
    from PIL import Image

    Image.fromarray(rgb_HW3).save(path, **({"quality": 85} if path.suffix == ".jpg" else {"compress_level": 1}))


def tile(rng: np.random.Generator) -> np.ndarray:
    """[H, W, 3] uint8: a crop of a photograph or a made material, with the contrast and colour that chance gives it."""
    height, width = rng.choice(SIDES, 2)
    grey = (_photo, _cloud, _cells, _courses)[rng.integers(4)](rng, height, width)
    grey = (grey - grey.mean()) / (grey.std() + 1e-6)
    colour = rng.uniform(0.7, 1.0, 3)
    shade = rng.uniform(0.25, 0.75) + rng.uniform(0.01, 0.25) * grey
    return np.round(255 * np.clip(shade[..., None] * colour, 0, 1)).astype(np.uint8)


def _photo(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    from skimage import data

    picture = np.atleast_3d(getattr(data, PHOTOS[rng.integers(len(PHOTOS))])()).mean(2)
    top, left = rng.integers(picture.shape[0] - height), rng.integers(picture.shape[1] - width)
    return np.rot90(picture[top : top + height, left : left + width], 2 * rng.integers(2))


def _cloud(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Noise with a spectrum of 1/f^0 (sand) to 1/f^3 (plaster)."""
    radius = np.hypot(np.fft.rfftfreq(width)[None], np.fft.fftfreq(height)[:, None])
    falling = np.maximum(radius, 1 / max(height, width)) ** -rng.uniform(0, 3)
    return np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) * falling, s=(height, width))


def _cells(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Pebbles: distance to the nearest of some points on a torus."""
    y, x = np.mgrid[:height, :width]
    nearest = np.full((height, width), np.inf)
    for at_y, at_x in rng.uniform(0, (height, width), (rng.integers(20, 120), 2)):
        dy, dx = np.abs(y - at_y), np.abs(x - at_x)
        nearest = np.minimum(nearest, np.minimum(dy, height - dy) ** 2 + np.minimum(dx, width - dx) ** 2)
    return np.sqrt(nearest)


def _courses(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Bricks, each with a shade of its own."""
    high, long = rng.choice((8, 16, 32)), rng.choice((16, 32, 64))
    y, x = np.mgrid[:height, :width]
    row = y // high
    along = (x + row % 2 * long // 2) % width
    joint = (y % high < 2) | (along % long < 2)
    shades = rng.standard_normal((height // high + 1, width // long + 1))
    return np.where(joint, rng.uniform(-3, 3), shades[row, along // long]) + 0.2 * rng.standard_normal((height, width))
