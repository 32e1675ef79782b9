"""A Prophet fit as one ONNX graph: when [, series, cap, floor, conditions, regressors] -> yhat, interval, components.

Tensors of one series (of many: every float64 one is [series, when])

    in   when         int64 [when], seconds of the local wall clock read as UTC, as Prophet reads a naive stamp
         series       int64 [series], many only: which series
         cap, floor   float64 [when], logistic only; floor only where the training had one
         <condition>  bool [when], for each condition of a seasonality
         <regressor>  float64 [when], as the data hold it, not standardised
    out  yhat, yhat_lower, yhat_upper, trend, additive_terms, multiplicative_terms, one per seasonality and holiday,
         holidays, <regressor>_effect, extra_regressors_additive, extra_regressors_multiplicative
         out_of_date  bool [when], after the last day the holiday lists know
"""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import onnx

from common.fault import Fault
from pilots.healthtech.prophet_onnx.fit import WHEN, Fit
from pilots.healthtech.prophet_onnx.interval import interval
from pilots.healthtech.prophet_onnx.nodes import DOUBLE, Nodes
from pilots.healthtech.prophet_onnx.parameters import Parameters, Structure
from pilots.healthtech.prophet_onnx.season import holidays, out_of_date, waves
from pilots.healthtech.prophet_onnx.trend import clock, one_clock, trend

MODES = ("additive", "multiplicative")


def graph(
    parameters: Parameters, *, many: bool | None = None, components: bool = True, intervals: bool = True
) -> onnx.ModelProto:
    """The checked graph, float64, opset 20.

    many        with an input `series`; by default where there is more than one series
    components  without them the outputs are yhat, its interval and out_of_date
    intervals   False leaves out yhat_lower and yhat_upper
    """
    structure, add = parameters.structure, Nodes()
    _refuse_same_names(structure)
    add.input(WHEN, "int64", ("when",), "seconds of the local wall clock read as UTC")
    fit = Fit(add, parameters, parameters.series > 1 if many is None else many)
    seconds = add("Cast", WHEN, to=DOUBLE)
    clock_axes = add("Unsqueeze", seconds, add.index(0)) if fit.many else seconds
    t = clock(fit, seconds if one_clock(parameters) else clock_axes)
    room, floor = _limits(fit)
    found = {"trend": trend(fit, t, room, floor)}
    found |= _terms(fit, seconds, components)
    gain = add("Add", found["multiplicative_terms"], 1.0) if "multiplicative_terms" in found else None
    yhat = add("Mul", found["trend"], gain) if gain else found["trend"]
    if "additive_terms" in found:
        yhat = add("Add", yhat, found["additive_terms"])
    add.output("yhat", yhat, "float64", fit.axes, "forecast")
    if intervals:
        width = f"{structure.interval_width:.0%} interval"
        for name, end in zip(("lower", "upper"), interval(fit, t, yhat, gain, room), strict=True):
            add.output(f"yhat_{name}", end, "float64", fit.axes, f"{name} end of the {width}")
    if components:
        for name in (f"{mode}_terms" for mode in MODES if f"{mode}_terms" not in found):
            found[name] = add("Mul", found["trend"], 0.0)
        for name, value in found.items():
            add.output(name, value, "float64", fit.axes, "component")
    add.output("out_of_date", out_of_date(add, structure), "bool", ("when",), "no holiday is known so late")
    return add.model("prophet", _facts(parameters))


def _limits(fit: Fit) -> tuple[str | None, str]:
    """cap - floor of a logistic trend, and floor."""
    p, add = fit.parameters, fit.nodes
    floor = fit.number(p.floor_S)
    if p.structure.growth != "logistic":
        return None, floor
    cap = add.input("cap", "float64", fit.axes, "capacity, greater than the floor")
    if p.structure.caller_floor:
        floor = add.input("floor", "float64", fit.axes, "saturating minimum")
    return add("Sub", cap, floor), floor


