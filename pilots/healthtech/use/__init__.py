"""Right of the waist: the latest counts and a bundle in, a forecast for the next shifts, days or months out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.bundle.open import Bundle

__all__ = ["OPTIONS", "predict"]
FROM = "first period to forecast, such as 2026-03-01T06:00; counts from then on are not looked at"
LEVEL = "p_exceed is the chance of more than N; for one series SERIES=N; may be repeated"
SUPPRESS = "for what leaves the hospital: counts of 1 to 7 become *, others are rounded to the nearest 5"
OPTIONS = f"--from STAMP   {FROM}\n  --level N      {LEVEL}\n  --suppress     {SUPPRESS}"
DRAWN = 12  # series that get a picture of their own


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Fill the empty folder `out`: forecast.csv, totals.csv, forecast.json, plots/, page.html."""
    from common.progress import Progress
    from common.spreadsheet import write_spreadsheet
    from pilots.healthtech.use import ask, draw, write
    from pilots.healthtech.use.contract import check_contract
    from pilots.healthtech.use.flags import flags
    from pilots.healthtech.use.infer import foresee
    from pilots.healthtech.use.page import write_page
    from pilots.healthtech.use.read import read_recent
    from pilots.healthtech.use.suppress import suppress
    from pilots.healthtech.use.totals import totals_table
    from pilots.healthtech.use.window import window

    manifest = bundle.manifest
    check_contract(manifest)
    flow, options = manifest["flow"], ask.parse(argv_rest)
    start = ask.start(options.start, flow["freq"]) if options.start else None
    level_S = ask.levels(options.level, manifest, options.suppress)
    with Progress("read"):
        recent = read_recent(source, manifest, start)
        asked = window(recent, flow)
    for note in recent.notes:
        print(note, file=sys.stderr)
    with Progress("predict"):
        outlook = foresee(bundle, asked, recent.counted_S, level_S)
        forecast, totals = write.forecast_table(outlook, manifest), totals_table(outlook, manifest)
        doubts = flags(manifest, asked, outlook, recent.counted_S)
        drawn = draw.chosen(forecast, flow)[:DRAWN]
        history = write.history_table(asked, flow, list(forecast["series"].unique()))
        if options.suppress:
            forecast, totals, history = suppress(forecast, totals, history, flow)
    with Progress("write") as stage:
        decimal = manifest["table"].get("decimal", ".")
        write_spreadsheet(forecast, out / "forecast.csv", decimal)
        write_spreadsheet(totals, out / "totals.csv", decimal)
        notes = [] if options.suppress else recent.notes  # they may name single counts
        made = write.document(bundle, source.name, forecast, totals, doubts, notes, options.suppress)
        write.write_document(made, out / "forecast.json")
        pictures = draw.pictures(drawn, forecast, history, flow, stage.say)
        (out / "plots").mkdir()
        for picture in pictures:
            draw.save(picture, out / "plots")
        tables = {"forecast": forecast, "totals": totals}
        write_page(bundle, source.name, tables, doubts, notes, pictures, options.suppress, out / "page.html")
