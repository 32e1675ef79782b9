"""Pictures of the judgement: one machine's score over time, and what each sensor contributes to it.

Axes: T rows of one machine, F channels, M machines.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib import rc_context
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from common.bundle.open import Bundle
from common.report import COLOURS, STYLE, figure
from pilots.manufacturing.use.anomaly.infer import Findings, telling
from pilots.manufacturing.use.draw import POINTS, Picture, file_name, short
from pilots.manufacturing.use.read import Logs

DRAWN = 12  # machines that get a picture, the most urgent ones
BARS = 8  # sensors of a contribution plot
BLUE, RED, _, PURPLE, GREY = COLOURS


def pictures(
    bundle: Bundle, logs: Logs, found: Findings, order_M: np.ndarray, say: Callable[[str], None]
) -> list[Picture]:
    """One picture each of the first machines that were judged."""
    judged = [int(m) for m in order_M if np.isfinite(found.score_R[logs.rows(m)]).any()][:DRAWN]
    made = []
    for rank, machine in enumerate(judged, start=1):
        say(f"picture {rank} of {len(judged)}")
        name = logs.machine_M[machine]
        with rc_context(STYLE):
            drawing, words = _draw(bundle, logs, found, machine)
        made.append(Picture(name, file_name(rank, name), words, drawing))
    return made


def _draw(bundle: Bundle, logs: Logs, found: Findings, machine: int) -> tuple:
    channels, at = bundle.manifest["channels"], logs.rows(machine)
    baseline = bundle.manifest["decision"]["baseline"]
    time_T, score_T, alarm_T = logs.time_R[at], found.score_R[at], found.alarm_R[at]
    kept = np.unique(np.linspace(0, len(time_T) - 1, min(len(time_T), POINTS)).astype(int))
    parts = telling(logs, found, machine)[:BARS]
    drawing, (score, reading, bars) = figure(1.6, 3)
    score.plot(time_T[kept], np.maximum(score_T[kept], 1e-2), color=BLUE, lw=1.2, label="score")
    score.axhline(found.limit, color=RED, ls="-.", lw=1.4, label=f"limit, {found.limit:.3g}")
    loud = kept[alarm_T[kept]]
    score.plot(time_T[loud], score_T[loud], ".", color=RED, ms=3, label="alarm")
    score.set_yscale("log")
    score.set_title(
        f"{short(logs.machine_M[machine])}: score, logarithmic", loc="left", fontsize="medium", parse_math=False
    )
    words = f"{short(logs.machine_M[machine])}: {int(alarm_T.sum())} of {len(time_T)} rows alarm"
    if parts:
        f = parts[0][0]
        label = short(f"{channels[f]['name']}, {channels[f]['unit']}", 48)
        reading.plot(time_T[kept], logs.x_RF[at][kept, f], color=BLUE, lw=1)
        reading.plot(time_T[kept], found.normal_RF[at][kept, f], color=GREY, ls=":", label="own level")
        reading.set_title(f"{label}: speaks loudest now", loc="left", fontsize="medium", parse_math=False)
        names = [short(channels[f]["name"], 24) for f, _ in parts]
        bars.barh(np.arange(len(parts)), [100 * part for _, part in parts], color=PURPLE, height=0.6)
        bars.set_yticks(np.arange(len(parts)), names, parse_math=False)
        bars.invert_yaxis()
        words += "; loudest lately: " + ", ".join(
            f"{n} {part:.0%}" for n, (_, part) in zip(names[:3], parts, strict=False)
        )
    bars.set_title("contribution to the score over the last rows, %", loc="left", fontsize="medium")
    for axes in (score, reading):
        axes.axvspan(time_T[0], time_T[min(baseline, len(time_T)) - 1], color=GREY, alpha=0.12, lw=0, label="baseline")
        if time_T.dtype.kind == "M":
            ticks = AutoDateLocator(minticks=3, maxticks=6)
            axes.xaxis.set_major_locator(ticks)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(ticks))
        axes.legend(framealpha=0.85, edgecolor="none", fontsize=7, ncols=2)
    return drawing, words
