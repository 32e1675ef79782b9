"""Prophet as ONNX against Prophet: forecasts, intervals and speed on public hospital series.

    PILOTS_REAL_DATA=… python -m pilots.healthtech.experiments.prophet_onnx.study [--turns 15] [--cache FOLDER]

Series of five public data sets, one kind of model per set. CPU time of one thread; ratios are of calls in turns.
Writes benchmarks/results/accuracy/prophet_onnx and benchmarks/results/speed/studies/prophet_onnx (.json and .md) and
the tables of pilots/healthtech/prophet_onnx/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from prophet.serialize import model_to_json

from benchmarks.readme import ACCURACY, SPEED_STUDIES, put
from common.atomic import write_text
from common.bundle.session import Session
from common.cli import guard
from common.fault import Fault
from pilots.healthtech.experiments.prophet_onnx.series import SETS, fitted, quiet, seed
from pilots.healthtech.prophet_onnx.graph import graph
from pilots.healthtech.prophet_onnx.parameters import DAY, Holiday, Parameters, Seasonality, Structure
from pilots.healthtech.prophet_onnx.read import parse
from pilots.healthtech.prophet_onnx.verify import AHEAD, PATHS, forecast, frame, simulated, verify

PAGE = Path(__file__).parents[2] / "prophet_onnx" / "README.md"
STEPS = 28
SIMULATED = 3  # series of each set whose interval is simulated
MANY = (1_000, 4_000, 16_000)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pilots.healthtech.experiments.prophet_onnx.study", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--cache", type=Path, help="keep the fits of Prophet here, for another run")
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.turns, given.cache)))


def work(turns: int, cache: Path | None) -> None:
    data = os.environ.get("PILOTS_REAL_DATA")
    if not data:
        raise Fault("set PILOTS_REAL_DATA to the folder that holds the public data sets")
    quiet()
    seed()
    with tempfile.TemporaryDirectory() as folder:
        kept = cache or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        rows, calls = [], []
        for name in SETS:
            models, kind = list(fitted(Path(data), name, kept)), SETS[name][0]
            rows.append({"data": name, "model": kind, **accuracy(models)})
            calls.append({"data": name, "model": kind, **speed(models[0], turns)})
            print(json.dumps(rows[-1]), json.dumps(calls[-1]), sep="\n", flush=True)
    write("accuracy", ACCURACY, {"simulated_paths": PATHS, "steps_ahead": AHEAD, "sets": rows}, parity_table(rows))
    found = {"steps": STEPS, "turns": turns, "cpu": platform.processor() or platform.machine(), "calls": calls}
    found["many"] = [many(number, own) for own in (False, True) for number in MANY]
    write("speed", SPEED_STUDIES, found, speed_table(found))


def write(mark: str, folder: Path, found: dict, text: str) -> None:
    write_text(folder / "prophet_onnx.json", json.dumps(found, indent=1) + "\n")
    write_text(folder / "prophet_onnx.md", f"# Prophet as an ONNX graph: {mark}\n\n{text}")
    put(mark, text, PAGE)
    print(text)


def accuracy(models: list) -> dict:
    """Largest difference of any output of any series; errors of the interval's ends as shares of its width."""
    differences, steps, size = [], 0, 0
    errors, scatter = [], []
    chosen = set(np.random.default_rng(0).permutation(len(models))[:SIMULATED])
    for number, model in enumerate(models):
        made = graph(parse(model_to_json(model)))
        found = verify(made, model, paths=0)
        differences.append(found.difference)
        steps, size = steps + found.rows, max(size, made.ByteSize())
        if number in chosen:
            times = frame(model).iloc[-AHEAD:].reset_index(drop=True)
            out = forecast(Session(made.SerializeToString()), times)
            first, second = (simulated(model, times, PATHS) for _ in range(2))
            ends = np.stack([out["yhat_lower"], out["yhat_upper"]])
            middle = (first + second) / 2  # 40,000 paths: closer to the truth than either
            width = middle[1] - middle[0]
            errors.append(abs(ends - middle) / width)
            scatter.append(abs(first - second) / width)
    return {
        "series": len(models),
        "steps": steps,
        "bytes": size,
        "difference": max(differences),
        "simulated": len(errors),
        "interval_mean": float(np.mean(errors)),
        "interval_worst": float(np.max(errors)),
        "scatter_mean": float(np.mean(scatter)),
        "scatter_worst": float(np.max(scatter)),
    }


