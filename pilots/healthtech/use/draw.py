"""Pictures of the answer, drawn from its tables: a fan for each series, and when and where it gets tight.

Axes: H steps, S series.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from common.report import COLOURS, figure
from pilots.healthtech.use.answer import Answer
from pilots.healthtech.use.suppress import STAR

BLUE, RED, GREY = COLOURS[0], COLOURS[1], COLOURS[4]
BANDS = (("q0.025", "q0.975", 0.15), ("q0.1", "q0.9", 0.25), ("q0.25", "q0.75", 0.4))  # 95, 80 and 50 of 100 cases


@dataclass(frozen=True)
class Picture:
    """One drawing; `file` is its name in the folder of plots, `alt` says in words what it shows."""

    title: str
    file: str
    alt: str
    figure: Figure


def chosen(forecast: pd.DataFrame, flow: Mapping[str, Any]) -> list[str]:
    """Names of the series, the widest sum first, then those most likely to exceed their level."""
    width = {name: sum(flow["sums"][s]) if flow["sums"] else 1 for s, name in enumerate(flow["names"])}
    ahead = forecast[forecast["step"] > 0]
    chance = pd.Series(np.nan_to_num(values(ahead["p_exceed"]))).groupby(ahead["series"].to_numpy(), sort=False).max()
    return sorted(chance.index, key=lambda name: (-width[name], -chance[name]))


def pictures(names: Sequence[str], made: Answer, flow: Mapping[str, Any], say: Callable[[str], None]) -> list[Picture]:
    """When it gets tight, then a fan for each of these series."""
    drawn = [pressure(names, made.forecast)]
    for rank, name in enumerate(names, start=1):
        say(f"picture {rank} of {len(names)}")
        own = [table[table["series"] == name] for table in (made.forecast, made.history)]
        drawn.append(fan(rank, name, *own, flow))
    return drawn


def fan(rank: int, name: str, forecast: pd.DataFrame, history: pd.DataFrame, flow: Mapping[str, Any]) -> Picture:
    """The last counts of one series, then its forecast: median, bands, and the level that p_exceed is about."""
    drawing, (axes,) = figure(2.6)
    if len(history):
        counted_L = values(history["count"])
        axes.plot(
            pd.to_datetime(history["time"]), counted_L, color=GREY, linewidth=1, label="counted", **_dots(counted_L)
        )
    time_H = pd.to_datetime(forecast["time"])
    for low, high, alpha in BANDS:
        if low in forecast and high in forecast:
            axes.fill_between(
                time_H, values(forecast[low]), values(forecast[high]), color=BLUE, alpha=alpha, linewidth=0
            )
    median_H = values(forecast["q0.5"])
    axes.plot(time_H, median_H, color=BLUE, linewidth=1.5, label="median", **_dots(median_H))
    level = float(forecast["level"].iloc[0])
    axes.axhline(level, color=RED, linestyle="--", linewidth=1, label=f"level {level:g}")
    late = forecast["step"] <= 0
    if late.any():
        axes.axvline(time_H[~late].iloc[0], color=GREY, linestyle=":", linewidth=1, label="not fully reported before")
    _clock(axes)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(flow["unit"][:30], parse_math=False)
    axes.set_title(short(name), loc="left", fontsize="medium", parse_math=False)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=3, frameon=False, fontsize="small")
    middle = forecast[~late]
    alt = f"{name}: median {middle['q0.5'].iloc[0]} at {middle['time'].iloc[0]}, {middle['q0.5'].iloc[-1]} at "
    alt += f"{middle['time'].iloc[-1]}, with bands for 50, 80 and 95 of 100 cases"
    return Picture(name, file_name(rank, name), alt, drawing)


def pressure(names: Sequence[str], forecast: pd.DataFrame) -> Picture:
    """The chance of more than the level: a row per series, a column per step."""
    chance = forecast[forecast["step"] > 0].assign(p=lambda table: values(table["p_exceed"]))
    grid = chance.pivot_table(index="series", columns="step", values="p", dropna=False).reindex(list(names))
    drawing, (axes,) = figure(0.9 + 0.2 * len(names))
    times = pd.to_datetime(chance["time"].drop_duplicates()).to_numpy()
    step = times[1] - times[0] if len(times) > 1 else np.timedelta64(1, "D")
    edges = np.append(times, times[-1] + step)
    shown = axes.pcolormesh(
        edges, np.arange(len(names) + 1), grid.to_numpy(float), cmap="OrRd", vmin=0, vmax=1, edgecolors="none"
    )
    axes.grid(visible=False)
    axes.set_facecolor("#e7ebef")
    axes.set_yticks(np.arange(len(names)) + 0.5, [short(name, 16) for name in names], parse_math=False)
    axes.invert_yaxis()
    _clock(axes)
    bar = drawing.colorbar(shown, ax=axes, location="bottom", aspect=40, pad=0.04)
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=["0 %", "25 %", "50 %", "75 %", "100 %"])
    bar.set_label("chance of more than the level; grey: not told", fontsize="small")
    tight = chance.loc[chance["p"].idxmax()] if chance["p"].notna().any() else None
    alt = "Chance of more than each series' level, step by step"
    if tight is not None:
        alt += f"; highest for {tight['series']} at {tight['time']}"
    return Picture("When it gets tight", "pressure.png", alt, drawing)


def values(column: pd.Series) -> np.ndarray:
    """Numbers to draw; one that is hidden leaves a gap."""
    return pd.to_numeric(column.replace(STAR, None), errors="coerce").to_numpy(float, na_value=np.nan)


def save(picture: Picture, folder: Path) -> None:
    with warnings.catch_warnings():  # a letter that the font lacks becomes a box; nobody can act on the warning
        warnings.filterwarnings("ignore", message="Glyph")
        picture.figure.savefig(folder / picture.file, dpi=160)


def file_name(rank: int, name: str) -> str:
    """A name that no system stumbles over; the rank keeps apart what looks alike once it is made safe."""
    safe = re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_")[:40]
    return f"{rank:02d}_{safe}.png" if safe else f"{rank:02d}.png"


def short(name: str, most: int = 40) -> str:
    """A name that leaves room for the picture; signs that do not print become spaces."""
    name = "".join(sign if sign.isprintable() else " " for sign in name)
    return name if len(name) <= most else name[: most - 1] + "…"


def _dots(x_N: np.ndarray) -> dict[str, Any]:
    """A number between two gaps is no line: it is drawn as a dot."""
    return {"marker": ".", "markersize": 3} if np.isnan(x_N).any() else {}


def _clock(axes: Axes) -> None:
    ticks = AutoDateLocator(minticks=2, maxticks=7)
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(ticks))
