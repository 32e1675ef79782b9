"""The baselines' tiles, drawn by a second process while the first one trains on its one core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

import numpy as np

from common.run import Run
from pilots.creative.data.contract import Exemplars
from pilots.creative.drawn import Tiles, draw_baselines

STEP = "baselines"


@contextmanager
def beside(
    run: Run, seen: Exemplars, rivals: Mapping[str, Any], tiles: int
) -> Iterator[Callable[[], dict[str, Tiles]]]:
    """A function that waits for the tiles of every baseline, by its name and class; kept when a run is resumed."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=end_with_parent) as other:
        waiting = None if run.kept(STEP) else other.submit(draw_baselines, seen, rivals, tiles, run.seeds[0])

        def wait() -> dict[str, Tiles]:
            flat = run.keep(STEP, lambda: _flat(waiting.result()))
            made: dict[str, Tiles] = {}
            for name, group, array in ((*key.split("/", 1), array) for key, array in flat.items()):
                made.setdefault(name, {})[group] = array
            return made

        try:
            yield wait
        except BaseException:
            other.shutdown(wait=False, cancel_futures=True)
            raise


def _flat(drawn: Mapping[str, Tiles]) -> dict[str, np.ndarray]:
    return {f"{name}/{group}": array for name, tiles in drawn.items() for group, array in tiles.items()}


def end_with_parent() -> None:
    """In the second process: once the first one is gone, however it went, nobody waits for these tiles."""
    if first := parent_process():
        Thread(target=lambda: (first.join(), os._exit(1)), daemon=True).start()
