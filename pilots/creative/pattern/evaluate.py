"""How drawn patterns compare with the library's own: class as judged, distance of their features, seam, colours.

Axes: N patterns, D features, S cells of a side. Mirror tiling, the naive way, turns a piece of a
pattern over.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np

from pilots.creative.data.patterns import library
from pilots.creative.drawn import Drawn
from pilots.creative.metrics.seam import seam
from pilots.creative.pattern.bundle import asked
from pilots.creative.pattern.classifier import Classifier, judged
from pilots.creative.pattern.net import MULTIPLE
from pilots.creative.pictures import colours, pattern

LEAST = 16  # patterns of each class that figures are taken from
DRAWS = 400  # of a bootstrap
SEEM = 0.05  # p below which a seam is seen
OFFSET = 500_000  # seeds of held-out patterns; a model's stock is drawn from its own seed
STEPS = (1, 2, 8)  # evaluations of the network beside the default
PALETTE = "#1b1b3a,#c8553d,#f3e9dc"

Metric = dict[str, Any]


class Set(NamedTuple):
    """Patterns and what the judge makes of them.

    fields_NSS  in cells
    class_N     what they were meant to be
    judged_N, features_ND   what the judge says and sees
    """

    fields_NSS: np.ndarray
    class_N: np.ndarray
    judged_N: np.ndarray
    features_ND: np.ndarray

    @property
    def right_N(self) -> np.ndarray:
        return (self.class_N == self.judged_N).astype(float)


def viewed(judge: Classifier, fields_NSS: np.ndarray, class_N: np.ndarray) -> Set:
    return Set(fields_NSS, class_N, *judged(judge, fields_NSS))


def drawn(sampler: Drawn, count: int, seed: int, steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """`count` patterns of every class from the exported graph, its kinds in turn: fields in cells, classes."""
    fields, classes = [], []
    for number in range(len(library.NAMES)):
        own = np.flatnonzero(number == library.CLASS_K)
        for place, kind in enumerate(own):
            seeds = [100_000 * seed + 1000 * int(kind) + j for j in range(place, count, len(own))]
            if seeds:
                planes = sampler.tiles(int(kind), seeds, library.SIZE, steps)[..., 0]
                fields.append((planes - 0.5) * (2 * library.FAR))
                classes += [number] * len(seeds)
    return np.concatenate(fields), np.array(classes)


def torus_error(sampler: Drawn, seed: int) -> float:
    """Largest difference, in 0..1, between a rolled pattern and the pattern of rolled noise; worst of a few kinds."""
    worst, by = 0.0, (MULTIPLE, 3 * MULTIPLE)
    for kind in np.linspace(0, len(library.KINDS) - 1, 6).astype(int):
        given = asked(sampler.part, int(kind), seed, str(sampler.part["steps"]))
        plain = sampler.session.run(given)["picture"]
        given |= {name: np.roll(given[name], by, axis=(2, 3)) for name in ("noise", "state")}
        worst = max(worst, float(np.abs(sampler.session.run(given)["picture"] - np.roll(plain, by, (2, 3))).max()))
    return worst


def held_out(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` patterns of every class that no model has learned from."""
    fields, kinds = library.sample(count, OFFSET + seed)
    return fields, library.CLASS_K[kinds]


def mirrored(fields_NSS: np.ndarray) -> np.ndarray:
    """A quarter of each pattern, at a place where it does not close, turned over to both sides."""
    half = library.SIZE // 2
    piece = fields_NSS[:, 5 : 5 + half, 5 : 5 + half]
    wide = np.concatenate([piece, piece[:, :, ::-1]], axis=2)
    return np.concatenate([wide, wide[:, ::-1]], axis=1)


def kid(one_ND: np.ndarray, other_ND: np.ndarray) -> float:
    """Kernel distance of two sets of features, unbiased, cubic kernel (Binkowski et al. 2018, ICLR); 0 = alike.

    The features are those of the project's own judge: comparable between runs with the same judge, never with an FID.
    """

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / a.shape[1] + 1) ** 3

    n, m = len(one_ND), len(other_ND)
    own, theirs = kernel(one_ND, one_ND), kernel(other_ND, other_ND)
    inside = (own.sum() - np.trace(own)) / (n * (n - 1)) + (theirs.sum() - np.trace(theirs)) / (m * (m - 1))
    return float(inside - 2 * kernel(one_ND, other_ND).mean())


