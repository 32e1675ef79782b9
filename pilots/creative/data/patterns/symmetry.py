"""How a pattern repeats inside its tile: the shifts that leave it as it is, and the frequencies that it may hold.

Axes: N patterns, S cells of a side. Shifts are in sides of the torus. A field that a shift leaves as it is holds only
frequencies (p, q) for which p dx + q dy is a whole number: the reciprocal lattice of crystallography.
"""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

from pilots.creative.data.patterns import library

ANY = 1 / 1009  # a shift so odd that only fields that are constant along it bear it
DRAWN = 16  # patterns of a kind by which its strongest waves are found
HIGHEST = 8  # turns around the torus of a wave that is looked at
Shifts = list[tuple[float, float]]


def shifts(name: str, lattice: tuple[int, ...]) -> Shifts:
    """Shifts (right, down) that generate all those that leave a pattern of this class and lattice as it is."""
    n, *more = lattice
    if name == "stripes":
        return [(1 / n, 0), (0, ANY)] if more[0] else [(ANY, 0), (0, 1 / n)]
    if name == "diagonal":
        return [(1 / n, 0), (0, 1 / more[0]), (more[0] * ANY, -n * ANY)]
    if name in ("chevron", "waves"):
        turns, rows = (more[0], n) if more[1] else (n, more[0])
        return [(1 / turns, 0), (0, 1 / rows)]
    if name in ("polka", "scales"):
        return [(1 / n, 0), (0.5 / n, 0.5 / n)]
    if name in ("grid", "diamonds"):
        return [(1 / n, 0), (0, 1 / more[0])]
    if name == "checker":
        return [(1 / n, 1 / n), (1 / n, -1 / n)]
    if name in ("hexagons", "triangles"):
        return [(1 / n, 0), (0.5 / n, 1 / more[0])]
    if name == "herringbone":
        slanted, units = more
        return [(1 / units, 0), (n / units, n / units)] if slanted else [(1 / units, 1 / units), (2 * n / units, 0)]
    return [(1 / n, 0), (0, 1 / n)]


@cache
def frequencies(kind: int, size: int = library.SIZE) -> np.ndarray:
    """[S, S] float32, 1 where a pattern of the kind may hold a frequency; rows and columns in the order of an FFT."""
    number, lattice = library.KINDS[kind]
    q, p = np.meshgrid(*2 * [np.fft.fftfreq(size, 1 / size)], indexing="ij")
    turns = [p * right + q * down for right, down in shifts(library.NAMES[number], lattice)]
    kept = np.logical_and.reduce([np.abs(t - np.round(t)) < 1e-6 for t in turns])
    half = np.abs(np.stack([p, q])).max(0) == size / 2  # a frequency that is its own mirror image has no phase
    return (kept & ~half).astype(np.float32)


@cache
def repeats(kind: int, size: int = library.SIZE) -> float:
    """How many cells of the field say the same: all cells over those that are free."""
    return size**2 / float(frequencies(kind, size).sum())


def even(fields_NSS: np.ndarray, kinds_N: np.ndarray) -> np.ndarray:
    """The fields with every repeat the mean of all repeats: what of them is of their kind's frequencies."""
    kept = np.stack([frequencies(int(kind), fields_NSS.shape[-1]) for kind in kinds_N])
    return np.fft.ifft2(np.fft.fft2(fields_NSS) * kept).real.astype(np.float32)


@cache
def waves(kind: int) -> tuple[tuple[int, int], ...]:
    """Two frequencies (p, q), or the only one, whose phases say where on the torus a pattern of the kind lies.

    Those that no pattern of the kind is without, and that between them tell all places apart if such a pair is strong.
    """
    number, lattice = library.KINDS[kind]
    fields = library.drawn(library.NAMES[number], np.array([lattice] * DRAWN), np.random.default_rng(kind))
    power = np.abs(np.fft.fft2(fields)) / fields.std(axis=(1, 2), keepdims=True)
    least = power.min(axis=0) * frequencies(kind)
    half = [(p, q) for p in range(HIGHEST + 1) for q in range(-HIGHEST, HIGHEST + 1) if (p, q) > (0, 0)]
    found = {wave: float(least[wave[::-1]]) for wave in half if least[wave[::-1]] > 0}
    pairs = [(a, b) for a, b in itertools.combinations(found, 2) if a[0] * b[1] != a[1] * b[0]]
    if not pairs:
        return (max(found, key=found.__getitem__),)

    def worth(pair: tuple[tuple[int, int], tuple[int, int]]) -> float:
        (a, b), (c, d) = pair
        places = abs(a * d - b * c) / repeats(kind)  # that the pair cannot tell apart
        return min(found[pair[0]], found[pair[1]]) * (1 if places < 1.5 else 0.2)

    return max(pairs, key=worth)


def in_phase(fields_NSS: np.ndarray, goals_NSS: np.ndarray, kinds_N: np.ndarray) -> np.ndarray:
    """Each field shifted to where its waves have the phases of its goal's waves."""
    size = fields_NSS.shape[-1]
    fields, goals = np.fft.fft2(fields_NSS), np.fft.fft2(goals_NSS)
    q, p = np.meshgrid(*2 * [np.fft.fftfreq(size, 1 / size)], indexing="ij")
    for n, kind in enumerate(kinds_N):
        of_kind = np.array(waves(int(kind)))
        at = tuple(of_kind[:, ::-1].T)  # rows of the transform are q, columns p
        turn = np.angle(fields[n][at] * np.conj(goals[n][at])) / (2 * np.pi)
        right, down = np.linalg.pinv(of_kind) @ turn
        fields[n] *= np.exp(-2j * np.pi * (p * right + q * down))
    return np.fft.ifft2(fields).real.astype(np.float32)
