"""Seamless tiles from a studio's own pictures, told top to bottom: read, learn, draw, judge, export, report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

if TYPE_CHECKING:
    from common.run import Run


@hydra.main(version_base="1.3", config_path="../../conf/creative", config_name="config")
def main(cfg: DictConfig) -> float:
    """Learn a material or a pattern, or take a prompt; draw with it and judge. Returns the headline figure."""
    from common.config import build
    from common.fault import Fault
    from common.run import Run
    from pilots.creative.settings import check

    check(cfg)
    run = Run.start(cfg, "creative")
    learns = getattr(build(cfg.model), "learns", None)
    if learns is None:
        raise Fault(
            f"model={run.model} is a baseline, drawn beside every model: choose tile_flow, field_flow or foundation"
        )
    if learns == "pattern":
        from pilots.creative.pattern.train import story as told
    elif learns == "prompt":
        from pilots.creative.foundation.train import story as told
    else:
        told = story
    return told(run, cfg)


def story(run: Run, cfg: DictConfig) -> float:
    """Learn from the left of every picture, compare with the right. Returns SWD over its floor."""
    from common.bundle.session import Session
    from common.config import build
    from pilots.creative.beside import beside
    from pilots.creative.bundle import part
    from pilots.creative.evaluate import Drawn, draw, draw_seams, judge, plan
    from pilots.creative.save import Found, save
    from pilots.creative.settings import reduced

    with run.stage("data"):
        reader = build(cfg.data)
        seen = reader.read()
        minutes = build(cfg.model).minutes(seen)
        rivals = {name: build(settings) for name, settings in cfg.baselines.items()}
    for sentence in [*getattr(reader, "findings", ()), *reduced(cfg, run.model, len(seen.groups))]:
        print(sentence, file=sys.stderr)
    print(f"{len(seen.images)} pictures: about {minutes:.1f} minutes of learning for each seed", file=sys.stderr)

    found = []
    with beside(run, seen, rivals, cfg.tiles) as baselines:  # a second core draws them while the first one learns
        for seed in run.seeds:
            with run.stage("fit"):
                model = build(cfg.model).fit(seen, seed, run)
            with run.stage("export"):
                graph = model.graph()
                drawn = Drawn(Session(graph.SerializeToString()), part(model, seen))
            with run.stage("evaluate"):
                tiles, seams = draw(drawn, plan(seen, cfg.tiles), seed), draw_seams(seen, drawn, cfg.tiles, seed)
                judged = judge(seen, tiles, baselines(), seed, seams)
                found.append(Found(model, graph, tiles, judged, drawn.torus_error(0, seed)))
        drawn_beside = baselines()
    return save(run, cfg, seen, found, drawn_beside)
