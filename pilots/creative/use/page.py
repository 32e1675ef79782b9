"""The pictures of one order as a contact sheet that opens offline: each two by two, so that a seam would show."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from common.atomic import write_text
from common.report import page
from pilots.creative.use.pattern import two_by_two
from pilots.creative.use.write import File

if TYPE_CHECKING:
    from common.bundle.open import Bundle

SHOWN = 24  # pictures on the page; all are in the folder
SIDE = 640  # px of a preview's longer side, two tiles across
WORDS = {
    "tile": ("Seamless tiles", "Each tile is laid out two by two here; its edges meet."),
    "variation": ("Variations of a picture", "Each variation is laid out two by two here; its edges meet."),
    "repair": (
        "A picture made tileable",
        "It is laid out two by two here: where the copies meet, a cross was drawn anew; the rest is as it was.",
    ),
}


def write_page(bundle: Bundle, verb: str, settings: Mapping[str, Any], files: Sequence[File], out: Path) -> None:
    """page.html in the folder `out`, which holds the files."""
    title, lead = WORDS[verb]
    shown = [{**vars(file), "preview": _preview(out / file.name)} for file in files[:SHOWN]]
    text = page(
        title,
        "pilots/creative/use/page.html.j2",
        lead=lead,
        shown=shown,
        files=files,
        settings=json.dumps(settings, ensure_ascii=False),
        bundle=bundle,
    )
    write_text(out / "page.html", text)


def _preview(path: Path) -> str:
    """Two by two, as a data address; decoded smaller and in 8 bits."""
    if path.suffix == ".svg":
        return two_by_two(path.read_bytes())
    data = np.fromfile(path, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    scale = min(1.0, SIDE / 2 / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    _, packed = cv2.imencode(".jpg", np.tile(small, (2, 2, 1)), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(packed).decode()
