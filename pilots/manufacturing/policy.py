"""Which threshold, what it is worth, and what the alarm does on machines that neither fitting nor choice has seen.

Every life is forecast by a model that did not learn from its machine (`calibrate.learned`), and judged with the
threshold that is cheapest on the *other* machines of its own fold: those forecasts come from the same model, so the
life is left out of the fitting and of the choice. The delivered threshold is chosen on all of them.

Axes: L lives that ended in failure, K thresholds or intervals, B bootstrap draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from omegaconf import DictConfig

from common.fault import Fault
from pilots.manufacturing.alarm import Alarm
from pilots.manufacturing.calibrate import OutOfFold
from pilots.manufacturing.cost import Outcome, Prices, by_alarm, by_interval, cheapest, intervals
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.histories import Histories

DRAWS = 2000
STEPS = 50  # thresholds tried between 0 and the cap


@dataclass(frozen=True)
class Policy:
    """The alarm's threshold and what is known about it.

    threshold  rows
    metrics    alarm and cost metrics of design section 3, naive = the best fixed interval
    money      the cost curve, the three policies and the saving, in £ a year: for bundle, run.json and report
    """

    threshold: float
    metrics: dict[str, dict[str, Any]]
    money: dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """What the alarm is asked for.

    planning        rows between the alarm and the planned work
    early           rows; an alarm with more life left is a false one
    rows_per_month  of one machine in operation
    row_unit        what a row stands for
    machines        in the fleet, for the saving per year
    """

    planning: int
    early: float
    rows_per_month: float
    row_unit: str
    machines: int


def agreed(cfg: DictConfig, fleet: Fleet) -> tuple[Alarm, Terms, Prices]:
    """What config and card.yaml say about alarm, planning and money; a price in the config goes before the card's."""
    card = yaml.safe_load(files("pilots.manufacturing").joinpath("card.yaml").read_text(encoding="utf-8"))
    prices = {name: card["cost_gbp"][name] if price is None else price for name, price in cfg.cost_gbp.items()}
    a, machines = cfg.alarm, len(np.unique(fleet.machine_L))
    terms = Terms(a.planning, a.early, fleet.rows_per_month, fleet.row_unit, machines)
    return Alarm(a.persistence, a.on_delay, a.hysteresis), terms, Prices(**prices)


def policy(
    oof: OutOfFold,
    h: Histories,
    train: Fleet,
    cap: float,
    fixed: float | None,
    alarm: Alarm,
    terms: Terms,
    prices: Prices,
) -> Policy:
    """Choose the threshold (or take the `fixed` one), judge it, and compare it with a fixed interval and with nothing.

    `oof` and `h` begin with the lives of `train` as they were logged; only those that ended in failure count here.
    """
    whole = np.arange(train.lives)
    oof, h, machine_L = oof.take(whole), h.take(whole), train.machine_L
    failed = np.flatnonzero(h.rul_LT[np.arange(len(h.length_L)), h.length_L - 1] == 0)
    if len(failed) < 2:
        raise Fault(f"{len(failed)} lives were logged to their failure; an alarm cannot be judged on fewer than 2")
    length_L, fold_L, machine_L = h.length_L[failed], oof.fold_L[failed], machine_L[failed]
    thresholds = np.linspace(0.0, cap, STEPS + 1) if fixed is None else np.array([float(fixed)])
    rul_LT = np.clip(oof.rul_LT[failed], 0.0, cap)
    sounded = by_alarm(rul_LT, length_L, thresholds, alarm, terms.planning, terms.early, prices)
    ages = intervals(length_L)
    renewed = by_interval(length_L, ages, terms.early, prices)
    lives = np.arange(len(failed))
    ours_L = left_out(sounded, machine_L, fold_L, cheapest)
    age_L = left_out(renewed, machine_L, np.zeros(len(lives)), np.argmin)
    ours, fixed_age = sounded.at(lives, ours_L), renewed.at(lives, age_L)
    never = renewed.at(lives, np.full(len(lives), len(ages) - 1))
    times_BL = _draws(machine_L)
    chosen = cheapest(sounded.rate(lives))
    year = 12 * terms.rows_per_month
    curve_BK = year * (times_BL @ sounded.cost) / (times_BL @ sounded.rows)
    band_2K = np.percentile(curve_BK, [2.5, 97.5], axis=0)
    rates = {name: year * _rate(o, times_BL) for name, o in {"alarm": ours, "fixed": fixed_age, "never": never}.items()}
    told = {name: _told(rate_B) for name, rate_B in rates.items()}
    told["fixed"]["rows"] = _finite(ages[renewed.rate(lives).argmin()])
    best = "fixed" if told["fixed"]["value"] <= told["never"]["value"] else "never"
    money = {
        "currency": "£",
        "cost_gbp": dict(prices.__dict__),
        "terms": dict(terms.__dict__),
        "curve": {
            "threshold": [round(float(x), 4) for x in thresholds],
            "value": (year * sounded.rate(lives)).round(2).tolist(),
            "low": band_2K[0].round(2).tolist(),
            "high": band_2K[1].round(2).tolist(),
        },
        "policies": told,
        "saving": {
            "against": best,
            **_told(terms.machines * (rates[best] - rates["alarm"])),
            "against_never": _told(terms.machines * (rates["never"] - rates["alarm"])),
        },
        "lives": len(failed),
        "notice": _quantiles(ours.notice[~ours.missed]),
        "missed": int(ours.missed.sum()),
        "false": int(ours.false.sum()),
        "thresholds": _quantiles(thresholds[ours_L]),
    }
    return Policy(float(thresholds[chosen]), _metrics(ours, fixed_age, rates, times_BL, terms), money)


