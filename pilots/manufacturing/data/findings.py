"""What a fleet's data looks like and what can be learned from it, in words, without training anything.

Axes: L lives, R rows, F channels.
"""

from __future__ import annotations

import numpy as np

from common.table_contract import CODES
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.data.lives import ENDS, show, typical_step
from pilots.manufacturing.rungs import LEAST_FAILURES

LEAST_ROWS = 50  # of one machine's healthy running: fewer do not show what normal is
GOOD_FAILURES = 30  # below it, intervals and alarm figures are wide; a rule of thumb
FEW_ROWS = 10  # a life shorter than this has no trend
MUCH_MISSING = 0.3  # share of a channel's readings
LONGEST_LIST = 8  # notes shown before "and 12 more"


def summary(fleet: Fleet) -> list[str]:
    """How much there is, from when to when, how lives ended."""
    rows_L, machines = fleet.length_L, len(set(fleet.machine_L.tolist()))
    count = {end: int((fleet.end_L == end).sum()) for end in (*ENDS, "running")}
    lines = [
        f"{fleet.name}: {len(fleet.life_R):,} rows of {machines:,} machines, "
        f"{show(fleet.time_R.min())} to {show(fleet.time_R.max())}",
        f"{_interval(fleet)}; {fleet.rows_per_month:.4g} rows a month"
        + (f"; one row is one {fleet.row_unit}" if fleet.row_unit != "row" else ""),
        f"{fleet.lives:,} lives: "
        + ", ".join(f"{n:,} {end}" for end, n in count.items() if n)
        + f"; {rows_L.min():,} to {rows_L.max():,} rows each, half have {int(np.median(rows_L)):,} or more",
    ]
    if fleet.test_L.any():
        lines.append(f"{int(fleet.test_L.sum()):,} of the running lives are kept by the data set for the test")
    return lines


def channels(fleet: Fleet) -> list[str]:
    """One line per channel."""
    wide = max(len("channel"), *(len(c.name) for c in fleet.channels))
    unit = max(len("unit"), *(len(c.unit) for c in fleet.channels))
    lines = [f"{'channel':{wide}}  {'unit':{unit}}  role     missing   median    1 % to 99 %"]
    for channel, x_R in zip(fleet.channels, fleet.x_RF.T, strict=True):
        lost = np.isnan(x_R).mean()
        if lost == 1:
            middle = "never a reading"
        else:
            low, half, high = np.nanpercentile(x_R, [1, 50, 99])
            middle = f"{half:<8.4g}  {low:.4g} to {high:.4g}"
        lines.append(f"{channel.name:{wide}}  {channel.unit:{unit}}  {channel.role:7}  {lost:6.1%}   {middle}")
    return lines


def to_mend(fleet: Fleet) -> list[str]:
    """What a person should look at; the data can be used all the same."""
    said = []
    for channel, x_R in zip(fleet.channels, fleet.x_RF.T, strict=True):
        known_R = x_R[~np.isnan(x_R)]
        if not len(known_R):
            said.append(f"{channel.name} has no reading at all: take it out of data.channels")
            continue
        if channel.role == "sensor" and known_R.min() == known_R.max():
            said.append(f"{channel.name} never moves from {known_R[0]:g}: it tells nothing")
        if 1 - len(known_R) / len(x_R) > MUCH_MISSING:
            said.append(f"{channel.name}: {1 - len(known_R) / len(x_R):.0%} of the readings are missing")
        for code in likely_codes(x_R):
            said.append(
                f"{channel.name}: {code:g} looks like 'no reading'; if so, name it with data.missing=[{code:g}]"
            )
    endless = [c.name for c in fleet.channels if np.isinf([c.low, c.high]).any()]
    if endless:
        said.append(f"no physical limits: {', '.join(endless)}; with low and high a wrong unit is noticed")
    if not any(channel.role == "setting" for channel in fleet.channels):
        said.append(
            "no channel is a setting: where load or speed change, mark theirs with role: setting, "
            "or a change of load will look like wear"
        )
    short = int((fleet.length_L < FEW_ROWS).sum())
    if short:
        said.append(f"{short} of {fleet.lives} lives have fewer than {FEW_ROWS} rows")
    return said + _gaps(fleet)


def likely_codes(x_R: np.ndarray) -> list[float]:
    """Values that loggers write for "no reading", farther from all other values than those lie apart."""
    known_R = x_R[~np.isnan(x_R)]
    rest_R = known_R[~np.isin(known_R, list(CODES))]
    if not len(rest_R):
        return []
    low, high = rest_R.min(), rest_R.max()
    width = max(high - low, abs(high), 1.0)
    return [code for code in sorted(CODES & set(known_R.tolist())) if code > high + width or code < low - width]


def possible(fleet: Fleet) -> list[str]:
    """Task by task: yes, or no and what is missing for it."""
    failures = int((fleet.end_L == "failed").sum())
    longest = int(fleet.length_L.max())
    if longest >= LEAST_ROWS and moves(fleet):
        anomaly = "yes: a machine is compared with its own fleet's healthy running; no failure is needed"
    else:
        anomaly = (
            f"no: it needs a machine with {LEAST_ROWS} rows and a sensor that moves (longest life: {longest} rows)"
        )
    count = f"{failures} failure{'' if failures == 1 else 's'}"
    if failures < LEAST_FAILURES:
        rul = (
            f"no: {count}, it needs at least {LEAST_FAILURES}; name what happened to the machines with data.events=FILE"
        )
    elif failures < GOOD_FAILURES:
        rul = f"yes: {count}; expect wide intervals, {GOOD_FAILURES} would narrow them"
    else:
        rul = f"yes: {count}"
    return [f"anomaly  {anomaly}", f"rul      {rul}"]


def moves(fleet: Fleet) -> bool:
    """Whether any sensor has readings that differ."""
    return any(
        c.role == "sensor" and np.nanstd(x) > 0
        for c, x in zip(fleet.channels, fleet.x_RF.T, strict=True)
        if not np.isnan(x).all()
    )


def shortened(lines: list[str]) -> list[str]:
    """The first few of a long list."""
    more = len(lines) - LONGEST_LIST
    return lines if more <= 1 else [*lines[:LONGEST_LIST], f"and {more} more of this kind"]


def _steps(fleet: Fleet) -> tuple[np.ndarray, object]:
    """Time between rows of one life, and the usual one."""
    within_R = fleet.life_R[1:] == fleet.life_R[:-1]
    return np.diff(fleet.time_R)[within_R], typical_step(fleet.life_R, fleet.time_R)


def _interval(fleet: Fleet) -> str:
    gap_R, step = _steps(fleet)
    if not len(gap_R):
        return "no machine has two rows"
    return f"the usual step is {span(step)}"


def _gaps(fleet: Fleet) -> list[str]:
    gap_R, step = _steps(fleet)
    if not len(gap_R) or not (wide_R := gap_R > 1.5 * step).any():
        return []
    return [
        f"gaps longer than 1.5 x {span(step)}: {int(wide_R.sum()):,} ({wide_R.mean():.1%} of the steps), the longest "
        f"{span(gap_R.max())}; remaining life is counted in rows, so time in gaps does not count"
    ]


def span(step: object) -> str:
    """A length of time as a person says it; numbers stay numbers."""
    if not isinstance(step, np.timedelta64):
        return f"{step:g}"
    seconds = step / np.timedelta64(1, "s")
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size:
            count = seconds / size
            return f"{count:.4g} {name}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"
