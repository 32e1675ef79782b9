"""Right of the waist: the latest counts and a bundle in, a forecast for the next shifts, days or months out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pilots.healthtech.use.ask import OPTIONS

if TYPE_CHECKING:
    from common.bundle.open import Bundle

__all__ = ["OPTIONS", "predict"]


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Fill the empty folder `out`: forecast.csv, totals.csv, forecast.json, plots/, page.html."""
    from common.progress import Progress
    from common.spreadsheet import write_spreadsheet
    from pilots.healthtech.use import ask, write
    from pilots.healthtech.use.contract import check_contract
    from pilots.healthtech.use.infer import foresee
    from pilots.healthtech.use.read import asked_start, read_recent
    from pilots.healthtech.use.window import window

    options = ask.parse(argv_rest)
    manifest = bundle.manifest
    check_contract(manifest)
    flow = manifest["flow"]
    level_S = ask.levels(options.level, manifest)
    with Progress("read"):
        start = asked_start(options.start, flow["freq"]) if options.start else None
        recent = read_recent(source, manifest, start)
        asked = window(recent, flow)
    for note in recent.notes:
        print(note, file=sys.stderr)
    with Progress("predict"):
        outlook = foresee(bundle, asked, recent.counted_S, level_S)
    with Progress("write"):
        decimal = manifest["table"].get("decimal", ".")
        forecast = write.forecast_table(outlook, manifest)
        write_spreadsheet(forecast, out / "forecast.csv", decimal)
        made = write.document(bundle, source.name, forecast, None, [], recent.notes, False)
        write.write_document(made, out / "forecast.json")
