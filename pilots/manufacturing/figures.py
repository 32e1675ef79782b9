"""The drawings of the report. No machine's name is drawn: names stand in the page's own text.

Every kind of line and point differs by shape or dash as well as by colour, and each drawing comes with its words.

Axes: T rows of one machine, L test lives, B bins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from common.drawings import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, dates, finish, house_style, panels
from common.report import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 300  # a phone shows no more; a year of minutes would make a page of 50 MB
MOST = 400  # machines in one cloud of points


@house_style
def history(
    time_T: np.ndarray, said: Mapping[str, np.ndarray], true_T: np.ndarray, alarm_T: np.ndarray, alt: str,
    *, cap: float, threshold: float, level: float, unit: str, clock: str,
) -> Markup:  # fmt: skip
    """One machine's forecast as its readings came in. `said`: rul, low, high [T]; `clock`: what `time_T` counts."""
    drawing, (axes,) = panels(2.9)
    kept = np.unique(np.linspace(0, len(time_T) - 1, min(len(time_T), POINTS)).astype(int))
    at, marker = time_T[kept], "." if len(kept) < 30 else ""
    axes.fill_between(
        at, said["low"][kept], said["high"][kept], color=BLUE, alpha=0.2, lw=0, label=f"{100 * level:.0f} % interval"
    )
    axes.plot(at, said["rul"][kept], color=BLUE, marker=marker, lw=1.8, label="forecast")
    if np.isfinite(true_T).any():
        axes.plot(at, true_T[kept], color=INK, ls=(0, (5, 2)), lw=1.4, label="what happened")
    axes.axhline(threshold, color=ORANGE, ls="-.", lw=1.4, label=f"alarm at {threshold:g}")
    axes.axhline(cap, color=GREY, ls=":", lw=1.4, label=f"cap: {cap:g} or more")
    if alarm_T[-1]:
        since = len(alarm_T) - np.argmin(alarm_T[::-1]) if not alarm_T.all() else 0
        axes.plot(time_T[since], said["rul"][since], "v", color=ORANGE, ms=9, mec=INK, label="alarm since here")
    _last_point(axes, time_T[-1], *(said[name][-1] for name in ("rul", "low", "high")))
    axes.set_ylim(0, cap * 1.1)
    axes.set_ylabel(f"{unit} left", parse_math=False)
    axes.set_xlabel(clock, parse_math=False)
    if np.issubdtype(time_T.dtype, np.datetime64):
        dates(axes)
    return finish(drawing, alt)


def _last_point(axes: Axes, time: object, rul: float, low: float, high: float) -> None:
    """Today: the point and interval that the table prints."""
    axes.vlines(time, low, high, color=BLUE, lw=2)
    axes.plot(time, rul, "o", color=BLUE, ms=6, clip_on=False)


@house_style
def against_truth(
    true_L: np.ndarray, said: Mapping[str, np.ndarray], alarm_L: np.ndarray, naive: float, alt: str,
    *, cap: float, threshold: float, level: float, unit: str,
) -> Markup:  # fmt: skip
    """Forecast at each machine's last row over what happened. `said`: rul, low, high [L]."""
    drawing, (axes,) = panels(3.8)
    some = np.flatnonzero(np.isfinite(true_L))
    if len(some) > MOST:
        some = np.random.default_rng(0).choice(some, MOST, replace=False)
    true, rul, low, high = (np.minimum(x, cap)[some] for x in (true_L, said["rul"], said["low"], said["high"]))
    axes.vlines(true, low, high, color=GREY, lw=1, alpha=0.45, label=f"{100 * level:.0f} % interval")
    axes.plot([0, cap], [0, cap], color=INK, ls=(0, (5, 2)), lw=1.2, label="right on the mark")
    axes.axhline(naive, color=PURPLE, ls=":", lw=1.8, label=f"naive guess, {naive:.0f}")
    axes.axhline(threshold, color=ORANGE, ls="-.", lw=1.2, label=f"alarm at {threshold:g}")
    for alarm, marker, colour, label in ((False, "o", BLUE, "no alarm"), (True, "D", ORANGE, "alarm")):
        which = alarm_L[some] == alarm
        axes.plot(true[which], rul[which], marker, color=colour, ms=5, mec="white", mew=0.5, label=label, clip_on=False)
    axes.set_xlim(0, cap * 1.03)
    axes.set_ylim(0, cap * 1.03)
    axes.set_xlabel(f"{unit} left in truth ({cap:g} stands for {cap:g} or more)", parse_math=False)
    axes.set_ylabel(f"{unit} left, forecast", parse_math=False)
    return finish(drawing, alt)