def metrics(made: Set, real: Set, other: Set, mirror: Set, torus_error: float) -> dict[str, Metric]:
    """run.json's metrics. `real`, `other`: two sets of held-out patterns; intervals by bootstrap over patterns."""
    random = np.random.default_rng(0)
    ceiling, chance = real.right_N.mean(), 1 / len(library.NAMES)
    right = [made.right_N[random.integers(0, len(made.right_N), len(made.right_N))].mean() for _ in range(DRAWS)]
    passed, mirror_passed = (seams(some.fields_NSS) for some in (made, mirror))
    seen = [passed[random.integers(0, len(passed), len(passed))].mean() for _ in range(DRAWS)]
    return {
        "class_accuracy_ratio": _metric(made.right_N.mean() / ceiling, np.array(right) / ceiling, chance / ceiling),
        "class_accuracy": _metric(made.right_N.mean(), right, chance),
        "class_accuracy_ceiling": _metric(ceiling, [], None),
        "kid_local": _metric(kid(made.features_ND, real.features_ND), halves(made, real), _of(mirror, real)),
        "kid_local_floor": _metric(_of(other, real), halves(other, real), None),
        "seam_pass": _metric(passed.mean(), seen, mirror_passed.mean()),
        "torus_error": _metric(torus_error, [], None),
        "palette_delta_e": {**_metric(palette_error(made.fields_NSS[:: LEAST // 2]), [], None), "unit": "dE"},
    }


def _of(one: Set, other: Set) -> float:
    return kid(one.features_ND, other.features_ND)


def halves(one: Set, other: Set, draws: int = 20) -> list[float]:
    """KID of random halves: how much it owes to the patterns that happened to be drawn."""
    random = np.random.default_rng(1)

    def half(some: np.ndarray) -> np.ndarray:
        return some[random.permutation(len(some))[: len(some) // 2]]

    return [kid(half(one.features_ND), half(other.features_ND)) for _ in range(draws)]


def _metric(value: float, spread: Any, naive: float | None) -> Metric:
    low, high = (float(v) for v in np.percentile(spread, [2.5, 97.5])) if len(spread) else (None, None)
    return {"value": float(value), "unit": "", "low": low, "high": high, "naive": naive}


def by_class(made: Set, real: Set, mirror: Set) -> dict[str, Any]:
    """Bare numbers of each class, those of mirror tiling beside them."""
    found: dict[str, Any] = {}
    for number, name in enumerate(library.NAMES):
        own, theirs, turned = (_only(some, number) for some in (made, real, mirror))
        ceiling = float(theirs.right_N.mean())
        beside = {"mirror": _of_class(turned, theirs)}
        found[name] = {**_of_class(own, theirs), "class_accuracy_ceiling": ceiling, "baselines": beside}
    return found


def _of_class(some: Set, real: Set) -> dict[str, float]:
    return {
        "class_accuracy": float(some.right_N.mean()),
        "kid_local": _of(some, real),
        "seam_pass": float(seams(some.fields_NSS).mean()),
    }


def _only(some: Set, number: int) -> Set:
    return Set(*(array[some.class_N == number] for array in some))


def seams(fields_NSS: np.ndarray) -> np.ndarray:
    """[N] 1.0 where the step across the wrap could be any other step of the pattern."""
    return np.array([float(seam(field[..., None])[0] > SEEM) for field in fields_NSS])


def palette_error(fields_NSS: np.ndarray) -> float:
    """Largest difference of any pixel from the nearest colour of the palette, CIE76, in PNGs as they are written."""
    palette = colours.parse(PALETTE)
    worst = 0.0
    for field in fields_NSS:
        _, packed = cv2.imencode(".png", pattern.render(field, palette, (256, 256))[..., ::-1])
        drawn_HW3 = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))[..., ::-1]
        pixels = np.unique(drawn_HW3.reshape(-1, 3), axis=0)
        apart = colours.delta_e(pixels[:, None] / np.float32(255), palette[None] / np.float32(255))
        worst = max(worst, float(apart.min(axis=1).max()))
    return worst


def by_steps(sampler: Drawn, judge: Classifier, real: Set, seed: int) -> list[dict[str, float]]:
    """Class accuracy and KID when tiles are drawn in fewer steps; half as many patterns as the headline's."""
    table = []
    for steps in STEPS:
        some = viewed(judge, *drawn(sampler, LEAST // 2, seed, steps))
        table.append({"steps": steps, "class_accuracy": float(some.right_N.mean()), "kid_local": _of(some, real)})
    return table
