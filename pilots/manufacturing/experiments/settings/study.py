"""Score settings by cross-validation over training engines, and print the table.

    python -m pilots.manufacturing.experiments.settings.study FOLDER --sets FD001 FD003x6 --rows ensemble ridge

FOLDER holds train_FD001.txt and so on; test files are not opened. "x6" behind a set moves its engines into six
operating conditions. Every fold learns scales, features and models anew, from the other engines alone.

Axes: L lives (engines), T rows of the longest.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import torch
from hydra import compose, initialize_config_module
from omegaconf import DictConfig

from common.config import build
from common.split import folds
from pilots.manufacturing import protocol
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.experiments.settings.fleets import six_conditions, training_engines
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.metrics import with_interval

WINDOWS = "[mean5,mean15,mean30,std30,slope30,mean_start,shift]"  # what studies of single engines use, plus two
TRIED = {
    "naive": ["model=naive"],
    "ridge": ["model=ridge"],
    "gbdt, windows of 30": ["model=gbdt", f"features.kinds={WINDOWS}", f"model.kinds={WINDOWS}"],
    "gbdt, and slope60": [
        *("model=gbdt", f"features.kinds={WINDOWS[:-1]},slope60]", f"model.kinds={WINDOWS[:-1]},slope60]"),
    ],
    "gbdt, 15 leaves of 20 rows": ["model=gbdt", "model.leaves=15", "model.rows=20"],
    "tcn, half the training": ["model=tcn", "model.epochs=30"],
    "tcn, short look-back": ["model=tcn", "model.dilation=[1,2,4,8]"],
    "tcn, a tenth of the sensors hidden": ["model=tcn", "model.blind=0.1"],
    "ensemble": ["model=ensemble"],
    "ensemble, no age": ["model=ensemble", "model.age=false"],
}
NEAR, FAR = 7, 145  # cycles; a log of C-MAPSS's kind ends about here: neither new nor at its very last rows


def config(words: list[str]) -> DictConfig:
    with initialize_config_module("conf.manufacturing", version_base="1.3"):
        return compose("config", overrides=words)


def held_out_errors(cfg: DictConfig, fleet: Fleet, seed: int) -> dict[str, np.ndarray]:
    """Per forecaster and log, [L, 4]: squared errors and rows of every engine while it was held out, all and cut."""
    errors: dict[str, np.ndarray] = {}
    for held in folds(fleet.machine_L, cfg.split.folds, seed):
        learn = fleet.take(np.setdiff1d(np.arange(fleet.lives), held))
        features = build(cfg.features).fit(learn, seed)
        aged = cfg.model.get("age", True)
        logs = learn if aged else protocol.begun_anywhere(learn, seed)
        model = build(cfg.model).fit(features(logs), seed)
        asked = {"": fleet.take(held)}
        if not aged:
            asked |= {f", first {share:.0%} missing": asked[""].without_first(share) for share in cfg.late_start}
        for log, engines in asked.items():
            for name, rul_LT, h in said(model, features(engines)):
                kept = errors.setdefault(name + log, np.full((fleet.lives, 4), np.nan))
                kept[held] = squared(rul_LT, h, cfg.rul.cap)
    return errors


def said(model, h: Histories) -> Iterator[tuple[str, np.ndarray, Histories]]:
    """Forecasts of the model and of its members."""
    for name, one in {"": model, **getattr(model, "members", {})}.items():
        yield name, one.predict(h.x_LTD, h.length_L), h


def squared(rul_LT: np.ndarray, h: Histories, cap: float) -> np.ndarray:
    """[L, 4]: total squared error and count over all rows; mean and 1 over rows with NEAR to FAR cycles left."""
    error_LT = (np.clip(rul_LT, 0, cap) - np.minimum(h.rul_LT, cap)) ** 2
    known, near = np.isfinite(h.rul_LT), (h.rul_LT >= NEAR) & (h.rul_LT <= FAR)
    total, count = (np.where(known, error_LT, 0).sum(1), known.sum(1))
    some = near.any(1)
    mean = np.where(near, error_LT, 0).sum(1) / np.maximum(near.sum(1), 1)
    return np.stack([total, count, mean, some], axis=1)


def cell(error_LK: np.ndarray) -> str:
    """RMSE with its 95 % interval over engines: all rows | cut."""
    pairs = (with_interval(error_LK[None, :, i], error_LK[None, :, i + 1], np.sqrt) for i in (0, 2))
    return " | ".join(f"{m['value']:.2f} ({m['low']:.2f}–{m['high']:.2f})" for m in pairs)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", help="holds train_FD001.txt and so on, plain, .gz or .xz")
    words.add_argument("--sets", nargs="+", default=["FD001", "FD003"], help="FD001, FD003, FD001x6, …")
    words.add_argument("--rows", nargs="+", default=list(TRIED), choices=list(TRIED), metavar="ROW")
    words.add_argument("--seed", type=int, default=0)
    asked = words.parse_args()
    torch.set_num_threads(1)
    print("| settings | set | all rows | cut |\n| --- | --- | --- | --- |")
    for name in asked.sets:
        fleet = training_engines(asked.folder, name.removesuffix("x6"))
        fleet = six_conditions(fleet) if name.endswith("x6") else fleet
        for row in asked.rows:
            for part, error_LK in held_out_errors(config(TRIED[row]), fleet, asked.seed).items():
                label = row + (part if part.startswith(",") or not part else f": {part}")
                print(f"| {label} | {name} | {cell(error_LK)} |", flush=True)


if __name__ == "__main__":
    main()
