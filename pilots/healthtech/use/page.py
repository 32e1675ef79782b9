"""The answer as one page that opens offline in any browser, prints, and fits a phone; made from its tables alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.atomic import write_text
from common.bundle.open import Bundle
from common.report import page, svg
from pilots.healthtech.data.contract import PERIOD
from pilots.healthtech.use.answer import Answer
from pilots.healthtech.use.draw import Picture, values
from pilots.healthtech.use.suppress import STAR

TIGHTEST = 10  # steps that the page names
TOTALS = 14  # totals of one kind and series that the page shows; totals.csv holds the rest
KINDS = {"shift": "Shifts of eight hours", "day": "Days", "week": "Weeks of seven days"}
ACCURACY = ("pinball", "mase", "coverage_80")  # metrics of the manifest that tell how far to trust the forecast


def write_page(bundle: Bundle, source: str, made: Answer, pictures: Sequence[Picture], path: Path) -> None:
    """pictures: when it gets tight, then one per series."""
    manifest, flow = bundle.manifest, bundle.manifest["flow"]
    ahead = made.forecast[made.forecast["step"] > 0]
    tight, *fans = [(picture.title, svg(picture.figure, picture.alt)) for picture in pictures]
    text = page(
        "What to expect",
        "pilots/healthtech/use/page.html.j2",
        source=source,
        unit=flow["unit"],
        word=PERIOD[flow["freq"]],
        steps=flow["horizon"] - flow["delay"],
        start=ahead["time"].iloc[0],
        headline=_headline(ahead, made.totals, pictures[1].title),
        tightest=_tightest(ahead),
        totals=_totals(made.totals, [picture.title for picture in pictures[1:]]),
        series=ahead["series"].nunique(),
        tight=tight[1],
        fans=fans,
        flags=made.flags,
        notes=made.notes,
        suppressed=made.suppressed,
        bundle=bundle,
        accuracy={name: manifest["metrics"][name] for name in ACCURACY if name in manifest["metrics"]},
    )
    write_text(path, text)


def _headline(ahead: pd.DataFrame, totals: pd.DataFrame, name: str) -> dict[str, Any]:
    """The first day of the widest series; where nothing adds up to days, its first step."""
    own = totals[(totals["series"] == name) & (totals["period"] == "day")]
    row = own.iloc[0] if len(own) else ahead[ahead["series"] == name].iloc[0]
    when = row["time"][:10] if len(own) else row["time"]
    return {"name": name, "when": when, **_interval(row)}


def _interval(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"middle": _whole(row["q0.5"]), "low": _whole(row["q0.1"]), "high": _whole(row["q0.9"])}


def _whole(value: Any) -> str:
    """A number for a reader: counts without decimals, small expected counts with one."""
    if value is pd.NA or value == STAR or not np.isfinite(value):
        return STAR if isinstance(value, str) else "–"
    return f"{value:,.0f}" if float(value).is_integer() or value >= 10 else f"{value:.1f}"


def _tightest(ahead: pd.DataFrame) -> list[dict[str, Any]]:
    """The steps with the highest chance of more than the level."""
    order = ahead.assign(p=values(ahead["p_exceed"])).dropna(subset="p")
    order = order.sort_values("p", ascending=False, kind="stable").head(TIGHTEST)
    return [
        {"series": row["series"], "time": row["time"], "level": _whole(row["level"]), "p": row["p"], **_interval(row)}
        for _, row in order[order["p"] > 0].iterrows()
    ]


def _totals(totals: pd.DataFrame, names: Sequence[str]) -> list[tuple[str, list[dict[str, Any]]]]:
    """For each kind of stretch, a row per stretch with an interval for each of the drawn series."""
    found = []
    for kind, words in KINDS.items():
        own = totals[(totals["period"] == kind) & totals["series"].isin(names)]
        rows = []
        for time, part in list(own.groupby("time", sort=False))[:TOTALS]:
            by_series = {row["series"]: _interval(row) for _, row in part.iterrows()}
            rows.append({"time": time, "cells": [by_series[name] for name in names if name in by_series]})
        if rows:
            found.append((words, rows))
    return found
