"""What a run leaves behind: the exported pipeline (native/), signed tiles (samples/), run.json, report.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.atomic import write_bytes, write_text
from common.run import Run
from pilots.creative.foundation.folder import PARTS, class_of, sha256
from pilots.creative.foundation.judge import OURS
from pilots.creative.foundation.report import report
from pilots.creative.models.foundation import Foundation
from pilots.creative.pictures.write import encode, stem, whole_numbers
from pilots.creative.provenance import Made, key, mark, sign

NOTES = (
    "No bundle: the nets of such models are larger than a bundle may be. The exported pipeline stands in native/, for "
    "Optimum's ORTStableDiffusionPipeline.from_pretrained; other prompts are drawn by running this command again.",
    "Nothing was learned here. What the model learned from is not known here, so copies of its training pictures "
    "cannot be looked for, and no figure speaks of them.",
    "A safety checker that came with the model is not part of the export: look at every tile before it is used.",
)


def save(
    run: Run, asked: Foundation, tiles: Mapping[str, np.ndarray], seeds: Sequence[int], found: dict[str, Any]
) -> float:
    """`tiles`: by generator [N, S, S, 3]; `found`: facts so far. Returns the share of tiles whose seam shows."""
    data = {"name": f"{asked.folder.name} (as it is, nothing learned)", "rows": 0, "series": 0}
    data |= {"sha256": sha256(asked.folder), "licence": asked.licence}
    settings = {
        "prompt": asked.prompt,
        "avoid": asked.avoid,
        "guidance": asked.guidance,
        "size": found["foundation"]["size"],
        "licence": asked.licence,
        "source": asked.source,
        "model_sha256": data["sha256"],
    }
    classes = {part: class_of(asked.folder, part) for part in PARTS}
    found["foundation"] |= {**settings, "steps": asked.steps, "classes": classes}
    facts = {"task": "prompt", "data": data, "origins": 0, "notes": list(NOTES), **found}
    with run.stage("report"):
        folder = run.folder / "samples"
        folder.mkdir()
        identity = found["foundation"]["pipeline_id"]  # stands where a bundle's id stands in other tiles
        for k, (seed, tile) in enumerate(zip(seeds, tiles[OURS], strict=True)):
            title = f"{stem(asked.prompt)}_{k + 1}.png"
            made = Made(title, "tile", seed, asked.steps, identity, run.model, settings=settings)
            pixels = whole_numbers(mark(tile, key()), 8)
            write_bytes(folder / title, sign(encode(pixels, "png"), "png", made))
        write_text(run.folder / "report.html", report(run.facts(facts), asked, tiles, seeds))
    run.finish(facts)
    return 1 - facts["metrics"]["seam_pass"]["value"]