def left_out(outcome: Outcome, machine_L: np.ndarray, group_L: np.ndarray, choose: Callable) -> np.ndarray:
    """For each life the choice that is cheapest on the other machines of its group; without any, the middle one."""
    choice_L = np.full(len(machine_L), outcome.cost.shape[1] // 2)
    for life, (machine, group) in enumerate(zip(machine_L, group_L, strict=True)):
        others = np.flatnonzero((group_L == group) & (machine_L != machine))
        if len(others):
            choice_L[life] = choose(outcome.rate(others))
    return choice_L


def _draws(machine_L: np.ndarray) -> np.ndarray:
    """How often each life is drawn: the first line is every life once, the others draw whole machines anew (Efron)."""
    machines, number_L = np.unique(machine_L, return_inverse=True)
    pick = np.random.default_rng(0).integers(0, len(machines), (DRAWS, len(machines)))
    times = np.stack([np.bincount(row, minlength=len(machines)) for row in pick])[:, number_L]
    return np.concatenate([np.ones((1, len(machine_L))), times])


def _rate(outcome: Outcome, times_BL: np.ndarray) -> np.ndarray:
    return (times_BL @ outcome.cost) / (times_BL @ outcome.rows)


def _told(drawn_B: np.ndarray) -> dict[str, float]:
    """The value over all lives and the 95 % interval of the draws."""
    low, high = np.percentile(drawn_B[1:], [2.5, 97.5])
    return {"value": float(drawn_B[0]), "low": float(low), "high": float(high)}


def _metrics(ours: Outcome, naive: Outcome, rates: dict, times_BL: np.ndarray, terms: Terms) -> dict[str, dict]:
    def beside(unit: str, figure_B) -> dict[str, Any]:
        return {**_told(figure_B(ours)), "unit": unit, "naive": float(figure_B(naive)[0])}

    def median_B(o: Outcome) -> np.ndarray:
        notice_L = np.where(o.missed, 0, o.notice)
        order = np.argsort(notice_L)
        upto_BL = np.cumsum(times_BL[:, order], axis=1)
        return notice_L[order][(upto_BL >= upto_BL[:, -1:] / 2).argmax(1)].astype(float)

    month = terms.rows_per_month
    return {
        "alarm_missed": beside("share of failures", lambda o: (times_BL @ o.missed) / times_BL.sum(1)),
        "alarm_lead_median": beside(f"{terms.row_unit}s", median_B),
        "false_alarms_per_machine_month": beside(
            "alarms per machine-month", lambda o: month * (times_BL @ o.false) / (times_BL @ o.rows)
        ),
        "cost_per_machine_year": {
            **_told(rates["alarm"]),
            "unit": "£ per machine-year",
            "naive": float(rates["fixed"][0]),
        },
    }


def _quantiles(x: np.ndarray) -> dict[str, float | None]:
    names = ("low", "quarter", "middle", "three_quarters", "high")
    if not len(x):
        return dict.fromkeys(names)
    return dict(zip(names, np.percentile(x, [5, 25, 50, 75, 95]).tolist(), strict=True))


def _finite(x: float) -> float | None:
    """None stands for "never": JSON knows no infinity."""
    return float(x) if np.isfinite(x) else None
