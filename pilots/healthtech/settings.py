"""The pilot's own settings, checked before anything is read; those of a class are checked by the class."""

from __future__ import annotations

from omegaconf import DictConfig, ListConfig

from common.evaluation import check_gates
from common.fault import Fault


def check(cfg: DictConfig) -> None:
    """A Fault for the first setting of the wrong kind."""
    if cfg.task != "flow":
        raise Fault(f"task={cfg.task} is not known here: there is task=flow alone")
    for name in ("compare", "backtest.report"):
        value = cfg.compare if name == "compare" else cfg.backtest.report
        if not isinstance(value, ListConfig):
            raise Fault(f"{name}={value} is not a list: write {name}=[{value}]")
    if not isinstance(cfg.parity, float) or not 0 < cfg.parity <= 1e-3:
        raise Fault(f"parity={cfg.parity} is not a number above 0 and up to 0.001")
    check_gates(cfg)
