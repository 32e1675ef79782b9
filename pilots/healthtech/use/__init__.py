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
    from pilots.healthtech.use import draw, write
    from pilots.healthtech.use.answer import answer
    from pilots.healthtech.use.page import write_page

    made = answer(bundle, source, argv_rest)
    for note in made.notes:
        print(note, file=sys.stderr)
    with Progress("write") as stage:
        decimal = bundle.manifest["table"].get("decimal", ".")
        write_spreadsheet(made.forecast, out / "forecast.csv", decimal)
        write_spreadsheet(made.totals, out / "totals.csv", decimal)
        write.write_document(write.document(bundle, source.name, made), out / "forecast.json")
        flow = bundle.manifest["flow"]
        pictures = draw.pictures(draw.chosen(made.forecast, flow)[:DRAWN], made, flow, stage.say)
        (out / "plots").mkdir()
        for picture in pictures:
            draw.save(picture, out / "plots")
        write_page(bundle, source.name, made, pictures, out / "page.html")
