"""Remaining useful life, told top to bottom: read, split, learn, calibrate, score, export, report."""

from __future__ import annotations

from functools import partial
from importlib import import_module

import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="../../conf/manufacturing", config_name="config")
def main(cfg: DictConfig) -> float:
    """The story of the task that was asked for. Returns the number that a sweep makes small."""
    from pilots.manufacturing.settings import TASKS, check

    check(cfg)
    return import_module(TASKS[cfg.task]).story(cfg)


def story(cfg: DictConfig) -> float:
    """Learn remaining life from some machines, score it on others. Returns the clipped RMSE in rows."""
    from common.config import build
    from common.run import Run
    from pilots.manufacturing import calibrate, protocol
    from pilots.manufacturing.duty import wear_by_duty
    from pilots.manufacturing.evaluate import Answers, points, scores
    from pilots.manufacturing.life_left import life_left
    from pilots.manufacturing.policy import agreed, policy
    from pilots.manufacturing.save import save

    for part in (cfg.model, cfg.interval, *cfg.compare.values()):
        build(part)  # a wrong setting is told before an hour of work, not after it
    run = Run.start(cfg, "manufacturing")
    first, cap, horizon = run.seeds[0], cfg.rul.cap, cfg.rul.horizon
    with run.stage("data"):
        fleet = build(cfg.data).read()
        train, test = protocol.held_out(fleet, cfg.split.test_share, first)
        features = build(cfg.features).fit(train, first)  # the test machines are not looked at
        logs = train if cfg.model.get("age", True) else protocol.begun_anywhere(train, first)
        learn, held = features(logs), features(test)
        blind = features(protocol.sensors_lost(logs, first))
        late = {f"log without its first {share:.0%}": features(test.without_first(share)) for share in cfg.late_start}

    with run.stage("fit"):
        make, interval = partial(build, cfg.model), build(cfg.interval)
        model, oof = calibrate.learned(run, make, learn, blind, logs.machine_L, cfg.split.folds, first)
        alarm, terms, prices = agreed(cfg, fleet)
        bought = policy(oof, learn, train, cap, cfg.alarm.threshold, alarm, terms, prices)
        settings = {"cap": cap, "horizon": horizon, "threshold": bought.threshold, "alarm": alarm}
        decision = calibrate.decide(oof, learn, blind, interval, cfg.split.cuts, first, **settings)

    with run.stage("evaluate"):
        asked = {"": held, **late}
        more = calibrate.further_seeds(run, make, learn, asked)
        said = {log: [calibrate.forecast(model, h), *more[log]] for log, h in asked.items()}
        beside = {name: build(c).fit(learn, first) for name, c in cfg.compare.items()} | getattr(model, "members", {})
        naive = Answers.naive(learn, cap, horizon, interval.level)

        def scored(h, forecasts) -> dict:
            answers = Answers.of([decision(f["rul"], f.get("risk"), h.length_L, lost_MT=h.lost_LT) for f in forecasts])
            unit = f"{fleet.row_unit}s"
            return scores(h, answers, naive, unit=unit, cap=cap, horizon=horizon, cuts=cfg.split.cuts, seed=first)

        metrics = scored(held, said[""]) | bought.metrics
        by_model = {name: points(scored(held, [calibrate.forecast(other, held)])) for name, other in beside.items()}
        by_model |= {log: {key: m["value"] for key, m in scored(h, said[log]).items()} for log, h in late.items()}
        cv = calibrate.cross_validated(oof, learn, interval, cfg.split.cuts, first, cap)
        stated = calibrate.stated(oof, learn, cfg.split.cuts, first, cap, horizon)
        left = life_left(oof, learn, cfg.split.cuts, first, cap)
        twin = {"settings": wear_by_duty(train, first), "life_left": left}

    found = {"metrics": metrics, "metrics_by_model": by_model, "cv_rmse_clipped": cv["rmse"]}
    found |= {"what_if": twin, "money": bought.money, "by_rul_bin": cv["bins"], "by_probability": stated}
    return save(run, cfg, fleet, train, test, features, model, decision, held, found)
