"""Mark many materials, change them, search: PSNR and agreement by set and change, written to benchmarks/results.

python -m pilots.creative.experiments.watermark.study [THUMBS]
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from common.atomic import write_text
from pilots.creative.data.sample import SampleMaterials
from pilots.creative.provenance.watermark import mark, search

RESULTS = Path(__file__).resolve().parents[4] / "benchmarks/results/accuracy"
KEY, OTHER = b"study of the watermark", b"a key of somebody else"
PER_CATEGORY = 8
PHOTOS = ("brick", "grass", "gravel")


def jpeg(rgb_HW3: np.ndarray, quality: int = 60) -> np.ndarray:
    out = io.BytesIO()
    Image.fromarray(np.round(rgb_HW3 * 255).astype(np.uint8)).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out), np.float32) / 255


def eight_bits(rgb_HW3: np.ndarray) -> np.ndarray:
    return np.round(np.clip(rgb_HW3, 0, 1) * 255).astype(np.uint8).astype(np.float32) / 255


def blur(rgb_HW3: np.ndarray) -> np.ndarray:
    return eight_bits(cv2.GaussianBlur(rgb_HW3, (0, 0), 0.8))


def contrast(rgb_HW3: np.ndarray) -> np.ndarray:
    return eight_bits(0.5 + 0.8 * (rgb_HW3 - 0.5))


def half_size(rgb_HW3: np.ndarray) -> np.ndarray:
    return eight_bits(cv2.resize(rgb_HW3, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


# All but the first are of the rolled tile: 37 px down, 53 px to the left.
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "roll": lambda x: x,
    "JPEG 60": jpeg,
    "blur 0.8 px": blur,
    "contrast × 0.8": contrast,
    "2 × 3 side by side": lambda x: np.tile(x, (2, 3, 1)),
    "blur, contrast, JPEG 60": lambda x: jpeg(contrast(blur(x))),
    "half size": half_size,
}


def sets(thumbs: Path | None) -> Iterator[tuple[str, np.ndarray]]:
    """Name of the set and a picture, [H, W, 3] float32."""
    from skimage import data

    for image in SampleMaterials().read().images:
        for side in (128, 256):
            yield f"sample materials, {side} px", image.rgb_HW3[:side, :side]
    for name in PHOTOS:
        grey = getattr(data, name)().astype(np.float32) / 255
        for side in (128, 256, 512):
            yield f"photographs, {side} px", np.repeat(grey[:side, :side, None], 3, axis=2)
    if thumbs is None:
        return
    seen: dict[str, int] = {}
    for cell in json.loads((thumbs / "index.json").read_text(encoding="utf-8")):
        if not cell["square"] or seen.get(cell["category"], 0) == PER_CATEGORY:
            continue
        seen[cell["category"]] = seen.get(cell["category"], 0) + 1
        x, y = cell["x"], cell["y"]
        sheet = Image.open(thumbs / cell["file"]).convert("RGB").crop((x, y, x + cell["w"], y + cell["h"]))
        yield "real materials, 128 px", np.asarray(sheet, np.float32) / 255


def judged(plain: np.ndarray) -> dict[str, float]:
    """PSNR of the 8-bit pictures in dB; agreement in thresholds, after each change and where no mark is."""
    marked = eight_bits(mark(plain, KEY))
    plain = eight_bits(plain)
    rolled = np.roll(marked, (37, -53), axis=(0, 1))
    found = {"PSNR": float(-10 * np.log10(np.square(marked - plain).mean()))}
    tried = {name: search(change(rolled), KEY) for name, change in CHANGES.items()}
    tried |= {"no mark": search(plain, KEY), "another key": search(marked, OTHER)}
    return found | {name: each.z / each.threshold for name, each in tried.items()}


def main(words: list[str]) -> None:
    cv2.setNumThreads(1)
    rows: dict[str, list[dict[str, float]]] = {}
    for name, picture in sets(Path(words[0]) if words else None):
        rows.setdefault(name, []).append(judged(picture))
    facts = {
        name: {
            "pictures": len(row),
            "psnr_least": min(each["PSNR"] for each in row),
            **{
                change: {
                    "found": sum(each[change] > 1 for each in row) / len(row),
                    "least": min(each[change] for each in row),
                    "median": float(np.median([each[change] for each in row])),
                    "most": max(each[change] for each in row),
                }
                for change in row[0]
                if change != "PSNR"
            },
        }
        for name, row in rows.items()
    }
    write_text(RESULTS / "watermark.json", json.dumps(facts, indent=1) + "\n")
    write_text(RESULTS / "watermark.md", table(facts))
    print(table(facts))


def table(facts: dict) -> str:
    """Markdown: a row per set, a column per change."""
    changes = [name for name in next(iter(facts.values())) if name not in ("pictures", "psnr_least")]
    lines = [
        "# What the watermark withstands",
        "",
        "Share of pictures in which it is found and, in brackets, the least and the median agreement as a multiple of",
        "the threshold (false alarm 1 in 10,000 pictures); for unmarked pictures and another key the highest one.",
        "Written by `python -m pilots.creative.experiments.watermark.study`.",
        "",
        f"| set | pictures | least PSNR, dB | {' | '.join(changes)} |",
        f"| --- | ---: | ---: | {' | '.join('---' for _ in changes)} |",
    ]
    for name, row in facts.items():
        cells = []
        for change in changes:
            told, nobody = row[change], change in ("no mark", "another key")
            between = f"{told['most']:.2f}" if nobody else f"{told['least']:.1f}, {told['median']:.1f}"
            cells.append(f"{told['found']:.1%} ({between})")
        lines.append(f"| {name} | {row['pictures']} | {row['psnr_least']:.1f} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
