"""A graph held against Prophet itself: forecast and components on history and future, interval against simulation."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd

from common.bundle.session import Session
from common.fault import Fault

TOLERANCE = 1e-9  # of the series' scale
AHEAD = 180  # steps after the history
PAST = 2_000  # rows of history at most
AT_ONCE = 2_500  # paths; a logistic path holds its history too
PATHS = 20_000  # simulated; their quantiles scatter by about 1.5 % of the width at the worst of 180 steps


@dataclass(frozen=True)
class Verified:
    """rows         compared
    compared     outputs
    worst        output that differs most
    difference   the largest, as a share of y_scale (multiplicative components: as they are)
    paths        simulated
    width_error  of the interval's ends, as a share of its width; NaN where nothing was simulated
    """

    rows: int
    compared: tuple[str, ...]
    worst: str
    difference: float
    paths: int
    width_error: float


def verify(model: onnx.ModelProto, prophet: Any, series: int | None = None, paths: int | None = None) -> Verified:
    """Compare with a fitted Prophet object. A Fault where they differ.

    series: its number in a graph of many; paths: to simulate, by default PATHS, and AT_ONCE of a logistic trend,
    which takes Prophet a hundred times as long.
    """
    if paths is None:
        paths = AT_ONCE if prophet.growth == "logistic" else PATHS
    session = Session(model.SerializeToString())
    times = frame(prophet)
    out = forecast(session, times, series)
    draws, prophet.uncertainty_samples = prophet.uncertainty_samples, 0
    expected = prophet.predict(times)
    prophet.uncertainty_samples = draws
    differences = {}
    for name, value in out.items():
        column = name.removesuffix("_effect") if name.removesuffix("_effect") in prophet.extra_regressors else name
        if column in expected and not name.endswith(("_lower", "_upper")):
            additive = column in prophet.component_modes["additive"] or column in ("yhat", "trend")
            gap = np.abs(value - expected[column].to_numpy()).max() / (prophet.y_scale if additive else 1)
            differences[name] = float(gap) if np.isfinite(gap) else np.inf
    worst = max(differences, key=lambda name: differences[name])
    error = np.nan
    if paths and "yhat_lower" in out:
        low, high = simulated(prophet, times.iloc[-AHEAD:].reset_index(drop=True), paths)
        apart = np.maximum(abs(out["yhat_lower"][-AHEAD:] - low), abs(out["yhat_upper"][-AHEAD:] - high))
        error = float((apart / np.maximum(high - low, 1e-12)).max())
    if not differences[worst] <= TOLERANCE:
        raise Fault(
            f"{worst} differs from Prophet's by {differences[worst]:.1e} of the scale, more than {TOLERANCE:g}: "
            "please report the model"
        )
    return Verified(len(times), tuple(differences), worst, differences[worst], paths, error)


def simulated(prophet: Any, times: pd.DataFrame, paths: int) -> np.ndarray:
    """[2, when]: lower and upper end of the interval from so many of Prophet's simulated paths, AT_ONCE at a time."""
    draws, drawn = prophet.uncertainty_samples, []
    while paths > 0:
        prophet.uncertainty_samples = min(paths, AT_ONCE)
        drawn.append(prophet.predictive_samples(times)["yhat"])
        paths -= AT_ONCE
    prophet.uncertainty_samples = draws
    ends = [(1 - prophet.interval_width) / 2, (1 + prophet.interval_width) / 2]
    return np.quantile(np.hstack(drawn), ends, axis=1)


def load(path: Path) -> Any:
    """Prophet's object from its JSON."""
    for noisy in ("prophet", "prophet.plot", "cmdstanpy"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    try:
        from prophet.serialize import model_from_json
    except ImportError as error:
        raise Fault("--verify compares with Prophet, which is not installed: pip install prophet") from error
    try:
        model = model_from_json(path.read_text(encoding="utf-8"))
        frame(model)  # its history is whole
        return model
    except Exception as error:  # whatever a file that only we can read makes Prophet raise
        raise Fault(f"{path}: Prophet cannot read its own model back ({type(error).__name__}: {error})") from error


def frame(prophet: Any) -> pd.DataFrame:
    """The end of the history and AHEAD steps after it; what a caller brings is repeated from the history."""
    history = prophet.history.sort_values("ds").iloc[-PAST:].reset_index(drop=True)
    step = history["ds"].diff().median()
    if step >= pd.Timedelta(days=28):
        later = pd.date_range(history["ds"].iloc[-1], periods=AHEAD + 1, freq="MS")[-AHEAD:]
    else:
        later = history["ds"].iloc[-1] + step * np.arange(1, AHEAD + 1)
    times = pd.DataFrame({"ds": pd.to_datetime([*history["ds"], *later]).floor("s")})  # the graph counts whole seconds
    at = np.arange(len(times)) % len(history)
    for name, props in prophet.extra_regressors.items():
        times[name] = (history[name] * props["std"] + props["mu"]).to_numpy()[at]
    conditions = [props["condition_name"] for props in prophet.seasonalities.values() if props["condition_name"]]
    for name in {*conditions, *(["cap", "floor"] if prophet.growth == "logistic" else [])}:
        times[name] = history[name].to_numpy()[at]
    return times


def forecast(session: Session, times: pd.DataFrame, series: int | None = None) -> dict[str, np.ndarray]:
    """Every output of a graph for a frame as Prophet takes it."""
    given = {"when": times["ds"].to_numpy().astype("datetime64[s]").astype(np.int64)}
    for name, (dtype, shape) in session.inputs.items():
        if name == "series":
            given[name] = np.array([series], np.int64)
        elif name != "when":
            value = times[name].to_numpy().astype(dtype)
            given[name] = value if len(shape) == 1 else value[None]
    out = session.run(given)
    return {name: value[0] if value.ndim == 2 else value for name, value in out.items()}
