"""The judgement as one page that opens offline in any browser, prints, and fits a phone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from common.atomic import write_text
from common.bundle.open import Bundle
from common.report import page, svg
from pilots.manufacturing.use.draw import Picture
from pilots.manufacturing.use.read import Logs

TOLD = 100  # lines of the table; advisory.csv holds the rest


def write_page(
    bundle: Bundle, source: str, logs: Logs, table: pd.DataFrame, pictures: Sequence[Picture], path: Path
) -> None:
    """`table`: the advisory, most urgent first; `pictures`: machines in the same order."""
    text = page(
        "Which machines run abnormally",
        "pilots/manufacturing/use/anomaly/page.html.j2",
        source=source,
        rows=list(table.head(TOLD).itertuples(index=False)),
        total=len(table),
        readings=len(logs.time_R),
        abnormal=int((table["state"] == "abnormal").sum()),
        unjudged=int((table["state"] == "not judged").sum()),
        rate=float(bundle.default("rate")),
        decision=bundle.manifest["decision"],
        machines=[(picture.title, picture.alt, svg(picture.figure, picture.alt)) for picture in pictures],
        notes=logs.notes,
        bundle=bundle,
        far=bundle.manifest["metrics"].get("far"),
    )
    write_text(path, text)
