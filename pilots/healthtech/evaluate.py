"""From expected counts to distributions to scores, block by block: what serves an origin was learned before it.

Axes: O origins, S series, H steps, B = O x S rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pilots.healthtech import metrics
from pilots.healthtech.backtest.origins import Origins
from pilots.healthtech.backtest.rolling import refits, rows_at
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import truth
from pilots.healthtech.data.contract import Counts
from pilots.healthtech.distribution.head import CountHead
from pilots.healthtech.distribution.levels import Distribution
from pilots.healthtech.metrics import Scored

CALIBRATE = {"h": 28 * 24, "D": 28, "MS": 3}  # periods after which weights and spreads are learned anew
SELDOM = 3  # times that, for models that only stand beside
ENOUGH = 100_000  # earlier outcomes, the newest ones; more of them change no spread


@dataclass
class Judged:
    """One model's test: its scores by horizon, its last distribution of every block, what the last block learned.

    made     (origins of the block, distribution of its rows) in the order of the test
    head     the count head that served the last block; None for a model that states its own distribution
    weights  of an ensemble's members in the last block
    """

    scored: dict[int, Scored]
    made: list[tuple[np.ndarray, Distribution]]
    head: CountHead | None = None
    weights: Any = None
    mean_OSH: np.ndarray | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Backtest:
    """What all models are judged on."""

    counts: Counts
    origins: Origins
    task: Task

    @property
    def steps(self) -> list[int]:
        """Horizons scored, counted from the first step of the windows (those not yet reported included)."""
        return [h + self.counts.delay for h in {*self.origins.report, self.origins.horizon}]

    def truth(self, origin_O: np.ndarray, until: int | None = None) -> np.ndarray:
        """y_OSH with NaN where it is not known, or not before period `until`."""
        counts = self.counts if until is None else self.counts.until(until)
        return truth(counts, origin_O - self.counts.delay, self.task.horizon)

    def score(self, made: Distribution, origin_O: np.ndarray) -> dict[int, Scored]:
        y_OSH = self.truth(origin_O)
        y_OSH[..., : self.counts.delay] = np.nan  # not yet reported, but not in the future either
        return metrics.score(made, y_OSH, metrics.naive_scale(self.counts, origin_O), self.steps)


def judge_sampled(model: Any, test: Backtest) -> Judged:
    """A model that states its own distribution."""
    scored, made = [], []
    for block in refits(test.origins.test_O, CALIBRATE[test.counts.freq]):
        said = model.distribution(rows_at(test.counts, block, test.task))
        made.append((block, said))
        scored.append(test.score(said, block))
    return Judged(metrics.join(scored), made)


def judge_mean(
    combine: Callable[[Mapping[str, np.ndarray], np.ndarray], Any],
    means: Mapping[str, np.ndarray],
    test: Backtest,
    every: int,
) -> Judged:
    """A model of means, or several combined: `combine(means of earlier origins, y_OSH)` gives the weights.

    Weights, dispersion and recalibration of a block, learned anew `every` so many periods, come from earlier origins
    and from outcomes reported before the block.
    """
    counts, all_O = test.counts, test.origins.all_O
    series_S, scored, made, means_made = np.arange(counts.series), [], [], []
    most = max(20, ENOUGH // (counts.series * test.task.horizon))
    for block in refits(test.origins.test_O, every):
        before_O, now_O = np.flatnonzero(all_O < block[0])[-most:], np.isin(all_O, block)
        y_OSH = test.truth(all_O[before_O], until=int(block[0]) - counts.delay)
        earlier = {name: mean_OSH[before_O] for name, mean_OSH in means.items()}
        weights = combine(earlier, y_OSH)
        head = CountHead().fit(weights.combine(earlier), y_OSH, keep_mean=weights.adds_up)
        mean_BH = weights.combine({name: m[now_O] for name, m in means.items()}).reshape(-1, test.task.horizon)
        said = head.distribution(mean_BH, np.tile(series_S, len(block)))
        made.append((block, said))
        means_made.append(mean_BH.reshape(len(block), counts.series, -1))
        scored.append(test.score(said, block))
    return Judged(metrics.join(scored), made, head, weights, np.concatenate(means_made))


def headline(judged: list[Judged], naive: Judged, test: Backtest, seed: int) -> dict[str, dict]:
    """Every score of design §3 as a mean over the bottom series and over the trainings (one per seed), with its
    interval and the naive model's value."""

    def over_seeds(h: int, weight_RO: np.ndarray | None = None) -> dict[str, np.ndarray]:
        each = [mean_figures(one, h, test, weight_RO) for one in judged]
        return {key: np.mean([figures[key] for figures in each], axis=0) for key in each[0]}

    weight_RO = metrics.resamples(len(test.origins.test_O), test.origins.horizon, test.origins.step, seed)
    found = {}
    for h in sorted(naive.scored, reverse=True):
        own, beside = over_seeds(h), mean_figures(naive, h, test)
        spread = over_seeds(h, weight_RO) if weight_RO is not None else None
        for key, value in own.items():
            if not np.isfinite([value[0], beside[key][0]]).all():
                continue  # such as MASE where last week's count was never wrong
            low, high = (None, None) if spread is None else interval(float(value[0]), spread[key])
            low = low and max(low, 0.0)  # no score is negative
            said = {"value": float(value[0]), "unit": unit(key, test.counts), "low": low, "high": high}
            found |= {name: said | {"naive": float(beside[key][0])} for name in names(key, h, test)}
    return found


