"""How fast the nets alone are in PyTorch on a GPU: tiles, or remaining lives, in every way and batch, beside the roof.

    python -m benchmarks.net_speed RUN_FOLDER [--device cuda] [--batches 1,4,16,64] [--rows 512] [--repeats 20]

RUN_FOLDER is one of pilot-creative or pilot-manufacturing (a model with a net). `--rows` is a tile's side in pixels, or
the rows of each machine. A call takes arrays of the processor and gives such back; its work is counted in the bundle's
own graph. Prints the table and writes it to results/speed/studies/net_<pilot>_<device>.json and .md.
"""

from __future__ import annotations

import argparse
import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx.utils import Extractor

from benchmarks import tile_speed
from benchmarks.probes import graph_cost, roof_gpu, share
from benchmarks.readme import SPEED_STUDIES
from benchmarks.runtimes import Unsupported
from benchmarks.runtimes.native import Native
from benchmarks.units import words
from common.atomic import write_text
from common.bundle.session import Session
from common.cli import guard
from common.fault import Fault

MODES, NUMBERS = ("eager", "compiled", "graph"), ("", "-fp16", "-bf16")
WAYS = {"cuda": [f"cuda-{mode}{n}" for mode, n in product(MODES, NUMBERS)], "cpu": ["eager", "eager-bf16"]}
SIDE = 128  # pixels of the tile whose work is counted; that of others is in proportion to their pixels
STEPS = tile_speed.STEPS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.net_speed", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--device", choices=WAYS, default="cuda")
    parser.add_argument("--batches", type=words, default=["1", "4", "16", "64"])
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=20)
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given)))


def work(given: argparse.Namespace) -> None:
    roof = roof_gpu.measure(device=given.device)
    if isinstance(roof, str):
        raise Fault(roof)
    facts = json.loads((given.run / "run.json").read_text(encoding="utf-8"))
    counted = cost(given.run, facts["pilot"], given.rows)
    batches, rows, skipped = [int(word) for word in given.batches], [], {}
    for way in WAYS[given.device]:
        try:
            rows += measured(given, facts["pilot"], way, batches, counted, roof[0])
        except Unsupported as why:
            skipped[way] = str(why)
    if not rows:
        raise Fault(f"nothing could be measured: {next(iter(skipped.values()))}")
    result = {key: facts[key] for key in ("pilot", "model", "version")}
    result |= {"rows_each": given.rows, "repeats": given.repeats, "roof": roof[0], "rows": rows, "skipped": skipped}
    name = re.sub("[^a-z0-9]+", "-", str(roof[0]["name"] or given.device).lower())
    write_text(SPEED_STUDIES / f"net_{facts['pilot']}_{name}.json", json.dumps(result, indent=1) + "\n")
    write_text(SPEED_STUDIES / f"net_{facts['pilot']}_{name}.md", table(facts, result))
    print(table(facts, result))


def cost(run: Path, pilot: str, rows: int) -> dict[str, float]:
    """flops and bytes of one tile, or of one machine's rows."""
    model = (run / "bundle" / "model.onnx").read_bytes()
    if pilot == "creative":
        part = json.loads((run / "bundle" / "bundle.json").read_text(encoding="utf-8"))["creative"]
        found, times = graph_cost.count(model, tile_speed.request(part, SIDE, 0)), (rows / SIDE) ** 2
    else:
        graph = onnx.shape_inference.infer_shapes(onnx.load_from_string(model))
        names = {name for node in graph.graph.node for name in node.output}
        net = next((name for name in ("model_tcn_rul", "model_rul") if name in names), None)
        if net is None:
            raise Fault(f"{run} is no run with a net: take one of pilot-creative, or of pilot-manufacturing model=tcn")
        cut = Extractor(graph)
        with np.load(run / "evaluation.npz", allow_pickle=False) as kept:
            readings = np.resize(kept["readings"][0, 0], (1, rows, kept["readings"].shape[-1]))
        given = {"readings": readings, "length": np.array([rows]), "judge": np.array(1, np.float32)}
        features = Session(cut.extract_model(list(given), ["features"]).SerializeToString()).run(given)
        found, times = graph_cost.count(cut.extract_model(["features"], [net]).SerializeToString(), features), 1.0
    return {"flops": found["flops"] * times, "bytes": (found["bytes"] - found["weight_bytes"]) * times}


def measured(
    given: argparse.Namespace, pilot: str, way: str, batches: list[int], counted: dict[str, float], roof: dict[str, Any]
) -> list[dict[str, Any]]:
    """One row per batch, up to the first that does not fit."""
    engine, rows = Native(given.run, pilot, way), []
    try:
        for batch in batches:
            tile = {"task": "tile", "size": given.rows, "steps": STEPS, "batch": batch}
            asked = tile if pilot == "creative" else {"task": "net", "machines": batch, "rows": given.rows}
            spent = [engine.ask(asked | {"seed": seed}) for seed in range(given.repeats + 1)][1:]
            seconds = float(np.median(spent))
            near = share.of_roof(
                batch * counted["flops"], batch * counted["bytes"], seconds, roof, numbers=share.precision(way)
            )
            low, high = np.quantile(spent, [0.05, 0.95])
            rows.append(
                {"way": way, "batch": batch, "per_s": batch / seconds, "low": batch / high, "high": batch / low}
                | {"tflops": batch * counted["flops"] / seconds / 1e12, "share_of_roof": near}
            )
    except Unsupported:
        if not rows:
            raise
    finally:
        engine.close()
    return rows


def table(facts: dict[str, Any], result: dict[str, Any]) -> str:
    what = "tiles" if facts["pilot"] == "creative" else "machines"
    said = f"# The net of `{facts['model']}` in PyTorch on {result['roof']['name'] or 'the processor'}\n\n"
    said += f"| way | batch | {what} of {result['rows_each']} a second | TFLOP/s | share of the roof | which |\n"
    said += "| --- | --- | --- | --- | --- | --- |\n"
    for one in result["rows"]:
        near = one["share_of_roof"] or {"share": float("nan"), "binds": "not measured"}
        said += f"| {one['way']} | {one['batch']} | {one['per_s']:,.3g} | {one['tflops']:.3g} "
        said += f"| {near['share']:.0%} | {near['binds']} |\n"
    return said + "".join(f"\n{way}: {why}\n" for way, why in result["skipped"].items())


if __name__ == "__main__":
    main()
