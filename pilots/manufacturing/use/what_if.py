"""Another duty, another date of planned work: what would that do to life, risk and cost?

A statistical twin: what the fleet's own history says, not physics. Two things of the bundle answer.
`what_if.life_left`: how long machines with such a forecast really ran on (equally likely lives, no cap).
`what_if.settings`: how much faster lives were used up per unit of each setting, with its interval.
A machine that will be worn r times as fast as on its duty so far has its lives divided by r; lives and rates are
combined as independent, so the interval holds both doubts.

Cost in £ of this machine's next renewal with the work after t rows: a failure before t costs a breakdown, else planned
work; a row of life thrown away costs its price and a row of the fleet's yearly cost, because everything after comes
sooner (renewal reward: Ross, "Introduction to Probability Models", chapter 7). A row that another duty takes away or
gives is counted the same way.

Axes: M machines, R rows of all machines, J rates, A = lives x rates: equally likely outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from pilots.manufacturing.use.contract import unit_of_life
from pilots.manufacturing.use.infer import Outlook
from pilots.manufacturing.use.question import Duty, Work
from pilots.manufacturing.use.read import Logs

RATES = 9  # equally likely rates that stand for the slope's doubt
LEVEL = 0.9  # of all intervals here, as of the slope's own in the bundle
MARGIN = 0.02  # of the span seen: so much beyond it is no news
SOME = 0.05  # share of rows outside what was seen, from which on it is told


@dataclass(frozen=True)
class Answer:
    """table: one line a machine; said: sentences about the whole."""

    table: pd.DataFrame
    said: list[str]


def answer(logs: Logs, outlook: Outlook, order_M: np.ndarray, manifest: Mapping[str, Any], duty: Duty | None,
           work: Work | None) -> Answer:  # fmt: skip
    """The question put to every machine, in the order of `order_M`."""
    twin = _twin(manifest)
    last_M = logs.start_M[1:] - 1
    left_MQ = lives_of(outlook.rul_R[last_M].astype(float), twin["life_left"])
    wear_MJ, notes = np.ones((len(last_M), 1)), [[] for _ in last_M]
    said = ["This is a statistical twin: what the fleet's own history says, not physics."]
    if duty:
        channel = [c["name"] for c in manifest["channels"]].index(duty.name)
        x_R = logs.x_RF[:, channel].astype(float)
        span = manifest["seen"][duty.name]
        wear_MJ, outside_M = wear(duty, x_R, logs.start_M, _slopes(twin, duty), span)
        said += _about(duty, twin["settings"][duty.name], manifest)
        notes = [_outside(share, duty, span) for share in outside_M]
        if not np.isfinite(wear_MJ).any():
            raise Fault(
                f"--what-if {duty.words}: no machine here would stay within {span[0]:.4g} to {span[1]:.4g}, which is "
                f"all that training saw of {duty.name}; beyond it nothing is known"
            )
    then_MA = (left_MQ[:, None, :] / wear_MJ[:, :, None]).reshape(len(left_MQ), -1)
    horizon = float(manifest["decision"]["horizon"])
    columns: dict[str, Any] = {"machine": np.array(logs.machine_M, object)}
    columns |= _lives(left_MQ, "", horizon)
    if duty:
        columns |= dict(zip(("wear", "wear_low", "wear_high"), _spread(wear_MJ), strict=True))
        columns |= _lives(then_MA, "_then", horizon)
    terms = terms_of(manifest)
    if terms:
        columns |= _dates(left_MQ, then_MA, bool(duty), work, logs, outlook.alarm_M, terms)
    elif work:
        raise Fault("--what-if: this bundle holds no prices and terms; train again to ask for a date of work")
    if work and work.at is not None:
        for note, after in zip(notes, columns["work_after"], strict=True):
            note += ["the date lies before its last row"] if np.isnan(after) else []
    table = pd.DataFrame(columns).round(4)
    table.insert(1, "question", "; ".join(part.words for part in (duty, work) if part))
    table["unit"], table["note"] = unit_of_life(manifest), ["; ".join(note) for note in notes]
    return Answer(table.iloc[order_M].reset_index(drop=True), said)


def lives_of(rul_M: np.ndarray, table: Mapping[str, Any]) -> np.ndarray:
    """Equally likely remaining lives of machines with these forecasts, [M, Q], ascending."""
    at_K, rows_KQ = np.array(table["forecast"], float), np.array(table["rows"], float)
    place_M = np.clip(np.searchsorted(at_K, rul_M, side="right") - 1, 0, len(at_K) - 2)
    share_M1 = np.clip((rul_M - at_K[place_M]) / (at_K[place_M + 1] - at_K[place_M]), 0, 1)[:, None]
    return (1 - share_M1) * rows_KQ[place_M] + share_M1 * rows_KQ[place_M + 1]


def wear(
    duty: Duty, x_R: np.ndarray, start_M: np.ndarray, slope_J: np.ndarray, span: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """How many times as fast life is used as on the machine's duty so far, [M, J], NaN where the mean row would lie
    outside `span`; and the share of each machine's rows that would, [M]."""
    known_R = np.isfinite(x_R)
    machine_R = np.repeat(np.arange(len(start_M) - 1), np.diff(start_M))[known_R]
    was_R, then_R = x_R[known_R], duty.moved(x_R[known_R])
    machines, middle = len(start_M) - 1, float(was_R.mean()) if len(was_R) else 0.0
    count_M = np.bincount(machine_R, minlength=machines)
    margin = MARGIN * (span[1] - span[0])
    beyond_R = (then_R < span[0] - margin) | (then_R > span[1] + margin)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_M = np.bincount(machine_R, then_R, machines) / count_M
        outside_M = np.bincount(machine_R, beyond_R, machines) / count_M
        wear_MJ = np.stack(
            [
                np.bincount(machine_R, np.exp(np.clip(b * (then_R - middle), -50, 50)), machines)
                / np.bincount(machine_R, np.exp(np.clip(b * (was_R - middle), -50, 50)), machines)
                for b in slope_J
            ],
            axis=1,
        )
    inside_M = (mean_M >= span[0] - margin) & (mean_M <= span[1] + margin)
    return np.where(inside_M[:, None], wear_MJ, np.nan), outside_M


