"""Forecasts for machines that the model has not seen, and what they teach about its errors.

Features keep the scales of all training machines in every fold; the models are fitted anew.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from common.machine import cores
from common.run import Run
from common.split import folds
from pilots.manufacturing.decide import Decision, signal
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.interval import Conformal, calibrated
from pilots.manufacturing.metrics import by_rul_bin, reliability, rmse
from pilots.manufacturing.protocol import Rows, all_rows, cut_rows


@dataclass(frozen=True)
class OutOfFold:
    """Forecasts of every training life by a model that never saw its machine. risk_LT is None without a hazard.

    blind_LT  the same with sensors hidden
    """

    rul_LT: np.ndarray
    risk_LT: np.ndarray | None
    fold_L: np.ndarray
    blind_LT: np.ndarray

    def take(self, lives: np.ndarray) -> OutOfFold:
        """Only these lives."""
        risk_LT = None if self.risk_LT is None else self.risk_LT[lives]
        return OutOfFold(self.rul_LT[lives], risk_LT, self.fold_L[lives], self.blind_LT[lives])


def learned(
    run: Run, make: Callable, h: Histories, blind: Histories, machine_L: np.ndarray, count: int, seed: int
) -> tuple[Any, OutOfFold]:
    """The model of all lives, and what models say that were denied one of `count` groups of machines in turn.

    Every fold is a step that a stopped run does not repeat.

    blind  the lives of `h` with sensors hidden: forecast, not learned from
    """
    parts = folds(machine_L, count, seed)

    def fit(number: int, model) -> dict[str, np.ndarray]:
        held = parts[number]
        rest = np.setdiff1d(np.arange(len(machine_L)), held)

        def step() -> dict[str, np.ndarray]:
            model.fit(h.take(rest), seed)
            return forecast(model, h.take(held)) | {"blind": forecast(model, blind.take(held))["rul"]}

        done = run.keep(f"fold{number}", step)
        run.say(f"fold {number + 1} of {count}")
        return done

    rul_LT = np.full(h.rul_LT.shape, np.nan)
    risk_LT, blind_LT, fold_L = rul_LT.copy(), rul_LT.copy(), np.zeros(len(machine_L), int)
    with ThreadPoolExecutor(cores()) as pool:  # fits run outside Python's lock, each on one thread of its own
        whole = pool.submit(make().fit, h, seed)
        futures = [pool.submit(fit, number, make()) for number in range(count)]
        for number, future in enumerate(futures):
            done, held = future.result(), parts[number]
            rul_LT[held], risk_LT[held], fold_L[held] = done["rul"], done.get("risk", np.nan), number
            blind_LT[held] = done["blind"]
    return whole.result(), OutOfFold(rul_LT, None if np.isnan(risk_LT).all() else risk_LT, fold_L, blind_LT)


def further_seeds(run: Run, make: Callable, h: Histories, logs: dict[str, Histories]) -> dict[str, list[dict]]:
    """Forecasts on every log in `logs` by models fitted with the seeds after the first; each a step of its own."""

    def fit(seed: int, model) -> dict[str, np.ndarray]:
        model.fit(h, seed)
        run.say(f"seed {seed}")
        return {f"{log}/{name}": x for log, at in logs.items() for name, x in forecast(model, at).items()}

    with ThreadPoolExecutor(cores()) as pool:
        futures = [pool.submit(run.keep, f"seed{s}", partial(fit, s, make())) for s in run.seeds[1:]]
        kept = [future.result() for future in futures]
    return {log: [_under(f"{log}/", done) for done in kept] for log in logs}


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key.removeprefix(prefix): x for key, x in arrays.items() if key.startswith(prefix)}


def forecast(model, h: Histories) -> dict[str, np.ndarray]:
    """rul [L, T] and, where the model has a hazard, risk [L, T]; NaN on padding."""
    made = {"rul": model.predict(h.x_LTD, h.length_L)}
    if hasattr(model, "risk"):
        made["risk"] = model.risk(h.x_LTD, h.length_L)
    return {name: np.where(h.inside_LT, value, np.nan) for name, value in made.items()}


def decide(
    oof: OutOfFold, h: Histories, blind: Histories, interval: Conformal, cuts: int, seed: int, **settings
) -> Decision:
    """Learn interval and probability of failure from out-of-fold forecasts. `settings` as in Decision."""
    cap, horizon = settings["cap"], settings["horizon"]
    rows = cut_rows(h, cuts, seed)
    said_N, rul_N = np.clip(rows.of(oof.rul_LT), 0, cap), rows.of(h.rul_LT)
    known = np.isfinite(rul_N)
    true_N, life_N = np.minimum(rul_N[known], cap), rows.life_N[known]
    interval = interval.fit(said_N[known], true_N, life_N, cap)
    blind_N = np.clip(rows.of(oof.blind_LT)[known], 0, cap)
    interval = interval.widened(blind_N, true_N, rows.of(blind.lost_LT)[known], life_N)
    told, signal_N, event_N = _fate(oof, h, rows, cap, horizon)
    curve = calibrated(signal_N, event_N, told.life_N)
    return Decision(**settings, has_risk=oof.risk_LT is not None, interval=interval, risk=curve)


def cross_validated(oof: OutOfFold, h: Histories, interval: Conformal, cuts: int, seed: int, cap: float) -> dict:
    """RMSE over every row of every failed training life, and errors by remaining life with nested intervals."""
    rows = all_rows(h)
    rul_N, said_N = np.minimum(rows.of(h.rul_LT), cap), np.clip(rows.of(oof.rul_LT), 0, cap)
    low_N, high_N = np.empty_like(said_N), np.empty_like(said_N)
    fold_N, some = oof.fold_L[rows.life_N], cut_rows(h, cuts, seed)
    some = some.where(np.isfinite(some.of(h.rul_LT)))
    for fold in np.unique(oof.fold_L):
        others = some.where(oof.fold_L[some.life_N] != fold)
        said, rul = (np.clip(others.of(x), 0, cap) for x in (oof.rul_LT, h.rul_LT))
        here = fold_N == fold
        low_N[here], high_N[here] = interval.fit(said, rul, others.life_N, cap)(said_N[here])
    edges = [0, 10, 20, 30, 40, 50, 60, 80, 100, cap, cap + 1]
    return {"rmse": rmse(rul_N, said_N), "bins": by_rul_bin(rul_N, said_N, low_N, high_N, edges)}


def stated(oof: OutOfFold, h: Histories, cuts: int, seed: int, cap: float, horizon: int) -> list[dict[str, float]]:
    """The probability of failure against what happened, over every row of training lives held out in turn.

    Not on test lives: their logs stop before the end, so rows that failure follows at once are too rare there.
    """
    told, signal_N, event_N = _fate(oof, h, Rows(*np.nonzero(h.inside_LT)), cap, horizon)
    some, some_signal_N, some_event_N = _fate(oof, h, cut_rows(h, cuts, seed), cap, horizon)
    p_N, fold_N, some_fold_N = np.empty(len(event_N)), oof.fold_L[told.life_N], oof.fold_L[some.life_N]
    for fold in np.unique(oof.fold_L):
        others, here = some_fold_N != fold, fold_N == fold
        curve = calibrated(some_signal_N[others], some_event_N[others], some.life_N[others])
        p_N[here] = curve(signal_N[here])
    return reliability(p_N, event_N, told.life_N, [0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.001])


def _fate(oof: OutOfFold, h: Histories, rows: Rows, cap: float, horizon: int) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Those of `rows` of which it is known whether failure followed within `horizon`; the signal and 1.0 if so, there.

    A life cut off earlier than that does not tell.
    """
    told = rows.where(np.isfinite(rows.of(h.rul_LT)) | (rows.of(h.left_LT) >= horizon))
    risk_N = None if oof.risk_LT is None else told.of(oof.risk_LT)
    event_N = np.nan_to_num(told.of(h.rul_LT), nan=np.inf) <= horizon
    return told, signal(np.clip(told.of(oof.rul_LT), 0, cap), risk_N, cap), event_N.astype(float)
