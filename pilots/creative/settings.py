"""The pilot's own settings, checked before anything is read; those of a class are checked by the class."""

from __future__ import annotations

from omegaconf import DictConfig

from common.fault import Fault


def check(cfg: DictConfig) -> None:
    """A Fault for the first setting of the wrong kind."""
    if type(cfg.tiles) is not int or not 1 <= cfg.tiles <= 256:
        raise Fault(f"tiles={cfg.tiles} is not a whole number from 1 to 256")
    if not isinstance(cfg.parity, float) or not 0 < cfg.parity <= 1e-2:
        raise Fault(f"parity={cfg.parity} is not a number above 0 and up to 0.01")
