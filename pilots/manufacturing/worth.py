"""What the alarm is worth, in a manager's words: saving, notice, misses, and the assumptions they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilots.manufacturing.words import Words, percent, percents, short

NAMES = {
    "alarm": "this alarm",
    "fixed": "the best fixed interval",
    "never": "running to failure",
}


def saving(money: Mapping[str, Any], say: Words) -> str:
    """One sentence: what the alarm would save in a year on this fleet, or that it would not."""
    s, machines = money["saving"], money["terms"]["machines"]
    against = NAMES[s["against"]]
    if s["against"] == "fixed":
        against += f" (renewal every {say.count(money['policies']['fixed']['rows'])})"
    fleet = f"on {machines} machine{'' if machines == 1 else 's'} like these"
    span = f"{pounds(s['low'])} to {pounds(s['high'])}"
    if s["high"] <= 0:
        return f"The alarm would save nothing: {fleet} {against} is cheaper by {pounds(-s['value'])} a year ({span})."
    if s["low"] <= 0:
        return (
            f"It is not shown that the alarm saves anything: {fleet} the difference to {against} is "
            f"{pounds(s['value'])} a year, and anything from {span} fits the data."
        )
    return f"Against {against} the alarm would save {pounds(s['value'])} a year ({span}) {fleet}."


def against_never(money: Mapping[str, Any]) -> str:
    s = money["saving"]["against_never"]
    more = "save" if s["value"] > 0 else "lose"
    return f"Against running every machine to failure it would {more} {pounds(abs(s['value']))} a year " + (
        f"({pounds(s['low'])} to {pounds(s['high'])})."
    )


def assumptions(money: Mapping[str, Any], say: Words) -> str:
    """The prices and terms that the saving rests on; they are the reader's to replace."""
    p, t = money["cost_gbp"], money["terms"]
    return (
        "Assumed, and yours to replace (as cost_gbp.breakdown=12000): a breakdown costs "
        f"{pounds(p['breakdown'])}, planned work {pounds(p['planned_replacement'])}, a {say.unit} of life thrown away "
        f"{pounds(p['lost_life_per_row'])}, a look at a machine that alarms {pounds(p['inspection'])}; work is done "
        f"{say.count(t['planning'])} after the alarm; a machine runs {t['rows_per_month']:.4g} {say.units} a month; "
        "it is as new after the work."
    )


def notice(money: Mapping[str, Any], say: Words) -> str:
    """How early the alarm came on machines that neither fitting nor choice had seen."""
    lives, missed, false, n = money["lives"], money["missed"], money["false"], money["notice"]
    came = lives - missed
    told = f"{came} of {lives} failures were announced in time"
    if came:
        told += (
            f", half of them {say.count(round(n['middle']))} or more ahead (nine in ten: "
            f"{round(n['low'])} to {say.count(round(n['high']))})"
        )
    fewer = "none was" if not missed else "1 was" if missed == 1 else f"{missed} were"
    early = say.count(money["terms"]["early"])
    return f"{told}; {fewer} missed. {false} alarm{'' if false == 1 else 's'} came more than {early} too soon."


def policy_rows(money: Mapping[str, Any], say: Words) -> list[list[str]]:
    """The three policies beside each other, £ per machine and year."""
    rows = []
    for name, told in money["policies"].items():
        said = NAMES[name].capitalize()
        if name == "fixed":
            said += f", {say.count(told['rows'])}" if told["rows"] else ": none beats running to failure"
        rows.append([said, pounds(told["value"]), f"{pounds(told['low'])} to {pounds(told['high'])}"])
    return rows


def alarm_rows(run: Mapping[str, Any], say: Words) -> list[list[str]]:
    """The alarm's own figures beside those of the best fixed interval."""
    m = run["metrics"]
    missed, lead, false = (m[key] for key in ("alarm_missed", "alarm_lead_median", "false_alarms_per_machine_month"))
    return [
        [
            "Failures missed",
            percent(missed["value"]),
            percents(missed["low"], missed["high"]),
            percent(missed["naive"]),
        ],
        ["Notice, median", say.count(lead["value"]), f"{lead['low']:g} to {lead['high']:g}", say.count(lead["naive"])],
        [
            "False alarms per machine and month",
            short(false["value"]),
            f"{short(false['low'])} to {short(false['high'])}",
            short(false["naive"]),
        ],
    ]


def pounds(amount: float) -> str:
    """As £1,230: three digits, more would promise what a few dozen lives cannot know."""
    size = float(f"{abs(amount):.3g}")
    return f"{'−' if amount < 0 and size else ''}£{size:,.0f}" if size >= 10 or not size else f"£{size:g}"
