"""Random damage to any file of a bundle: every time the bundle is refused, with a sentence, before the model is read.

"Before" is counted: no self-test is started and no session opened while a damaged bundle is refused.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.soak.count import FULL, Count
from benchmarks.soak.damage import in_lanes, one_at_a_time
from benchmarks.soak.forks import Room
from common.bundle import open as opening
from common.bundle.files import CAPS
from common.bundle.open import open_bundle
from common.fault import Fault

DAMAGES = 10_000 if FULL else 1000


def corrupt(folder: Path, bundle: Path) -> Count:
    """DAMAGES damages, in one process per core."""
    return in_lanes("damaged bundles", folder, DAMAGES, lambda *given: _damage(bundle, *given))


def _damage(bundle: Path, room: Room, rng: np.random.Generator, number: int, count: Count) -> None:
    copy = Path(shutil.copytree(bundle, room.here / "bundle"))
    os.environ["XDG_CACHE_HOME"] = str(room.root / "cache")  # its own, so that the bundle is met for the first time
    loads = _counted_loads()
    open_bundle(copy)  # undamaged it is taken
    assert len(loads) == 2, "a self-test and a session, or nothing is counted here"
    for where in one_at_a_time(copy, sorted(CAPS), rng, number):
        loads.clear()
        try:
            open_bundle(copy)
        except Fault as fault:
            if "\n" in str(fault) or len(str(fault)) < 20:
                count.fail(f"{where}: {str(fault)!r} is no sentence")
            if loads:
                count.fail(f"{where}: refused only after {', '.join(loads)}")
            count.add("refused before the model was loaded")
        except Exception as err:
            count.fail(f"{where}: {type(err).__name__}: {err}")
        else:
            count.fail(f"{where}: taken as good")
    open_bundle(copy)


def _counted_loads() -> list[str]:
    """From here on, whatever reads a model leaves its name in this list."""
    loads: list[str] = []

    def counted(name: str, call: Callable) -> Callable:
        return lambda *given, **named: (loads.append(name), call(*given, **named))[1]

    for name in ("_selftest_in_child", "Session"):
        setattr(opening, name, counted(name, getattr(opening, name)))
    return loads
