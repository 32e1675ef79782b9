"""The arithmetic of a verdict, on cases worked out by hand or counted out exactly."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from math import comb, log

import numpy as np
import pytest

from benchmarks.histogram import BUCKETS, WIDTH, Histogram
from benchmarks.stats import (
    Interval,
    allowed_over,
    at_most,
    early_stopping,
    faster,
    hull,
    min_queries,
    over_rounds,
    paired_ratio,
    quantile_interval,
    student,
)


def filled(values) -> Histogram:
    made = Histogram()
    for value in values:
        made.add(float(value))
    return made


@pytest.mark.parametrize(
    ("percentile", "over", "queries"),
    [(0.99, 0, 459), (0.99, 1, 662), (0.9, 0, 44), (0.9, 1, 64), (0.5, 0, 7)],
)
def test_fewest_queries_as_in_loadgens_rules(percentile, over, queries):
    """0.5: 2^-6 is more than 1 %, 2^-7 less. 0.99: ln 0.01 / ln 0.99 = 458.2."""
    assert min_queries(percentile, over) == queries
    assert allowed_over(queries, percentile) == over
    assert allowed_over(queries - 1, percentile) == over - 1


def test_the_binomial_is_exact():
    chance = Fraction(1, 10)
    counted = 0
    for n in (1, 7, 64, 100):
        for k in (0, 1, n // 10, n // 2, n):
            exact = sum(comb(n, j) * chance**j * (1 - chance) ** (n - j) for j in range(k + 1))
            assert at_most(k, n, 0.1) == pytest.approx(float(exact), rel=1e-9)
            counted += 1
    assert counted == 20
    assert at_most(10_000, 1_000_000, 0.01) == pytest.approx(0.5027, abs=2e-4)  # normal with continuity correction


def test_early_stopping_discards_as_loadgen_does():
    """Of 100 latencies LoadGen's log says "would discard 2 highest": the estimate for p90 is the third highest."""
    said = early_stopping(filled(np.arange(1, 101) / 1000), 0.9)
    assert said["satisfied"] is True
    assert said["estimate_ms"] == pytest.approx(98, rel=WIDTH)
    few = early_stopping(filled(np.arange(1, 64) / 1000), 0.9)
    assert (few["satisfied"], few["needed"], few["queries"], few["estimate_ms"]) == (False, 64, 63, None)


def test_limits_of_the_median_are_ranks_40_and_61_of_100():
    """The textbook's table (Conover 1999, A3): ranks 40 and 61 for n = 100."""
    found = quantile_interval(filled(np.arange(1, 101)), 0.5)
    assert (found.value, found.low, found.high) == pytest.approx((50, 40, 61), rel=WIDTH)


def test_too_few_latencies_give_no_limit():
    found = quantile_interval(filled(np.arange(1, 101)), 0.99)
    assert found.high is None  # 0.99 ** 100 = 0.37: the p99 may well lie above all that was seen
    assert found.low == pytest.approx(97, rel=WIDTH)
    assert quantile_interval(filled([1.0, 2.0]), 0.5).low is None


def test_order_statistics_cover_what_they_promise():
    draw = np.random.default_rng(0)
    held = 0
    for _ in range(80):
        found = quantile_interval(filled(np.exp(draw.normal(size=300))), 0.9)
        held += found.low <= np.exp(1.2816) <= found.high
    assert held >= 71  # 95 % of 80 is 76; a fair 95 % interval holds less often than 71 times in 1 % of such tests


def test_students_t():
    table = {1: 12.706, 4: 2.776, 9: 2.262, 10: 2.228, 12: 2.179, 20: 2.086, 30: 2.042, 120: 1.980}
    assert {freedom: round(student(freedom), 2) for freedom in table} == {k: round(v, 2) for k, v in table.items()}


def test_a_figure_over_rounds_by_hand():
    """Logarithms 1, 2, 3: mean 2, deviation 1, t = 4.303 with 2 degrees of freedom, so 2 ± 4.303 / sqrt 3."""
    found = over_rounds(np.exp([1.0, 2.0, 3.0]))
    assert [log(v) for v in (found.value, found.low, found.high)] == pytest.approx([2, -0.484, 4.484], abs=1e-3)
    assert over_rounds([5.0]) == Interval(pytest.approx(5.0), None, None)


def test_what_disturbs_a_round_cancels_in_the_ratio():
    moods = np.array([1.0, 3.0, 0.5, 2.0])
    found = paired_ratio(moods, 2 * moods)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))
    assert faster(found) == "a"
    assert faster(paired_ratio(2 * moods, moods)) == "b"


def test_one_is_faster_only_if_the_interval_excludes_1():
    verdicts = [(1.2, 1.1, 1.3, "a"), (0.8, 0.7, 0.9, "b"), (1.2, 0.9, 1.6, None), (1.0, 1.0, 1.2, None)]
    assert [faster(Interval(*limits)) for *limits, _ in verdicts] == [verdict for *_, verdict in verdicts]
    assert faster(Interval(9.0, None, None)) is None


def test_the_wider_limits_win():
    assert hull(Interval(5, 4, 6), Interval(5, 3, 5.5), Interval(5, None, None)) == Interval(5, 3, 6)


def test_memory_is_constant_in_the_number_of_latencies():
    made, draw = Histogram(), np.random.default_rng(0)
    few, many = (np.exp(draw.normal(size=n) * 3 - 7).tolist() for n in (1_000, 50_000))
    for value in few:
        made.add(value)
    size, taken = len(made.counts), len(list(made.filled()))
    tracemalloc.start()
    for value in many:
        made.add(value)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(made.counts) == size == BUCKETS
    assert taken <= len(list(made.filled())) <= BUCKETS
    assert held < 100_000  # 50,000 floats kept would be 1.2 MB; counters above 256 are objects of 28 bytes
    assert made.count == 51_000


def test_a_quantile_is_right_within_half_a_percent():
    values = np.sort(np.exp(np.random.default_rng(1).normal(size=20_001) * 2 - 6))
    made = filled(values)
    for p in (0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0):
        exact = values[int(np.ceil(p * len(values))) - 1]
        assert made.quantile(p) == pytest.approx(exact, rel=0.005), p
    assert made.total == pytest.approx(values.sum())


def test_latencies_beyond_the_ends_are_counted_at_the_ends():
    made = filled([0.0, 1e-12, 1e9])
    assert made.count == 3
    assert made.at_rank(1) < 2e-9
    assert made.at_rank(3) > 9e4


def test_merged_histograms_are_one():
    one, other, both = filled([1, 2, 3]), filled([4, 5]), filled([1, 2, 3, 4, 5])
    one.merge(other)
    assert (one.counts, one.total, one.over(3.5)) == (both.counts, both.total, 2)
