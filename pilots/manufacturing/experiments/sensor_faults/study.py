"""What lost and stuck sensors cost, with and without the handling, on a run's own test machines.

    python -m pilots.manufacturing.experiments.sensor_faults.study RUN_FOLDER

Sensors are hidden, or stand still from a random row on, in the same way on every test machine; each single sensor, then
random pairs and fives. "without": the same models and the same interval, a lost sensor's features as they were before
anything replaced them (none for means, 0 for slopes), a stuck one believed.
Then single faults are planted in random sensors and rows, and counted as they are found. Writes
benchmarks/results/accuracy/sensor_faults.{json,md} and the table in the README.

Axes: M machines, T rows, F channels.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import yaml
from onnx.utils import Extractor

from benchmarks.readme import ACCURACY as RESULTS
from benchmarks.readme import MANUFACTURING, put
from common.atomic import write_text
from common.bundle.session import Session
from common.cli import guard
from common.fault import Fault
from pilots.manufacturing.units import OTHER_UNITS

CUTS = 20  # rows of each machine on which coverage and width are counted, beside the last
KINDS = {"stuck": 3, "spike": 4, "offset": 5, "wrong unit": 6}


class Bench:
    """A run's bundle and its test machines."""

    def __init__(self, run: Path):
        self.facts = json.loads((run / "run.json").read_text())
        manifest = json.loads((run / "bundle" / "bundle.json").read_text())
        self.channels, self.cap = manifest["channels"], manifest["decision"]["cap"]
        model = onnx.shape_inference.infer_shapes(onnx.load(run / "bundle" / "model.onnx"))
        self.rest = {"threshold": np.array(30, np.float32)}
        self.whole = Session(model.SerializeToString())
        cut = Extractor(model)
        self.features = Session(cut.extract_model(["readings", "length", "judge"], ["features"]).SerializeToString())
        after = cut.extract_model(["features", "lost", "length", "threshold"], ["rul", "low", "high"])
        self.after = Session(after.SerializeToString())
        with np.load(run / "evaluation.npz") as kept:
            self.readings, self.length, rul = (kept[name][:, 0] for name in ("readings", "length", "outcome"))
        last = self.length - 1
        cuts = np.random.default_rng(0).integers(0, self.length[:, None], (len(last), CUTS))
        self.at = np.concatenate([last[:, None], cuts], axis=1)
        self.rul = np.minimum(np.take_along_axis(rul, self.at, 1), self.cap)
        moves_F = np.nanstd(self.readings, axis=(0, 1)) > 1e-6 * np.abs(np.nanmedian(self.readings, axis=(0, 1)))
        self.sensors = [f for f, c in enumerate(self.channels) if c["role"] == "sensor" and moves_F[f]]
        order = ("mean", "shift", "std", "slope")  # as features.py makes them
        kinds = yaml.safe_load((run / "config.yaml").read_text())["features"]["kinds"]
        self.kinds = sorted(kinds, key=lambda kind: next(i for i, sort in enumerate(order) if kind.startswith(sort)))

    def run(self, readings: np.ndarray, judge: float = 1.0) -> dict[str, np.ndarray]:
        asked = {"readings": readings, "length": self.length, "judge": np.array(judge, np.float32)}
        return self.whole.run(asked | self.rest)

    def score(self, said: dict[str, np.ndarray]) -> list[float]:
        """RMSE on the last rows, coverage and width."""
        rul, low, high = (np.take_along_axis(said[name], self.at, 1) for name in ("rul", "low", "high"))
        error = rul[:, 0] - self.rul[:, 0]
        return [
            float(np.sqrt((error**2).mean())), float(((low <= self.rul) & (self.rul <= high)).mean()),
            float((high - low).mean()),
        ]  # fmt: skip

    def lost(self, hidden: list[int]) -> tuple[list[float], list[float]]:
        gone = self.readings.copy()
        gone[..., hidden] = np.nan
        with_it = self.score(self.run(gone))
        asked = {"readings": self.readings, "length": self.length, "judge": np.array(1, np.float32)}
        made = self.features.run(asked)["features"]
        count = len(self.sensors)
        if made.shape[2] != count * len(self.kinds) + 1:
            raise Fault(f"{made.shape[2]} features are not {len(self.kinds)} kinds of {count} sensors and the age")
        for column in range(made.shape[2] - 1):
            if self.sensors[column % count] in hidden:
                made[..., column] = 0.0 if self.kinds[column // count].startswith("slope") else np.nan
        lost = np.zeros(made.shape[:2], np.float32)
        without = self.score(self.after.run({"features": made, "lost": lost, "length": self.length, **self.rest}))
        return with_it, without

    def stuck(self, hidden: list[int], seed: int) -> tuple[list[float], list[float]]:
        frozen = self.readings.copy()
        start = np.random.default_rng(seed).integers(0, self.length)
        for m, row in enumerate(start):
            frozen[m, row : self.length[m], hidden] = frozen[m, row, hidden][:, None]
        return self.score(self.run(frozen)), self.score(self.run(frozen, 0.0))

    def detection(self, kind: str, code: int, seed: int) -> dict[str, float]:
        """One fault in one random sensor of every machine with 60 rows or more, from a random row on."""
        random = np.random.default_rng(seed)
        x = self.readings.copy()
        machines = np.flatnonzero(self.length >= 60)
        place = [(m, random.choice(self.sensors), int(random.integers(25, self.length[m] - 20))) for m in machines]
        scatter = np.nanmedian(np.abs(np.diff(self.readings, axis=1)), axis=(0, 1)) / 0.95  # of one reading, robust
        for m, f, row in place:
            stop = row + 1 if kind == "spike" else self.length[m]
            size = SIZE * max(float(scatter[f]), 1e-6 * abs(x[m, row, f])) * random.choice([-1, 1])
            x[m, row:stop, f] = x[m, row, f] if kind == "stuck" else x[m, row:stop, f] + size
            if kind == "wrong unit":
                x[m, row:stop, f] = other_unit(self.readings[m, row:stop, f], self.channels[f]["unit"])
        told = self.run(x)["quality"]
        found, named, delay, spilt = [], [], [], []
        for m, f, row in place:
            if kind == "wrong unit" and not OTHER_UNITS.get(self.channels[f]["unit"]):
                continue
            codes = told[m, row : self.length[m], f]
            hits = np.flatnonzero(codes >= 3) if kind != "spike" else np.flatnonzero(codes[:1] >= 3)
            found.append(len(hits) > 0)
            named.append((codes == code).any())
            delay += [int(hits[0])] if len(hits) else []
            others = [s for s in self.sensors if s != f]
            spilt.append((told[m, : self.length[m]][:, others] >= 3).mean())
        return {
            "found": float(np.mean(found)), "named": float(np.mean(named)), "rows": float(np.median(delay or [np.nan])),
            "false": float(np.mean(spilt)), "faults": len(found),
        }  # fmt: skip


SIZE = 8.0  # of a spike and an offset, in units of the sensor's scatter from reading to reading


def other_unit(x: np.ndarray, unit: str) -> np.ndarray:
    for factor, offset in list(OTHER_UNITS.get(unit, {}).values())[:1]:
        return (x - offset) / factor
    return x


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pilots.manufacturing.experiments.sensor_faults.study", description=__doc__.split("\n")[0]
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--draws", type=int, default=20)
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.run, given.draws)))


