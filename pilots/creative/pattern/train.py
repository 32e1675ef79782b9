"""Patterns from the project's own library, told top to bottom: draw the library, learn, draw, judge, export, report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from common.fault import Fault

if TYPE_CHECKING:
    from common.run import Run


def story(run: Run, cfg: DictConfig) -> float:
    """Learn the library's classes. Returns the share of patterns that show their class, over the library's own."""
    from common.bundle.session import Session
    from common.config import build
    from pilots.creative.drawn import Drawn
    from pilots.creative.pattern import classifier, evaluate
    from pilots.creative.pattern.bundle import part
    from pilots.creative.pattern.save import Found, save

    if not str(cfg.data._target_).startswith("pilots.creative.data.sample."):
        raise Fault("model=field_flow learns the project's own pattern library and no pictures: leave out data=…")
    with run.stage("data"):
        model = build(cfg.model)
        seen = model.seen(run.seeds[0])
        minutes = model.minutes(seen)
    print(
        f"{len(seen.images)} kinds of patterns: about {minutes:.1f} minutes of learning for each seed", file=sys.stderr
    )

    with run.stage("judge"):
        judge = classifier.kept(run, model.judge)
        count = max(cfg.tiles, evaluate.LEAST)
        real, other = (evaluate.viewed(judge, *evaluate.held_out(count, n)) for n in (0, 1))
        mirror = evaluate.viewed(judge, evaluate.mirrored(real.fields_NSS), real.class_N)

    found = []
    for seed in run.seeds:
        with run.stage("fit"):
            model = build(cfg.model).fit(seen, seed, run)
        with run.stage("export"):
            graph = model.graph()
            sampler = Drawn(Session(graph.SerializeToString()), part(model, seen))
        with run.stage("evaluate"):
            made = evaluate.viewed(judge, *evaluate.drawn(sampler, count, seed))
            metrics = evaluate.metrics(made, real, other, mirror, evaluate.torus_error(sampler, seed))
            found.append(Found(model, graph, made, metrics))
            if seed == run.seeds[0]:
                classes = evaluate.by_class(made, real, mirror)
                table = evaluate.by_steps(sampler, judge, real, seed)
    more = {"metrics_by_class": classes, "by_steps": table, "judge_sha256": classifier.sha256(judge)}
    return save(run, cfg, seen, found, mirror, more)
