"""The study of real materials: what it cuts, what it counts, and that its page is what was measured."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.readme import ACCURACY
from common.fault import Fault
from pilots.creative.experiments.materials.study import CELL, EACH, RIM, cut, page, wins

REAL = Path(os.environ.get("PILOTS_REAL_DATA", "")) / "ambientcg-thumbs"


@pytest.fixture
def sheets(tmp_path):
    """Two sheets of grey cells on white, a white rim bleeding into each."""
    index = []
    for category, count in (("Brick", 3), ("Moss", 2)):
        sheet = np.full((160, 16 + 144 * count, 3), 255, np.uint8)
        for n in range(count):
            x = 16 + 144 * n
            sheet[16 + RIM : 16 + CELL - RIM, x + RIM : x + CELL - RIM] = 40 + 10 * n
            index.append({"category": category, "n": n, "file": f"{category}.png", "x": x, "y": 16, "square": n != 1})
        cv2.imwrite(str(tmp_path / f"{category}.png"), sheet)
    (tmp_path / "index.json").write_text(json.dumps(index))
    return tmp_path


def test_cells_are_cut_without_their_white_rim_and_the_largest_categories_first(sheets):
    assert cut(sheets, sheets / "made", 1) == 2
    assert sorted(p.relative_to(sheets).as_posix() for p in (sheets / "made").rglob("*.png")) == [
        "made/Brick/000.png",
        "made/Brick/002.png",
    ]
    assert cv2.imread(str(sheets / "made/Brick/002.png")).shape == (124, 124, 3)
    assert (cv2.imread(str(sheets / "made/Brick/002.png")) == 60).all()


def test_a_folder_without_an_index_is_refused(tmp_path):
    with pytest.raises(Fault, match=r"holds no index\.json"):
        cut(tmp_path, tmp_path / "made", 1)


@pytest.mark.skipif(not REAL.is_dir(), reason="PILOTS_REAL_DATA names no folder with ambientcg-thumbs")
def test_real_sheets_have_the_categories_that_are_wanted(tmp_path):
    assert cut(REAL, tmp_path / "made", 2) == 2 * EACH


def facts():
    baselines = {"mirror": scores(0.2, 0.0, 0.0), "quilting": scores(0.1, 1.0, 0.2), "patch_nn": scores(0.2, 1.0, 0.7)}
    own = {"Brick": scores(0.2, 1.0, 0.9), "Moss": scores(0.3, 0.0, 0.7)}
    by_class = {
        name: row | {"swd_floor": 0.1, "spectrum_floor": 0.05, "baselines": baselines} for name, row in own.items()
    }
    return {
        "pictures": 4,
        "model": "tile_flow",
        "metrics_by_class": by_class,
        "seconds": {"fit": 120.0, "total": 180.0},
        "machine": {"cores": 2},
        "white_noise": {"Brick": 0.25, "Moss": 0.25},
    }


def scores(swd, seam_pass, copied):
    known = {"spectrum_error": 0.1, "copy_ratio_p01": copied, "diversity": None}
    return {"swd": swd, "seam_pass": seam_pass, "copy_ratio_median": copied} | known


def test_wishes_are_counted_by_category():
    assert list(wins(facts()["metrics_by_class"]).values()) == [["Brick"]] * 4
    said = page(facts())
    assert "| `seam_pass` above mirror tiling's | 1 of 2 | Moss |" in said
    assert "would have a lower `swd` in: Moss." in said
    assert "| Moss | patch_nn | 0.200 | 0.100 | 1.000 | 0.700 | 0.700 |" in said
    assert "Minutes: fit 2.0; 3.0 in all, on 2 cores." in said


@pytest.mark.skipif(not (ACCURACY / "materials.json").is_file(), reason="the study has not been run yet")
def test_the_page_is_the_stored_result():
    assert (ACCURACY / "materials.md").read_text() == page(json.loads((ACCURACY / "materials.json").read_text()))