def work(run: Path, draws: int) -> None:
    bench, random = Bench(run), np.random.default_rng(0)
    sound = bench.score(bench.run(bench.readings))
    rows = []
    for count in (1, 2, 5):
        drawn = [[f] for f in bench.sensors] if count == 1 else [
            list(random.choice(bench.sensors, count, replace=False)) for _ in range(draws)
        ]  # fmt: skip
        for kind in ("lost", "stuck"):
            told = [bench.lost(some) if kind == "lost" else bench.stuck(some, n) for n, some in enumerate(drawn)]
            rows.append({"kind": kind, "sensors": count, "draws": len(drawn), **spread(np.array(told))})
    quality = bench.run(bench.readings)["quality"]
    inside = np.arange(quality.shape[1]) < bench.length[:, None]
    false = {name: float((quality[inside] == code).mean()) for name, code in KINDS.items()}
    found = {kind: bench.detection(kind, code, 0) for kind, code in KINDS.items()}
    kept = {key: bench.facts[key] for key in ("model", "version", "commit", "data")}
    made = {"run": kept, "sound": sound, "rows": rows, "detection": found, "false_flags": false}
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_text(RESULTS / "sensor_faults.json", json.dumps(made, indent=1) + "\n")
    text = table(made)
    write_text(RESULTS / "sensor_faults.md", f"# Sensor faults, {kept['model']} on {kept['data']['name']}\n\n{text}")
    put("sensor-faults", text, MANUFACTURING)
    print(text)


def spread(told: np.ndarray) -> dict:
    """Mean and 95 % of the draws, [draws, with and without, three scores]."""
    low, high = np.percentile(told[..., 0], [2.5, 97.5], axis=0)
    mean = told.mean(0)
    return {
        side: {"rmse": mean[i, 0], "low": low[i], "high": high[i], "coverage": mean[i, 1], "width": mean[i, 2]}
        for i, side in enumerate(("with", "without"))
    }


def table(made: dict) -> str:
    rmse, coverage, width = made["sound"]
    text = "| sensors | RMSE, cycles (95 % of draws) | coverage | width | RMSE without | coverage | width |\n"
    text += "| --- | --- | --- | --- | --- | --- | --- |\n"
    text += f"| all good | {rmse:.2f} | {coverage:.3f} | {width:.1f} | {rmse:.2f} | {coverage:.3f} | {width:.1f} |\n"
    for r in made["rows"]:
        sides = [
            f"{s['rmse']:.2f} ({s['low']:.2f}–{s['high']:.2f}) | {s['coverage']:.3f} | {s['width']:.1f}"
            for s in (r["with"], r["without"])
        ]
        text += f"| {r['sensors']} {r['kind']} | {sides[0]} | {sides[1]} |\n"
    text += "\n| planted | found | rightly named | rows until found, median | false flags, untouched logs |\n"
    text += "| --- | --- | --- | --- | --- |\n"
    for kind, d in made["detection"].items():
        false = made["false_flags"][kind]
        text += f"| {kind} ({d['faults']}) | {d['found']:.0%} | {d['named']:.0%} | {d['rows']:.0f} "
        text += f"| {1e6 * false:.0f} per million |\n"
    return text


if __name__ == "__main__":
    main()
