"""The pilot's own settings, checked before anything is read; those of a class are checked by the class."""

from __future__ import annotations

from importlib.resources import files

from omegaconf import DictConfig, OmegaConf

from common.evaluation import check_gates
from common.fault import Fault


def check(cfg: DictConfig) -> None:
    """A Fault for the first setting of the wrong kind."""
    if type(cfg.tiles) is not int or not 1 <= cfg.tiles <= 256:
        raise Fault(f"tiles={cfg.tiles} is not a whole number from 1 to 256")
    if not isinstance(cfg.parity, float) or not 0 < cfg.parity <= 1e-2:
        raise Fault(f"parity={cfg.parity} is not a number above 0 and up to 0.01")
    check_gates(cfg)


def reduced(cfg: DictConfig, model: str, classes: int) -> list[str]:
    """A sentence where fewer steps are taken than the model's own yaml would take; none otherwise."""
    path = files("conf.creative.model").joinpath(f"{model}.yaml")
    if not path.is_file():  # a yaml of the user's own: its steps are what its author wants
        return []
    whole = OmegaConf.create(path.read_text(encoding="utf-8"))
    asked, usual = (settings.base + settings.per_class * classes for settings in (cfg.model, whole))
    if asked >= usual:
        return []
    return [f"trained with {asked:,} of the usual {usual:,} steps: what is shown is the reduced quality"]
