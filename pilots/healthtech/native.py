"""What a user would call instead of the bundle: the run's models in Python, or Prophet itself for its part.

    python -m pilots.healthtech.native RUN_FOLDER [--threads 1] [--mode eager|prophet]

The protocol is that of `common.native`; a query is one origin: counts and calendar in, quantiles of every series out.
Mode eager asks the models as the backtest does (PyTorch, scikit-learn, SciPy); mode prophet asks `Prophet.predict` for
the Prophet among them, the others as before. The fitted models are read from the run's native/: plain arrays and
Prophet's JSON, never pickle.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from common import native_torch
from common.atomic import write_bytes
from common.config import build
from common.fault import Fault
from common.native import Asked, Opened, chosen, one_of, queries, readable, serve
from pilots.healthtech import prophet_json
from pilots.healthtech.backtest.rolling import expected
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import Windows
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.distribution.head import CountHead
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.distribution.recalibrate import LevelMap, bands
from pilots.healthtech.distribution.sums import Dependence
from pilots.healthtech.hierarchy.joined import Joined
from pilots.healthtech.hierarchy.reconcile import Reconciler
from pilots.healthtech.models.ensemble import Weights

FILE, PROPHET = "model.npz", "prophet"
OUTPUTS = ("quantiles", "mean", "p_exceed")


def opened(asked: Asked) -> Opened:
    """The forecast of a run, in Python."""
    if asked.device == "cuda" or asked.dtype != "fp32":
        raise Fault("these models run in float64 on the CPU alone: there is no GPU path for patient flow")
    native_torch.ready(asked)
    forecast = load(asked.run)
    folder = asked.run / "native" / PROPHET
    modes = ["eager", PROPHET] if folder.is_dir() else ["eager"]
    one_of(asked, modes)
    if asked.mode == PROPHET:
        with readable(folder):
            forecast.ask_prophet(folder)
    kept = queries(asked.run)

    def seconds(request: Mapping[str, Any]) -> float:
        rows = asked_for(chosen(request, len(kept["counts"])))
        return native_torch.seconds(lambda: forecast.answer(*rows))

    def asked_for(numbers: np.ndarray) -> tuple[Windows, np.ndarray]:
        each = [{name: x[i] for name, x in kept.items()} for i in numbers]
        return windows(each), np.concatenate([one["level"] for one in each])

    def answer(query: int) -> dict[str, np.ndarray]:
        return dict(zip(OUTPUTS, forecast.answer(*asked_for(np.array([query]))), strict=True))

    return Opened(forecast.what(asked), modes, seconds, answer)


def windows(each: list[Mapping[str, np.ndarray]]) -> Windows:
    """Rows of some queries of the bundle's graph, as the models take them."""
    series = np.concatenate([one["series"] for one in each])
    counts = np.concatenate([one["counts"] for one in each])
    when = np.concatenate([np.tile(one["when"], (len(one["series"]), 1)) for one in each])
    none = np.zeros((len(series), when.shape[1], 0))
    future = np.concatenate([one["future"] for one in each]) if "future" in each[0] else none
    return Windows(counts, when, series, future)


class Forecast:
    """Models by name, what weighs them, and the count head; without a head the one model states its own spread."""

    def __init__(self, models: dict[str, Any], weights: Any = None, head: CountHead | None = None):
        self.models, self.weights, self.head = models, weights, head
        self.prophet = next((name for name, m in models.items() if hasattr(m, "follow")), None)

    def ask_prophet(self, folder: Path) -> None:
        self.models[self.prophet] = prophet_json.ByProphet(self.models[self.prophet].module, folder)

    def what(self, asked: Asked) -> str:
        names = ", ".join(self.models)
        if asked.mode == PROPHET:
            return f"{names}; prophet by Prophet.predict without its interval, the rest by PyTorch, scikit-learn, SciPy"
        return f"{names} by PyTorch, scikit-learn and SciPy on the CPU, threads {asked.threads}"

    def answer(self, rows: Windows, level_B: np.ndarray) -> tuple[np.ndarray, ...]:
        """quantiles [B, H, 21], mean [B, H], p_exceed [B, H]: what the bundle answers."""
        if self.head is None:
            (model,) = self.models.values()
            made = model.distribution(rows)
        else:
            shape = (-1, int(rows.series_B.max()) + 1, rows.horizon)  # every query asks for every series
            means = {name: expected(model, rows).reshape(shape) for name, model in self.models.items()}
            made = self.head.distribution(self.weights.combine(means).reshape(-1, rows.horizon), rows.series_B)
        above_BH = 1.0 - made.cdf(np.floor(level_B)[:, None] + np.zeros_like(made.mean_BH))
        return made.quantiles(LEVELS), made.mean_BH, above_BH


def save(models: Mapping[str, Any], weights: Any, head: CountHead | None, calendar: Calendar, folder: Path) -> None:
    """Write what was learned into `folder` (made if absent); nothing where a model keeps no plain arrays."""
    if not all(hasattr(model, "state") for model in models.values()):
        return
    arrays = {"calendar/first": np.array(calendar.first), "calendar/table": calendar.table_DK.astype(bool)}
    arrays |= {"calendar/names": np.array(calendar.names_K), "names": np.array(list(models))}
    for name, model in models.items():
        arrays |= {f"{name}/{key}": value for key, value in model.state().items()}
    if head is not None:
        arrays |= {
            "head/factor": head.factor_SH,
            "head/dispersion": head.dispersion_SH,
            "head/maps": head.maps.value_GK,
        }
        arrays["weights/shares"] = np.array([weights.by_member[name] for name in models])
        if isinstance(weights, Joined):
            arrays["weights/matrix"] = weights.reconciler.matrix_SS
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)
    folder.mkdir(exist_ok=True)
    write_bytes(folder / FILE, held.getvalue())
    for model in models.values():
        if hasattr(model, "follow"):
            prophet_json.save(model.module, folder / PROPHET)


def load(run: Path) -> Forecast:
    """The forecast whose numbers `save` wrote, its settings from the run's config.yaml."""
    path = run / "native" / FILE
    if not path.is_file():
        raise Fault(f"{run} has no native/{FILE}: its model cannot be asked in plain Python")
    with readable(path):
        return _restored(run, path)


def _restored(run: Path, path: Path) -> Forecast:
    flow = json.loads((run / "bundle" / "bundle.json").read_text(encoding="utf-8"))["flow"]
    with np.load(path, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    part = lambda name: {k.removeprefix(f"{name}/"): v for k, v in arrays.items() if k.startswith(f"{name}/")}  # noqa: E731
    days, head, weights = part("calendar"), part("head"), part("weights")
    calendar = Calendar(int(days["first"]), days["table"].astype(float), tuple(days["names"].tolist()))
    task = Task(calendar, flow["past"], flow["horizon"])
    cfg = OmegaConf.load(run / "config.yaml").model
    names = arrays["names"].tolist()
    settings = {name: cfg.members[name] if "members" in cfg else cfg for name in names}
    models = {name: build(settings[name]).restore(part(name), task, flow["freq"]) for name in names}
    if not head:
        return Forecast(models)
    made = CountHead()
    made.factor_SH, made.dispersion_SH = head["factor"], head["dispersion"]
    made.maps, made.dependence, made.earlier = LevelMap(bands(task.horizon), head["maps"]), Dependence(), None
    by_member = Weights(dict(zip(names, weights["shares"].tolist(), strict=True)))
    matrix = weights.get("matrix")
    return Forecast(models, by_member if matrix is None else Joined(by_member, Reconciler(matrix, {}, {})), made)


if __name__ == "__main__":
    serve(opened)
