"""Export, prove the export equal, write the bundle, the figures and the report."""

from __future__ import annotations

import gzip
from importlib.resources import files

import numpy as np
import pandas as pd
import yaml
from omegaconf import DictConfig

from common.atomic import write_bytes, write_text
from common.bundle.write import write_bundle
from common.card import model_card
from common.evaluation import gate, packed
from common.machine import commit
from common.run import Run
from pilots.healthtech import bundle, native
from pilots.healthtech.ahead import look_ahead
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.evaluate import Backtest, Judged, mean_figures, names
from pilots.healthtech.held import totals_held
from pilots.healthtech.hierarchy.held import sums_held
from pilots.healthtech.hierarchy.joined import Joined
from pilots.healthtech.ladder import Ladder, Outcome
from pilots.healthtech.report import report

CHECKED = 20  # origins that later checks of variants look at: the last ones tested, the last ones before them
SHOWN = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)  # levels in predictions.csv.gz


def save(
    run: Run, cfg: DictConfig, test: Backtest, ladder: Ladder, outcome: Outcome, metrics: dict, better: dict
) -> float:
    """Everything a run leaves behind. Returns the pinball loss."""
    human = yaml.safe_load(files("pilots.healthtech").joinpath("card.yaml").read_text(encoding="utf-8"))
    judged, counts = outcome.by_model[ladder.headline], test.counts
    data = {
        "name": counts.name,
        "rows": int(np.isfinite(counts.y_ST[: counts.bottom]).sum()),
        "series": counts.bottom,
        "sha256": counts.sha256,
        "licence": counts.licence,
    }
    facts = {
        "data": data,
        "origins": len(test.origins.test_O),
        "metrics": metrics,
        "metrics_by_model": by_model(outcome, test),
        "metrics_by_series": by_series(judged, test),
        "against_climatology": better,
        "totals_80": totals_held(judged, test, run.seeds[0]),
        "weights": getattr(judged.weights, "by_member", {}),
        "hierarchy": hierarchy(judged, test, run.seeds[0]),
        "backtest": span(test),
        "findings": [{"kind": f.kind, "text": f.text, "series": f.series, "count": f.count} for f in counts.findings],
        "notes": list(ladder.left_out.values()),
        "benchmark": gate(cfg, "flow", LEVELS.tolist()),
    }
    with run.stage("export"):
        graph = bundle.graph_of(ladder, outcome, test)
        facts["parity"] = bundle.prove(graph, judged, test, cfg.parity)
        made = bundle.describe(
            test,
            graph,
            {"dependence": facts["totals_80"]["dependence"]},
            name="healthtech",
            version=run.version,
            model=run.model,
            metrics=metrics,
            parity=facts["parity"],
            seed=run.seeds[0],
            commit=commit()[0] or "unknown",
            licence=counts.licence,
            data=data,
        )
        card = model_card(run.facts(facts), human)
        sample = bundle.sample(test, run.seeds[0])
        write_bundle(run.folder / "bundle", graph.SerializeToString(), made, sample, card)
        learned = {name: outcome.fitted[name] for name in getattr(judged.weights, "by_member", [ladder.headline])}
        native.save(learned, judged.weights, judged.head, test.task.calendar, run.folder / "native")
        write_bytes(run.folder / "predictions.csv.gz", predictions(judged, test))
        write_bytes(run.folder / "evaluation.npz", packed(queries(test, test.origins.test_O[-CHECKED:])))
        write_bytes(run.folder / "calibration.npz", packed(queries(test, test.origins.earlier_O[-CHECKED:])))
    with run.stage("report"):
        ahead = look_ahead(graph, outcome, test)
        page = report(run.facts(facts), human, test, ladder.headline, outcome, ahead, cfg.data.get("exclude") or [])
        write_text(run.folder / "report.html", page)
    run.finish(facts)
    return metrics["pinball"]["value"]


