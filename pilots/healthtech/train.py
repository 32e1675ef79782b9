"""Patient-flow forecasts, told top to bottom: read, plan, learn, judge, export, report."""

from __future__ import annotations

import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="../../conf/healthtech", config_name="config")
def main(cfg: DictConfig) -> float:
    """Forecast counts at many origins, score every forecast. Returns the pinball loss, in counts."""
    from pilots.healthtech.settings import check

    check(cfg)
    return story(cfg)


def story(cfg: DictConfig) -> float:
    """Learn from what was known before each origin, score what came after it."""
    from common.run import Run
    from pilots.healthtech.backtest.origins import plan
    from pilots.healthtech.evaluate import Backtest, headline, versus
    from pilots.healthtech.ladder import asked_for, judge
    from pilots.healthtech.protocol import calendar_of, read, task_for
    from pilots.healthtech.save import save

    asked_for(cfg, "model")  # a wrong setting is told before an hour of work, not after it
    run = Run.start(cfg, "healthtech")
    ladder = asked_for(cfg, run.model)
    with run.stage("data"):
        counts = read(cfg)
        origins = plan(counts, **cfg.backtest)
        calendar = calendar_of(cfg, counts)

    tests, judged = [], []
    for seed in run.seeds:
        test = Backtest(counts, origins, task_for(ladder, counts, origins, calendar, seed))
        with run.stage("fit"):
            means, fitted = ladder.roll(run, test)
        with run.stage("evaluate"):
            tests.append(test)
            judged.append(judge(ladder, means, fitted, test))

    with run.stage("evaluate"):
        own, naive = ladder.headline, "seasonal_naive"
        metrics = headline([one.by_model[own] for one in judged], judged[0].by_model[naive], tests[0], run.seeds[0])
        better = versus(judged[0].by_model[own], judged[0].by_model["climatology"], tests[0], run.seeds[0])
    return save(run, cfg, tests[0], ladder, judged[0], metrics, better)
