"""What a user would call instead of the bundle: pandas for the features, scikit-learn and PyTorch for the model.

    python -m pilots.manufacturing.native RUN_FOLDER

Learns the run's model again from its settings (no fitted object is ever stored), prints "ready", then answers one
JSON line per request on standard input: {"task": "features" | "trees" | "pipeline", "machines": 1, "rows": 200,
"seed": 0} -> {"seconds": 0.01}. Readings are the test machines' own, another slice for every seed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from omegaconf import OmegaConf

from common.config import build
from pilots.manufacturing import protocol
from pilots.manufacturing.features import KIND, Features


def main() -> None:
    torch.set_num_threads(1)
    run = Path(sys.argv[1])
    cfg = OmegaConf.load(run / "config.yaml")
    seed = cfg.run.seeds[0]
    train, test = protocol.held_out(build(cfg.data).read(), cfg.split.test_share, seed)
    features = build(cfg.features).fit(train, seed)
    model = build(cfg.model).fit(features(train), seed)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds": measure(json.loads(line), features, model, test)}), flush=True)


def measure(asked: dict, features: Features, model, test) -> float:
    """Seconds for one request, data preparation not counted."""
    log = slices(test, asked["machines"], asked["rows"], asked["seed"])
    names = [c.name for c in test.channels]
    table = pd.DataFrame(log.reshape(-1, len(names)), columns=names)
    table.insert(0, "machine", np.repeat(np.arange(asked["machines"]), asked["rows"]))
    length_M = np.full(asked["machines"], asked["rows"])
    if asked["task"] == "trees":
        trees = getattr(model, "members", {"gbdt": model})["gbdt"].fitted
        columns = getattr(model, "members", {"gbdt": model})["gbdt"].columns_C
        x_ND = features.run(log, length_M)["features64"].astype(np.float32).reshape(-1, len(features.names_D))
        began = time.perf_counter()
        np.mean([t.predict(x_ND[:, columns]) for t in trees], axis=0)
        return time.perf_counter() - began
    began = time.perf_counter()
    x_ND = plain_features(table, features)
    if asked["task"] == "pipeline":
        x_MTD = x_ND.reshape(asked["machines"], asked["rows"], -1)
        model.predict(x_MTD, length_M)
        if hasattr(model, "risk"):
            model.risk(x_MTD, length_M)
    return time.perf_counter() - began


def slices(test, machines: int, rows: int, seed: int) -> np.ndarray:
    """Readings [machine, row, channel]: runs of consecutive rows of the test machines, joined where one is short."""
    start = np.random.default_rng(seed).integers(0, len(test.x_RF), machines)
    return test.x_RF[(start[:, None] + np.arange(rows)) % len(test.x_RF)]


def plain_features(table: pd.DataFrame, features: Features) -> np.ndarray:
    """The features of `features`, as one writes them with pandas' grouped rolling windows."""
    found = features.conditions
    names = list(table.columns[1:])
    place = table[names[: len(found.scale_S)]].to_numpy(float) / found.scale_S
    nearest = ((place[:, None] - found.centre_CS) ** 2).sum(-1).argmin(1)
    kept = [names[i] for i in found.kept_K]
    z = (table[kept] - found.mean_CK[nearest]) / found.std_CK[nearest]
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


if __name__ == "__main__":
    main()
