"""The answer as one page that opens offline in any browser, prints, and fits a phone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
import pandas as pd

from common.bundle.open import Bundle
from pilots.manufacturing.use.draw import Picture
from pilots.manufacturing.use.read import Logs


def write_page(
    bundle: Bundle, source: str, logs: Logs, table: pd.DataFrame, pictures: Sequence[Picture], path: Path
) -> None:
    text = (
        jinja2.Environment(autoescape=True)
        .from_string("{% for n in notes %}<p>{{n}}</p>{% endfor %}{% for r in rows %}<p>{{r.machine}}</p>{% endfor %}")
        .render(notes=logs.notes, rows=table.head(200).itertuples())
    )
    path.write_text(text, "utf-8")