def names(key: str, h: int, test: Backtest) -> list[str]:
    """A score over the whole horizon has its plain name; one over steps 1..h that was asked for is called key@h."""
    steps = h - test.counts.delay
    plain = [key] if steps == test.origins.horizon else []
    return plain + ([f"{key}@{steps}"] if steps in test.origins.report else [])


def interval(value: float, value_R: np.ndarray) -> tuple[float, float]:
    """95 % of the resampled values, moved to the value itself: resampling alone makes a mean of |error| grow."""
    low, high = np.nanquantile(value_R, [0.025, 0.975]) - np.nanmean(value_R)
    return float(min(value, value + low)), float(max(value, value + high))


def mean_figures(
    judged: Judged, h: int, test: Backtest, weight_RO: np.ndarray | None = None, series: slice | list[int] | None = None
) -> dict[str, np.ndarray]:
    """Scores as means over series (the bottom ones) that have one, [R]; NaN where none has."""
    chosen = slice(0, test.counts.bottom) if series is None else series
    found = metrics.figures(judged.scored[h], weight_RO)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no series has one: NaN is the answer
        return {key: np.nanmean(value_RS[:, chosen], axis=1) for key, value_RS in found.items()}


def versus(judged: Judged, other: Judged, test: Backtest, seed: int) -> dict[str, float | str | None]:
    """Pinball loss less the other's, with a block bootstrap over origins; better only if the interval excludes 0."""
    h = max(judged.scored)
    apart = lambda w: mean_figures(judged, h, test, w)["pinball"] - mean_figures(other, h, test, w)["pinball"]  # noqa: E731
    weight_RO = metrics.resamples(len(test.origins.test_O), test.origins.horizon, test.origins.step, seed)
    value, theirs = float(apart(None)[0]), float(mean_figures(other, h, test)["pinball"][0])
    if weight_RO is None:
        return {"difference": value, "low": None, "high": None, "other": theirs, "verdict": "too few origins to tell"}
    low, high = interval(value, apart(weight_RO))
    verdict = "better" if high < 0 else "worse" if low > 0 else "no better"
    return {"difference": value, "low": low, "high": high, "other": theirs, "verdict": verdict}


def unit(key: str, counts: Counts) -> str:
    """The unit a score is in."""
    name = key.partition("@")[0]
    if name in ("pinball", "crps", "mae"):
        return counts.unit
    return {"smape": "%", "mase": "times the naive error"}.get(name, "share")
