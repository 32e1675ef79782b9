"""What the drawings of every pilot's report share: the page's letters, the width of a phone, the legend below."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING

from markupsafe import Markup

from common.report import COLOURS, STYLE, figure, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PURPLE, GREY = COLOURS
INK = "#1b1f24"
WIDTH = 4.0  # inches: a phone of 390 px shows it nearly at its size, half a screen a quarter larger


def house_style(draw: Callable[..., Markup]) -> Callable[..., Markup]:
    """Letters and legends made inside `draw` take the page's style too, not only the axes."""

    @wraps(draw)
    def styled(*args: object, **named: object) -> Markup:
        import matplotlib as mpl

        with mpl.rc_context({**STYLE, "legend.frameon": False, "legend.fontsize": 8.5, "legend.handlelength": 2.6}):
            return draw(*args, **named)

    return styled


def panels(height: float, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty drawing, `rows` panels of `height` inches below each other."""
    drawing, axes = figure(height, rows)
    drawing.set_size_inches(WIDTH, height * rows)
    for panel in axes:
        panel.set_axisbelow(True)
    return drawing, axes


def finish(drawing: Figure, alt: str, columns: int = 2) -> Markup:
    """The legend below the axes, where it hides no point."""
    drawing.legend(loc="outside lower center", ncols=columns)
    return svg(drawing, alt)


def dates(axes: Axes) -> None:
    """Dates below the axes, the year said once."""
    from matplotlib.dates import DAILY, HOURLY, MINUTELY, MONTHLY, YEARLY, AutoDateLocator, ConciseDateFormatter

    most = {YEARLY: 6, MONTHLY: 8, DAILY: 6, HOURLY: 6, MINUTELY: 6}
    locator = AutoDateLocator(minticks=3, maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
