"""Latencies in constant memory: counts in buckets whose width is a fixed share of their value.

As HdrHistogram (Tene 2012) and DDSketch (Masson, Rim, Lee 2019, VLDB) do it: a quantile read from such buckets is
wrong by at most half a bucket's width, whatever the number of latencies and their shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log

import numpy as np

WIDTH = 0.005  # of a bucket, as share of its lower edge
SMALLEST, LARGEST = 1e-9, 1e5  # s; what lies outside is counted at the edge
SCALE = 1 / log(1 + WIDTH)
OFFSET = -log(SMALLEST) * SCALE
BUCKETS = int(log(LARGEST / SMALLEST) * SCALE) + 1


class Histogram:
    """How often each latency was seen. `total` is their sum, seconds."""

    def __init__(self) -> None:
        self.counts = [0] * BUCKETS
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.total += seconds
        at = int(log(seconds) * SCALE + OFFSET) if seconds > SMALLEST else 0
        self.counts[at if at < BUCKETS else BUCKETS - 1] += 1

    def merge(self, other: Histogram) -> None:
        self.counts = [ours + theirs for ours, theirs in zip(self.counts, other.counts, strict=True)]
        self.total += other.total

    @property
    def count(self) -> int:
        return sum(self.counts)

    def at_rank(self, rank: int) -> float:
        """The `rank`-th smallest latency, seconds, counted from 1; ranks beyond the ends mean the ends."""
        reached = np.cumsum(self.counts)
        if not reached[-1]:
            raise ValueError("a histogram without latencies has no quantiles")
        at = int(np.searchsorted(reached, min(max(rank, 1), reached[-1])))
        return exp((at + 0.5 - OFFSET) / SCALE)

    def quantile(self, p: float) -> float:
        """The smallest latency that at least the share `p` does not exceed, seconds."""
        return self.at_rank(int(np.ceil(p * self.count - 1e-9)))

    def over(self, bound: float) -> int:
        """How many latencies lie above `bound`, seconds; those in its own bucket do not."""
        at = int(log(bound) * SCALE + OFFSET)
        return sum(self.counts[at + 1 :])

    def filled(self) -> Iterator[tuple[float, int]]:
        """Middle of each bucket in use, seconds, and its count."""
        for at, count in enumerate(self.counts):
            if count:
                yield exp((at + 0.5 - OFFSET) / SCALE), count
