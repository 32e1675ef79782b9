"""The graph that a run exports, what the bundle says about it, and the proof that it forecasts as the backtest did.

counts [series, L], when [W], series [series], future [series, W, K], level [series]
-> quantiles [series, H, 21], mean [series, H], p_exceed [series, H], out_of_date []
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from common.bundle.format import Tensor, manifest
from common.bundle.session import SESSION_OPTIONS, Session
from common.export.parity import parity
from pilots.healthtech.backtest.rolling import rows_at
from pilots.healthtech.data.contract import PERIOD, Counts
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.evaluate import Backtest, Judged
from pilots.healthtech.graph import whole
from pilots.healthtech.ladder import Ladder, Outcome


def graph_of(ladder: Ladder, outcome: Outcome, test: Backtest) -> onnx.ModelProto:
    """The headline model as last fitted, weighed and calibrated."""
    judged = outcome.by_model[ladder.headline]
    shape = (test.task.past, test.task.horizon, len(test.counts.future_K), test.task.calendar.last_second)
    if judged.head is None:
        return whole({ladder.headline: outcome.fitted[ladder.headline].graph()}, None, None, *shape)
    members = {name: outcome.fitted[name] for name in judged.weights.by_member}
    graphs = {name: m.mean_graph() if hasattr(m, "sample") else m.graph() for name, m in members.items()}
    return whole(graphs, judged.weights.module(), judged.head.module(), *shape)


def asked_at(test: Backtest, origin: int, level_S: np.ndarray) -> dict[str, np.ndarray]:
    """The graph's inputs for one origin."""
    rows = rows_at(test.counts, np.array([origin]), test.task)
    asked = {"counts": rows.y_BL, "when": rows.when_BW[0], "series": rows.series_B, "level": level_S}
    return asked | ({"future": rows.future_BWK} if test.counts.future_K else {})


def prove(graph: onnx.ModelProto, judged: Judged, test: Backtest, tolerance: float) -> dict[str, Any]:
    """The graph's answer for the last origin against the backtest's: whole numbers equal, means within `tolerance`."""
    block, made = judged.made[-1]
    rows = slice(-test.counts.series, None)
    level_S = levels(test.counts)
    answer = Session(graph.SerializeToString()).run(asked_at(test, int(block[-1]), level_S))
    mean_SH = made.mean_BH[rows]
    facts = parity(made.quantiles(LEVELS)[rows], answer["quantiles"], 0.0)
    above_SH = 1.0 - made.cdf(np.tile(np.floor(level_S), len(block))[:, None] + np.zeros_like(made.mean_BH))[rows]
    parity(above_SH, answer["p_exceed"], 1e-6)
    near = parity(mean_SH / np.maximum(mean_SH, 1e-9), answer["mean"] / np.maximum(mean_SH, 1e-9), tolerance)
    return {**near, "rows": facts["rows"] + near["rows"]}


def levels(counts: Counts) -> np.ndarray:
    """level_S: what is high for each series, the count that one period in twenty of the last year exceeds."""
    year = {"h": 8766, "D": 365, "MS": 36}[counts.freq]
    return _known_quantiles(counts.y_ST[:, -year:], [0.95])[:, 0]


def _known_quantiles(y_ST: np.ndarray, levels: list[float]) -> np.ndarray:
    """[S, Q], 0 for a series without any count."""
    known_S = [y_T[np.isfinite(y_T)] for y_T in y_ST]
    return np.array([np.quantile(y, levels, method="lower") if len(y) else np.zeros(len(levels)) for y in known_S])


def contract(test: Backtest, level_S: np.ndarray) -> tuple[list[Tensor], list[Tensor]]:
    """Inputs and outputs of the graph."""
    counts, task, unit = test.counts, test.task, test.counts.unit
    past, ahead, word = task.past, task.horizon, PERIOD[counts.freq]
    top = float(np.nanmax(counts.y_ST, initial=1.0))
    first, last = int(counts.when_T[0]), task.calendar.last_second
    inputs = [
        Tensor("counts", "float64", ("series", past), unit, 0.0, 100 * top, missing=True, meaning="oldest first"),
        Tensor("when", "int64", (past + ahead,), "s", first - 10**9, last + 10**9, None,
               meaning=f"start of each {word} on the wall clock, as seconds since 1970 read as UTC: past, then ahead"),
        Tensor("series", "int64", ("series",), "", 0, counts.series - 1, meaning="number of the series, as in `flow`"),
        Tensor("level", "float64", ("series",), unit, 0.0, 100 * top, meaning="p_exceed is the chance of more"),
    ]  # fmt: skip
    if counts.future_K:
        shape = ("series", past + ahead, len(counts.future_K))
        inputs.append(Tensor("future", "float64", shape, "", None, None, missing=True, meaning="known before the day"))
    outputs = [
        Tensor("quantiles", "float64", ("series", ahead, len(LEVELS)), unit, 0.0, missing=True,
               meaning=f"whole numbers at {', '.join(f'{level:g}' for level in LEVELS)}"),
        Tensor("mean", "float64", ("series", ahead), unit, 0.0, missing=True, meaning="expected count"),
        Tensor("p_exceed", "float64", ("series", ahead), "probability", 0.0, 1.0, missing=True, meaning="of > level"),
        Tensor("out_of_date", "bool", (), meaning="the calendar in the graph has ended: train again"),
    ]  # fmt: skip
    return inputs, outputs


def describe(test: Backtest, graph: onnx.ModelProto, flow: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """The manifest. `flow`: what the right side must know of the series; `facts`: name, version, model, metrics, …"""
    counts = test.counts
    level_S = levels(counts)
    inputs, outputs = contract(test, level_S)
    seen_S2 = _known_quantiles(counts.y_ST, [0.01, 0.99])
    return manifest(
        inputs=inputs,
        outputs=outputs,
        pilot="healthtech",
        task="flow",
        seen={f"series_{s}": [float(v) for v in seen_S2[s]] for s in range(counts.series)},
        table=counts.table,
        decision={"level": [float(v) for v in level_S], "levels": [float(v) for v in LEVELS]},
        flow={
            "freq": counts.freq,
            "unit": counts.unit,
            "names": list(counts.names_S),
            "sums": counts.sums_SB.astype(int).tolist() if counts.series > counts.bottom else [],
            "hierarchy": [{"name": level.name, "members": list(level.member_S)} for level in counts.levels],
            "delay": counts.delay,
            "past": test.task.past,
            "horizon": test.task.horizon,
            "future": list(counts.future_K),
            **flow,
        },
        opset={o.domain or "ai.onnx": o.version for o in graph.opset_import},
        session_options=SESSION_OPTIONS,
        **facts,
    )


def sample(test: Backtest, seed: int) -> dict[str, np.ndarray]:
    """Inputs made from the contract's ranges: round counts of no hospital, at a time after the data."""
    counts, task = test.counts, test.task
    rng = np.random.default_rng(seed)
    shown = min(counts.series, 3)
    high_S = np.maximum(_known_quantiles(counts.y_ST[:shown], [0.99])[:, 0], 1.0)
    rows = rows_at(counts, np.array([len(counts.time_T)]), task)
    made = np.floor(rng.random((shown, task.past)) * high_S[:, None])
    made[rng.random(made.shape) < 0.05] = np.nan
    asked = {"counts": made, "when": rows.when_BW[0], "series": np.arange(shown), "level": np.round(high_S)}
    wide = (shown, task.past + task.horizon, len(counts.future_K))
    return asked | ({"future": rng.random(wide).round(2)} if counts.future_K else {})
