"""A firm so small that one training takes seconds: its log, its maintenance book and the words of the command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

MACHINES, RUNNING = 14, 2  # the last ones are still running: their lives are censored
DAYS = (50, 90)  # length of a life
CHANNELS = (
    "{name:load,unit:kW,low:0,high:100,role:setting}",
    '{name:vibration,unit:"mm/s",low:0,high:80}',
    '{name:temperature,unit:"°C",low:-30,high:180}',
)


@dataclass(frozen=True)
class Firm:
    """log, book: its two files · new: the log of three machines, for pilot-predict."""

    log: Path
    book: Path
    new: Path

    @property
    def words(self) -> list[str]:
        """pilot-manufacturing's settings for this firm; the model is still to be named."""
        return [
            "data=csv",
            f"data.path={self.log}",
            f"data.events={self.book}",
            f"data.channels=[{','.join(CHANNELS)}]",
            "data.row_unit=day",
            "data.rows_per_month=30",
            "interval.knots=4",  # 9 lives fill no more
            "interval.reach=3",
        ]


def found(folder: Path) -> Firm:
    """Write the firm's files; the same bytes every time."""
    rng = np.random.default_rng(0)
    lines, events = {}, ["machine,time,event"]
    for number in range(MACHINES):
        days = int(rng.integers(*DAYS))
        worn = (np.arange(days) / days) ** 3
        load = rng.uniform(20, 80, days)
        vibration = 2 + load / 40 + 6 * worn + rng.normal(0, 0.2, days)
        temperature = 40 + load / 4 + 15 * worn + rng.normal(0, 0.8, days)
        lines[number] = [
            f"P{number:02},{day},{load[day]:.1f},{vibration[day]:.2f},{temperature[day]:.1f}" for day in range(days)
        ]
        if number < MACHINES - RUNNING:
            events.append(f"P{number:02},{days - 1},failed")
    folder.mkdir(parents=True, exist_ok=True)
    firm = Firm(folder / "log.csv", folder / "book.csv", folder / "new.csv")
    head = ["machine,time,load,vibration,temperature"]
    firm.log.write_text("\n".join([*head, *(line for part in lines.values() for line in part), ""]), encoding="utf-8")
    firm.book.write_text("\n".join([*events, ""]), encoding="utf-8")
    firm.new.write_text("\n".join([*head, *(line for n in (0, 1, 2) for line in lines[n][:40]), ""]), encoding="utf-8")
    return firm
