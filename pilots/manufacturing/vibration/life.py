"""Bearings run to failure, told top to bottom: does its own baseline see the failure coming, and when?

Two questions, one bearing after the other, since so few must not be pooled: (a) an alarm that needs no label and no
other bearing, (b) remaining life learned from the tests a bearing did not run in. There is no bundle: from four or six
lives nothing is learned that should be used on a seventh.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from omegaconf import DictConfig

from common.atomic import write_text
from common.config import build
from common.run import Run
from pilots.manufacturing.data.bearings import Life
from pilots.manufacturing.vibration import detect, remaining
from pilots.manufacturing.vibration.life_report import report

DRAWS = 2000
AGE_SHARE = 0.9  # of the shortest other life: the naive policy opens every bearing at that age


def story(cfg: DictConfig) -> float:
    """Alarm and remaining life of each bearing. Returns the RMSE of remaining life in hours."""
    run = Run.start(cfg, "manufacturing", model="bands")
    with run.stage("data"):
        found = build(cfg.data).read()
        lives = found.lives

    with run.stage("evaluate"):
        index = {life.name: detect.index(life.band_TB) for life in lives}
        errors = {kind: remaining.left_out(lives, kind) for kind in remaining.TARGETS}
        by_series = {life.name: one(life, lives, index[life.name], errors) for life in lives}
        failed = [by_series[life.name] for life in lives if life.failed]
        metrics = summary(failed, run.seeds[0])
        by_model = {
            name: {f"rmse_{kind}": float(np.mean([b[f"rmse_{kind}_{name}"] for b in failed])) for kind in errors}
            for name in ("ridge", "gbdt", "naive")
        }

    with run.stage("report"):
        data = {
            "name": found.name,
            "rows": int(sum(len(life.hour_T) for life in lives)),
            "series": len(lives),
            "sha256": found.sha256,
            "licence": found.licence,
        }
        facts = {
            "data": data,
            "origins": len(failed),
            "metrics": metrics,
            "metrics_by_model": by_model,
            "metrics_by_series": by_series,
            "parity": {"max_abs_diff": 0.0, "tolerance": 0.0, "rows": 0},  # nothing is exported, nothing compared
        }
        write_text(run.folder / "report.html", report(run.facts(facts), lives, index))
    run.finish(facts)
    return metrics["rmse_hours"]["value"]


def one(life: Life, lives: Sequence[Life], index_T: np.ndarray, errors: dict) -> dict[str, float | None]:
    """What is said of one bearing; None where nobody knows."""
    alarm_T = detect.alarms(index_T)
    first = int(np.argmax(alarm_T)) if alarm_T.any() else None
    alarm = None if first is None else float(life.hour_T[first])
    others = [other.hour_T[-1] for other in lives if other.failed and other.group != life.group]
    age = AGE_SHARE * float(min(others))
    whole = float(life.hour_T[-1] + life.left)
    young_T = life.hour_T < whole / 2 if np.isfinite(whole) else np.zeros(len(life.hour_T), bool)
    table: dict[str, float | None] = {
        "hours_logged": float(life.hour_T[-1]),
        "hours_of_life": whole if np.isfinite(whole) else None,
        "failed": int(life.failed),
        "first_alarm_hour": alarm,
        "lead_hours": whole - alarm if alarm is not None and np.isfinite(whole) else None,
        "alarms_in_first_half": detect.episodes(alarm_T & young_T),
        "early": int(alarm is not None and alarm < whole / 2),
        "age_policy_hour": age,
        "age_policy_lead_hours": max(whole - age, 0.0) if np.isfinite(whole) else None,
        "age_policy_early": int(age < whole / 2),
    }
    for kind, by_name in errors.items():
        for model, error in by_name.get(life.name, {}).items():
            table[f"rmse_{kind}_{model}"] = error
    return table


def summary(failed: Sequence[dict], seed: int) -> dict[str, dict]:
    """Scores over the bearings that failed, each with the same weight; intervals by bootstrap over bearings."""

    def lead(b: dict) -> float:
        return b["lead_hours"] or 0.0

    scores: dict[str, tuple[str, Callable, Callable, Callable]] = {
        "alarm_missed": (
            "share of bearings",
            np.mean,
            lambda b: lead(b) == 0,
            lambda b: b["age_policy_lead_hours"] == 0,
        ),
        "alarm_early": ("share of bearings", np.mean, lambda b: b["early"], lambda b: b["age_policy_early"]),
        "alarm_lead_median": ("hours", np.median, lead, lambda b: b["age_policy_lead_hours"]),
        "rmse_hours": ("hours", np.mean, lambda b: b["rmse_hours_ridge"], lambda b: b["rmse_hours_naive"]),
        "rmse_share": ("share of life", np.mean, lambda b: b["rmse_share_ridge"], lambda b: b["rmse_share_naive"]),
    }
    random = np.random.default_rng(seed)
    draws = random.integers(0, len(failed), (DRAWS, len(failed)))
    metrics = {}
    for name, (unit, middle, ours, naive) in scores.items():
        value_L = np.array([float(ours(b)) for b in failed])
        low, high = np.percentile(middle(value_L[draws], axis=1), [2.5, 97.5])
        beside = float(middle([float(naive(b)) for b in failed]))
        metrics[name] = {"value": float(middle(value_L)), "unit": unit, "low": float(low), "high": float(high)}
        metrics[name]["naive"] = beside
    return metrics
