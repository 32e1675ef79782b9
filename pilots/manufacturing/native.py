"""What a user would call instead of the bundle: pandas for the features, scikit-learn and PyTorch for the model.

    python -m pilots.manufacturing.native RUN_FOLDER [--threads 1] [--device cpu|cuda] [--mode eager|compiled|graph]
                                          [--dtype fp32|fp16|bf16]

The protocol is that of `common.native`; a query is one machine's log, as long as it really is. Device, mode and dtype
are those of the net; features and trees stay on the CPU. {"task": "features" | "trees" | "net" | "pipeline",
"machines": 1, "rows": 200, "seed": 0} asks for a part of the work on rows of the test machines, others for every seed.
The fitted model is read from the run's native/model.npz: plain arrays, never pickle.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from omegaconf import OmegaConf

from common import native_torch
from common.atomic import write_bytes
from common.config import build
from common.fault import Fault
from common.native import Asked, Opened, chosen, one_of, queries, readable, serve
from pilots.manufacturing.features import KIND, Features

FILE = "model.npz"
PLACE = ("kept_K", "scale_S", "centre_CS", "mean_CK", "std_CK")  # what plain features need of the conditions


def opened(asked: Asked) -> Opened:
    """The pipeline of a run, its net on its device and in its mode."""
    pipeline = load(asked.run)
    if pipeline.net is None and (asked.device, asked.dtype) != ("cpu", "fp32"):
        raise Fault(f"{pipeline.name} has no net: it runs in float32 on the CPU alone")
    modes = native_torch.ready(asked) if pipeline.net else native_torch.ready(asked)[:1]
    one_of(asked, modes)
    net = f"net: {native_torch.words(asked)}" if pipeline.net else f"threads {asked.threads}"
    what = f"pandas and scikit-learn on the CPU, {net}; no interval, no alarm, missing readings skipped"
    pipeline.move(asked)
    kept = queries(asked.run)
    readings, length = kept["readings"][:, 0], kept["length"][:, 0]
    rows_RF = readings[np.arange(readings.shape[1]) < length[:, None]]

    def seconds(request: Mapping[str, Any]) -> float:
        if "task" in request:
            machines, rows = int(request["machines"]), int(request["rows"])
            log_MTF = slices(rows_RF, machines, rows, int(request["seed"]))
            return pipeline.seconds(str(request["task"]), log_MTF, np.full(machines, rows))
        numbers = chosen(request, len(length))
        rows = int(length[numbers].max())
        return pipeline.seconds("pipeline", readings[numbers, :rows], length[numbers])

    def answer(query: int) -> dict[str, np.ndarray]:
        rows = int(length[query])
        found = pipeline.answers(readings[[query], :rows], length[[query]])
        rest = ((0, 0), (0, readings.shape[1] - rows))
        return {"rul": np.pad(found[0].clip(0.0, pipeline.cap), rest, constant_values=np.nan)}

    return Opened(what, modes, seconds, answer)


class Pipeline:
    """What a run learned. `net`: the member that is a net, if there is one; `name`: of the model's class."""

    def __init__(self, model: Any, features: Features, place: dict[str, np.ndarray], names: list[str], cap: float):
        self.model, self.features, self.place, self.names = model, features, place, names
        self.name, self.cap = type(model).__name__, cap
        members = getattr(model, "members", {"gbdt": model})
        self.net = next((m for m in members.values() if hasattr(m, "net")), None)
        self.trees = next((m for name, m in members.items() if name == "gbdt" and hasattr(m, "fitted")), None)
        self.met: set[tuple[int, int]] = set()

    def move(self, asked: Asked) -> None:
        """The net to its device, in its mode; it takes and gives arrays of the CPU as before."""
        if self.net is not None:
            self.net.net = OnDevice(self.net.net, asked)

    def seconds(self, task: str, log_MTF: np.ndarray, length_M: np.ndarray) -> float:
        """Of one call; making the table is not counted, nor is the net's first call of a shape."""
        machines, rows = log_MTF.shape[:2]
        table, inside = self.table(log_MTF, length_M)
        work = self.work(task, table, inside, length_M)
        if self.net is not None and (machines, rows) not in self.met:
            self.met.add((machines, rows))
            width = len(self.features.kinds) * len(self.place["kept_K"]) + 1
            nothing = np.zeros((machines, rows, width), np.float32)
            native_torch.seconds(lambda: (self.net.net(torch.from_numpy(nothing)), self.net.predict(nothing, length_M)))
        return native_torch.seconds(work)

    def table(self, log_MTF: np.ndarray, length_M: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
        """A line per row, as one has it from a file; and which rows of the arrays it holds."""
        inside = np.arange(log_MTF.shape[1]) < length_M[:, None]
        table = pd.DataFrame(log_MTF[inside], columns=self.names)
        table.insert(0, "machine", np.repeat(np.arange(len(length_M)), length_M))
        return table, inside

    def answers(self, log_MTF: np.ndarray, length_M: np.ndarray) -> tuple[np.ndarray, ...]:
        with torch.inference_mode():
            return self.work("pipeline", *self.table(log_MTF, length_M), length_M)()

    def work(self, task: str, table: pd.DataFrame, inside: np.ndarray, length_M: np.ndarray) -> Callable[[], Any]:
        """The call to time."""
        if task == "features":
            return lambda: plain_features(table, self.features, self.place)
        if task == "pipeline":
            return lambda: self.answer(padded(plain_features(table, self.features, self.place), inside), length_M)
        x_MTD = padded(plain_features(table, self.features, self.place), inside)
        if task == "net" and self.net is not None:
            return lambda: self.net.net(torch.from_numpy(x_MTD))
        if task == "trees" and self.trees is not None:
            x_NC = x_MTD.reshape(-1, x_MTD.shape[2])[:, self.trees.columns_C]
            return lambda: np.mean([trees.predict(x_NC) for trees in self.trees.fitted], axis=0)
        raise Fault(f"{self.name} has no {task} to ask by itself")

    def answer(self, x_MTD: np.ndarray, length_M: np.ndarray) -> tuple[np.ndarray, ...]:
        """Remaining life, and the chance of failure where the model states one."""
        rul_MT = self.model.predict(x_MTD, length_M)
        return (rul_MT, self.model.risk(x_MTD, length_M)) if hasattr(self.model, "risk") else (rul_MT,)


class OnDevice:
    """A net elsewhere than its caller: features [L, T, D] of the CPU in, remaining life [L, T] of the CPU out."""

    def __init__(self, net: torch.nn.Module, asked: Asked):
        self.device, self.dtype = asked.device, native_torch.DTYPES[asked.dtype]
        self.net = native_torch.called(net.to(self.device, self.dtype), asked.mode)

    def __call__(self, x_LTD: torch.Tensor) -> torch.Tensor:
        return self.net(x_LTD.to(self.device, self.dtype)).float().cpu()


def padded(x_ND: np.ndarray, inside_MT: np.ndarray) -> np.ndarray:
    """Features of the rows that there are, as [machine, row, feature]; NaN elsewhere."""
    x_MTD = np.full((*inside_MT.shape, x_ND.shape[1]), np.nan, np.float32)
    x_MTD[inside_MT] = x_ND
    return x_MTD


def slices(rows_RF: np.ndarray, machines: int, rows: int, seed: int) -> np.ndarray:
    """Readings [machine, row, channel]: runs of consecutive rows of the test machines, joined where one is short."""
    start = np.random.default_rng(seed).integers(0, len(rows_RF), machines)
    return rows_RF[(start[:, None] + np.arange(rows)) % len(rows_RF)]


def plain_features(table: pd.DataFrame, features: Features, place: dict[str, np.ndarray]) -> np.ndarray:
    """The features of `features`, as one writes them with pandas' grouped rolling windows."""
    names = list(table.columns[1:])
    at = table[names[: len(place["scale_S"])]].to_numpy(float) / place["scale_S"]
    nearest = ((at[:, None] - place["centre_CS"]) ** 2).sum(-1).argmin(1)
    kept = [names[i] for i in place["kept_K"]]
    z = (table[kept] - place["mean_CK"][nearest]) / place["std_CK"][nearest]
    by = z.groupby(table["machine"])
    step = pd.Series(table.groupby("machine").cumcount().astype(float), index=z.index)
    parts = []
    for kind in features.kinds:
        if kind == "shift":
            young = by.expanding().mean().droplevel(0)[step < features.first].reindex(z.index)
            first = young.groupby(table["machine"]).ffill()
            parts.append(by.rolling(5, min_periods=1).mean().droplevel(0) - first)
            continue
        what, rows = KIND.fullmatch(kind).groups()
        window = by.expanding() if rows == "_start" else by.rolling(int(rows), min_periods=1)
        if what == "slope":
            grown = z.assign(_step=step).groupby(table["machine"])
            window = grown.expanding() if rows == "_start" else grown.rolling(int(rows), min_periods=2)
            moments = window.cov(pairwise=True).droplevel(0)
            against = moments.xs("_step", level=-1)
            parts.append(against[kept].div(against["_step"], axis=0).fillna(0.0))
        else:
            made = window.mean() if what == "mean" else window.std(ddof=0)
            parts.append(made.droplevel(0))
    return np.column_stack([*(p.to_numpy() for p in parts), step + 1]).astype(np.float32)


def save(model: Any, features: Features, names: list[str], folder: Path) -> None:
    """Write what was learned into `folder` (made if absent), as plain arrays."""
    held = io.BytesIO()
    place = {f"place/{name}": getattr(features.conditions, name) for name in PLACE}
    learned = {f"model/{name}": value for name, value in model.state().items()}
    np.savez_compressed(held, names=np.array(names), **place, **learned)
    folder.mkdir(exist_ok=True)
    write_bytes(folder / FILE, held.getvalue())


def load(run: Path) -> Pipeline:
    """The pipeline whose numbers `save` wrote, its settings from the run's config.yaml."""
    path = run / "native" / FILE
    if not path.is_file():
        raise Fault(f"{run} has no native/{FILE}: only a remaining-life run keeps its model in plain Python")
    with readable(path):
        with np.load(path, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        place = {name: arrays.pop(f"place/{name}") for name in PLACE}
        names = arrays.pop("names").tolist()
        state = {name.removeprefix("model/"): value for name, value in arrays.items()}
        cfg = OmegaConf.load(run / "config.yaml")
        return Pipeline(build(cfg.model).restore(state), build(cfg.features), place, names, cfg.rul.cap)


if __name__ == "__main__":
    serve(opened)