@house_style
def by_remaining_life(
    bins: Sequence[Mapping[str, float]], labels: Sequence[str], alt: str, *, level: float, unit: str
) -> Markup:
    """Error, bias and coverage by what was left in truth."""
    drawing, (errors, inside) = panels(2.1, rows=2)
    place, column = (
        np.arange(len(bins)),
        {key: np.array([b[key] for b in bins]) for key in ("rmse", "bias", "coverage")},
    )
    errors.bar(place, column["rmse"], color=BLUE, width=0.7, label="typical error")
    errors.plot(place, column["bias"], "D--", color=ORANGE, mec="white", ms=6, label="bias")
    errors.axhline(0, color=INK, lw=0.8)
    errors.set_ylabel(unit, parse_math=False)
    inside.plot(place, 100 * column["coverage"], "o-", color=GREEN, label="inside the interval")
    inside.axhline(100 * level, color=INK, ls=(0, (5, 2)), lw=1.2, label=f"promised: {100 * level:.0f} %")
    inside.set_ylim(min(50.0, 100 * column["coverage"].min() - 5), 101)
    inside.set_ylabel("% of rows")
    errors.set_xticks(place, [""] * len(place))
    inside.set_xticks(place, labels, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
    for axes in (errors, inside):
        axes.grid(axis="x", visible=False)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    inside.set_xlabel(f"{unit} left in truth", parse_math=False)
    return svg(drawing, alt)


@house_style
def reliability(bins: Sequence[Mapping[str, float]], alt: str, *, horizon: str) -> Markup:
    """Share that failed over the probability that was stated, a point per bin."""
    drawing, (axes,) = panels(3.2)
    said, failed, low, high = (100 * np.array([b[key] for b in bins]) for key in ("said", "failed", "low", "high"))
    axes.plot([0, 100], [0, 100], color=INK, ls=(0, (5, 2)), lw=1.2, label="as stated")
    axes.vlines(said, low, high, color=BLUE, lw=2, alpha=0.5, label="95 % interval")
    axes.plot(said, failed, "o", color=BLUE, ms=6, label="what happened", clip_on=False)
    axes.set_xlim(0, 102)
    axes.set_ylim(0, 102)
    axes.set_xlabel("stated probability of failure, %")
    axes.set_ylabel(f"failed within {horizon}, %", parse_math=False)
    return finish(drawing, alt, columns=3)


@house_style
def cost_curve(money: Mapping[str, Mapping], chosen: float, alt: str, *, unit: str) -> Markup:
    """£ per machine and year over the alarm's threshold, beside the two policies that need no sensors."""
    drawing, (axes,) = panels(3.2)
    curve, policies = money["curve"], money["policies"]
    at, cost, low, high = (np.array(curve[name]) for name in ("threshold", "value", "low", "high"))
    top = 1.15 * max(policies["never"]["value"], cost.min(), policies["fixed"]["value"])
    axes.fill_between(at, low, high, color=BLUE, alpha=0.2, lw=0, label="95 % interval")
    axes.plot(at, cost, color=BLUE, lw=1.8, marker="o" if len(at) == 1 else "", label="alarm at this threshold")
    for name, style, colour in (("fixed", "--", PURPLE), ("never", ":", GREY)):
        label = {"fixed": "best fixed interval", "never": "run to failure"}[name]
        axes.axhline(policies[name]["value"], color=colour, ls=style, lw=1.6, label=label)
    axes.plot(chosen, np.interp(chosen, at, cost), "v", color=ORANGE, ms=9, mec=INK, label=f"chosen: {chosen:g}")
    axes.set_ylim(0, top)
    axes.set_xlabel(f"alarm threshold, {unit} left", parse_math=False)
    axes.set_ylabel("£ per machine and year")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return finish(drawing, alt)
