"""Random damage to the files of a folder, one at a time, in one process per core; what came of it is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.soak.count import Count
from benchmarks.soak.forks import Job, Plan, Room, side_by_side
from common.machine import cores

Damage = Callable[[bytearray, np.random.Generator], None]
Work = Callable[[Room, np.random.Generator, int, Count], None]  # damage this often, count what comes of it


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


def one_at_a_time(folder: Path, names: Sequence[str], rng: np.random.Generator, number: int) -> Iterator[str]:
    """Damage one of the files, say how and which; when asked for the next, mend it. `number` times."""
    whole = {name: (folder / name).read_bytes() for name in names}
    for _ in range(number):
        name, damage = names[rng.integers(len(names))], DAMAGE[rng.integers(len(DAMAGE))]
        data = bytearray(whole[name])
        while data == whole[name]:  # swapped at 0, or the same bit flipped twice
            damage(data, rng)
        (folder / name).write_bytes(data)
        yield f"{damage.__name__} in {name}"
        (folder / name).write_bytes(whole[name])


def in_lanes(name: str, folder: Path, number: int, work: Work) -> Count:
    """`work` in one process per core, `number` damages between them."""
    count, lanes = Count(name), cores()
    side_by_side((_lane(count, Room(folder / str(n)), n, number // lanes, work) for n in range(lanes)), lanes)
    return count


def _lane(count: Count, room: Room, seed: int, number: int, work: Work) -> Plan:
    def counted() -> None:
        own = Count("")
        work(room, np.random.default_rng(seed), number, own)
        print(json.dumps({"did": own.did, "failures": own.failures}))

    outcome = yield Job(counted, (), room)
    if outcome.code:
        count.fail(outcome.err[-500:])
        return
    found = json.loads(outcome.out)
    count.did.update(found["did"])
    count.failures += found["failures"]
