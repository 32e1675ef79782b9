"""report.html: what a run means for the person who plans the work, and what an engineer wants to check.

The facts come from outcomes.py, the words from words.py, the drawings from figures.py, the page from report.html.j2.
Names and units come from the user's files; the template escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from common.card import EMPTY
from common.report import page
from common.words import unjudged
from pilots.manufacturing import figures, words, worth
from pilots.manufacturing.conditions import Conditions
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.outcomes import Outcomes, alarm_counts, alarm_rows, doubts, some
from pilots.manufacturing.words import Words

SHOWN = 25  # machines in the table; nobody scrolls through more on a phone


def report(
    run: Mapping[str, Any], card: Mapping[str, Any], decision: Decision, conditions: Conditions, fleet: Fleet,
    train: Fleet, tested: Outcomes,
) -> str:  # fmt: skip
    """The page. `run`: run.json; `card`: card.yaml; `fleet`: all that was read; `train` and `tested`: parts of it."""
    say = Words(fleet.row_unit, decision.cap)
    doubts_L = list(doubts(tested, conditions))
    naive = float(np.nanmean(np.minimum(train.rul_LT(), decision.cap)))
    return page(
        f"Remaining life of machines: {run['data']['name']}",
        "pilots/manufacturing/report.html.j2",
        run=run,
        card=card,
        say=say,
        words=words,
        decision=decision,
        level=words.percent(decision.interval.level),
        naive=naive,
        verdict=words.verdict(run["metrics"]["rmse_clipped"]),
        warnings=list(words.warnings(run, say, decision)),
        alarms=alarm_counts(tested, decision.threshold),
        machines=fleet_rows(tested, say, doubts_L),
        histories=list(histories(tested, decision, say, doubts_L)),
        truth=truth_drawing(tested, decision, say, naive),
        metrics=words.metric_rows(run, say, decision),
        models=words.model_rows(run),
        logs=words.log_rows(run),
        bins=words.bin_rows(run["by_rul_bin"], say),
        stated=words.stated_rows(run["by_probability"]),
        worth=worth_of(run["money"], run, decision, say),
        by_bin=bin_drawing(run["by_rul_bin"], decision, say),
        reliability=reliability_drawing(run["by_probability"], decision, say),
        read=what_was_read(fleet, conditions),
        columns=columns(fleet),
        missing=list(unjudged(card)),
        empty=EMPTY,
    )


def fleet_rows(tested: Outcomes, say: Words, doubts_L: list[list[str]]) -> list[dict[str, Any]]:
    """The most urgent machines, in words and as places (0 to 100) on a strip from 0 to the cap."""
    ends = {name: tested.at_end(name).astype(float) for name in ("rul", "low", "high", "p_fail")}
    rows = []
    for life in tested.order_L[:SHOWN]:
        rul, low, high, p_fail = (float(x_L[life]) for x_L in ends.values())
        true = float(tested.true_L[life])
        rows.append(
            {
                "name": tested.names_L[life],
                "left": say.life(rul),
                "span": say.span(low, high),
                "risk": words.percent(p_fail, certain=False),
                "alarm": bool(tested.answer["alarm"][life]),
                "truth": "unknown" if np.isnan(true) else f"{true:g}",
                "outside": bool(np.isfinite(true) and not low <= min(true, say.cap) <= high),
                "strip": [round(100 * min(x, say.cap) / say.cap, 1) for x in (rul, low, high, true)],
                "why": tested.why(int(life)),
                "doubts": doubts_L[life],
            }
        )
    return rows


def histories(tested: Outcomes, decision: Decision, say: Words, doubts_L: list[list[str]]) -> Iterator[dict[str, Any]]:
    """The most urgent machine, the forecast that was farthest off, and the middle of the table."""
    off_L, order_L = np.abs(tested.at_end("rul") - np.minimum(tested.true_L, say.cap)), tested.order_L
    chosen = {int(order_L[0]): "The most urgent machine"}
    if np.isfinite(off_L).any():
        worst = int(np.nanargmax(off_L))
        chosen[worst] = chosen.get(worst, "") + (", and the" if worst in chosen else "The") + " forecast farthest off"
    chosen.setdefault(int(order_L[len(order_L) // 2]), "The middle of the table")
    for life, why in chosen.items():
        rows, name = int(tested.held.length_L[life]), tested.names_L[life]
        time_T = tested.fleet.time_R[tested.rows(life)]
        said = {key: tested.answer[key][life, :rows].astype(float) for key in ("rul", "low", "high")}
        true_T, alarm_T = tested.held.rul_LT[life, :rows], alarm_rows(said["rul"], decision)
        left, span = say.life(said["rul"][-1]), say.span(said["low"][-1], said["high"][-1])
        true = "unknown" if np.isnan(true_T[-1]) else f"{true_T[-1]:g}"
        alt = (
            f"{name}: forecast of remaining life with its interval over {say.count(rows)}. At the end {left} "
            f"{say.units}, interval {span}; in truth {true}. {'It alarms.' if alarm_T[-1] else 'No alarm.'}"
        )
        drawing = figures.history(
            time_T, said, true_T, alarm_T, alt, cap=decision.cap, threshold=decision.threshold,
            level=decision.interval.level, unit=say.units,
            clock="date" if np.issubdtype(time_T.dtype, np.datetime64) else "time in the log",
        )  # fmt: skip
        told = {
            "name": name,
            "left": left,
            "span": span,
            "truth": true,
            "doubts": doubts_L[life],
            "because": tested.why(life),
        }
        yield {"why": why, "svg": drawing, **told}


def truth_drawing(tested: Outcomes, decision: Decision, say: Words, naive: float) -> Markup | None:
    """None where nobody knows how any of the machines ended."""
    known = np.isfinite(tested.true_L)
    if not known.any():
        return None
    said = {name: tested.at_end(name).astype(float) for name in ("rul", "low", "high")}
    capped_L = np.minimum(tested.true_L, decision.cap)
    inside = int(((said["low"] <= capped_L) & (capped_L <= said["high"])).sum())
    alt = (
        f"Forecast over true remaining life of {known.sum()} machines at their last row, in {say.units}: "
        f"for {inside} of them the truth lies inside the interval."
    )
    return figures.against_truth(
        tested.true_L, said, tested.answer["alarm"], naive, alt, cap=decision.cap, threshold=decision.threshold,
        level=decision.interval.level, unit=say.units,
    )  # fmt: skip


def bin_drawing(bins: list[dict[str, float]], decision: Decision, say: Words) -> Markup:
    labels = [words.bin_label(b, say) for b in bins]
    worst, least = (
        max(range(len(bins)), key=lambda i, k=k, s=s: s * bins[i][k]) for k, s in (("rmse", 1), ("coverage", -1))
    )
    alt = (
        "Typical error, bias and coverage by true remaining life. The error is largest, "
        f"{say.size(bins[worst]['rmse'])} {say.units}, where {labels[worst]} {say.units} were left; "
        f"coverage is lowest, {words.percent(bins[least]['coverage'])}, where {labels[least]} were left."
    )
    return figures.by_remaining_life(bins, labels, alt, level=decision.interval.level, unit=say.units)


def reliability_drawing(stated: list[dict[str, float]], decision: Decision, say: Words) -> Markup:
    points = "; ".join(
        f"said {words.percent(b['said'], False)}, failed {words.percent(b['failed'])} of {b['rows']:,}" for b in stated
    )
    alt = f"Stated probability of failure within {say.count(decision.horizon)} and what happened: {points}."
    return figures.reliability(stated, alt, horizon=say.count(decision.horizon))


def worth_of(money: Mapping[str, Any], run: Mapping[str, Any], decision: Decision, say: Words) -> dict[str, Any]:
    """The alarm in money and in notice: sentences, two tables, a drawing."""
    ours, fixed, never = (worth.pounds(money["policies"][name]["value"]) for name in ("alarm", "fixed", "never"))
    alt = (
        f"Cost per machine and year over the alarm's threshold; {decision.threshold:g} {say.units} was chosen. On "
        f"machines left out of the choice: alarm {ours}, best fixed interval {fixed}, run to failure {never}."
    )
    return {
        "saving": worth.saving(money, say),
        "never": worth.against_never(money),
        "assumptions": worth.assumptions(money, say),
        "notice": worth.notice(money, say),
        "policies": worth.policy_rows(money, say),
        "alarm": worth.alarm_rows(run, say),
        "curve": figures.cost_curve(money, decision.threshold, alt, unit=say.units),
    }


def what_was_read(fleet: Fleet, conditions: Conditions) -> dict[str, str]:
    """What an engineer looks for first, where a result looks odd."""
    ends, counts = np.unique(fleet.end_L, return_counts=True)
    sensors = [c.name for c in fleet.channels if c.role == "sensor"]
    settings = [c.name for c in fleet.channels if c.role == "setting"]
    used = {fleet.channels[f].name for f in conditions.kept_K}
    gaps = float(np.isnan(fleet.x_RF).mean())
    still = [name for name in sensors if name not in used]
    found = {
        "Machines": f"{len(np.unique(fleet.machine_L)):,} machines with {fleet.lives:,} lives in "
        f"{len(fleet.x_RF):,} rows, one row a {fleet.row_unit}{_span(fleet.time_R)}",
        "How the lives ended": ", ".join(f"{count:,} {end}" for end, count in zip(ends, counts, strict=True)),
        "Missing readings": words.percent(gaps, certain=False) if gaps else "none",
        "Sensors": f"{len(used)} used: {some(sorted(used, key=sensors.index), 30)}",
        "Sensors left out": f"{', '.join(still)}: they never move within an operating condition" if still else "none",
        "Settings": ", ".join(settings) or "none",
        "Operating conditions": f"{len(conditions.centre_CS)}, found from the settings of training machines",
    }
    return found


def _span(time_R: np.ndarray) -> str:
    if not np.issubdtype(time_R.dtype, np.datetime64):
        return ""
    first, last = (np.datetime_as_string(t, "D") for t in (time_R.min(), time_R.max()))
    return f", {first} to {last}"


def columns(fleet: Fleet) -> list[tuple[str, str]]:
    """The columns that a file for pilot-predict needs, under the names that this data set used, and their units."""
    theirs = fleet.table.get("columns", {})
    units = {"machine": "", "time": ""} | {c.name: c.unit.removeprefix("-") for c in fleet.channels}
    return [(theirs.get(name, name), unit) for name, unit in units.items()]
