"""Tiles to be judged: from the exported graph and from the baselines, all after the same pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from common.bundle.session import Session
from pilots.creative.data.contract import Exemplars
from pilots.creative.noise import tile_noise

SIZE = 128  # pixels of a judged tile's side
BATCH = 4  # tiles drawn in one call of the graph
HALF = ("patch_nn",)  # slow generators draw half as many tiles
SEAMS = 25  # tiles that the share of good seams is taken from, for each one asked for: 200 of the usual 8

Tiles = dict[str, np.ndarray]  # by class: [N, S, S, 3]


class Generator(Protocol):
    def tiles(self, image: int, seeds: Sequence[int], size: int) -> np.ndarray:
        """[N, size, size, 3] float32 0..1 in the manner of one training picture."""
        ...


class Drawn:
    """Tiles from the exported sampler; `part` is the manifest's `creative`."""

    def __init__(self, session: Session, part: Mapping[str, Any]):
        self.session, self.part = session, part

    def tiles(self, image: int, seeds: Sequence[int], size: int, steps: int | None = None) -> np.ndarray:
        """[N, size, size, 3] float32 0..1, the colour planes in the manner of one training picture."""
        made = []
        for first in range(0, len(seeds), BATCH):
            drawn = [self._noise(seed, size) for seed in seeds[first : first + BATCH]]
            made.append(self._pictures(image, np.stack(drawn), steps))
        return np.moveaxis(np.concatenate(made)[:, :3], 1, 3)

    def planes(self, image: int, seed: int, size: int = SIZE) -> np.ndarray:
        """[size, size, planes] float32 0..1: a tile with its height and roughness, where they were learned."""
        drawn = self._noise(seed, size)[None]
        return np.moveaxis(self._pictures(image, drawn, None)[0], 0, 2)

    def torus_error(self, image: int, seed: int, size: int = SIZE) -> float:
        """Largest difference, in 0..1, between a rolled picture and the picture of rolled noise."""
        made = self._noise(seed, size)[None]
        by = (3 * self.part["multiple"], 5 * self.part["multiple"])
        rolled, plain = (self._pictures(image, x, None) for x in (np.roll(made, by, axis=(2, 3)), made))
        return float(np.abs(rolled - np.roll(plain, by, axis=(2, 3))).max())

    def _noise(self, seed: int, size: int) -> np.ndarray:
        return tile_noise(seed, self.part["channels"], size, size, self.part["planes"])

    def _pictures(self, image: int, noise_BCHW: np.ndarray, steps: int | None) -> np.ndarray:
        batch, _, height, width = noise_BCHW.shape
        condition = np.zeros((batch, len(self.part["images"])), np.float32)
        condition[:, image] = 1
        given = {
            "noise": noise_BCHW,
            "state": noise_BCHW,
            "grid": self._grid(steps or self.part["steps"]),
            "condition": condition,
            "known": np.zeros((batch, len(self.part["planes"]), height, width), np.float32),
            "mask": np.ones((batch, 1, height, width), np.float32),
        }
        return self.session.run(given)["picture"]

    def _grid(self, steps: int) -> np.ndarray:
        grids = {int(count): times for count, times in self.part["grids"].items()}
        nearest = min(grids, key=lambda known: (abs(known - steps), known))
        return np.interp(np.linspace(0, nearest, steps + 1), np.arange(nearest + 1), grids[nearest]).astype(np.float32)


def first_seed(seed: int) -> int:
    """Of the tiles of a run's seed; the others follow it."""
    return 10_000 * seed


def plan(exemplars: Exemplars, tiles: int) -> dict[str, list[int]]:
    """By class, the picture that each tile is drawn after: half as many pictures as tiles, spread over the class."""
    after = {}
    for group in exemplars.groups:
        members = exemplars.of(group)
        count = min(len(members), max(tiles // 2, 1))
        after[group] = [members[(j % count) * len(members) // count] for j in range(tiles)]
    return after


def draw(generator: Generator, after: Mapping[str, Sequence[int]], seed: int, size: int = SIZE) -> Tiles:
    """Tiles after the pictures of a `plan`, each of a seed of its own."""
    made = {}
    for group, images in after.items():
        made[group] = np.empty((len(images), size, size, 3), np.float32)
        for image in dict.fromkeys(images):
            these = [j for j, other in enumerate(images) if other == image]
            made[group][these] = generator.tiles(image, [first_seed(seed) + j for j in these], size)
    return made


def draw_baselines(
    exemplars: Exemplars, baselines: Mapping[str, Any], tiles: int, seed: int, size: int = SIZE
) -> dict[str, Tiles]:
    """Tiles of every baseline. It needs no model: a second process may draw them while one is trained."""
    after = plan(exemplars, tiles)
    half = {group: images[: max(tiles // 2, 1)] for group, images in after.items()}
    return {
        name: draw(baseline.fit(exemplars, seed), half if name in HALF else after, seed, size)
        for name, baseline in baselines.items()
    }


def draw_seams(exemplars: Exemplars, model: Generator, tiles: int, seed: int) -> Tiles:
    """Tiles of the model on top of the judged ones, for their seams alone: few tiles say little about a share."""
    more = -(-max(SEAMS * tiles - tiles * len(exemplars.groups), 0) // len(exemplars.groups))
    return draw(model, plan(exemplars, more), seed + 1) if more else {}