def cheapest(left_MA: np.ndarray, terms: Mapping[str, float]) -> np.ndarray:
    """Rows until the work that costs least, [M]: just before one of the equally likely lives ends."""
    rows_MA = np.maximum(np.ceil(np.sort(left_MA, axis=1)) - 1, 0)
    count = rows_MA.shape[1]
    failed_A = np.arange(count) / count
    from_MA = np.cumsum(np.sort(left_MA, axis=1)[:, ::-1], axis=1)[:, ::-1]  # rows of this life and all longer ones
    thrown_MA = (from_MA - (count - np.arange(count)) * rows_MA) / count
    cost_MA = failed_A * terms["breakdown"] + (1 - failed_A) * terms["planned"] + terms["row"] * thrown_MA
    best_M = np.where(np.isnan(cost_MA), np.inf, cost_MA).argmin(1)
    return np.where(np.isnan(cost_MA).any(1), np.nan, rows_MA[np.arange(len(rows_MA)), best_M])


def cost(left_MA: np.ndarray, after_M: np.ndarray, terms: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Probability of a failure before the work after so many rows, and the expected £ of the renewal, each [M]."""
    unknown_M = np.isnan(after_M) | np.isnan(left_MA).any(1)  # a life nobody can tell is not a life that lasts
    failed_M = np.where(unknown_M, np.nan, (left_MA <= after_M[:, None]).mean(1))
    thrown_M = np.maximum(left_MA - after_M[:, None], 0).mean(1)
    return failed_M, failed_M * terms["breakdown"] + (1 - failed_M) * terms["planned"] + terms["row"] * thrown_M


def _dates(
    left_MQ: np.ndarray, then_MA: np.ndarray, moved: bool, work: Work | None, logs: Logs, alarm_M: np.ndarray,
    terms: Mapping[str, float],
) -> dict[str, np.ndarray]:  # fmt: skip
    """The date asked for, work at once, work at the alarm and the cheapest date, under the duty asked for."""
    lost_M = terms["fleet_row"] * (left_MQ.mean(1) - then_MA.mean(1))  # life that the duty takes away, at its price
    columns = {}
    if moved:
        columns |= {"cheapest_after": cheapest(left_MQ, terms)}
        columns["cheapest_cost"] = cost(left_MQ, columns["cheapest_after"], terms)[1]
    end = "_then" if moved else ""
    if work:
        after_M = np.round(work.after(logs, terms["rows_per_month"]))
        columns["work_after"] = np.where(after_M < 0, np.nan, after_M)
        columns["work_p_fail"], costs_M = cost(then_MA, columns["work_after"], terms)
        columns["work_cost"] = costs_M + lost_M
    columns["now_cost"] = cost(then_MA, np.zeros(len(then_MA)), terms)[1] + lost_M
    columns["alarm_cost"] = _at_alarm(then_MA, alarm_M, terms) + lost_M
    after_M = cheapest(then_MA, terms)
    columns[f"cheapest_after{end}"] = after_M
    columns[f"cheapest_p_fail{end}"], costs_M = cost(then_MA, after_M, terms)
    columns[f"cheapest_cost{end}"] = costs_M + lost_M
    return columns


def _at_alarm(left_MA: np.ndarray, alarm_M: np.ndarray, terms: Mapping[str, float]) -> np.ndarray:
    """Where it sounds, the work follows after the planning time; elsewhere the alarm does as it did in training."""
    sounding_M = cost(left_MA, np.full(len(left_MA), terms["planning"]), terms)[1]
    missed, thrown = terms["missed"], max(terms["notice"] - terms["planning"], 0.0)
    usual = missed * terms["breakdown"] + (1 - missed) * (terms["planned"] + terms["row"] * thrown)
    return terms["inspection"] + np.where(alarm_M, sounding_M, usual)


def _lives(left_MA: np.ndarray, end: str, horizon: float) -> dict[str, np.ndarray]:
    middle, low, high = _spread(left_MA)
    names = [f"{name}{end}" for name in ("life_left", "low", "high", "p_fail")]
    p_fail = np.where(np.isnan(middle), np.nan, (left_MA <= horizon).mean(1))
    return dict(zip(names, (middle, low, high, p_fail), strict=True))


def _spread(x_MA: np.ndarray) -> np.ndarray:
    """Median and the ends of the interval, [3, M]."""
    return np.quantile(x_MA, [0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1, method="hazen")


def _slopes(twin: Mapping[str, Any], duty: Duty) -> np.ndarray:
    """Equally likely slopes: a normal law on either side of the estimate, as wide as its interval there."""
    known = twin["settings"].get(duty.name)
    if not known or not known["varied"]:
        raise Fault(
            f"--what-if {duty.words}: {duty.name} hardly varied while the fleet was watched; "
            "what another one does to life cannot be known from it"
        )
    law = NormalDist()
    z_J = np.array([law.inv_cdf((j + 0.5) / RATES) for j in range(RATES)]) / law.inv_cdf((1 + LEVEL) / 2)
    side_J = np.where(z_J > 0, known["high"] - known["slope"], known["slope"] - known["low"])
    return known["slope"] + z_J * side_J


def _about(duty: Duty, known: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[str]:
    said = []
    if known["low"] <= 0 <= known["high"]:
        said.append(
            f"The fleet's lives do not show that {duty.name} matters: the {100 * LEVEL:.0f} % interval of its effect "
            "includes none at all. The answer is a guess either way."
        )
    if known["with"]:
        said.append(
            f"In the fleet {' and '.join(known['with'])} moved together with {duty.name}, "
            f"so the answer is for {'both' if len(known['with']) == 1 else 'all of them'} moving as they did there."
        )
    return said


def _outside(share: float, duty: Duty, span: tuple[float, float]) -> list[str]:
    seen = f"{span[0]:.4g} to {span[1]:.4g}"
    if np.isnan(share):
        return [f"no reading of {duty.name}"]
    return (
        [f"{share:.0%} of its rows would have {duty.name} outside {seen}, all that was seen"] if share >= SOME else []
    )


def terms_of(manifest: Mapping[str, Any]) -> dict[str, float] | None:
    """Prices, and what a row in operation costs the fleet; None where the bundle does not say."""
    decision, metrics = manifest["decision"], manifest["metrics"]
    try:
        price, terms = decision["cost_gbp"], decision["terms"]
        rate = decision["policies"]["alarm"]["value"] / (12 * terms["rows_per_month"])
        found = {
            "breakdown": price["breakdown"],
            "planned": price["planned_replacement"],
            "inspection": price["inspection"],
            "row": price["lost_life_per_row"] + rate,
            "fleet_row": rate,
            "planning": terms["planning"],
            "rows_per_month": terms["rows_per_month"],
            "missed": metrics["alarm_missed"]["value"],
            "notice": metrics["alarm_lead_median"]["value"],
        }
        return {name: float(value) for name, value in found.items()}
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _twin(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The bundle's `what_if`, or a Fault: it may come from a stranger."""
    twin = manifest.get("what_if")
    if twin is None:
        raise Fault("this bundle was made without what --what-if needs; train again to ask it")
    try:
        left, settings = twin["life_left"], twin["settings"]
        at_K, rows_KQ = np.array(left["forecast"], float), np.array(left["rows"], float)
        numbers = [np.array([s[n] for n in ("slope", "low", "high")], float) for s in settings.values() if s["varied"]]
        whole = at_K.ndim == 1 and 2 <= len(at_K) <= 1000 and rows_KQ.ndim == 2 and 1 <= rows_KQ.shape[1] <= 1000
        whole = whole and len(rows_KQ) == len(at_K) and (np.diff(at_K) > 0).all() and (rows_KQ > 0).all()
        whole = whole and all(np.isfinite(x).all() for x in (at_K, rows_KQ, *numbers))
        whole = whole and all(low <= slope <= high for slope, low, high in numbers)
        whole = whole and all(isinstance(w, str) for s in settings.values() for w in s.get("with", []))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Fault(f"bundle.json: what_if is not as this pilot writes it ({type(error).__name__})") from error
    if not whole:
        raise Fault("bundle.json: what_if holds numbers that cannot be: remaining lives and slopes must be finite")
    return twin
