"""Pictures of the answer: the fleet at a glance, and one machine with the sensors that speak against it.

Margins are set by hand, in inches: matplotlib's own layouts draw everything twice.

Axes: T rows of one machine, F channels, M machines.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from common.bundle.open import Bundle
from common.report import COLOURS, STYLE, WIDTH
from pilots.manufacturing.reasons import Reason
from pilots.manufacturing.use.contract import unit_of_life
from pilots.manufacturing.use.infer import Outlook, run_batch
from pilots.manufacturing.use.read import Logs

BLUE, RED, GREY = COLOURS[0], COLOURS[1], COLOURS[4]
FLEET_MOST = 40  # machines that one picture can name
SENSORS = 3
POINTS = 800  # a screen shows no more; a year of minutes would make a page of 50 MB


@dataclass(frozen=True)
class Picture:
    """One drawing; `file` is its name in the folder of plots, `alt` says in words what it shows."""

    title: str
    file: str
    alt: str
    figure: Figure


def pictures(
    bundle: Bundle, logs: Logs, outlook: Outlook, order_M: np.ndarray, reasons_M: Sequence[Sequence[Reason]],
    say: Callable[[str], None],
) -> list[Picture]:  # fmt: skip
    """The fleet, then a machine for each entry of `reasons_M`, which is in the order of `order_M`."""
    threshold, unit = float(bundle.default("threshold")), unit_of_life(bundle.manifest)
    alt = f"Remaining useful life of each machine in {unit}, the most urgent first"
    cap = bundle.manifest["decision"]["cap"]
    with rc_context(STYLE):
        made = [Picture("The fleet", "fleet.png", alt, draw_fleet(logs, outlook, order_M, unit, threshold, cap))]
        for rank, (number, why) in enumerate(zip(order_M, reasons_M, strict=False), start=1):
            say(f"picture {rank} of {len(reasons_M)}")
            name, figure = logs.machine_M[number], draw_machine(bundle, logs, outlook, int(number), threshold, why)
            alt = f"{life_now(logs, outlook, int(number), unit)}, over time, with its most telling sensors"
            made.append(Picture(name, file_name(rank, name), alt, figure))
    return made


def life_now(logs: Logs, outlook: Outlook, number: int, unit: str) -> str:
    """ "P006: 12 days left, interval 3 to 25" """
    last = logs.start_M[number + 1] - 1
    rul, low, high = (column[last] for column in (outlook.rul_R, outlook.low_R, outlook.high_R))
    return f"{short(logs.machine_M[number])}: {rul:.0f} {unit} left, interval {low:.0f} to {high:.0f}"


def file_name(rank: int, name: str) -> str:
    """A name that no system stumbles over; the rank keeps apart what looks alike once it is made safe."""
    safe = re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_")[:40]
    return f"{rank:02d}_{safe}.png" if safe else f"{rank:02d}.png"


def save(figure: Figure, path: Path) -> None:
    with warnings.catch_warnings():  # a letter that the font lacks becomes a box; nobody can act on the warning
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(path, dpi=200)


def draw_fleet(logs: Logs, outlook: Outlook, order_M: np.ndarray, unit: str, threshold: float, cap: float) -> Figure:
    """Remaining life of every machine with its interval, the most urgent at the top; a large fleet as histogram too."""
    shown = order_M[:FLEET_MOST]
    last_M = logs.start_M[1:][shown] - 1
    rul_M, low_M, high_M = (column[last_M] for column in (outlook.rul_R, outlook.low_R, outlook.high_R))
    place_M, alarm_M = np.arange(len(shown)), outlook.alarm_M[shown]
    names = [short(logs.machine_M[machine]) for machine in shown]
    large = len(order_M) > len(shown)
    figure, panels = _panels([0.17 * len(shown) + 0.2] + [0.9] * large, left=0.2 + 0.075 * max(map(len, names)))
    axes = panels[0]
    axes.hlines(place_M, low_M, high_M, colors=list(np.where(alarm_M, RED, BLUE)), linewidth=4, alpha=0.35)
    for alarm, marker, label in ((True, "D", "alarm"), (False, "o", "no alarm")):
        which = alarm_M == alarm
        axes.plot(rul_M[which], place_M[which], marker, color=RED if alarm else BLUE, label=label)
    axes.axvline(threshold, color=GREY, linestyle="--", label=f"alarm threshold, {threshold:g}")
    axes.set_yticks(place_M, names, parse_math=False)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(-0.03 * cap, 1.03 * cap)
    panels[-1].set_xlabel(f"remaining useful life, {unit}; bar: interval")
    if large:
        axes.set_title(f"The {len(shown)} most urgent of {len(order_M):,} machines", loc="left", fontsize="medium")
        panels[1].set_title("All machines, number at each remaining life", loc="left", fontsize="medium")
        panels[1].hist(outlook.rul_R[logs.start_M[1:] - 1], bins=25, range=(0, cap), color=BLUE)
    figure.legend(loc="lower center", ncols=3, frameon=False, fontsize="small")
    return figure


def draw_machine(
    bundle: Bundle, logs: Logs, outlook: Outlook, number: int, threshold: float, why: Sequence[Reason]
) -> Figure:
    """One machine's remaining life over time, and the sensors that take most of it, beside the healthy band."""
    manifest, at = bundle.manifest, logs.rows(number)
    said = run_batch(bundle, logs, np.array([number]))
    low_TF, high_TF = said["healthy_low"][0], said["healthy_high"][0]
    x_TF, time_T = logs.x_RF[at], logs.time_R[at]
    step = max(1, len(time_T) // POINTS)
    kept = np.unique(np.r_[np.arange(0, len(time_T), step), len(time_T) - 1])  # always with the last row
    places = {channel["name"]: f for f, channel in enumerate(manifest["channels"])}
    sensors = [places[reason.sensor] for reason in why[:SENSORS]]
    figure, panels = _panels([1.5] + [0.75] * len(sensors))
    _draw_life(panels[0], time_T, kept, outlook, at, threshold)
    _title(panels[0], life_now(logs, outlook, number, unit_of_life(manifest)))
    marker = "." if len(kept) < 30 else ""
    for axes, f, reason in zip(panels[1:], sensors, why, strict=False):
        channel = manifest["channels"][f]
        axes.plot(time_T[kept], x_TF[kept, f], color=BLUE, marker=marker)
        band = low_TF[kept, f], high_TF[kept, f]
        axes.fill_between(
            time_T[kept], *band, color=GREY, alpha=0.25, linewidth=0, step="mid", label="healthy machines"
        )
        _title(axes, short(f"{channel['name']}, {channel['unit']}: {reason.takes}", 48))
    panels[-1].set_xlabel("time" + (f", every {step} rows" if step > 1 else ""))
    if time_T.dtype.kind == "M":
        ticks = AutoDateLocator(minticks=3, maxticks=6)
        panels[-1].xaxis.set_major_locator(ticks)
        panels[-1].xaxis.set_major_formatter(ConciseDateFormatter(ticks))
    lines = {label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    style: dict[str, Any] = {"frameon": False, "fontsize": "small", "columnspacing": 1.2, "handlelength": 1.6}
    figure.legend(lines.values(), lines.keys(), loc="lower center", ncols=3, **style)
    return figure


def _draw_life(axes: Axes, time_T: np.ndarray, kept: np.ndarray, outlook: Outlook, at: slice, threshold: float) -> None:
    time_T = time_T[kept]
    rul_T, low_T, high_T = (column[at][kept] for column in (outlook.rul_R, outlook.low_R, outlook.high_R))
    axes.fill_between(time_T, low_T, high_T, color=BLUE, alpha=0.2, linewidth=0, label="interval")
    axes.plot(time_T, rul_T, color=BLUE, marker="." if len(kept) < 30 else "", label="estimate, measured")
    axes.axhline(threshold, color=GREY, linestyle="--", label="alarm threshold")
    strange_T = ~outlook.condition_ok_R[at][kept]
    if strange_T.any():
        axes.plot(time_T[strange_T], rul_T[strange_T], "x", color=RED, label="unknown condition")
    axes.set_ylim(bottom=0)


def _panels(heights: list[float], left: float = 0.5) -> tuple[Figure, list[Axes]]:
    """Panels below each other with one time axis; `heights` in inches."""
    above, between, below = 0.3, 0.32, 0.85
    whole = above + sum(heights) + between * (len(heights) - 1) + below
    figure = Figure(figsize=(WIDTH, whole))
    top = whole - above
    panels: list[Axes] = []
    for height in heights:
        box = (left / WIDTH, (top - height) / whole, 1 - (left + 0.1) / WIDTH, height / whole)
        panels.append(figure.add_axes(box, sharex=panels[0] if panels else None))
        top -= height + between
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    for axes in panels:
        axes.locator_params(axis="y", nbins=4)
        axes.set_axisbelow(True)
    return figure, panels


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize="medium", parse_math=False)


def short(name: str, most: int = 28) -> str:
    """A name that leaves room for the picture; signs that do not print become spaces."""
    name = "".join(sign if sign.isprintable() else " " for sign in name)
    return name if len(name) <= most else name[: most - 1] + "…"
