"""Write what a run leaves behind: bundle, samples, files for later checks, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import onnx
import yaml
from omegaconf import DictConfig

from common.atomic import write_bytes, write_text
from common.bundle.session import Session
from common.bundle.write import write_bundle
from common.card import model_card
from common.evaluation import gate, packed
from common.machine import commit
from common.run import Run
from pilots.creative import bundle, native
from pilots.creative.data.contract import Exemplars
from pilots.creative.drawn import Drawn, Tiles
from pilots.creative.evaluate import Judged
from pilots.creative.report import Shown, report
from pilots.creative.samples import write_samples
from pilots.creative.settings import reduced
from pilots.creative.sheet import sheet

UNITS = {"swd": "std", "swd_floor": "std", "diversity": "std", "spectrum_error": "log10", "spectrum_floor": "log10"}
EVALUATION, CALIBRATION = 20_000, 30_000  # first seeds of the pictures that later checks of variants draw


@dataclass(frozen=True, eq=False)
class Found:
    """What one seed gave: the model, its graph, its tiles by class and what they were found to be."""

    model: Any
    graph: onnx.ModelProto
    tiles: Tiles
    judged: Judged
    torus_error: float


def save(run: Run, cfg: DictConfig, seen: Exemplars, found: Sequence[Found], baselines: Mapping[str, Tiles]) -> float:
    """Everything a run leaves behind; the bundle is the first seed's. Returns SWD over its floor."""
    human = yaml.safe_load(files("pilots.creative").joinpath("card.yaml").read_text(encoding="utf-8"))
    first = found[0]
    part = bundle.part(first.model, seen)
    data = {
        "name": seen.name,
        "rows": len(seen.images),
        "series": len(seen.groups),
        "sha256": seen.sha256,
        "licence": seen.licence,
    }
    facts: dict[str, Any] = {
        "task": "material",
        "data": data,
        "origins": 0,
        "metrics": headline(found),
        "metrics_by_class": first.judged.by_class,
        "white_noise": first.judged.white_noise,
        "tiles": cfg.tiles,
        "steps": first.model.steps,
        "benchmark": gate(cfg, "material"),
        "rights_sha256": seen.rights_sha256,
        "notes": reduced(cfg, run.model, len(seen.groups)),
    }
    with run.stage("export"):
        facts["parity"] = bundle.prove(first.graph, first.model, part, cfg.parity)
        made = bundle.describe(
            first.graph,
            part,
            version=run.version,
            model=run.model,
            metrics=facts["metrics"],
            parity=facts["parity"],
            seed=run.seeds[0],
            commit=commit()[0] or "unknown",
            licence=seen.licence,
            data=data,
        )
        card = model_card(run.facts(facts), human)
        graph = first.graph.SerializeToString()
        identity = write_bundle(run.folder / "bundle", graph, made, bundle.sample(part), card)
        native.save(first.model.sampler, run.folder / "native")
        write_bytes(run.folder / "evaluation.npz", packed(pictures(graph, part, EVALUATION)))
        write_bytes(run.folder / "calibration.npz", packed(pictures(graph, part, CALIBRATION)))
    with run.stage("report"):
        write_samples(run.folder / "samples", first.tiles, run, identity, seen.rights_sha256, first.model.steps)
        shown = Shown.of(seen, first.tiles, baselines, first.judged, Drawn(Session(graph), part), run.seeds[0])
        write_text(run.folder / "report.html", report(run.facts(facts), human, seen, shown))
        write_bytes(run.folder / "sheet.webp", sheet(shown))
    run.finish(facts)
    return facts["metrics"]["swd"]["value"] / facts["metrics"]["swd_floor"]["value"]


def headline(found: Sequence[Found]) -> dict[str, dict[str, Any]]:
    """Means over the seeds; the interval holds those of all seeds."""
    made = {}
    for key, one in found[0].judged.metrics.items():
        each = [seed.judged.metrics[key] for seed in found]
        made[key] = {
            "value": float(np.mean([metric["value"] for metric in each])),
            "unit": UNITS.get(key, ""),
            "low": min(metric["low"] for metric in each),
            "high": max(metric["high"] for metric in each),
            "naive": one["naive"],
        }
    worst = max(seed.torus_error for seed in found)
    return made | {"torus_error": {"value": worst, "unit": "", "low": None, "high": None, "naive": None}}


def pictures(graph: bytes, part: Mapping[str, Any], first_seed: int, number: int = 8) -> dict[str, np.ndarray]:
    """Some new pictures, one query each, and what the graph draws (`outcome`)."""
    grid = part["grids"][str(part["steps"])]
    images = np.linspace(0, len(part["images"]) - 1, number).astype(int)
    return queries(graph, [bundle.asked(part, int(i), first_seed + n, (64, 64), grid) for n, i in enumerate(images)])


def queries(graph: bytes, each: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Calls of a sampler stacked [query, …], on the grid that is its default, and the pictures it draws."""
    session = Session(graph)
    stacked = {name: np.stack([one[name] for one in each]) for name in each[0] if name != "grid"}
    return stacked | {"outcome": np.stack([session.run(one)["picture"] for one in each])}
