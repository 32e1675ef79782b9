"""What is going on, on standard error: a moving line on a terminal, whole lines in a log file."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

EVERY = 2.0  # s between two lines of one stage in a log file


class Progress:
    """One stage of a command. `with Progress("fit") as stage: stage.say("seed 1 of 5")`; its seconds at the end."""

    def __init__(self, name: str):
        self.name, self.seconds = name, 0.0

    def __enter__(self) -> Self:
        self._began = self._said = time.perf_counter()
        self._bar = None
        self._waited = threading.Timer(EVERY, self.say, ["at work"])
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task(self.name)
            self._bar.start()
        else:  # a stage that is silent for long still shows that it is at work
            self._waited.daemon = True
            self._waited.start()
        return self

    def say(self, text: str) -> None:
        """Where the stage stands, as "seed 1 of 5". In a log file at most one line in two seconds."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=f"{self.name}: {text}")
        elif time.perf_counter() - self._said >= EVERY:
            self._said = time.perf_counter()
            print(f"{self.name}: {text} ({self._said - self._began:.0f} s)", file=sys.stderr, flush=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.seconds = time.perf_counter() - self._began
        self._waited.cancel()
        if self._bar is not None:
            self._bar.stop()  # also on an error: the sentence about it must start a line of its own
        if error is None:
            print(f"{self.name}: {self.seconds:.1f} s", file=sys.stderr, flush=True)
