"""The page that a manager reads: one HTML file that needs no network, no script and no colour vision.

A pilot's template begins with {% extends "common/report.html.j2" %} and takes its tables from
"common/report_parts.html.j2".
"""

from __future__ import annotations

import hashlib
import io
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape

from common.card import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Apart from each other in light and dark, also for colour-blind readers; each at least 3:1 against white (WCAG 1.4.11).
COLOURS = ("#0b5cad", "#b34700", "#00705a", "#8a3f86", "#57606a")
WIDTH = 4.6  # inches: drawn at its size on a phone of 390 px, so letters stay readable there
STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "grid.color": "#d8dee4",
    "svg.fonttype": "none",  # letters stay letters: they can be read aloud, searched and printed sharply
}


def figure(height: float = 2.8, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty drawing in the house style: `rows` panels below each other, each `height` inches."""
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib.figure import Figure

    with mpl.rc_context({**STYLE, "axes.prop_cycle": cycler(color=COLOURS)}):
        drawing = Figure(figsize=(WIDTH, height * rows), layout="constrained")
        return drawing, list(drawing.subplots(rows, 1, squeeze=False)[:, 0])


def svg(drawing: Figure, alt: str) -> Markup:
    """The drawing as inline SVG; `alt` says in words what it shows, for those who cannot see it."""
    import matplotlib as mpl

    out = io.StringIO()
    with mpl.rc_context(STYLE):
        drawing.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    opening, _, inside = text[text.index("<svg") :].partition(">")
    box = re.search(r'viewBox="[^"]*"', opening)
    inside = re.sub(r"<metadata>.*?</metadata>", "", inside, flags=re.DOTALL)
    inside = re.sub(r"font-family: [^;\"]*;? ?", "", inside)  # letters as in the page around
    inside = re.sub(r'\b(?:d|x|y|points|transform|width|height)="[^"]*"', lambda m: _shorter(m[0]), inside)
    inside = _own_names(inside, alt)
    width, height = (f"{inches * 96:.0f}" for inches in drawing.get_size_inches())  # 96 CSS pixels in an inch
    return Markup(  # noqa: S704  (matplotlib escapes the letters it draws, the rest is ours)
        f'<svg role="img" aria-label="{escape(alt)}" {box[0] if box else ""} width="{width}" height="{height}" '
        f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{inside}'
    )


def _shorter(numbers: str) -> str:
    """Two decimals of 1/72 inch are finer than any screen; the rest is noise and weight."""
    return re.sub(r"(\d\.\d\d)\d+", r"\1", numbers)


def _own_names(inside: str, alt: str) -> str:
    """Element names that no other drawing on the page has, and that are the same in every run."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', inside))
    inside = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", inside)
    number = {name: str(at) for at, name in enumerate(dict.fromkeys(re.findall(r' id="([^"]*)"', inside)))}
    places = r'( id="|href="#|url\(#)([^")]+)'
    plain = re.sub(places, lambda m: m[1] + number.get(m[2], m[2]), inside)
    prefix = "d" + hashlib.sha256((alt + plain).encode()).hexdigest()[:8]
    return re.sub(places, lambda m: f"{m[1]}{prefix}-{m[2]}", plain)


def page(title: str, template: str = "common/report.html.j2", **context: Any) -> str:
    """A whole page. `template`: a path as "pilots/manufacturing/report.html.j2"; everything in `context` is escaped."""
    return _templates().get_template(template).render(title=title, **context)


@cache
def _templates() -> Environment:
    root = Path(__file__).resolve().parents[1]
    folders = {name: FileSystemLoader(root / name) for name in ("common", "pilots", "benchmarks")}
    environment = Environment(
        loader=PrefixLoader(folders),
        autoescape=True,  # whatever the file's ending
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment
