"""Random damage to what a benchmark reads of a run folder besides its bundle: a sentence, or the same data as before.

run.json is text without a checksum: a changed digit in it cannot be noticed, and is counted as what it is.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runtimes import ort_cpu
from benchmarks.soak.corruption import DAMAGE
from benchmarks.soak.count import FULL, Count
from benchmarks.soak.forks import Job, Plan, Room, side_by_side
from benchmarks.variants.accuracy_gate import accuracy
from benchmarks.workload import stacked_queries, workloads
from common.fault import Fault
from common.machine import cores

NAMES = ("evaluation.npz", "calibration.npz", "run.json")
DAMAGES = 3000 if FULL else 300
UNSEALED = "read another figure in run.json, which has no checksum"


def damage_runs(folder: Path, run: Path) -> Count:
    """DAMAGES damages of the run folder `run`, in one process per core."""
    count, lanes = Count("damaged run folders"), cores()
    side_by_side((_lane(count, Room(folder / str(n)), run, n, DAMAGES // lanes) for n in range(lanes)), lanes)
    return count


def _lane(count: Count, room: Room, run: Path, seed: int, number: int) -> Plan:
    outcome = yield Job(lambda: _damage(room, run, seed, number), (), room)
    if outcome.code:
        count.fail(outcome.err[-500:])
        return
    found = json.loads(outcome.out)
    count.did.update(found["did"])
    count.failures += found["failures"]


def _damage(room: Room, run: Path, seed: int, number: int) -> None:
    """Print what was counted as JSON."""
    rng, count = np.random.default_rng(seed), Count("")
    copy = Path(shutil.copytree(run, room.here / "run"))
    whole, before = {name: (copy / name).read_bytes() for name in NAMES}, read(copy)
    for _ in range(number):
        name, damage = NAMES[rng.integers(len(NAMES))], DAMAGE[rng.integers(len(DAMAGE))]
        data = bytearray(whole[name])
        while data == whole[name]:
            damage(data, rng)
        (copy / name).write_bytes(data)
        where = f"{damage.__name__} in {name}"
        try:
            after = read(copy)
        except Fault as fault:
            if len(str(fault)) < 20 or name not in str(fault):
                count.fail(f"{where}: {str(fault)!r} does not say which file")
            count.add("answered with a sentence")
        except Exception as err:
            count.fail(f"{where}: {type(err).__name__}: {err}")
        else:
            if after == before:
                count.add("read as before")
            elif name == "run.json":
                count.add(UNSEALED)
            else:
                count.fail(f"{where}: taken as good, with other data")
        (copy / name).write_bytes(whole[name])
    print(json.dumps({"did": count.did, "failures": count.failures}))


def read(run: Path) -> dict[str, Any]:
    """Everything that pilot-bench makes of the folder: the queries, the score, the calibration."""
    (workload,) = workloads(str(run))
    engine = ort_cpu.open_engine(workload, "fp32", workload.files["model.onnx"], 1)
    try:
        score = accuracy(workload, engine, engine)
    finally:
        engine.close()
    calibration = stacked_queries(run / "calibration.npz", workload.bundle) or []
    sums = [
        [name, array.tobytes().hex()] for query in [*workload.queries, *calibration] for name, array in query.items()
    ]
    return {"score": score, "from": workload.queries_from, "data": hash(json.dumps(sums))}
