"""What every run agrees on before it learns: the data, the calendar, how far models look back and ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from omegaconf import DictConfig

from common.config import build
from pilots.healthtech.backtest.origins import Origins
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.data.contract import Counts

if TYPE_CHECKING:
    from pilots.healthtech.ladder import Ladder


def read(cfg: DictConfig) -> Counts:
    """The data set that was asked for."""
    return build(cfg.data).read()


def calendar_of(cfg: DictConfig, counts: Counts) -> Calendar:
    """Holidays from the year before the first count to ten years after the last."""
    return Calendar.around(counts.time_T, **cfg.calendar)


def task_for(ladder: Ladder, counts: Counts, origins: Origins, calendar: Calendar, seed: int) -> Task:
    """The longest look back of all models, the horizon with the periods not yet reported."""
    past = max(model.past(counts.freq) for model in ladder.models().values())
    return Task(calendar, past, counts.delay + origins.horizon, int(np.uint32(seed)))
