"""Which bearing fault, told top to bottom: read, learn at one load, score at another, export, report."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import yaml
from omegaconf import DictConfig

from common.atomic import write_bytes, write_text
from common.bundle.session import Session
from common.bundle.write import sample_from_contract, write_bundle
from common.card import model_card
from common.config import build
from common.export.parity import parity
from common.machine import commit
from common.run import Run
from pilots.manufacturing.vibration import scores
from pilots.manufacturing.vibration.bundle import describe
from pilots.manufacturing.vibration.classify import CLASSES, Classifier, Windows, inputs, look
from pilots.manufacturing.vibration.graph import FEATURES, whole_graph
from pilots.manufacturing.vibration.report import predictions, report

# What the features are worth one by one; the last is what a plant without envelope analysis would use.
OTHERS = {
    "lines alone": FEATURES[:4],
    "bands alone": FEATURES[4:9],
    "RMS and kurtosis alone": FEATURES[9:],
}


def story(cfg: DictConfig) -> float:
    """Learn four states of a bearing at one load, score them at another. Returns the Brier score."""
    run = Run.start(cfg, "manufacturing", model="envelope")
    with run.stage("data"):
        found = build(cfg.data).read()
        drive, fan = ([r for r in found.test if r.sensor == sensor] for sensor in ("drive end", "fan end"))
        train_recordings = [r for r in found.train if r.sensor == "drive end"]
        train, test, elsewhere = look(train_recordings), look(drive), look(fan)

    with run.stage("fit"):
        model = Classifier().fit(train)
        others = {name: Classifier(features).fit(train) for name, features in OTHERS.items()}

    with run.stage("evaluate"):
        most = np.bincount(train.state_W, minlength=len(CLASSES)) / len(train.state_W)
        said_WC = model.predict(test)
        naive_WC = np.tile(most, (len(test.state_W), 1))
        metrics = scores.scored(said_WC, naive_WC, test.state_W, test.recording_W, run.seeds[0])
        by_model = {}
        for where, windows in {"": test, ", sensor at the fan end": elsewhere}.items():
            for name, other in {"lines, bands, RMS and kurtosis": model, **others}.items():
                by_model[name + where] = shares(other.predict(windows), windows, run.seeds[0])

    with run.stage("export"):
        graph = whole_graph(model.centre_D, model.spread_D, model.weight_DC, model.bias_C)
        packed = graph.SerializeToString()
        session = Session(packed)
        answers = [session.run(inputs(recording)) for recording in drive]
        same = parity(said_WC, np.concatenate([a["probability"] for a in answers]), 1e-6)
        same["rows"] = len(said_WC)
        data = {
            "name": found.name,
            "rows": int(sum(len(r.x_N) for r in found.train + found.test)),
            "series": len(found.train) + len(found.test),
            "sha256": found.sha256,
            "licence": found.licence,
        }
        facts = {
            "data": data,
            "origins": len(test.state_W),
            "metrics": metrics,
            "metrics_by_model": by_model,
            "metrics_by_class": by_class(said_WC, test),
            "metrics_by_series": by_recording(said_WC, test),
            "parity": same,
            "notes": found.notes,
            "split": {"train": train.name_R, "test": test.name_R, "train_windows": len(train.state_W)},
        }
        human = yaml.safe_load(files("pilots.manufacturing.vibration").joinpath("card.yaml").read_text("utf-8"))
        made = describe(
            graph, train, train_recordings, version=run.version, metrics=metrics, parity=same, seed=run.seeds[0],
            commit=commit()[0] or "unknown", licence=found.licence, data=data,
        )  # fmt: skip
        card = model_card(run.facts(facts), human)
        sample = sample_from_contract(made, {"window": 2, "sample": 2400}, run.seeds[0])
        write_bundle(run.folder / "bundle", packed, made, sample, card)
        write_bytes(run.folder / "predictions.csv.gz", predictions(said_WC, test))

    with run.stage("report"):
        write_text(run.folder / "report.html", report(run.facts(facts), human, said_WC, test, drive, answers))
    run.finish(facts)
    return metrics["brier"]["value"]


def shares(p_WC: np.ndarray, windows: Windows, seed: int) -> dict[str, float]:
    """Accuracy with its interval, and the other scores, as bare numbers."""
    found = scores.scored(p_WC, p_WC, windows.state_W, windows.recording_W, seed)
    named = {name: metric["value"] for name, metric in found.items()}
    return named | {"accuracy_low": found["accuracy"]["low"], "accuracy_high": found["accuracy"]["high"]}


def by_class(p_WC: np.ndarray, test: Windows) -> dict[str, dict[str, float | None]]:
    """Of each state, the share found; of each answer, the share right (None where it was never given)."""
    said_W, table = p_WC.argmax(axis=1), {}
    for state, name in enumerate(CLASSES):
        true_W, given_W = test.state_W == state, said_W == state
        right = float((true_W & given_W).sum())
        table[name] = {
            "windows": int(true_W.sum()),
            "recall": right / float(true_W.sum()),
            "precision": right / float(given_W.sum()) if given_W.any() else None,
        }
    return table


def by_recording(p_WC: np.ndarray, test: Windows) -> dict[str, dict[str, float]]:
    """Each recording by name: how many windows, how many right, the probability given to the truth."""
    table = {}
    for number, name in enumerate(test.name_R):
        at_W = test.recording_W == number
        true = test.state_W[at_W]
        table[name] = {
            "windows": int(at_W.sum()),
            "accuracy": scores.accuracy(p_WC[at_W], true),
            "probability_of_truth": float(p_WC[at_W, true].mean()),
        }
    return table
