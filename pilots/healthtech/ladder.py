"""The models of a run: the one asked for, what it is made of, and those it is judged beside.

Axes: O origins, S series, H steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from hydra import compose
from omegaconf import DictConfig

from common.config import build
from common.fault import Fault
from common.run import Run
from pilots.healthtech.backtest.rolling import Rolling
from pilots.healthtech.evaluate import CALIBRATE, SELDOM, Backtest, Judged, judge_mean, judge_sampled
from pilots.healthtech.hierarchy.joined import joined
from pilots.healthtech.models.ensemble import Alone


@dataclass(frozen=True)
class Ladder:
    """settings: of every model by name, the members of an ensemble among them; headline: the one asked for."""

    headline: str
    settings: dict[str, DictConfig]
    ensemble: Any = None
    left_out: dict[str, str] = field(default_factory=dict)

    def make(self, name: str) -> Any:
        return build(self.settings[name])

    def models(self) -> dict[str, Any]:
        return {name: self.make(name) for name in self.settings}

    def roll(self, run: Run, test: Backtest) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Expected counts of every model at every origin, and every model as last fitted."""
        means, fitted = {}, {}
        for name in self.settings:
            rolled = Rolling(partial(self.make, name), test.counts, test.origins.all_O, test.task)
            if not rolled.possible:
                need = self.make(name).needs(test.counts.freq)
                self.left_out[name] = f"{name} is left out: it needs {need} periods before the last origin"
                continue
            say = lambda text, name=name: run.say(f"{name}, {text}")  # noqa: E731
            kept = run.keep(f"{name}_{test.task.seed}", lambda: {"mean": rolled.means(say)})  # noqa: B023
            means[name], fitted[name] = kept["mean"], rolled.last()
        return means, fitted


@dataclass(frozen=True)
class Outcome:
    """by_model: the test of every model; means and fitted as the ladder rolled them."""

    by_model: dict[str, Judged]
    means: dict[str, np.ndarray]
    fitted: dict[str, Any]


def asked_for(cfg: DictConfig, headline: str) -> Ladder:
    """The ladder of the settings; every model is built once, so that a wrong setting is told at once.

    headline  name of the model that was asked for; a resumed run has it from the stopped one
    """
    settings = dict(cfg.baselines)
    chosen = build(cfg.model)
    ensemble = chosen if hasattr(chosen, "members") else None
    settings |= dict(cfg.model.members) if ensemble else {headline: cfg.model}
    for name in cfg.compare:
        if name not in settings:
            settings[name] = compose("config", overrides=[f"model={name}"]).model
            if "members" in settings[name]:
                raise Fault(f"compare={name} is made of several models: choose it as model={name}")
    ladder = Ladder(headline, settings, ensemble)
    ladder.models()
    return ladder


def judge(ladder: Ladder, means: dict[str, np.ndarray], fitted: dict[str, Any], test: Backtest) -> Outcome:
    """Judge every model; the ensemble last, from its members' means."""
    by_model = {}
    for name, model in fitted.items():
        if hasattr(model, "sample") or hasattr(model, "distribution"):
            by_model[name] = judge_sampled(model, test)
        else:
            first = name == ladder.headline
            every = CALIBRATE[test.counts.freq] * (1 if first else SELDOM)
            alone = joined(Alone.of(name), test.counts) if first else Alone.of(name)
            by_model[name] = judge_mean(alone, {name: means[name]}, test, every)
    if ladder.ensemble:
        members = {name: means[name] for name in ladder.ensemble.members if name in means}
        weigh = joined(ladder.ensemble.weigh, test.counts)
        by_model[ladder.headline] = judge_mean(weigh, members, test, CALIBRATE[test.counts.freq])
    return Outcome(by_model, means, fitted)
