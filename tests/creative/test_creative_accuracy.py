"""The README's table of tiles: numbers of run.json alone, the lost classes counted."""

from benchmarks.creative_accuracy import MOST_BYTES, patterns, section, tables
from benchmarks.readme import CREATIVE

FIGURES = {"seam_pass": 0.9, "copy_ratio_median": 0.95, "copy_ratio_p01": 0.7, "spectrum_error": 0.3}
BESIDE = {"seam_pass": 0.0, "copy_ratio_median": 0.25}


def test_a_table_of_two_materials():
    classes = {
        name: FIGURES
        | {"swd": swd, "swd_floor": 0.1, "spectrum_floor": 0.2}
        | {"baselines": {rival: BESIDE | {"swd": 0.2} for rival in ("mirror", "quilting", "patch_nn")}}
        for name, swd in (("brick", 0.15), ("gravel", 0.25))
    }
    facts = {
        "command": "pilot-creative", "tiles": 8, "steps": 16, "metrics_by_class": classes,
        "seconds": {"fit": 200.4, "total": 300.6}, "machine": {"cpu": "c", "cores": 2},
    }  # fmt: skip
    text = section("some materials", facts)
    assert (
        "| brick | **1.50** | 2.00, 2.00, 2.00 | 1.50 | **90\u00a0%** | 0\u00a0% | **0.950** | 0.700 | 0.250, 0.250 |"
        in text
    )
    assert "| gravel | **2.50** |" in text
    assert "mirror tiling in 1 of 2, quilting in 1 of 2, nearest patches in 1 of 2" in text
    assert "learning 200 s, all together 301 s on 2 cores" in text


def test_figures_are_the_stored_ones():
    """The tables written again from the stored facts are the ones that stand in the README."""
    assert f"<!-- creative -->\n{tables()}<!-- /creative -->" in CREATIVE.read_text(encoding="utf-8")
    assert f"<!-- patterns -->\n{patterns()}<!-- /patterns -->" in CREATIVE.read_text(encoding="utf-8")


def test_the_sheet_is_small():
    sheet = CREATIVE.parent / "sheet.webp"
    assert not sheet.exists() or sheet.stat().st_size <= MOST_BYTES