def by_model(outcome: Outcome, test: Backtest) -> dict[str, dict[str, float | None]]:
    """Every model's scores over the bottom series."""
    return {
        name: {key: float(v[0]) if np.isfinite(v[0]) else None for key, v in _all(judged, test).items()}
        for name, judged in outcome.by_model.items()
    }


def by_series(judged: Judged, test: Backtest) -> dict[str, dict[str, float | None]]:
    """The headline model's scores of every series, sums included; null where nothing was counted."""
    found = {}
    for s, name in enumerate(test.counts.names_S):
        value = {key: float(v[0]) for key, v in _all(judged, test, [s]).items()}
        found[name] = {key: v if np.isfinite(v) else None for key, v in value.items()}
    return found


def _all(judged: Judged, test: Backtest, series: list[int] | None = None) -> dict[str, np.ndarray]:
    """Scores under the names of design §3, those of shorter horizons with @h."""
    found = {}
    for h in sorted(judged.scored, reverse=True):
        for key, value in mean_figures(judged, h, test, series=series).items():
            found |= dict.fromkeys(names(key, h, test), value)
    return found


def hierarchy(judged: Judged, test: Backtest, seed: int) -> dict[str, object] | None:
    """What each level's forecast was made with in the last block, the errors that decided it, and how sums held."""
    if not isinstance(judged.weights, Joined):
        return None
    chosen = judged.weights.reconciler
    return {
        "method": chosen.method_by_level,
        "adds_up": chosen.adds_up,
        "error_against_own": chosen.error_by_level,
        "sums": sums_held(judged, test, seed),
    }


def span(test: Backtest) -> dict[str, object]:
    """When was forecast, in words of the settings."""
    origins, time_T = test.origins, test.counts.time_T
    return {
        "first_origin": str(time_T[origins.test_O[0]]),
        "last_origin": str(time_T[min(origins.test_O[-1], len(time_T) - 1)]),
        "step": origins.step,
        "horizon": origins.horizon,
        "report": list(origins.report),
        "earlier_origins": len(origins.earlier_O),
    }


def predictions(judged: Judged, test: Backtest) -> bytes:
    """predictions.csv.gz: one line per origin, series and step."""
    at = np.searchsorted(LEVELS, SHOWN)
    tables = []
    for block, made in judged.made:
        y_OSH = test.truth(block)
        origins, series, steps = y_OSH.shape
        step_H = np.arange(steps) - test.counts.delay
        when_OH = test.counts.time_T[np.minimum(block[:, None] + step_H, len(test.counts.time_T) - 1)]
        q_BHQ = made.quantiles(LEVELS)[..., at]
        columns = {
            "origin": np.repeat(test.counts.time_T[block], series * steps),
            "series": np.tile(np.repeat(test.counts.names_S, steps), origins),
            "step": np.tile(step_H + 1, origins * series),
            "time": np.repeat(when_OH[:, None], series, axis=1).ravel(),
            "count": y_OSH.ravel(),
            "mean": made.mean_BH.ravel().round(4),
        }
        columns |= {f"q{level:g}": q_BHQ[..., i].ravel() for i, level in enumerate(SHOWN)}
        tables.append(pd.DataFrame(columns))
    return gzip.compress(pd.concat(tables).to_csv(index=False).encode(), mtime=0)


def queries(test: Backtest, origin_O: np.ndarray) -> dict[str, np.ndarray]:
    """The graph's inputs at some origins, one query each, and what came of them where the headline score looks."""
    level_S = bundle.levels(test.counts)
    asked = [bundle.asked_at(test, int(origin), level_S) for origin in origin_O]
    outcome_OSH = test.truth(origin_O)
    outcome_OSH[:, test.counts.bottom :], outcome_OSH[..., : test.counts.delay] = np.nan, np.nan
    return {name: np.stack([one[name] for one in asked]) for name in asked[0]} | {"outcome": outcome_OSH}
