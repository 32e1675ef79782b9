"""Windows over a canvas whose edges meet: one step of the sampler at a time, in place, on a few rows at once.

A pixel after a step depends on at most `halo` pixels around it before the step. So a window that is larger by the halo
gives in its core what the whole picture would; along an axis that the window covers whole, it wraps by itself.

Axes: C channels, H, W pixels of the canvas, h, w of a window.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

PIXELS = 1200 * 1200  # of a window, halo included: what the net needs for it is the constant beside the canvas

Work = Callable[[np.ndarray, range, range], np.ndarray | None]


class Plan(NamedTuple):
    """The parts into which a canvas is cut, and the halo around each; a single part of an axis needs none."""

    rows: list[range]
    columns: list[range]
    halo: int

    @property
    def whole(self) -> bool:
        """One window is the canvas."""
        return len(self.rows) == len(self.columns) == 1


def plan(height: int, width: int, halo: int, multiple: int, pixels: int = PIXELS) -> Plan:
    """The cut with the fewest pixels computed in all, no window above `pixels`; parts begin at multiples of it."""
    ways = [
        (len(rows) * len(columns) * _longest(rows, halo) * _longest(columns, halo), rows, columns)
        for rows in _cuts(height, halo, multiple)
        for columns in _cuts(width, halo, multiple)
    ]
    least = min(_longest(rows, halo) * _longest(columns, halo) for _, rows, columns in ways)
    allowed = max(pixels, least)  # a halo wider than the budget is met with the smallest windows there are
    fit = [way for way in ways if _longest(way[1], halo) * _longest(way[2], halo) <= allowed]
    _, rows, columns = min(fit, key=lambda way: way[0])
    return Plan(rows, columns, halo)


def _cuts(length: int, halo: int, multiple: int) -> list[list[range]]:
    """Every even cut of an axis into parts that are no shorter than the halo and, with it, no longer than the axis."""
    units = length // multiple
    found = [[range(length)]]
    for count in range(2, units + 1):
        ends = [multiple * (units * i // count) for i in range(count + 1)]
        parts = [range(a, b) for a, b in pairwise(ends)]
        if min(map(len, parts)) < max(halo, multiple):
            break
        if max(map(len, parts)) + 2 * halo < length:
            found.append(parts)
    return found


def _longest(parts: list[range], halo: int) -> int:
    return len(parts[0]) if len(parts) == 1 else max(map(len, parts)) + 2 * halo


def sweep(canvas: np.ndarray, cut: Plan, work: Work, into: np.ndarray | None = None) -> None:
    """Renew the canvas [C, H, W] by `work`, window by window; with `into` the result goes there.

    work  takes a window of old values [C, h, w] and its rows and columns (counted on beyond the rim), and returns the
          new ones, of which the core is kept; None leaves the window as it was.

    What other windows still look at after it was renewed is kept aside: `halo` rows of the canvas, and one window.
    """
    target = canvas if into is None else into
    halo = cut.halo
    up, left = halo * (len(cut.rows) > 1), halo * (len(cut.columns) > 1)
    above, top = canvas[:, canvas.shape[1] - up :].copy(), canvas[:, :up].copy()
    for band in cut.rows:
        inside = canvas[:, band.start : band.stop]
        below = top if band is cut.rows[-1] else canvas[:, band.stop : band.stop + up]
        lowest, first = inside[:, len(band) - up :].copy(), inside[:, :, :left].copy()
        rows = range(band.start - up, band.stop + up)
        waiting: tuple[range, np.ndarray] | None = None
        for part in cut.columns:
            columns = range(part.start - left, part.stop + left)
            x = np.array(columns) % canvas.shape[2]  # not take: of a part of an array it would copy all columns first
            window = np.concatenate([old[:, :, x] for old in (above, inside, below)], axis=1)
            if part is cut.columns[-1]:  # its right halo is the first window, which has been renewed
                window[:, up : up + len(band), left + len(part) :] = first
            new = work(window, rows, columns)
            if waiting:
                _put(target, band, *waiting)
            waiting = None if new is None else (part, new[:, up : up + len(band), left : left + len(part)])
        if waiting:
            _put(target, band, *waiting)
        above = lowest


def _put(target: np.ndarray, rows: range, columns: range, core: np.ndarray) -> None:
    target[:, rows.start : rows.stop, columns.start : columns.stop] = core
