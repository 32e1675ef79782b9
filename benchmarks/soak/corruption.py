"""Random damage to any file of a bundle: every time the bundle is refused, with a sentence, before the model is read.

"Before" is counted: no self-test is started and no session opened while a damaged bundle is refused.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.soak.count import FULL, Count
from benchmarks.soak.forks import Job, Plan, Room, side_by_side
from common.bundle import open as opening
from common.bundle.files import CAPS
from common.bundle.open import open_bundle
from common.fault import Fault
from common.machine import cores

DAMAGES = 10_000 if FULL else 1000
Damage = Callable[[bytearray, np.random.Generator], None]


def flip(data: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(len(data), size=rng.integers(1, 5)):
        data[place] ^= 1 << int(rng.integers(8))


def overwrite(data: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(data)))
    data[start : start + 64] = rng.bytes(len(data[start : start + 64]))


def blank(data: bytearray, rng: np.random.Generator) -> None:
    """A block that the disk lost."""
    start = int(rng.integers(len(data)))
    data[start : start + 512] = bytes(len(data[start : start + 512]))


def cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[rng.integers(len(data)) :]


def drop(data: bytearray, rng: np.random.Generator) -> None:
    del data[rng.integers(len(data))]


def extend(data: bytearray, rng: np.random.Generator) -> None:
    data += rng.bytes(int(rng.integers(1, 64)))


def swap(data: bytearray, rng: np.random.Generator) -> None:
    middle = int(rng.integers(len(data)))
    data[:] = data[middle:] + data[:middle]


DAMAGE: tuple[Damage, ...] = (flip, overwrite, blank, cut, drop, extend, swap)


def corrupt(folder: Path, bundle: Path) -> Count:
    """DAMAGES damages, in one process per core."""
    count, lanes = Count("damaged bundles"), cores()
    side_by_side((_lane(count, Room(folder / str(n)), bundle, n, DAMAGES // lanes) for n in range(lanes)), lanes)
    return count


def _lane(count: Count, room: Room, bundle: Path, seed: int, number: int) -> Plan:
    outcome = yield Job(lambda: _damage(room, bundle, seed, number), (), room)
    if outcome.code:
        count.fail(outcome.err[-500:])
        return
    found = json.loads(outcome.out)
    count.did.update(found["did"])
    count.failures += found["failures"]


def _damage(room: Room, bundle: Path, seed: int, number: int) -> None:
    """Print what was counted as JSON."""
    rng, count, names = np.random.default_rng(seed), Count(""), sorted(CAPS)
    copy = Path(shutil.copytree(bundle, room.here / "bundle"))
    os.environ["XDG_CACHE_HOME"] = str(room.root / "cache")  # its own, so that the bundle is met for the first time
    loads = _counted_loads()
    open_bundle(copy)  # undamaged it is taken
    assert len(loads) == 2, "a self-test and a session, or nothing is counted here"
    whole = {name: (copy / name).read_bytes() for name in names}
    for _ in range(number):
        name, damage = names[rng.integers(len(names))], DAMAGE[rng.integers(len(DAMAGE))]
        data = bytearray(whole[name])
        while data == whole[name]:  # swapped at 0, or the same bit flipped twice
            damage(data, rng)
        (copy / name).write_bytes(data)
        loads.clear()
        try:
            open_bundle(copy)
        except Fault as fault:
            if "\n" in str(fault) or len(str(fault)) < 20:
                count.fail(f"{damage.__name__} in {name}: {str(fault)!r} is no sentence")
            if loads:
                count.fail(f"{damage.__name__} in {name}: refused only after {', '.join(loads)}")
            count.add("refused before the model was loaded")
        except Exception as err:
            count.fail(f"{damage.__name__} in {name}: {type(err).__name__}: {err}")
        else:
            count.fail(f"{damage.__name__} in {name}: taken as good")
        (copy / name).write_bytes(whole[name])
    open_bundle(copy)
    print(json.dumps({"did": count.did, "failures": count.failures}))


def _counted_loads() -> list[str]:
    """From here on, whatever reads a model leaves its name in this list."""
    loads: list[str] = []

    def counted(name: str, call: Callable) -> Callable:
        return lambda *given, **named: (loads.append(name), call(*given, **named))[1]

    for name in ("_selftest_in_child", "Session"):
        setattr(opening, name, counted(name, getattr(opening, name)))
    return loads
