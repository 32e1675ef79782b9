"""What may be concluded from latencies: intervals of percentiles, rates and ratios, and how many queries it takes.

Nothing here assumes a shape of the latencies' distribution. 95 % intervals throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma, log, log1p, sqrt
from typing import Any

import numpy as np

from benchmarks.histogram import Histogram

CONFIDENCE = 0.99  # of the early-stopping rule: LoadGen's c, with tolerance d = 0
# 97.5 % quantile of Student's t by degrees of freedom; from 10 on by its expansion around the normal's.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
NORMAL = 1.959964


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % limits; a limit is None where the data cannot give one."""

    value: float
    low: float | None
    high: float | None

    def as_json(self, scale: float = 1.0) -> dict[str, float | None]:
        limits = {"low": self.low, "high": self.high}
        return {"value": self.value * scale, **{k: None if v is None else v * scale for k, v in limits.items()}}


def at_most(over: int, n: int, chance: float) -> float:
    """P(at most `over` of n)."""
    if over >= n:
        return 1.0
    mean, spread = n * chance, sqrt(n * chance * (1 - chance))
    first = max(0, min(over, int(mean - 12 * spread - 30)))  # what lies below adds nothing that a float can hold
    k = np.arange(first, over + 1)
    start = (
        lgamma(n + 1) - lgamma(first + 1) - lgamma(n - first + 1) + first * log(chance) + (n - first) * log1p(-chance)
    )
    steps = np.log((n - k[:-1]) / (k[:-1] + 1.0)) + log(chance) - log1p(-chance)
    return float(min(1.0, np.exp(start + np.concatenate([[0.0], np.cumsum(steps)])).sum()))


def min_queries(percentile: float, over: int = 0, confidence: float = CONFIDENCE) -> int:
    """Fewest queries that show, with `over` of them above the bound, that the percentile keeps it.

    Were more than 1 - percentile of all latencies above it, so few among so many would be seen with a
    probability of at most 1 - confidence. LoadGen's early stopping with tolerance 0 (MLCommons inference
    rules, appendix "early stopping"): 459 for p99 and none over, 662 for one, 64 for p90 and one.
    """
    low, high = over, max(2 * over, 1)
    while at_most(over, high, 1 - percentile) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(over, middle, 1 - percentile) > 1 - confidence else (low, middle)
    return high


def allowed_over(n: int, percentile: float, confidence: float = CONFIDENCE) -> int:
    """Most latencies above the bound with which n queries still show that the percentile keeps it; -1 if none."""
    low, high = -1, int(n * (1 - percentile)) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(middle, n, 1 - percentile) <= 1 - confidence else (low, middle)
    return low


def early_stopping(latency: Histogram, percentile: float) -> dict[str, Any]:
    """Whether the queries are enough for the percentile, and the value that then holds with 99 % confidence.

    At least one query may lie above (as LoadGen asks in closed loops), which makes 64 for p90 and 662 for p99.
    """
    n, needed = latency.count, min_queries(percentile, 1)
    estimate = latency.at_rank(n - allowed_over(n, percentile) + 1) if n >= needed else None
    return {
        "percentile": percentile,
        "needed": needed,
        "queries": n,
        "satisfied": n >= needed,
        "estimate_ms": None if estimate is None else 1e3 * estimate,
    }


def quantile_interval(latency: Histogram, p: float) -> Interval:
    """The quantile, its limits by order statistics (David and Nagaraja 2003, 7.1): true whatever the distribution."""
    n = latency.count
    low = largest_rank(n, p, 0.025)
    high = n + 1 - largest_rank(n, 1 - p, 0.025)
    return Interval(
        latency.quantile(p),
        latency.at_rank(low) if low >= 1 else None,
        latency.at_rank(high) if high <= n else None,
    )


def largest_rank(n: int, p: float, share: float) -> int:
    """Largest rank whose order statistic lies above the quantile with a probability of at most `share`; 0 if none."""
    low, high = 0, int(n * p) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(middle - 1, n, p) <= share else (low, middle)
    return low


def student(freedom: int) -> float:
    """97.5 % quantile of Student's t."""
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    z = NORMAL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def over_rounds(values: Sequence[float]) -> Interval:
    """Geometric mean of one figure over rounds, with Student's t on its logarithm; one round gives no limits."""
    logs = np.log(np.asarray(values, float))
    middle = float(logs.mean())
    if len(logs) < 2:
        return Interval(float(np.exp(middle)), None, None)
    half = student(len(logs) - 1) * float(logs.std(ddof=1)) / sqrt(len(logs))
    return Interval(float(np.exp(middle)), float(np.exp(middle - half)), float(np.exp(middle + half)))


def paired_ratio(a: Sequence[float], b: Sequence[float]) -> Interval:
    """Time of b in units of a's, from the same rounds: what disturbs a whole round cancels. Above 1, a is faster."""
    return over_rounds(np.asarray(b, float) / np.asarray(a, float))


def faster(ratio: Interval) -> str | None:
    """'a' or 'b' where the ratio's interval excludes 1; None where it does not, or where there is none."""
    if ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high:
        return None
    return "a" if ratio.low > 1 else "b"


def hull(*intervals: Interval) -> Interval:
    """The first figure, with the widest of the limits; one missing limit leaves the others' to speak."""
    lows = [i.low for i in intervals if i.low is not None]
    highs = [i.high for i in intervals if i.high is not None]
    return Interval(intervals[0].value, min(lows, default=None), max(highs, default=None))
