"""Pictures of the answer: the fleet at a glance, and one machine with the sensors that speak against it.

Axes: T rows of one machine, F channels, M machines.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.bundle.open import Bundle
from pilots.manufacturing.use.infer import Outlook, run_batch
from pilots.manufacturing.use.read import Logs
from pilots.manufacturing.use.write import unit_of_life

BLUE, RED, GREY = "#1f5f99", "#b3261e", "#5f6368"  # contrast with white above 4.5 each
FLEET_ROWS = 40  # machines that a picture can name
SENSORS = 3
POINTS = 800  # a screen shows no more; a year of minutes would make a page of 50 MB


@dataclass(frozen=True)
class Picture:
    """One drawing; `file` is its name in the folder of plots."""

    title: str
    file: str
    figure: Figure


def pictures(
    bundle: Bundle,
    logs: Logs,
    outlook: Outlook,
    order_M: np.ndarray,
    drawn: int,
    folder: Path,
    say: Callable[[str], None],
) -> list[Picture]:
    """The fleet and the first `drawn` machines, each also written into `folder` as PNG."""
    threshold = float(bundle.default("threshold"))
    made = [Picture("The fleet", "fleet.png", fleet(logs, outlook, order_M, bundle.manifest, threshold))]
    for rank, number in enumerate(order_M[:drawn], start=1):
        name = logs.machine_M[number]
        say(f"picture {rank} of {min(drawn, len(order_M))}")
        made.append(Picture(name, file_name(rank, name), machine(bundle, logs, outlook, int(number), threshold)))
    folder.mkdir()
    for picture in made:
        save(picture.figure, folder / picture.file)
    return made


def file_name(rank: int, name: str) -> str:
    """A name that no system stumbles over; the rank keeps apart what looks alike once it is made safe."""
    safe = re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_")[:40]
    return f"{rank:02d}_{safe}.png" if safe else f"{rank:02d}.png"


def fleet(logs: Logs, outlook: Outlook, order_M: np.ndarray, manifest: Mapping[str, Any], threshold: float) -> Figure:
    """Remaining life of every machine with its interval; the most urgent is at the top."""
    shown = order_M[:FLEET_ROWS]
    last_M = logs.start_M[1:][shown] - 1
    rul_M, low_M, high_M = (column[last_M] for column in (outlook.rul_R, outlook.low_R, outlook.high_R))
    place_M = np.arange(len(shown))
    figure = Figure(figsize=(8, 1.6 + 0.24 * len(shown)), layout="constrained")
    axes = figure.subplots()
    colour_M = np.where(outlook.alarm_M[shown], RED, BLUE)
    axes.hlines(place_M, low_M, high_M, colors=list(colour_M), linewidth=4, alpha=0.35)
    for alarm, marker, label in ((True, "D", "alarm"), (False, "o", "no alarm")):
        which = outlook.alarm_M[shown] == alarm
        axes.plot(rul_M[which], place_M[which], marker, color=RED if alarm else BLUE, label=label)
    axes.axvline(threshold, color=GREY, linestyle="--", label=f"alarm threshold, {threshold:g}")
    axes.set_yticks(place_M, [_short(logs.machine_M[machine]) for machine in shown], parse_math=False)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"remaining useful life, {unit_of_life(manifest)} (bar: interval)")
    if len(order_M) > len(shown):
        axes.set_title(f"The {len(shown)} most urgent of {len(order_M):,} machines", loc="left")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def machine(bundle: Bundle, logs: Logs, outlook: Outlook, number: int, threshold: float) -> Figure:
    """One machine's remaining life over time, and the sensors farthest from what the model calls healthy."""
    manifest = bundle.manifest
    at = logs.rows(number)
    healthy_TF = run_batch(bundle, logs, np.array([number]))["healthy"][0]
    x_TF, time_T = logs.x_RF[at], logs.time_R[at]
    step = max(1, len(time_T) // POINTS)
    kept = np.unique(np.r_[np.arange(0, len(time_T), step), len(time_T) - 1])  # always with the last row
    sensors = telling(x_TF, healthy_TF, manifest)
    figure = Figure(figsize=(8, 2.6 + 1.3 * len(sensors)), layout="constrained")
    ratios = [2.0] + [1.0] * len(sensors)
    rows = np.atleast_1d(figure.subplots(1 + len(sensors), 1, sharex=True, height_ratios=ratios))
    _draw_life(rows[0], time_T[kept], outlook, at, kept, manifest, threshold)
    rows[0].set_title(_short(logs.machine_M[number], 60), loc="left", parse_math=False)
    for axes, f in zip(rows[1:], sensors, strict=True):
        channel = manifest["channels"][f]
        axes.plot(time_T[kept], x_TF[kept, f], color=BLUE, marker="." if len(kept) < 30 else "", label="measured")
        axes.plot(time_T[kept], healthy_TF[kept, f], color=GREY, linestyle="--", label="expected when healthy")
        axes.set_ylabel(f"{_short(channel['name'], 18)}\n{channel['unit']}", parse_math=False)
    if len(sensors):
        rows[1].legend(loc="upper left", frameon=False, ncols=2, fontsize="small")
    figure.align_ylabels(rows)
    rows[-1].set_xlabel("time")
    return figure


def telling(x_TF: np.ndarray, healthy_TF: np.ndarray, manifest: Mapping[str, Any]) -> list[int]:
    """Numbers of the sensors that lately lie farthest from healthy, in widths of what training saw."""
    far = {}
    for f, channel in enumerate(manifest["channels"]):
        low, high = manifest["seen"].get(channel["name"], (channel["low"], channel["high"]))
        off_T = np.abs(x_TF[-10:, f] - healthy_TF[-10:, f])
        if channel["role"] == "sensor" and high > low and np.isfinite(off_T).any():
            far[f] = float(np.nanmean(off_T)) / (high - low)
    return sorted(far, key=lambda f: -far[f])[:SENSORS]


def save(figure: Figure, path: Path) -> None:
    with warnings.catch_warnings():  # a letter that the font lacks becomes a box; nobody can act on the warning
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(path, dpi=110)


def _draw_life(
    axes: Axes,
    time_T: np.ndarray,
    outlook: Outlook,
    at: slice,
    kept: np.ndarray,
    manifest: Mapping[str, Any],
    threshold: float,
) -> None:
    rul_T, low_T, high_T = (column[at][kept] for column in (outlook.rul_R, outlook.low_R, outlook.high_R))
    axes.fill_between(time_T, low_T, high_T, color=BLUE, alpha=0.2, linewidth=0, label="interval")
    axes.plot(time_T, rul_T, color=BLUE, marker="." if len(kept) < 30 else "", label="remaining useful life")
    axes.axhline(threshold, color=GREY, linestyle="--", label="alarm threshold")
    strange_T = ~outlook.condition_ok_R[at][kept]
    if strange_T.any():
        axes.plot(time_T[strange_T], rul_T[strange_T], "x", color=RED, label="condition not met in training")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(unit_of_life(manifest), parse_math=False)
    axes.legend(loc="lower left", frameon=False, fontsize="small")


def _short(name: str, most: int = 28) -> str:
    """A name that leaves room for the picture; signs that do not print become spaces."""
    name = "".join(sign if sign.isprintable() else " " for sign in name)
    return name if len(name) <= most else name[: most - 1] + "…"
