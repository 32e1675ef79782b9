"""The judgement: tiles of a model and of the baselines against what was held out, every figure beside its floor.

Every generator draws after the same pictures (`drawn`), and what it draws is measured in the same way (`metrics`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from pilots.creative.data.contract import Exemplars
from pilots.creative.drawn import Drawn, Tiles, draw, draw_baselines, draw_seams, plan
from pilots.creative.metrics.bootstrap import RESAMPLES, interval, of_means
from pilots.creative.metrics.copying import Copies, Found
from pilots.creative.metrics.reference import Reference
from pilots.creative.metrics.seam import LEVEL, seam

__all__ = ["Drawn", "Judged", "draw", "draw_baselines", "draw_seams", "judge", "plan"]
SEARCHED = 2**18  # pixels of a class's pictures that are searched for copies, if those drawn after have not more
COPIED = {"copy_ratio_median": 0.5, "copy_ratio_p01": 0.01}  # quantile of the distances


@dataclass(frozen=True, eq=False)
class Judged:
    """metrics and by_class as in run.json.

    copies       by class: the copy test of the model's tiles
    white_noise  by class: the `swd` of noise of the picture's own spread. Where it is lower than the model's, that
                 measure says little; it is a warning, no baseline
    """

    metrics: dict[str, dict[str, float | None]]
    by_class: dict[str, dict[str, Any]]
    copies: dict[str, tuple[Copies, Found]]
    white_noise: dict[str, float]


def judge(
    exemplars: Exemplars, model: Tiles, baselines: Mapping[str, Tiles], seed: int, seams: Tiles | None = None
) -> Judged:
    """Every measure of the model's tiles, with a 95 % interval (bootstrap over the tiles within each class) and
    mirror's value beside it, and of every generator by class; `seams` are more tiles for the seam test alone."""
    after = plan(exemplars, len(next(iter(model.values()))))
    by_class, copies, white_noise, values, spread = {}, {}, {}, {}, {}
    for group in exemplars.groups:
        images = after[group]
        size = model[group].shape[1]
        references = [Reference(exemplars.images[i], size, (seed, i, j)) for j, i in enumerate(images)]
        test = Copies(learned(exemplars, group, images), [exemplars.images[i].held().rgb_HW3 for i in images], seed)

        each = floor(references) | figures(model[group], references, images)
        wrap = [seam(tile) for tile in (seams or {}).get(group, ())]
        each["seam_pass"] = np.append(each["seam_pass"], [p > LEVEL for p, _ in wrap])
        each["seam_ratio"] = np.append(each["seam_ratio"], [ratio for _, ratio in wrap])
        found = copies[group] = test, test.look(model[group], torus=True)
        white_noise[group] = float(np.mean([r.white_noise() for r in references]))
        by_class[group] = means(each) | ratios(*found)
        by_class[group]["baselines"] = {
            name: means(figures(tiles[group], references, images)) | ratios(test, test.look(tiles[group], torus=True))
            for name, tiles in baselines.items()
        }
        for key, value in each.items():
            values.setdefault(key, []).append(value)
        for key, level in COPIED.items():
            drawn_anew = test.resampled(found[1], level, RESAMPLES, np.random.default_rng(seed))
            spread.setdefault(key, []).append(drawn_anew)
        test.close()
    return Judged(headline(by_class, values, spread, seed), by_class, copies, white_noise)


def learned(exemplars: Exemplars, group: str, images: Sequence[int]) -> list[np.ndarray]:
    """What is searched for copies: the pictures drawn after, and others of the class as far as there is time."""
    chosen, pixels = [], 0
    for i in dict.fromkeys([*images, *exemplars.of(group)]):
        left = exemplars.images[i].left().rgb_HW3
        pixels += left.shape[0] * left.shape[1]
        if i in images or pixels <= SEARCHED:
            chosen.append(left)
    return chosen


def figures(tiles: np.ndarray, references: Sequence[Reference], images: Sequence[int]) -> dict[str, np.ndarray]:
    """One value per tile; `diversity` one per pair of tiles after one picture."""
    looks = [r.look_at_tile(tile) for r, tile in zip(references, tiles, strict=False)]
    wraps = [seam(tile) for tile in tiles]
    pairs = [(i, j) for i, j in combinations(range(len(tiles)), 2) if images[i] == images[j]]
    return {
        "swd": np.array([r.swd(shadows) for r, (shadows, _) in zip(references, looks, strict=False)]),
        "spectrum_error": np.array([r.spectrum_error(power) for r, (_, power) in zip(references, looks, strict=False)]),
        "seam_pass": np.array([p > LEVEL for p, _ in wraps], float),
        "seam_ratio": np.array([ratio for _, ratio in wraps]),
        "diversity": np.array([references[i].swd(looks[i][0], looks[j][0]) for i, j in pairs]),
    }


def floor(references: Sequence[Reference]) -> dict[str, np.ndarray]:
    """The same for pieces of what was learned from, a few per tile."""
    looks = [(r, *r.look(piece)) for r in references for piece in r.pieces()]
    return {
        "swd_floor": np.array([r.swd(shadows) for r, shadows, _ in looks]),
        "spectrum_floor": np.array([r.spectrum_error(power) for r, _, power in looks]),
    }


def means(values: Mapping[str, np.ndarray]) -> dict[str, float | None]:
    """Null where there is nothing to take the mean of."""
    return {key: float(value.mean()) if len(value) else None for key, value in values.items()}


def ratios(test: Copies, found: Found) -> dict[str, float]:
    return {key: test.ratio(found, level) for key, level in COPIED.items()}


def headline(
    by_class: Mapping[str, Mapping[str, Any]],
    values: Mapping[str, list[np.ndarray]],
    drawn_anew: Mapping[str, list[np.ndarray]],
    seed: int,
) -> dict[str, dict[str, float | None]]:
    """Means over classes, their intervals, and mirror's; floors have no naive value."""
    found = {}
    for key in (*values, *drawn_anew):
        known = [group for group in by_class if by_class[group][key] is not None]
        if known:
            spread = interval([v for v in values[key] if len(v)], seed) if key in values else of_means(drawn_anew[key])
            mirror = [by_class[group]["baselines"].get("mirror", {}).get(key) for group in known]
            found[key] = {
                "value": float(np.mean([by_class[group][key] for group in known])),
                "low": spread[0],
                "high": spread[1],
                "naive": None if None in mirror else float(np.mean(mirror)),
            }
    return found
