"""report.html of the anomaly task: how often it alarms for nothing, what it sees, and which sensors speak.

Axes: L logs, T rows, F channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib import rc_context

from common.card import EMPTY
from common.report import COLOURS, STYLE, figure, page, svg
from pilots.manufacturing.anomaly.detector import T2Q
from pilots.manufacturing.anomaly.healthy import Parts
from pilots.manufacturing.words import percent

SHOWN = 4  # logs that get a drawing
LISTED = 40  # logs in the table
SENSORS = 3
POINTS = 600
BLUE, ORANGE, _, PURPLE, GREY = COLOURS


def report(
    run: Mapping[str, Any], card: Mapping[str, Any], detector: T2Q, cut: Parts, said: dict[str, np.ndarray],
    truth_LT: np.ndarray,
) -> str:  # fmt: skip
    """The page. `run`: run.json; `said`: the graph's outputs on the test logs; `truth_LT` as in evaluate.py."""
    rate, logs = run["rate"], list(_logs(cut, said, truth_LT))
    order = sorted(range(len(logs)), key=lambda i: (-logs[i]["share"], i))
    return page(
        f"Abnormal running: {run['data']['name']}",
        "pilots/manufacturing/anomaly/report.html.j2",
        run=run,
        card=card,
        percent=percent,
        rate=rate,
        detector=detector,
        logs=[logs[i] for i in order[:LISTED]],
        total=len(logs),
        table=list(_rates(run["by_rate"])),
        rates=_rates_drawing(run["by_rate"]),
        drawings=[_history(cut, said, truth_LT, detector, rate, i) for i in _chosen(order)],
        empty=EMPTY,
    )


def _logs(cut: Parts, said: dict[str, np.ndarray], truth_LT: np.ndarray) -> Iterator[dict[str, Any]]:
    """Per test log: how much of it alarms, first alarm, sensors that speak, and what is known."""
    names = np.array([channel.name for channel in cut.test.channels])
    for life, rows in enumerate(cut.test.length_L):
        alarm_T, truth_T = said["alarm"][life, :rows], truth_LT[life, :rows]
        judged = int(np.isfinite(said["score"][life, :rows]).sum())
        share_F = said["contribution"][life, :rows][alarm_T].sum(0)
        most = [int(f) for f in np.argsort(-share_F)[:SENSORS] if share_F[f] > 0.05 * share_F.sum()]
        normal_T, abnormal_T = truth_T == 0, truth_T == 1
        yield {
            "name": cut.test.machine_L[life],
            "rows": int(rows),
            "judged": judged,
            "share": float(alarm_T.sum() / max(judged, 1)),
            "sensors": ", ".join(f"{names[f]} {percent(share_F[f] / share_F.sum())}" for f in most),
            "false": float(alarm_T[normal_T].mean()) if normal_T.any() else None,
            "seen": float(alarm_T[abnormal_T].mean()) if abnormal_T.any() else None,
        }


def _chosen(order: list[int]) -> list[int]:
    """Logs to draw: from the most to the least alarming, evenly."""
    return [order[i] for i in np.unique(np.linspace(0, len(order) - 1, min(SHOWN, len(order))).astype(int))]


def _rates(table: list[dict]) -> Iterator[list[str]]:
    for row in table:
        m = row["metrics"]
        cells = [_span(m[name]) if name in m else "–" for name in ("far", "mar", "f1")]
        delay = f"{m['delay_median']['value']:.0f}" if "delay_median" in m else "–"
        yield [percent(row["rate"]), *cells, delay]


def _span(metric: Mapping[str, float]) -> str:
    return f"{metric['value']:.2f} ({metric['low']:.2f} to {metric['high']:.2f})"


def _rates_drawing(table: list[dict]) -> Markup:
    stated = [row["rate"] for row in table]
    with rc_context(STYLE):
        drawing, (axes,) = figure(2.6)
        far = [row["metrics"]["far"] for row in table]
        axes.plot([0, max(stated)], [0, max(stated)], color=GREY, ls="--", label="as stated")
        apart = [[m["value"] - m["low"] for m in far], [m["high"] - m["value"] for m in far]]
        axes.errorbar(stated, [m["value"] for m in far], yerr=apart, color=BLUE, marker="o", capsize=3,
                      label="false alarms, measured")  # fmt: skip
        if all("mar" in row["metrics"] for row in table):
            missed = [row["metrics"]["mar"]["value"] for row in table]
            axes.plot(stated, missed, color=ORANGE, marker="s", ls="-.", label="abnormal rows missed")
        axes.set_xlabel("stated false-alarm rate")
        axes.set_ylabel("share of rows")
        axes.set_ylim(0, 1)
        axes.legend(frameon=False, fontsize=8.5)
        points = "; ".join(
            f"stated {percent(r)}, measured {percent(m['value'])}" for r, m in zip(stated, far, strict=True)
        )
        return svg(drawing, f"False-alarm rates: {points}.")


def _history(
    cut: Parts, said: dict[str, np.ndarray], truth_LT: np.ndarray, detector: T2Q, rate: float, life: int
) -> dict[str, Any]:  # fmt: skip
    """One log's score with its limit, and below it the sensors' shares."""
    rows, limit = int(cut.test.length_L[life]), float(detector.limit(rate))
    kept = np.unique(np.linspace(0, rows - 1, min(rows, POINTS)).astype(int))
    score_T, share_TF = said["score"][life, :rows], said["contribution"][life, :rows]
    names = [channel.name for channel in cut.test.channels]
    top = np.argsort(-np.nansum(share_TF, axis=0))[:SENSORS]
    with rc_context(STYLE):
        drawing, (upper, lower) = figure(1.7, 2)
        upper.plot(kept, np.maximum(score_T[kept], 1e-2), color=BLUE, lw=1.2, label="score")
        upper.axhline(limit, color=ORANGE, ls="-.", lw=1.4, label=f"limit, {limit:.3g}")
        abnormal_T = truth_LT[life, :rows] == 1
        if abnormal_T.any():
            upper.fill_between(np.arange(rows), 0, 1, where=abnormal_T, color=PURPLE, alpha=0.15, lw=0,
                               transform=upper.get_xaxis_transform(), label="abnormal in truth")  # fmt: skip
        upper.axvspan(0, detector.baseline, color=GREY, alpha=0.12, lw=0, label="baseline")
        upper.set_yscale("log")
        upper.set_title("score, logarithmic", loc="left", fontsize="medium")
        with np.errstate(invalid="ignore", divide="ignore"):
            part_TF = share_TF / share_TF.sum(1, keepdims=True)
        for f, (colour, style) in zip(top, ((BLUE, "-"), (ORANGE, "--"), (PURPLE, ":")), strict=False):
            lower.plot(kept, 100 * part_TF[kept, f], color=colour, ls=style, lw=1.2, label=names[f].replace("_", " "))
        lower.set_title("share of each sensor in the score, %", loc="left", fontsize="medium")
        lower.set_ylim(0, 100)
        lower.set_xlabel("row of the log")
        for axes in (upper, lower):
            axes.legend(framealpha=0.85, edgecolor="none", fontsize=7, ncols=2, loc="best")
        share = float(said["alarm"][life, :rows].sum() / max(np.isfinite(score_T).sum(), 1))
        words = f"{cut.test.machine_L[life]}: {percent(share)} of its judged rows alarm"
        return {
            "name": cut.test.machine_L[life],
            "words": f"{words}.",
            "svg": svg(drawing, f"{words}; score and shares."),
        }