def speed(model: object, turns: int) -> dict:
    """A call of STEPS steps: Prophet with its 1,000 paths, Prophet without, the graph; medians of CPU seconds."""
    session = Session(graph(parse(model_to_json(model))).SerializeToString())
    times = frame(model).iloc[-AHEAD:][:STEPS].reset_index(drop=True)

    def prophet(paths: int) -> Callable[[], object]:
        def call() -> object:
            model.uncertainty_samples = paths
            return model.predict(times)

        return call

    given = {"when": times["ds"].to_numpy().astype("datetime64[s]").astype(np.int64)}
    given |= {n: times[n].to_numpy().astype(kind) for n, (kind, _) in session.inputs.items() if n != "when"}
    ways = [prophet(1000), prophet(0), lambda: [session.run(given) for _ in range(100)]]
    spent = np.array([[cpu_seconds(way) for way in ways] for _ in range(turns)])[1:]  # the first warms up
    spent[:, 2] /= 100
    ratio, bare = spent[:, 0] / spent[:, 2], spent[:, 1] / spent[:, 2]
    default, without, ours = 1e3 * np.median(spent, axis=0)
    return {
        "prophet_ms": float(default),
        "without_paths_ms": float(without),
        "onnx_ms": float(ours),
        "ratio": float(np.median(ratio)),
        "ratio_low": float(np.quantile(ratio, 0.1)),
        "ratio_without": float(np.median(bare)),
        "ratio_without_low": float(np.quantile(bare, 0.1)),
    }


def many(series: int, own_clocks: bool, turns: int = 30) -> dict:
    """One call for so many series of STEPS days, weekly and yearly waves, eight holidays, interval included."""
    model = graph(invented(series, own_clocks), components=False)
    session = Session(model.SerializeToString())
    given = {"when": 19_400 * DAY + DAY * np.arange(STEPS), "series": np.arange(series)}
    spent = np.array([cpu_seconds(lambda: session.run(given)) for _ in range(turns)])[3:]
    return {
        "series": series,
        "own_clocks": own_clocks,
        "cpu_ms": float(1e3 * np.median(spent)),
        "bytes": model.ByteSize(),
    }


def invented(series: int, own_clocks: bool) -> Parameters:
    """Fits of random numbers: what a call costs does not depend on them."""
    random = np.random.default_rng(0)
    days = [Holiday(f"holiday {n}", tuple(18_000 + 365 * y + 40 * n for y in range(20))) for n in range(8)]
    waves = (Seasonality("yearly", 365.25, 10, "multiplicative"), Seasonality("weekly", 7, 3, "multiplicative"))
    structure = Structure("linear", waves, tuple(days), holidays_mode="multiplicative", known_until=25_500)
    start = 18_000.0 * DAY + (DAY * random.integers(0, 90, series) if own_clocks else np.zeros(series))
    one = {"y_scale_S": random.uniform(100, 500, series), "k_S": random.normal(0, 0.1, series)}
    one |= {"m_S": random.uniform(0.4, 0.6, series), "sigma_S": random.uniform(0.02, 0.05, series)}
    return Parameters(
        structure=structure,
        names_S=tuple(map(str, range(series))),
        start_S=start,
        t_scale_S=np.full(series, 1_400.0 * DAY),
        floor_S=np.zeros(series),
        change_SC=np.tile(np.linspace(0, 0.8, 26)[1:], (series, 1)),
        delta_SC=random.laplace(0, 0.05, (series, 25)),
        beta_SK=random.normal(0, 0.05, (series, len(structure.columns))),
        mean_SR=np.zeros((series, 0)),
        std_SR=np.ones((series, 0)),
        **one,
    )


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def parity_table(rows: list[dict]) -> str:
    lines = [
        "| data | model | series | largest difference, share of scale | interval's ends, share of its width: "
        "mean (worst) | simulation against simulation: mean (worst) |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for r in rows:
        interval, scatter = (f"{r[f'{x}_mean']:.2%} ({r[f'{x}_worst']:.1%})" for x in ("interval", "scatter"))
        lines.append(f"| {r['data']} | {r['model']} | {r['series']} | {r['difference']:.1e} | {interval} | {scatter} |")
    series, steps, tried = (sum(r[key] for r in rows) for key in ("series", "steps", "simulated"))
    worst = max(r["difference"] for r in rows)
    return "\n".join(lines) + (
        f"\n\n{series:,} models and {steps:,} steps (the last 2,000 of each history and {AHEAD} after it), every "
        f"output compared: the largest difference is {worst:.1e} of the scale (`y_scale`). The intervals of {tried} "
        f"models over {AHEAD} steps ahead stand against {2 * PATHS:,} simulated paths each; the last column is what "
        f"two simulations of {PATHS:,} paths differ by.\n"
    )


def speed_table(found: dict) -> str:
    lines = [
        f"| model | Prophet, {found['steps']} steps | without paths | ONNX | times faster | than without paths |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for c in found["calls"]:
        lines.append(
            f"| {c['data']}: {c['model']} | {c['prophet_ms']:.0f} ms | {c['without_paths_ms']:.0f} ms | "
            f"{c['onnx_ms']:.3f} ms | {c['ratio']:,.0f} | {c['ratio_without']:,.0f} |"
        )
    lines += ["", "| series in one call, 28 days with interval | one history | each its own |", "| --- | --- | --- |"]
    by = {(m["series"], m["own_clocks"]): m for m in found["many"]}
    for number in MANY:
        same, own = by[number, False], by[number, True]
        lines.append(
            f"| {number:,} ({same['bytes'] / 1e6:.1f} MB) | {same['cpu_ms']:.1f} ms | {own['cpu_ms']:.1f} ms |"
        )
    return "\n".join(lines) + "\n\nCPU time of one thread, medians; ratios are medians over turns of one run.\n"


if __name__ == "__main__":
    main()
