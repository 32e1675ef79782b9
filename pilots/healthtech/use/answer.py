"""From a file of counts to the tables of an answer; what is written, drawn and shown is made from these alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from common.bundle.open import Bundle
from common.progress import Progress
from pilots.healthtech.use import ask
from pilots.healthtech.use.contract import check_contract
from pilots.healthtech.use.flags import flags
from pilots.healthtech.use.infer import foresee
from pilots.healthtech.use.read import read_recent
from pilots.healthtech.use.suppress import suppress
from pilots.healthtech.use.totals import totals_table
from pilots.healthtech.use.window import window
from pilots.healthtech.use.write import forecast_table, history_table


@dataclass(frozen=True)
class Answer:
    """forecast, totals, history: tables, small numbers hidden where that was asked for (`suppressed`).

    flags   reasons to doubt, one sentence each
    notes   what was found in the file, one sentence each
    """

    forecast: pd.DataFrame
    totals: pd.DataFrame
    history: pd.DataFrame
    flags: list[str]
    notes: list[str]
    suppressed: bool


def answer(bundle: Bundle, source: Path, argv: Sequence[str] = ()) -> Answer:
    """What the bundle forecasts after the counts of this file; `argv` as in `ask`."""
    manifest = bundle.manifest
    check_contract(manifest)
    flow, options = manifest["flow"], ask.parse(argv)
    start = ask.start(options.start, flow["freq"]) if options.start else None
    level_S = ask.levels(options.level, manifest, options.suppress)
    with Progress("read"):
        recent = read_recent(source, manifest, start)
        asked = window(recent, flow)
    with Progress("predict"):
        outlook = foresee(bundle, asked, recent.counted_S, level_S)
        forecast, totals = forecast_table(outlook, manifest), totals_table(outlook, manifest)
        history = history_table(asked, flow, list(forecast["series"].unique()))
        doubts, notes = flags(manifest, asked, outlook, recent.counted_S), recent.notes
        if options.suppress:
            forecast, totals, history = suppress(forecast, totals, history, flow)
            notes = []  # they may name single counts
    return Answer(forecast, totals, history, doubts, notes, options.suppress)