def _terms(fit: Fit, seconds: str, components: bool) -> dict[str, str]:
    """Every component but the trend: one MatMul of coefficients [component, row] with features [row, when]."""
    p, add, structure = fit.parameters, fit.nodes, fit.parameters.structure
    blocks, rows = (
        a + b for a, b in zip(waves(add, structure, seconds), holidays(add, structure, seconds), strict=True)
    )
    beta_SK = p.beta_SK * np.where([mode == "additive" for _, mode in structure.columns], p.y_scale_S[:, None], 1)
    wanted = _components(structure)
    if not components:
        wanted = {name: columns for name, columns in wanted.items() if name.endswith("_terms")}
    found: dict[str, str] = {}
    if rows:
        kept = {name: c for name, c in wanted.items() if not c.isdisjoint(rows)}
        weight_SPK = np.stack([beta_SK[:, rows] * [row in c for row in rows] for c in kept.values()], axis=1)
        features = add("Concat", *blocks, axis=0) if len(blocks) > 1 else blocks[0]
        terms = add("MatMul", fit.row(weight_SPK), features)
        found = {name: add("Gather", terms, np.array(i), axis=-2) for i, name in enumerate(kept)}
    first = len(structure.columns) - len(structure.regressors)
    effects = {}
    for r, regressor in enumerate(structure.regressors):
        value = add.input(regressor.name, "float64", fit.axes, "regressor, in its own unit")
        value = add("Div", add("Sub", value, fit.number(p.mean_SR[:, r])), fit.number(p.std_SR[:, r]))
        effects[first + r] = add("Mul", value, fit.number(beta_SK[:, first + r]))
    for name, columns in wanted.items():
        for column in sorted(columns & effects.keys()):
            found[name] = add("Add", found[name], effects[column]) if name in found else effects[column]
    return found


def _components(structure: Structure) -> dict[str, set[int]]:
    """Which columns each component adds up, by Prophet's names; empty ones are left out."""
    columns = list(enumerate(structure.columns))
    regressors = {r.name: r.mode for r in structure.regressors}
    found = {f"{mode}_terms": {k for k, (_, m) in columns if m == mode} for mode in MODES}
    found |= {s.name: {k for k, (name, _) in columns if name == s.name} for s in structure.seasonalities}
    names = dict.fromkeys(h.name for h in structure.holidays)
    found |= {h: {k for k, (name, _) in columns if name == h} for h in names}
    found["holidays"] = {k for k, (name, _) in columns if name in names}
    found |= {f"{r}_effect": {k for k, (name, _) in columns if name == r} for r in regressors}
    for mode in MODES:
        found[f"extra_regressors_{mode}"] = {k for k, (name, m) in columns if name in regressors and m == mode}
    return {name: k for name, k in found.items() if k}


def _refuse_same_names(structure: Structure) -> None:
    """Prophet lets no two parts share a name; a file from elsewhere may."""
    taken = {WHEN, "series", "cap", "floor", "trend", "holidays", "yhat", "yhat_lower", "yhat_upper", "out_of_date"}
    taken |= {f"{stem}{mode}{end}" for mode in MODES for stem, end in (("", "_terms"), ("extra_regressors_", ""))}
    conditions = dict.fromkeys(s.condition for s in structure.seasonalities if s.condition)
    for name in [
        *(s.name for s in structure.seasonalities),
        *dict.fromkeys(h.name for h in structure.holidays),
        *conditions,
        *(name for r in structure.regressors for name in (r.name, f"{r.name}_effect")),
    ]:
        if name in taken:
            raise Fault(f"two parts of the model are called '{name}', or the graph needs that name itself: rename one")
        taken.add(name)


def _facts(p: Parameters) -> dict[str, str]:
    """What a reader of the file wants to know without running it."""
    s = p.structure
    facts = {
        "model": "Prophet",
        "growth": s.growth,
        "series": json.dumps(p.names_S),
        "interval_width": f"{s.interval_width:g}",
        "component_modes": json.dumps({name: mode for name, mode in s.columns}),
    }
    if s.known_until is not None:
        facts["holidays_known_until"] = (date(1970, 1, 1) + timedelta(s.known_until)).isoformat()
    return facts
