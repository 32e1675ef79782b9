"""Anomaly detection without a single failure, top to bottom: read, learn what is healthy, score, export, report."""

from __future__ import annotations

from omegaconf import DictConfig

RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)  # stated rates of the table


def story(cfg: DictConfig) -> float:
    """Learn healthy running, state a false-alarm rate, measure it on logs left out. Returns |measured - stated|."""
    from common.config import build
    from common.run import Run
    from pilots.manufacturing.anomaly import evaluate
    from pilots.manufacturing.anomaly.healthy import parts
    from pilots.manufacturing.anomaly.save import save

    build(cfg.detector)  # a wrong setting is told before anything is read
    run = Run.start(cfg, "manufacturing", model="t2q")
    seed, rows = run.seeds[0], cfg.anomaly
    with run.stage("data"):
        fleet = build(cfg.data).read()
        cut = parts(fleet, rows.baseline, rows.healthy, rows.window, cfg.split.test_share, seed)

    with run.stage("fit"):
        detector = build(cfg.detector).fit(cut.windows, rows.baseline, seed)  # healthy rows, no label, no failure

    with run.stage("evaluate"):
        answer = detector(cut.test)
        unit, truth_LT = f"{fleet.row_unit}s", evaluate.truth(cut, cfg.rul.horizon)
        alarm_LT = answer["score"] > detector.limit(rows.rate)
        metrics = evaluate.scores(truth_LT, alarm_LT, unit)
        metrics |= evaluate.lead(cut, alarm_LT, cfg.rul.horizon, unit)
        table = evaluate.by_rate(truth_LT, answer["score"], detector.limit, RATES, unit)

    found = {"metrics": metrics, "by_rate": table, "rate": float(rows.rate)}
    save(run, cfg, fleet, cut, detector, answer, truth_LT, found)
    return abs(metrics["far"]["value"] - rows.rate)
