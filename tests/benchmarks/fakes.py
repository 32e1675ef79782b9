"""Engines whose times are known beforehand."""

from __future__ import annotations

import numpy as np

from benchmarks.clock import FakeClock


class FixedEngine:
    """Every call takes the next of these times, in turn, on a clock that is moved by hand."""

    name = "fixed"

    def __init__(self, clock: FakeClock, *times: float, workers: int = 1):
        self.clock, self.times, self.asked = clock, times, 0
        self.facts = {"threads": 1, "workers": workers}

    def seconds(self, i: int, k: int = 1) -> float:
        spent = self.times[self.asked % len(self.times)] * k
        self.asked += 1
        self.clock.sleep(spent)
        return spent

    def close(self) -> None:
        pass


class NoisyEngine(FixedEngine):
    """Log-normal times around `middle`; engines on one clock share the moods of the machine, a new one each second."""

    def __init__(self, clock: FakeClock, middle: float, seed: int, *, noise: float = 0.1, moods: float = 0.0):
        super().__init__(clock, middle)
        self.random, self.middle, self.noise = np.random.default_rng(seed), middle, noise
        self.mood = moods * np.random.default_rng(0).normal(size=1000)

    def seconds(self, i: int, k: int = 1) -> float:
        spent = self.middle * float(np.exp(self.random.normal() * self.noise + self.mood[int(self.clock.now())]))
        self.clock.sleep(spent)
        return spent


class OneQuery:
    """A workload of one query that nobody looks at."""

    label, axis, queries = "one", "row", ({},)


class NoBatch(OneQuery):
    axis = None
