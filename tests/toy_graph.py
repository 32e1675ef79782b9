"""A graph small enough to check by hand, with exactly the tensors of the manufacturing pilot.

Remaining life falls by 10 hours for every mm/s of mean vibration since the start, from 125 hours.
"""

from __future__ import annotations

import numpy as np
import onnx.parser

from common.bundle.format import Tensor, manifest
from common.bundle.session import SESSION_OPTIONS
from common.bundle.write import sample_from_contract, write_bundle

GRAPH = """
<ir_version: 10, opset_import: ["" : 21]>
toy (float[machine,time,3] readings, int64[machine] length, float threshold, float judge) =>
    (float[machine,time] rul, float[machine,time] low, float[machine,time] high, float[machine,time] p_fail,
     bool[machine] alarm, bool[machine,time] condition_ok, int8[machine,time,3] quality,
     float[machine,time,3] healthy, float[machine,time,3] healthy_low, float[machine,time,3] healthy_high,
     int64[machine] alarm_row, float[machine,time] lost)
<float nought = {0.0}, float unknown = {nan}, float cap = {125.0}, float per_mm_s = {10.0}, int64 one = {1},
 int64 first = {0}, int64[1] rows = {1}, float narrow = {0.8}, float wide = {1.2}, float horizon = {30.0},
 float slope = {0.2},
 float[3] seen_low = {0.2, 0.5, 20.0}, float[3] seen_high = {1.0, 9.0, 80.0}, float[3] base = {0.6, 1.0, 45.0},
 int8 good = {0}, int8 absent = {1}, int64[1] sensors = {2}, int8 odd = {2}>
{
  gap = IsNaN(readings)
  known = Where(gap, nought, readings)
  vibration = Gather<axis = 2>(known, one)
  vibration_gap = Gather<axis = 2>(gap, one)
  vibration_there = Not(vibration_gap)
  here = Cast<to = 1>(vibration_there)
  sum = CumSum(vibration, one)
  count = CumSum(here, one)
  count1 = Max(count, wide)
  count2 = Ceil(count)
  some = Greater(count2, nought)
  divisor = Where(some, count2, count1)
  mean = Div(sum, divisor)
  worn = Mul(mean, per_mm_s)
  left = Sub(cap, worn)
  clipped = Clip(left, nought, cap)
  size = Shape(readings)
  steps = Gather(size, one)
  stamp = Range(first, steps, one)
  length1 = Unsqueeze(length, rows)
  real = Less(stamp, length1)
  rul = Where(real, clipped, unknown)
  low1 = Mul(clipped, narrow)
  low = Where(real, low1, unknown)
  high1 = Mul(clipped, wide)
  high2 = Min(high1, cap)
  high = Where(real, high2, unknown)
  short = Sub(horizon, clipped)
  score = Mul(short, slope)
  chance = Sigmoid(score)
  p_fail = Where(real, chance, unknown)
  last1 = Sub(length1, one)
  last2 = GatherElements<axis = 1>(clipped, last1)
  last = Squeeze(last2, rows)
  alarm = Less(last, threshold)
  last3 = Squeeze(last1, rows)
  none = Sub(first, one)
  alarm_row = Where(alarm, last3, none)
  load = Gather<axis = 2>(readings, first)
  condition_bad = Greater(load, wide)
  condition_ok = Not(condition_bad)
  below = Less(readings, seen_low)
  above = Greater(readings, seen_high)
  outside = Or(below, above)
  quality1 = Where(outside, odd, good)
  quality = Where(gap, absent, quality1)
  gap1 = Cast<to = 1>(gap)
  lost = ReduceSum<keepdims = 0>(gap1, sensors)
  healthy1 = Mul(known, nought)
  healthy = Add(healthy1, base)
  healthy_low = Mul(healthy, narrow)
  healthy_high = Mul(healthy, wide)
}
"""

CHANNELS = [
    {"name": "load", "unit": "of nominal", "low": 0, "high": 3, "role": "setting", "meaning": "flow over nominal flow"},
    {"name": "vibration", "unit": "mm/s", "low": 0, "high": 80, "role": "sensor", "meaning": "bearing housing, RMS"},
    {"name": "temperature", "unit": "°C", "low": -40, "high": 200, "role": "sensor", "meaning": "bearing"},
]
SEEN = {"load": [0.2, 1.0], "vibration": [0.5, 9.0], "temperature": [20.0, 80.0]}


def model() -> bytes:
    return onnx.parser.parse_model(GRAPH).SerializeToString()


def toy_manifest(**changes) -> dict:
    row = ("machine", "time")
    inputs = [
        Tensor("readings", "float32", (*row, "sensor"), missing=True, meaning="settings, then sensors, in their units"),
        Tensor("length", "int64", ("machine",), "rows", 1, "time", meaning="rows of each machine that are not padding"),
        Tensor("threshold", "float32", (), "hours", 0, 125, 20.0, meaning="alarm below this remaining life"),
        Tensor("judge", "float32", (), "", 0, 1, 1.0, meaning="not used here"),
    ]
    outputs = [Tensor(name, "float32", row, "hours") for name in ("rul", "low", "high")]
    outputs += [
        Tensor("p_fail", "float32", row),
        Tensor("alarm", "bool", ("machine",)),
        Tensor("condition_ok", "bool", row),
        Tensor("quality", "int8", (*row, "sensor")),
        *(Tensor(name, "float32", (*row, "sensor")) for name in ("healthy", "healthy_low", "healthy_high")),
        Tensor("alarm_row", "int64", ("machine",), "rows", -1, "time"),
        Tensor("lost", "float32", row, "sensors"),
    ]
    parts = {
        "pilot": "manufacturing",
        "name": "manufacturing-rul",
        "version": "20260131120000",
        "model": "toy",
        "task": "rul",
        "channels": CHANNELS,
        "seen": SEEN,
        "table": {"columns": {}, "decimal": ".", "missing": ["-999"], "timezone": "Europe/London", "row_unit": "hours"},
        "decision": {"threshold": 20.0, "persistence": 1, "horizon": 30, "cap": 125.0},
        "metrics": {"rmse_clipped": {"value": 12.0, "unit": "hours", "low": 10.0, "high": 14.0, "naive": 41.0}},
        "parity": {"max_abs_diff": 0.0, "tolerance": 0.001, "rows": 100},
        "opset": {"": 21},
        "session_options": dict(SESSION_OPTIONS),
        "data": {"name": "toy", "rows": 100, "series": 3, "sha256": "0" * 64, "licence": "CC0-1.0"},
        "seed": 0,
        "commit": "0" * 40,
        "licence": "Apache-2.0",
    }
    return manifest(inputs=inputs, outputs=outputs, **{**parts, **changes})


def write_toy(folder, **changes) -> str:
    made = toy_manifest(**changes)
    sample = sample_from_contract(made, {"machine": 3, "time": 12}, seed=0)
    return write_bundle(folder, model(), made, sample, "# A toy\n")


def table(machines: dict[str, np.ndarray]) -> str:
    """A CSV of load, vibration and temperature, one row an hour, from each machine's vibration."""
    lines = ["machine,time,load,vibration,temperature"]
    for name, vibration in machines.items():
        lines += [f"{name},{hour},0.8,{value:g},50" for hour, value in enumerate(vibration, start=1)]
    return "\n".join(lines) + "\n"
