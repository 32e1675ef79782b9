"""Does a variant answer as well as the bundle? Only then does its speed count.

Both answer the queries of the run's evaluation.npz, under the session options of production, and are scored against
what came true by the measure that the pilot stated beforehand (run.json, `benchmark`). "worse" is the measure of the
variant over that of fp32 less one (relative), or their difference (absolute). Its 95 % interval is a bootstrap over
queries, the same draws for both (Efron & Tibshirani 1993, ch. 8). A variant counts if the whole interval lies within
the tolerance: it is shown to be good enough, not merely not shown to be bad.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.arms import REFERENCE, Arm
from benchmarks.runtimes import Engine, Unsupported, ort_cpu
from benchmarks.workload import Workload, arrays
from common.fault import Fault

DRAWS = 1000
NOT_MEASURED = "accuracy not measured"

# (answer, outcome, levels) -> error of every entry; its mean over all entries is the measure, its root for rmse
ERRORS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]] = {
    "rmse": lambda said, true, levels: (said - true) ** 2,
    "mae": lambda said, true, levels: np.abs(said - true),
    "error_rate": lambda said, true, levels: (said != true).astype(float),
    "pinball": lambda said, true, levels: pinball(said, true, levels),
}


def pinball(said: np.ndarray, true: np.ndarray, levels: np.ndarray | None) -> np.ndarray:
    """Mean over the levels of max(q (y - f), (q - 1) (y - f)); `said` [..., level], `true` [...]."""
    left = true[..., None] - said
    return np.maximum(levels * left, (np.asarray(levels) - 1) * left).mean(-1)


def accuracy(workload: Workload, engine: Engine, reference: Engine) -> dict[str, Any]:
    """How `engine` scores beside `reference` (fp32 on the processor), and whether its speed counts."""
    try:
        gate, outcome = _asked(workload)
    except LookupError as why:
        return {"measured": False, "counts": False, "reason": f"{NOT_MEASURED}: {why.args[0]}"}
    try:
        ours, number, bad = _errors(workload, engine, gate, outcome)
    except Unsupported as why:
        return {"measured": False, "counts": False, "reason": f"{NOT_MEASURED}: {why}"}
    theirs = ours if engine is reference else _errors(workload, reference, gate, outcome)[0]
    measured = {"measured": True, **{key: gate[key] for key in ("output", "measure", "kind", "tolerance")}}
    if bad:
        why = f"{bad} of {int(number.sum()) + bad} scored answers are no numbers"
        empty = dict.fromkeys(("value", "worse", "low", "high"))
        return measured | empty | {"fp32": None, "queries": len(outcome), "counts": False, "reason": why}
    value, fp32 = (float(_measure(gate, side.sum(), number.sum())) for side in (ours, theirs))
    pick = np.random.default_rng(0).integers(0, len(number), (DRAWS, len(number)))
    drawn = [_measure(gate, side[pick].sum(1), number[pick].sum(1)) for side in (ours, theirs)]
    worse = float(_worse(gate, value, fp32))
    low, high = (float(end) for end in np.nanpercentile(_worse(gate, *drawn), [2.5, 97.5]))
    counts = bool(high <= gate["tolerance"])
    share = gate["kind"] == "relative"
    told = f"{100 * high:.3g} %" if share else f"{high:.3g}"
    allowed = f"{100 * gate['tolerance']:g} %" if share else f"{gate['tolerance']:g}"
    return measured | {
        "value": value,
        "fp32": fp32,
        "worse": worse,
        "low": low,
        "high": high,
        "queries": len(outcome),
        "counts": counts,
        "reason": None if counts else f"{gate['measure']} may be up to {told} worse, {allowed} are allowed",
    }


def of_arms(workload: Workload, arms: Sequence[Arm]) -> dict[Arm, dict[str, Any]]:
    """The accuracy of every contestant; one of several that differ in threads alone answers for the others."""
    if not arms:
        return {}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    reference = next((arm.engine for arm in arms if (arm.runtime, arm.variant) == REFERENCE[:2]), None)
    engine = reference or ort_cpu.open_engine(workload, "fp32", workload.files["model.onnx"], 1)
    try:
        for arm in arms:
            if (arm.runtime, arm.variant) not in found:
                found[arm.runtime, arm.variant] = accuracy(workload, arm.engine, engine)
    finally:
        if reference is None:
            engine.close()
    return {arm: found[arm.runtime, arm.variant] for arm in arms}


def _asked(workload: Workload) -> tuple[dict[str, Any], np.ndarray]:
    """The gate and the outcomes; LookupError says what is missing."""
    if workload.run is None:
        raise LookupError("a bundle without its run folder says nothing of what came true")
    try:
        gate = json.loads((workload.run / "run.json").read_text(encoding="utf-8")).get("benchmark")
    except (OSError, ValueError) as error:
        raise Fault(f"{workload.run / 'run.json'} cannot be read ({error!s:.120}): train again") from error
    path = workload.run / "evaluation.npz"
    if not isinstance(gate, dict) or workload.queries_from != path.name:
        raise LookupError("the run states no tolerance, or kept no evaluation.npz for this bundle")
    _check(gate, workload)
    outcome = arrays(path).get("outcome")
    if outcome is None or len(outcome) != len(workload.queries) or not np.isfinite(outcome.astype(float)).any():
        raise LookupError("evaluation.npz holds no outcome for its queries")
    return gate, outcome.astype(float)


def _check(gate: dict[str, Any], workload: Workload) -> None:
    """A Fault for a gate that was changed by hand into something else."""
    outputs = [tensor["name"] for tensor in workload.bundle.manifest["outputs"]]
    tolerance = gate.get("tolerance")
    fits = gate.get("output") in outputs and gate.get("measure") in ERRORS
    levels = gate.get("levels")
    numbers = isinstance(levels, list) and all(isinstance(level, (int, float)) for level in levels)
    fits &= numbers if gate.get("measure") == "pinball" else levels is None
    fits &= gate.get("kind") in ("relative", "absolute") and isinstance(tolerance, (int, float)) and tolerance > 0
    if not fits:
        raise Fault(f"{workload.run / 'run.json'}: benchmark is {gate!s:.120}, no measure of this bundle: train again")


def _errors(workload: Workload, engine: Engine, gate: dict, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Of every query: sum of errors and number of scored entries; and how many answers are no numbers."""
    levels = None if gate.get("levels") is None else np.array(gate["levels"], float)
    total, number, bad = np.zeros(len(outcome)), np.zeros(len(outcome)), 0
    for i, query in enumerate(workload.queries):
        said = np.asarray(engine.outputs(query)[gate["output"]], float)
        wanted = outcome[i].shape if levels is None else (*outcome[i].shape, len(levels))
        if said.shape != wanted:
            raise Fault(f"{engine.name} answers {gate['output']} {list(said.shape)}, evaluation.npz has {list(wanted)}")
        error = ERRORS[gate["measure"]](said, outcome[i], levels)[np.isfinite(outcome[i])]
        bad += int((~np.isfinite(error)).sum())
        total[i], number[i] = np.nansum(error), np.isfinite(error).sum()
    return total, number, bad


def _measure(gate: dict, total: Any, number: Any) -> Any:
    with np.errstate(invalid="ignore", divide="ignore"):  # a draw of queries without any scored entry
        mean = total / number
    return np.sqrt(mean) if gate["measure"] == "rmse" else mean


def _worse(gate: dict, value: Any, fp32: Any) -> Any:
    if gate["kind"] == "absolute":
        return value - fp32
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(value == fp32, 0.0, np.divide(value, fp32) - 1)
