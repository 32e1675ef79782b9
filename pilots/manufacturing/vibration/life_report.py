"""report.html of bearings run to failure: every bearing by name, its index over its life, its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from common.report import COLOURS, figure, page, svg
from pilots.manufacturing.data.bearings import Life
from pilots.manufacturing.vibration import detect
from pilots.manufacturing.vibration.life_words import bearing_rows, error_rows

POINTS = 400  # a phone shows no more
WORDS = {
    "alarm_missed": "Failed without an alarm",
    "alarm_early": "First alarm in the first half of life",
    "alarm_lead_median": "Median time from first alarm to failure",
    "rmse_hours": "Error of remaining life, left-out bearings",
    "rmse_share": "The same as a share of the whole life",
}


def report(run: Mapping[str, Any], lives: Sequence[Life], index: Mapping[str, np.ndarray]) -> str:
    """The page. `run`: run.json; `index`: bearing -> detect.index."""
    metric = run["metrics"]["rmse_hours"]
    return page(
        f"Bearings run to failure: {run['data']['name']}",
        "pilots/manufacturing/vibration/life.html.j2",
        run=run,
        words=WORDS,
        better=metric["high"] < metric["naive"],
        failed=[life.name for life in lives if life.failed],
        cut=[life.name for life in lives if not life.failed],
        bearings=bearing_rows(run["metrics_by_series"]),
        errors=error_rows(run["metrics_by_series"]),
        healthy=detect.HEALTHY,
        persistence=detect.PERSISTENCE,
        drawings=[(life.name, drawing(life, index[life.name])) for life in lives],
    )


def drawing(life: Life, index_T: np.ndarray) -> Markup:
    """The index over the life, largest of each stretch, with its limit and the alarms."""
    alarm_T = detect.alarms(index_T)
    edges = np.unique(np.linspace(0, len(index_T), min(POINTS, len(index_T)) + 1).astype(int))
    most = np.maximum.reduceat(index_T, edges[:-1])
    drawing, (axes,) = figure(2.1)
    axes.semilogy(life.hour_T[edges[:-1]], np.maximum(most, 1e-3), color=COLOURS[0], lw=1, label="index")
    axes.yaxis.set_minor_formatter("")  # labels at whole powers of ten only
    axes.axhline(1, color=COLOURS[1], ls="--", lw=1.2, label="limit")
    axes.axvspan(0, life.hour_T[detect.HEALTHY - 1], color=COLOURS[4], alpha=0.2, lw=0, label="as new")
    told = "No alarm"
    if alarm_T.any():
        first = life.hour_T[int(np.argmax(alarm_T))]
        axes.axvline(first, color=COLOURS[3], ls="-.", lw=1.4, label="first alarm")
        told = f"First alarm at {first:.1f} of {life.hour_T[-1]:.1f} logged hours"
    axes.set_xlabel("hours")
    axes.legend(frameon=False, fontsize=7.5, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1)
    return svg(drawing, f"{life.name}: distance from as new over its life. {told}")
