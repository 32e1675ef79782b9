"""Export, prove the export equal, write the bundle, the figures and the report."""

from __future__ import annotations

import gzip
import sys
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
from common.fault import Fault
from common.machine import commit
from common.run import Run
from common.split import fingerprint
from pilots.manufacturing import calibrate, native
from pilots.manufacturing.bundle import describe
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.features import Features
from pilots.manufacturing.graph import whole
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.outcomes import Outcomes
from pilots.manufacturing.reasons import reasons
from pilots.manufacturing.report import report
from pilots.manufacturing.rungs import longest
from pilots.manufacturing.stream.export import write_step


def exported(run: Run, features: Features, model, decision: Decision, test: Fleet, held: Histories, tolerance: float):
    """The whole graph, its parity on every test row, what it answers there, and what p_fail may be there."""
    graph = whole(features.graph, model.graph(), decision)
    readings, length = test.padded()
    asked = {"readings": readings, "length": length, "threshold": np.array(decision.threshold, np.float32)}
    asked["judge"] = np.array(1, np.float32)
    answer = Session(graph.SerializeToString(), threads=2).run(asked)
    made = calibrate.forecast(model, held)
    python = decision(made["rul"], made.get("risk"), held.length_L, lost_MT=held.lost_LT)
    facts = parity(*(np.stack([a[n] for n in ("rul", "low", "high")]) for a in (python, answer)), tolerance)
    facts["rows"] = int(held.length_L.sum())  # each compared in rul, low and high
    span = decision.p_fail_span(made["rul"], made.get("risk"), tolerance)
    parity(np.clip(answer["p_fail"], *span), answer["p_fail"], 1e-4)
    # The rule on the graph's own forecasts: a forecast within 1e-5 of the threshold may fall on either side of it.
    ruled = decision.sounding(answer["rul"], held.length_L)
    for name, says in ruled.items():
        parity(says, answer[name], 0.0)
    return graph, facts, answer, span


def why(graph, channels: list[dict], test: Fleet, answer: dict[str, np.ndarray], decision: Decision) -> list[list]:
    """The reasons for every test life that alarms, from the exported graph; none for the others."""
    session = Session(graph.SerializeToString(), threads=2)

    def ask(**inputs: np.ndarray) -> dict[str, np.ndarray]:
        given = {"threshold": np.array(decision.threshold, np.float32), "judge": np.array(1, np.float32)}
        return session.run(given | inputs)

    start_L = np.concatenate([[0], np.cumsum(test.length_L)])
    alarms = np.flatnonzero(answer["alarm"])
    logs = [test.x_RF[start_L[life] : start_L[life + 1]] for life in alarms]
    found = dict(zip(alarms.tolist(), reasons(ask, channels, f"{test.row_unit}s", logs), strict=True))
    return [found.get(life, []) for life in range(test.lives)]


def predictions(test: Fleet, held: Histories, answer: dict[str, np.ndarray]) -> bytes:
    """predictions.csv.gz: one line per row of every test machine."""
    inside = held.inside_LT
    table = pd.DataFrame(
        {
            "machine": test.machine_L[test.life_R],
            "time": test.time_R,
            "rul_true": held.rul_LT[inside],
            **{name: answer[name][inside].round(3) for name in ("rul", "low", "high", "p_fail")},
        }
    )
    return gzip.compress(table.to_csv(index=False).encode(), mtime=0)


def queries(fleet: Fleet, cap: float) -> dict[str, np.ndarray]:
    """The graph's inputs, one machine a query, and true remaining lives, cut at `cap` as the headline score is."""
    readings_LTF, length_L = fleet.padded()
    outcome_LT = np.minimum(fleet.rul_LT(), cap)
    return {"readings": readings_LTF[:, None], "length": length_L[:, None], "outcome": outcome_LT[:, None]}


def save(
    run: Run, cfg: DictConfig, fleet: Fleet, train: Fleet, test: Fleet, features: Features, model, decision: Decision,
    held: Histories, scored: dict,
) -> float:  # fmt: skip
    """Everything a run leaves behind. `scored`: metrics, metrics_by_model, cv. Returns the clipped RMSE."""
    human = yaml.safe_load(files("pilots.manufacturing").joinpath("card.yaml").read_text(encoding="utf-8"))
    with run.stage("export"):
        graph, same, answer, span = exported(run, features, model, decision, test, held, cfg.parity)
        data = {
            "name": fleet.name,
            "rows": len(fleet.x_RF),
            "series": fleet.lives,
            "sha256": fleet.sha256,
            "licence": fleet.licence,
        }
        split = {
            "train_sha256": fingerprint(train.machine_L),
            "test_sha256": fingerprint(test.machine_L),
            "train_lives": train.lives,
            "train_failures": int((train.end_L == "failed").sum()),
            "test_lives": test.lives,
        }
        facts = {"data": data, "origins": test.lives, "parity": same, "split": split, **scored}
        facts |= {"conditions": len(features.conditions.centre_CS), "notes": list(fleet.notes)}
        facts["benchmark"] = gate(cfg, "rul")
        made = describe(
            fleet,
            features,
            decision,
            graph,
            {name: scored["money"][name] for name in ("cost_gbp", "terms", "curve", "policies", "saving")},
            what_if=scored["what_if"],
            rungs={
                "baseline": None,
                "first": features.first,
                "window": longest(features.kinds),
                "new": bool(cfg.model.get("age", True)),
            },
            name="manufacturing",
            version=run.version,
            model=run.model,
            metrics=scored["metrics"],
            parity=same,
            seed=run.seeds[0],
            commit=commit()[0] or "unknown",
            licence=fleet.licence,
            data=data,
        )
        card = model_card(run.facts(facts), human)
        sample = sample_from_contract(made, {"machine": 3, "time": 40}, run.seeds[0])
        write_bundle(run.folder / "bundle", graph.SerializeToString(), made, sample, card)
        step = run.folder / "bundle-step"
        try:
            size = write_step(step, features, model, decision, test.padded()[0], held, answer, span, made, sample, card)
            run.say(f"bundle-step: {size:,} bytes of state per machine")
        except Fault as fault:  # the batch bundle is proved and stands; the other is not written
            print(f"no bundle-step: {fault}", file=sys.stderr)
            facts["notes"].append(f"no bundle-step: {fault}")
        native.save(model, features, [channel.name for channel in fleet.channels], run.folder / "native")
        write_bytes(run.folder / "predictions.csv.gz", predictions(test, held, answer))
        write_bytes(run.folder / "evaluation.npz", packed(queries(test, cfg.rul.cap)))
        learnt = train.take(np.arange(min(train.lives, 32)))
        write_bytes(run.folder / "calibration.npz", packed(queries(learnt, cfg.rul.cap)))
    with run.stage("report"):
        tested = Outcomes(test, held, answer, why(graph, made["channels"], test, answer, decision))
        page = report(run.facts(facts), human, decision, features.conditions, fleet, train, tested)
        write_text(run.folder / "report.html", page)
    run.finish(facts)
    return scored["metrics"]["rmse_clipped"]["value"]
