"""Export the detector, prove the export equal, write bundle, rows and report."""

from __future__ import annotations

import gzip
from importlib.resources import files

import numpy as np
import pandas as pd
import yaml
from omegaconf import DictConfig

from common.atomic import write_bytes, write_text
from common.bundle.session import Session
from common.bundle.write import sample_from_contract, write_bundle
from common.card import model_card
from common.evaluation import gate, packed
from common.export.parity import parity
from common.machine import commit
from common.run import Run
from pilots.manufacturing.anomaly.bundle import describe
from pilots.manufacturing.anomaly.detector import T2Q
from pilots.manufacturing.anomaly.graph import whole
from pilots.manufacturing.anomaly.healthy import Parts
from pilots.manufacturing.anomaly.report import report
from pilots.manufacturing.data.contract import Fleet

LARGE = 1.0  # scores are compared relative to themselves above it: a fault of a thousand times the limit is no error


def exported(detector: T2Q, test: Fleet, answer: dict[str, np.ndarray], rate: float, tolerance: float):
    """The graph, its parity on every test row, and all that it answers there."""
    graph = whole(detector, len(test.channels), rate)
    readings, length = test.padded()
    said = Session(graph.SerializeToString(), threads=2).run(
        {"readings": readings, "length": length, "rate": np.array(rate, np.float32)}
    )
    size = np.maximum(np.abs(np.nan_to_num(answer["score"])), LARGE)
    pairs = [np.stack([a[n] / size for n in ("t2", "q", "score")]) for a in (answer, said)]
    facts = parity(*pairs, tolerance)
    facts["rows"] = int(np.isfinite(answer["score"]).sum())  # each compared in t2, q and score
    return graph, facts, said


def predictions(test: Fleet, said: dict[str, np.ndarray], truth_LT: np.ndarray) -> bytes:
    """predictions.csv.gz: one line per row of every test log."""
    inside = np.arange(truth_LT.shape[1]) < test.length_L[:, None]
    table = pd.DataFrame(
        {
            "machine": test.machine_L[test.life_R],
            "time": test.time_R,
            "abnormal_true": truth_LT[inside],
            **{name: said[name][inside].round(4) for name in ("t2", "q", "score")},
            "alarm": said["alarm"][inside].astype(int),
        }
    )
    return gzip.compress(table.to_csv(index=False).encode(), mtime=0)


def queries(fleet: Fleet) -> dict[str, np.ndarray]:
    """The graph's inputs, one log a query."""
    readings_LTF, length_L = fleet.padded()
    return {"readings": readings_LTF[:, None], "length": length_L[:, None]}


def save(
    run: Run, cfg: DictConfig, fleet: Fleet, cut: Parts, detector: T2Q, answer: dict[str, np.ndarray],
    truth_LT: np.ndarray, found: dict,
) -> None:  # fmt: skip
    """Everything that a run leaves behind. `found`: metrics, by_rate, rate."""
    human = yaml.safe_load(files("pilots.manufacturing.anomaly").joinpath("card.yaml").read_text(encoding="utf-8"))
    rate = float(cfg.anomaly.rate)
    with run.stage("export"):
        graph, same, said = exported(detector, cut.test, answer, rate, cfg.parity)
        data = {"name": fleet.name, "rows": len(fleet.x_RF), "series": fleet.lives}
        data |= {"sha256": fleet.sha256, "licence": fleet.licence}
        healthy = {"windows": detector.windows, "rows": detector.rows, "baseline": detector.baseline}
        facts = {"data": data, "origins": cut.test.lives, "parity": same, "healthy": healthy, **found}
        facts |= {"conditions": len(detector.conditions.centre_CS), "notes": list(fleet.notes)}
        facts["benchmark"] = gate(cfg, "anomaly")
        made = describe(
            fleet, detector, graph, rate, version=run.version, model=run.model, metrics=found["metrics"], parity=same,
            seed=run.seeds[0], commit=commit()[0] or "unknown", licence=fleet.licence, data=data,
        )  # fmt: skip
        card = model_card(run.facts(facts), human)
        sample = sample_from_contract(made, {"machine": 2, "time": detector.baseline + 30}, run.seeds[0])
        write_bundle(run.folder / "bundle", graph.SerializeToString(), made, sample, card)
        write_bytes(run.folder / "predictions.csv.gz", predictions(cut.test, said, truth_LT))
        write_bytes(run.folder / "evaluation.npz", packed(queries(cut.test) | {"outcome": truth_LT[:, None]}))
        learnt = cut.windows.take(np.arange(min(cut.windows.lives, 32)))
        write_bytes(run.folder / "calibration.npz", packed(queries(learnt)))
    with run.stage("report"):
        write_text(run.folder / "report.html", report(run.facts(facts), human, detector, cut, said, truth_LT))
    run.finish(facts)
