"""Tiles from a model the user already has, told top to bottom: look over, load, make periodic, export, draw, judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

if TYPE_CHECKING:
    from common.run import Run


def story(run: Run, cfg: DictConfig) -> float:
    """Draw seamless tiles of one prompt. Returns the share of tiles whose seam shows."""
    from common.config import build
    from pilots.creative.foundation.draw import mirrored, size
    from pilots.creative.foundation.export import export, opened, prove, torus_error
    from pilots.creative.foundation.judge import NAIVE, OURS, UNTOUCHED, judged, seeds
    from pilots.creative.foundation.load import check_extra, load
    from pilots.creative.foundation.save import save
    from pilots.creative.foundation.torus import make_periodic

    asked = build(cfg.model)  # a folder that is not what it should be is told before anything is loaded
    check_extra()
    wanted = seeds(run.seeds, cfg.tiles)
    with run.stage("data"):
        model = load(asked.folder)
        side = size(model, asked)

    with run.stage("baseline"):
        tiles = {UNTOUCHED: drawn(run, UNTOUCHED, model, asked, side, wanted)}
        torus = {UNTOUCHED: torus_error(model, asked, side)}
        tiles[NAIVE] = np.stack([mirrored(tile) for tile in tiles[UNTOUCHED]])

    with run.stage("export"):
        turned = sum(make_periodic(net) for net in (model.unet, model.vae))
        identity = export(model, run.folder / "native")
        exported = opened(run.folder / "native")
        parity = prove(model, exported, asked, side, cfg.parity)
        del model

    with run.stage("evaluate"):
        tiles = {OURS: drawn(run, OURS, exported, asked, side, wanted), **tiles}
        torus = {OURS: torus_error(exported, asked, side), **torus}
        metrics, bare = judged(tiles, torus, run.seeds[0])

    found = {"metrics": metrics, "metrics_by_class": {asked.prompt: bare}, "parity": parity}
    found["foundation"] = {"pipeline_id": identity, "size": side, "periodic_convolutions": turned}
    return save(run, asked, tiles, wanted, found)


def drawn(run: Run, name: str, pipeline: Any, asked: Any, side: int, seeds: list[int]) -> np.ndarray:
    """[N, side, side, 3]; each tile is kept, for one may take minutes."""
    from pilots.creative.foundation.draw import tile

    made = []
    for number, seed in enumerate(seeds):
        run.say(f"{name}, tile {number + 1} of {len(seeds)}")
        kept = run.keep(f"{name}-{seed}", lambda seed=seed: {"tile": tile(pipeline, asked, side, seed)})
        made.append(kept["tile"])
    return np.stack(made)
