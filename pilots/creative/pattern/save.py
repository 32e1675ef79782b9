"""Write what a run on patterns leaves behind: bundle, samples, files for later checks, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import yaml
from omegaconf import DictConfig
from safetensors.torch import save_file

from common.atomic import write_bytes, write_text
from common.bundle.write import write_bundle
from common.card import model_card
from common.evaluation import gate, packed
from common.machine import commit
from common.run import Run
from pilots.creative.data.patterns import library
from pilots.creative.data.patterns.learned import Patterns
from pilots.creative.pattern import bundle
from pilots.creative.pattern.evaluate import PALETTE, Metric, Set
from pilots.creative.pattern.report import report
from pilots.creative.pictures import colours, pattern
from pilots.creative.provenance import Made, sign
from pilots.creative.save import CALIBRATION, EVALUATION, queries

SIDE = 512  # pixels of a sample


@dataclass(frozen=True, eq=False)
class Found:
    """What one seed gave: the model, its graph, its patterns and what they were found to be."""

    model: Any
    graph: onnx.ModelProto
    made: Set
    metrics: dict[str, Metric]


def save(run: Run, cfg: DictConfig, seen: Patterns, found: Sequence[Found], mirror: Set, more: dict[str, Any]) -> float:
    """Everything a run leaves behind; the bundle is the first seed's. Returns the ratio of class accuracies."""
    human = yaml.safe_load(files("pilots.creative.pattern").joinpath("card.yaml").read_text(encoding="utf-8"))
    first = found[0]
    part = bundle.part(first.model, seen)
    data = {"name": seen.name, "rows": len(seen.latents), "series": len(seen.groups)}
    data |= {"sha256": seen.sha256, "licence": seen.licence}
    facts: dict[str, Any] = {"task": "pattern", "data": data, "origins": 0, "metrics": headline(found)}
    facts |= {"tiles": cfg.tiles, "steps": first.model.steps, "benchmark": gate(cfg, "pattern"), **more}
    with run.stage("export"):
        facts["parity"] = bundle.prove(first.graph, first.model, part, cfg.parity)
        made = bundle.describe(
            first.graph, part, version=run.version, model=run.model, metrics=facts["metrics"], parity=facts["parity"],
            seed=run.seeds[0], commit=commit()[0] or "unknown", licence=seen.licence, data=data,
        )  # fmt: skip
        graph, card = first.graph.SerializeToString(), model_card(run.facts(facts), human)
        identity = write_bundle(run.folder / "bundle", graph, made, bundle.sample(part), card)
        (run.folder / "native").mkdir(exist_ok=True)
        save_file(first.model.sampler.state_dict(), run.folder / "native" / "field_flow.safetensors")
        for name, seed in (("evaluation", EVALUATION), ("calibration", CALIBRATION)):
            write_bytes(run.folder / f"{name}.npz", packed(fields(graph, part, seed)))
    with run.stage("report"):
        write_samples(run.folder / "samples", first.made, run, identity, first.model.steps)
        write_text(run.folder / "report.html", report(run.facts(facts), human, first.made, mirror))
    run.finish(facts)
    return float(facts["metrics"]["class_accuracy_ratio"]["value"])


def headline(found: Sequence[Found]) -> dict[str, Metric]:
    """Means over the seeds; the interval holds those of all seeds."""
    made = {}
    for key, one in found[0].metrics.items():
        each = [seed.metrics[key] for seed in found]
        made[key] = {**one, "value": float(np.mean([metric["value"] for metric in each]))}
        if one["low"] is not None:
            made[key] |= {"low": min(m["low"] for m in each), "high": max(m["high"] for m in each)}
    return made


def fields(graph: bytes, part: dict[str, Any], first_seed: int, number: int = 8) -> dict[str, np.ndarray]:
    """Some patterns, one query each, and what the graph draws (`outcome`)."""
    kinds = np.linspace(0, len(part["images"]) - 1, number).astype(int)
    steps = str(part["steps"])
    return queries(graph, [bundle.asked(part, int(k), first_seed + n, steps) for n, k in enumerate(kinds)])


def write_samples(folder: Path, made: Set, run: Run, bundle_id: str, steps: int) -> None:
    """The first pattern of every class as PNG and as SVG, signed; exact colours bear no watermark."""
    folder.mkdir(exist_ok=True)
    palette = colours.parse(PALETTE)
    for number, name in enumerate(library.NAMES):
        field = made.fields_NSS[made.class_N == number][0]
        png = cv2.imencode(".png", pattern.render(field, palette, (SIDE, SIDE))[..., ::-1])[1].tobytes()
        for fmt, data in (("png", png), ("svg", pattern.svg(field, palette, SIDE))):
            title = f"{number + 1:02d}_{name}.{fmt}"
            facts = Made(title, "pattern", run.seeds[0], steps, bundle_id, run.model, None, {"class": name})
            write_bytes(folder / title, sign(data, fmt, facts))
