"""report.html of a fault classifier: what it got right, what against, and what that does not show."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from common.card import EMPTY
from common.report import COLOURS, figure, page, svg
from pilots.manufacturing.data.cwru import Recording
from pilots.manufacturing.vibration.classify import BALLS, CLASSES, RATIO, Windows
from pilots.manufacturing.vibration.graph import HARMONICS, LINES, RATES, orders

STANDS_OUT = 10.0  # dB; in noise the strongest of the few bins of a line reaches that about once in 50 windows
SHOWN = 18.0  # orders of the drawings: the third harmonic of the inner race lies at 16.2


def report(
    run: Mapping[str, Any], card: Mapping[str, Any], p_WC: np.ndarray, test: Windows, recordings: Sequence[Recording],
    answers: Sequence[Mapping[str, np.ndarray]],
) -> str:  # fmt: skip
    """The page. `run`: run.json; `p_WC`: probabilities of the test windows; `answers`: the graph's, per recording."""
    return page(
        "Which part of the bearing is damaged",
        "pilots/manufacturing/vibration/report.html.j2",
        run=run,
        empty=EMPTY,
        missing=[key.replace("_", " ") for key, value in card.items() if value is None],
        not_for=card["not_for"],
        limits=card["limits"],
        naive=run["metrics"]["accuracy"]["naive"],
        recordings_text=[
            [name, str(t["windows"]), percent(t["accuracy"]), f"{t['probability_of_truth']:.2f}"]
            for name, t in run["metrics_by_series"].items()
        ],
        states_text=[
            [name, str(t["windows"]), percent(t["recall"]), percent(t["precision"])]
            for name, t in run["metrics_by_class"].items()
        ],
        models_text=[
            [
                name,
                percent(m["accuracy"]),
                f"{percent(m['accuracy_low'])} to {percent(m['accuracy_high'])}",
                percent(m["balanced_accuracy"]),
                f"{m['brier']:.3f}",
            ]
            for name, m in run["metrics_by_model"].items()
        ],
        lines=line_rows(test),
        rates=[[name, f"{order:.3f}", f"{order * 1750 / 60:.1f}"] for name, order in orders(BALLS, RATIO).items()],
        stands_out=STANDS_OUT,
        silent=silent(test),
        drawings=[
            (recording.name, spectrum(recording, answer)) for recording, answer in zip(recordings, answers, strict=True)
        ],
    )


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def line_rows(test: Windows) -> list[list[Any]]:
    """Each recording's first line of each rate, in dB above its surroundings; twice inner is nearly thrice outer."""
    rows = []
    for number, name in enumerate(test.name_R):
        line_L = np.median(test.said["line_db"][test.recording_W == number], axis=0)
        rows.append([name, *(f"{line_L[len(HARMONICS) * r]:.0f} dB" for r in range(len(RATES)))])
    return rows


def silent(test: Windows) -> list[str]:
    """Faults that the test holds and whose own first line does not stand out."""
    found = []
    for r, rate in enumerate(RATES):
        if rate in CLASSES and (at_W := test.state_W == CLASSES.index(rate)).any():
            level = np.median(test.said["line_db"][at_W, len(HARMONICS) * r])
            found += [rate] if level < STANDS_OUT else []
    return found


def spectrum(recording: Recording, answer: Mapping[str, np.ndarray]) -> Markup:
    """Envelope spectrum over orders, mean of the windows, with the first lines of each rate marked."""
    envelope_K = answer["envelope"].mean(axis=0)
    step = recording.rate / (2 * (len(envelope_K) - 1)) / (recording.rpm / 60)  # orders per bin
    shown = slice(1, int(SHOWN / step))
    drawing, (axes,) = figure(2.6)
    order_K = np.arange(len(envelope_K)) * step
    axes.plot(order_K[shown], 1000 * envelope_K[shown], color=COLOURS[4], lw=1)
    top = 1000 * envelope_K[shown].max()
    for (rate, order), colour, dash in zip(orders(BALLS, RATIO).items(), COLOURS, ("-", "--", "-.", ":"), strict=False):
        for harmonic in (1, 2, 3):
            label = f"{rate} {order:.2f}" if harmonic == 1 else None
            axes.axvline(harmonic * order, color=colour, ls=dash, lw=1, alpha=0.6, ymin=0.86, label=label)
    axes.set_ylim(0, 1.2 * top)
    axes.set_xlabel("multiples of shaft speed")
    axes.set_ylabel("envelope, mg")
    axes.legend(frameon=False, fontsize=7.5, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1)
    line_L = np.median(answer["line_db"], axis=0)
    told = ", ".join(f"{LINES[i]} {line_L[i]:.0f} dB" for i in np.argsort(-line_L)[:3])
    return svg(drawing, f"Envelope spectrum of {recording.name}; strongest lines above their surroundings: {told}")


def predictions(p_WC: np.ndarray, test: Windows) -> bytes:
    """predictions.csv.gz: one line per test window."""
    table = pd.DataFrame(
        {
            "recording": np.array(test.name_R)[test.recording_W],
            "state": np.array(CLASSES)[test.state_W],
            "said": np.array(CLASSES)[p_WC.argmax(axis=1)],
            **{f"p_{name}": p_WC[:, c].round(5) for c, name in enumerate(CLASSES)},
        }
    )
    return gzip.compress(table.to_csv(index=False).encode(), mtime=0)
