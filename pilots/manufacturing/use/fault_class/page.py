"""The answer of a fault-class bundle as files: a line for the record, every window, a drawing, a page."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from common.atomic import write_bytes, write_text
from common.bundle.open import Bundle
from common.report import COLOURS, figure, page, svg
from common.spreadsheet import write_spreadsheet
from pilots.manufacturing.use.fault_class import Diagnosis

SHOWN = 18.0  # multiples of shaft speed


def write_answer(bundle: Bundle, source: str, found: Diagnosis, out: Path) -> None:
    """diagnosis.csv, windows.csv.gz, envelope.png and page.html."""
    plan = bundle.manifest["decision"]
    told = {
        "file": source, "state": found.state, "probability": round(found.probability, 4), "windows": found.windows,
        "agree": found.agree, "evidence": " ".join(found.evidence), "doubts": "; ".join(found.doubts),
    }  # fmt: skip
    write_spreadsheet(pd.DataFrame([told]), out / "diagnosis.csv")
    rows = window_rows(found, plan)
    write_bytes(out / "windows.csv.gz", gzip.compress(rows.to_csv(index=False).encode(), mtime=0))
    drawing = draw(bundle, found)
    drawing.savefig(out / "envelope.png", dpi=200)
    alt = f"Envelope spectrum of {source}. {' '.join(found.evidence)}"
    chances = found.said["probability"].mean(axis=0)
    text = page(
        "Which part of the bearing",
        "pilots/manufacturing/use/fault_class/page.html.j2",
        source=source,
        found=found,
        chances=[[name, f"{100 * p:.0f} %"] for name, p in zip(plan["classes"], chances, strict=True)],
        lines=line_rows(found, plan),
        drawing=svg(drawing, alt),
        bundle=bundle,
        seconds=plan["seconds"],
    )
    write_text(out / "page.html", text)


def window_rows(found: Diagnosis, plan: dict) -> pd.DataFrame:
    """One row a window: where it begins, probabilities, lines, level, kurtosis."""
    said = found.said
    names = [f"{rate}_x{h}" for rate in plan["rates"] for h in plan["harmonics"]]
    columns = {"start_s": np.arange(found.windows) * plan["seconds"]}
    columns |= {f"p_{name}": said["probability"][:, c].round(5) for c, name in enumerate(plan["classes"])}
    columns |= {f"{name}_db": said["line_db"][:, at].round(2) for at, name in enumerate(names)}
    columns |= {f"{name}_hz": said["line_hz"][:, at].round(2) for at, name in enumerate(names)}
    return pd.DataFrame(columns | {name: said[name].round(5) for name in ("level", "kurtosis")})


def line_rows(found: Diagnosis, plan: dict) -> list[list[str]]:
    """Median over the windows of each line: where, and how far above its surroundings."""
    rows, harmonics = [], len(plan["harmonics"])
    hz_L, db_L = (np.median(found.said[key], axis=0) for key in ("line_hz", "line_db"))
    for r, rate in enumerate(plan["rates"]):
        at = slice(r * harmonics, (r + 1) * harmonics)
        rows.append([rate, *(f"{db:.0f} dB at {hz:.1f} Hz" for db, hz in zip(db_L[at], hz_L[at], strict=True))])
    return rows


def draw(bundle: Bundle, found: Diagnosis) -> Figure:
    """Mean envelope spectrum over multiples of shaft speed, with the first lines of each rate marked."""
    envelope_K = found.said["envelope"].mean(axis=0)
    step = 1 / bundle.manifest["decision"]["seconds"] / (found.speed / 60)  # orders per bin
    order_K = np.arange(len(envelope_K)) * step
    shown = (order_K > 0) & (order_K <= SHOWN)
    drawing, (axes,) = figure(2.8)
    axes.plot(order_K[shown], 1000 * envelope_K[shown], color=COLOURS[4], lw=1)
    hz_L = np.median(found.said["line_hz"], axis=0)
    harmonics = len(bundle.manifest["decision"]["harmonics"])
    marks = zip(bundle.manifest["decision"]["rates"], COLOURS, ("-", "--", "-.", ":"), strict=False)
    for r, (rate, colour, dash) in enumerate(marks):
        for h in range(harmonics):
            at = hz_L[r * harmonics + h] * 60 / found.speed
            axes.axvline(at, color=colour, ls=dash, lw=1, ymin=0.86, label=rate if h == 0 else None)
    if shown.any():
        axes.set_ylim(0, 1250 * max(float(envelope_K[shown].max()), 1e-9))
    axes.set_xlim(0, SHOWN)
    axes.set_xlabel("multiples of shaft speed")
    axes.set_ylabel("envelope, mg")
    axes.legend(frameon=False, fontsize=7.5, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1)
    return drawing
