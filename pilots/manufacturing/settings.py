"""The pilot's own settings, checked before anything is read; those of a class are checked by the class."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from common.evaluation import check_gates
from common.fault import Fault

LIMITS = {  # setting: kind, least, most
    "rul.cap": (float, 1, 1e6),
    "rul.horizon": (int, 1, 1e6),
    "alarm.threshold": (float, 0, 1e6),
    "alarm.persistence": (int, 1, 1000),
    "alarm.on_delay": (int, 0, 1000),
    "alarm.hysteresis": (float, 0, 1e6),
    "alarm.planning": (int, 0, 1e6),
    "alarm.early": (float, 0, 1e6),
    "cost_gbp.breakdown": (float, 0, 1e9),
    "cost_gbp.planned_replacement": (float, 0, 1e9),
    "cost_gbp.lost_life_per_row": (float, 0, 1e9),
    "cost_gbp.inspection": (float, 0, 1e9),
    "anomaly.baseline": (int, 4, 1e6),
    "anomaly.healthy": (int, 5, 1e9),
    "anomaly.window": (int, 5, 1e6),
    "anomaly.rate": (float, 0.001, 0.5),
    "split.test_share": (float, 0.01, 0.9),
    "split.folds": (int, 2, 100),
    "split.cuts": (int, 1, 10_000),
    "parity": (float, 1e-9, 1),
}
OPEN = {"alarm.threshold", *(name for name in LIMITS if name.startswith("cost_gbp."))}  # null: chosen, or the card's
TASKS = {  # task: the module whose `story` tells it
    "rul": "pilots.manufacturing.train",
    "anomaly": "pilots.manufacturing.anomaly.train",
    "fault_class": "pilots.manufacturing.vibration.fault_class",
    "bearing_life": "pilots.manufacturing.vibration.life",
}
OWN_DATA = {"fault_class": "cwru", "bearing_life": "bearings"}  # task: the one data set it reads, as no other task does
WITHOUT_FAILURES = ("skab",)  # data sets of running machines alone


def check(cfg: DictConfig) -> None:
    """A Fault for the first setting that is no number or lies outside its range."""
    for name, (kind, least, most) in LIMITS.items():
        value = OmegaConf.select(cfg, name)
        if value is None and name in OPEN:
            continue
        fits = isinstance(value, (int, kind)) and not isinstance(value, bool)
        if not fits or not least <= value <= most:
            wanted = "a whole number" if kind is int else "a number"
            raise Fault(f"{name}={value} is not {wanted} from {least:g} to {most:g}")
    if cfg.task not in TASKS:
        raise Fault(f"task={cfg.task} is not known here: choose {' or '.join(TASKS)}")
    _check_data(cfg)
    if cfg.alarm.threshold is not None and cfg.alarm.threshold > cfg.rul.cap:
        raise Fault(f"alarm.threshold={cfg.alarm.threshold:g} lies above rul.cap={cfg.rul.cap:g}: it always sounds")
    shares = list(cfg.late_start)
    if not all(isinstance(share, (int, float)) and 0 < share < 1 for share in shares):
        raise Fault(f"late_start={shares} are not shares between 0 and 1, such as late_start=[0.25,0.5]")
    check_gates(cfg)


def _check_data(cfg: DictConfig) -> None:
    """Recordings of vibration are no logs of machines: each task reads its own kind."""
    data = str(OmegaConf.select(cfg, "data._target_", default="")).rsplit(".", 2)[-2:][0]
    fits = {own: task for task, own in OWN_DATA.items()}
    if cfg.task in OWN_DATA and data != OWN_DATA[cfg.task]:
        raise Fault(f"task={cfg.task} reads data={OWN_DATA[cfg.task]} data.root=FOLDER, not data={data}")
    if cfg.task not in OWN_DATA and data in fits:
        raise Fault(f"data={data} goes with task={fits[data]}, not with task={cfg.task}")
    if cfg.task != "anomaly" and data in WITHOUT_FAILURES:
        raise Fault(f"data={data} holds no failure: it goes with task=anomaly, not with task={cfg.task}")
