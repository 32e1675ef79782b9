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
from benchmarks.soak.count import FULL, Count
from benchmarks.soak.damage import in_lanes, one_at_a_time
from benchmarks.soak.forks import Room
from benchmarks.variants.accuracy_gate import accuracy
from benchmarks.workload import stacked_queries, workloads
from common.fault import Fault

NAMES = ("evaluation.npz", "calibration.npz", "run.json")
DAMAGES = 3000 if FULL else 300
UNSEALED = "read another figure in run.json, which has no checksum"


def damage_runs(folder: Path, run: Path) -> Count:
    """DAMAGES damages of the run folder `run`, in one process per core."""
    return in_lanes("damaged run folders", folder, DAMAGES, lambda *given: _damage(run, *given))


def _damage(run: Path, room: Room, rng: np.random.Generator, number: int, count: Count) -> None:
    copy = Path(shutil.copytree(run, room.here / "run"))
    before = read(copy)
    for where in one_at_a_time(copy, NAMES, rng, number):
        name = where.rpartition(" ")[2]
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
