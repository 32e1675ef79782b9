"""The drawings of the report. No name from a file is drawn: names stand in the page's own text.

Every kind of line differs by dash or mark as well as by colour, and each drawing comes with its words.

Axes: H steps, P periods before, Q the seven levels of a fan, K members of a kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from common.drawings import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, dates, finish, house_style, panels
from common.report import svg
from pilots.healthtech.kinds import MONTHS
from pilots.healthtech.profile import Profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BANDS = ((0, 6, 0.16, "95 %"), (1, 5, 0.26, "80 %"), (2, 4, 0.45, "50 %"))  # ends in a fan, darkness, chance
RIVALS = {"seasonal_naive": (PURPLE, ":"), "climatology": (GREEN, "-.")}
LARGE = 10_000  # counts from which on an axis is in thousands
FEW = 20  # points; fewer are marked one by one
NAMES = {"seasonal_naive": "naive", "climatology": "climatology"}


@house_style
def fan(
    before_P: np.ndarray, y_P: np.ndarray, when_H: np.ndarray, fan_HQ: np.ndarray, naive_H: np.ndarray, alt: str,
    *, level: float | None, unit: str,
) -> Markup:  # fmt: skip
    """What was counted until now, and the forecast after it."""
    drawing, (axes,) = panels(2.7)
    axes.plot(before_P, y_P, color=INK, lw=1.1, label="counted")
    _bands(axes, when_H, fan_HQ)
    axes.plot(when_H, naive_H, color=PURPLE, ls=":", lw=1.4, label="naive")
    if level is not None:
        axes.axhline(level, color=ORANGE, ls="--", lw=1.1, label=f"over {level:,.0f}: high")
    axes.axvline(when_H[0], color=GREY, lw=0.8)
    _counts(axes, unit)
    return finish(drawing, alt, columns=3)


@house_style
def past(when_P: np.ndarray, fan_PQ: np.ndarray, y_P: np.ndarray, made: np.ndarray, alt: str, *, unit: str) -> Markup:
    """Forecasts made one after the other, and what came of them. A row of NaN parts them; made: when each begins."""
    drawing, (axes,) = panels(2.7)
    _bands(axes, when_P, fan_PQ)
    axes.plot(when_P, y_P, color=INK, lw=1.0, marker="o" if len(y_P) < FEW else "", ms=3, label="counted")
    for when in made:
        axes.axvline(when, color=GREY, lw=0.6, ls=(0, (1, 2)))
    _counts(axes, unit)
    return finish(drawing, alt, columns=3)


def _bands(axes: Axes, when_H: np.ndarray, fan_HQ: np.ndarray) -> None:
    for low, high, dark, chance in BANDS:
        axes.fill_between(when_H, fan_HQ[:, low], fan_HQ[:, high], color=BLUE, alpha=dark, lw=0, label=chance)
    axes.plot(when_H, fan_HQ[:, 3], color=BLUE, lw=1.6, marker="." if len(when_H) < FEW else "", label="middle")


def _counts(axes: Axes, unit: str) -> None:
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    _thousands(axes, unit)
    dates(axes)


def _thousands(axes: Axes, unit: str) -> None:
    """The unit, and large counts in thousands of it."""
    large = axes.get_ylim()[1] >= LARGE
    axes.set_ylabel(f"thousand {unit}" if large else unit, parse_math=False)
    if large:
        axes.yaxis.set_major_formatter(lambda value, _: f"{value / 1000:,.0f}")


@house_style
def profile(of: Profile, alt: str, *, unit: str) -> Markup:
    """Mean forecast by hour, weekday or month, with what was counted."""
    drawing, (axes,) = panels(2.2)
    place = np.arange(len(of.kind.members))
    axes.plot(place, of.counted_K, color=INK, ls=(0, (5, 2)), lw=1.3, marker="s", ms=3, label="counted")
    axes.plot(place, of.forecast_K, color=BLUE, lw=1.8, marker="o", ms=3.5, label="forecast")
    axes.plot(place, of.naive_K, color=PURPLE, ls=":", lw=1.4, label="naive")
    names = [_brief(name) for name in of.kind.members]
    every = max(1, int(np.ceil(len(place) * max(map(len, names)) / 36)))
    axes.set_xticks(place[::every], names[::every])
    axes.set_xlabel(of.kind.name)
    _thousands(axes, unit)
    return finish(drawing, alt, columns=3)


def _brief(name: str) -> str:
    """Names of weekdays, hours, months and dates, short enough to stand below an axis."""
    if name[-3:] == "day" or not any(map(str.isdigit, name)):
        return name[:3]
    if len(name) == 10:  # 2025-11-03
        return f"{int(name[8:])} {MONTHS[int(name[5:7]) - 1][:3]}"
    return f"{MONTHS[int(name[5:]) - 1][:3]} {name[2:4]}" if len(name) == 7 else name.removesuffix(":00")


@house_style
def by_step(
    loss: Mapping[str, np.ndarray], inside: Mapping[int, np.ndarray], alt: str, *, ours: str, period: str
) -> Markup:
    """Above: pinball loss by step of ours and its rivals. Below: share of outcomes inside each range."""
    drawing, (above, below) = panels(2.2, rows=2)
    step_H = np.arange(1, len(next(iter(loss.values()))) + 1)
    mark = "." if len(step_H) < 15 else ""
    for name, loss_H in loss.items():
        colour, dash = (BLUE, "-") if name == ours else RIVALS[name]
        label = "this forecast" if name == ours else NAMES[name]
        above.plot(step_H, loss_H, color=colour, ls=dash, lw=1.8 if name == ours else 1.4, marker=mark, label=label)
    above.set_ylim(bottom=0)
    above.set_ylabel("pinball loss")
    for (percent, share_H), dash, colour in zip(inside.items(), ("-", "--", "-."), (BLUE, GREEN, ORANGE), strict=True):
        below.plot(step_H, 100 * share_H, color=colour, ls=dash, lw=1.6, marker=mark, label=f"{percent} %")
        below.axhline(percent, color=colour, lw=0.8, ls=(0, (1, 2)))
    below.set_ylim(min(40.0, 100 * float(np.nanmin([x.min() for x in inside.values()])) - 3), 101)
    below.set_ylabel("% inside the range")
    below.set_xlabel(f"{period}s ahead")
    for axes in (above, below):
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2, columnspacing=1.2)
    return svg(drawing, alt)


@house_style
def pit(ours_K: np.ndarray, naive_K: np.ndarray, alt: str) -> Markup:
    """How often outcomes fell into each tenth of what was forecast."""
    drawing, (axes,) = panels(2.4)
    place = np.arange(len(ours_K))
    axes.bar(place, 100 * ours_K, width=0.86, color=BLUE, alpha=0.75, label="this forecast")
    axes.plot(place, 100 * naive_K, "D", color=PURPLE, mec="white", ms=6, label="naive")
    axes.axhline(100 / len(ours_K), color=INK, ls=(0, (5, 2)), lw=1.2, label="perfect: 10 % each")
    axes.set_xticks(place[[0, 4, 5, 9]], ["lowest", "5th", "6th", "highest"])
    axes.set_xlabel("tenth of the forecast in which the count fell")
    axes.set_ylabel("% of counts")
    axes.grid(axis="x", visible=False)
    return finish(drawing, alt, columns=3)
