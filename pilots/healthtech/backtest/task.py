"""What every model is asked for in one backtest."""

from __future__ import annotations

from dataclasses import dataclass

from pilots.healthtech.calendar import Calendar


@dataclass(frozen=True)
class Task:
    """past: periods before the origin that a window holds; horizon: steps to forecast, those not yet reported first."""

    calendar: Calendar
    past: int
    horizon: int
    seed: int = 0
