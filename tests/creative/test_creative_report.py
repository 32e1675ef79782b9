"""The page that a run leaves: its numbers are run.json's, no name can do harm, and it needs no network."""

from __future__ import annotations

import io
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from common.words import short
from pilots.creative import words
from pilots.creative.closest import Pair
from pilots.creative.data.contract import Exemplar, Exemplars
from pilots.creative.lit import lit
from pilots.creative.report import Shown, report
from pilots.creative.sheet import sheet

CARD = yaml.safe_load((Path(__file__).parents[2] / "pilots/creative/card.yaml").read_text(encoding="utf-8"))
HOSTILE = "</h3><script>alert(1)</script><img src=x onerror=alert(1)> \u202eevil"
MEASURES = ("swd", "spectrum_error", "seam_pass", "seam_ratio", "copy_ratio_median", "copy_ratio_p01", "diversity")
RIVALS = ("mirror", "quilting", "patch_nn")


def facts(seen: Exemplars, good: bool = True) -> dict:
    """run.json of a made-up run; every figure is another one."""
    rng = np.random.default_rng(0)

    def figures() -> dict[str, float]:
        made = {key: float(rng.uniform(0.11, 0.19)) for key in MEASURES}
        made |= {key: float(rng.uniform(0.9, 0.99) if good else rng.uniform(0.2, 0.5)) for key in MEASURES[2:6]}
        return made | {"swd_floor": float(rng.uniform(0.1, 0.11)), "spectrum_floor": float(rng.uniform(0.1, 0.11))}

    by_class = {group: figures() | {"baselines": {rival: figures() for rival in RIVALS}} for group in seen.groups}
    metrics = {
        key: {"value": value, "low": 0.9 * value, "high": 1.01 * value, "naive": 0.77 * value, "unit": ""}
        for key, value in figures().items()
    }
    metrics["torus_error"] = {"value": 3e-7, "low": None, "high": None, "naive": None, "unit": ""}
    return {
        "pilot": "creative", "model": "tile_flow", "task": "material", "seeds": [0], "version": "20260101000000",
        "command": "pilot-creative", "commit": None, "dirty": None, "notes": ["a <b>short</b> training"],
        "data": {"name": seen.name, "rows": 2, "series": 2, "sha256": seen.sha256, "licence": seen.licence},
        "origins": 0, "metrics": metrics, "metrics_by_class": by_class, "tiles": 8, "steps": 16,
        "white_noise": dict.fromkeys(seen.groups, 0.01), "rights_sha256": seen.rights_sha256,
        "parity": {"max_abs_diff": 1.7e-6, "tolerance": 1e-4, "rows": 9}, "seconds": {"fit": 61.2, "total": 99.5},
        "peak_memory_mb": 901.0,
        "machine": {"cpu": "c", "cores": 2, "ram_gb": 4.0, "gpu": None, "versions": {"python": "3"}},
    }  # fmt: skip


def made_of(names: tuple[str, ...]) -> tuple[Exemplars, Shown]:
    rng = np.random.default_rng(1)
    images = tuple(Exemplar(f"{name}.png", name, rng.random((96, 128, 3), np.float32)) for name in names)
    row = dict.fromkeys(("path", "owner", "licence", "source", "consent"), names[0]) | {"sha256": "ab" * 32}
    seen = Exemplars(names[0], images, names[0], "0" * 64, (row,), "cd" * 32)
    tiles = {name: rng.random((3, 32, 32, 3), np.float32) for name in names}
    pairs = [Pair(names[0], 0.731, tiles[names[0]][0][:16, :16], tiles[names[0]][1][:16, :16])]
    return seen, Shown({i.group: i.rgb_HW3 for i in images}, tiles, dict.fromkeys(RIVALS, tiles), pairs)


def plain(text: str) -> str:
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)).split())


class Tags(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page():
    seen, shown = made_of(("brick", "grass"))
    run = facts(seen)
    return run, report(run, CARD, seen, shown)


def test_every_number_is_that_of_the_run(page):
    run, text = page
    said, looked = plain(text), 0
    for key, metric in run["metrics"].items():
        show = words.shown(key)
        for value in (metric["value"], metric["naive"] or metric["value"]):
            assert plain(show(value)) in said, key
            looked += 1
    for figures in run["metrics_by_class"].values():
        for key in words.RANKED:
            for value in (figures[key], *(figures["baselines"][rival][key] for rival in RIVALS)):
                assert plain(words.RANKED[key].show(value)) in said, key
                looked += 1
        for key, floor in (("swd", "swd_floor"), ("spectrum_error", "spectrum_floor")):
            assert short(figures[floor]) in said
            assert f"{figures[key] / figures[floor]:.2f} ×" in said
    assert looked == 10 * 2 + 2 * 5 * 4
    for fact in ("1.7e-06", "16 steps", "61.2", "99.5", "cd" * 32, "brick 0.73", "1 closest pair"):
        assert fact in said, fact


def test_no_name_can_do_harm():
    seen, shown = made_of((HOSTILE, "=1+1"))
    run = facts(seen)
    run["command"] = HOSTILE
    text = report(run, CARD, seen, shown)
    tags = Tags(text).tags
    assert "script" not in {tag for tag, _ in tags}
    assert not [attrs for _, attrs in tags if any(name.startswith("on") for name in attrs)]
    assert "&lt;script&gt;" in text
    assert "<b>short" not in text


def test_needs_no_network(page):
    pictures = 0
    for tag, attrs in Tags(page[1]).tags:
        for name in ("src", "href", "srcset", "data", "action"):
            if attrs.get(name):
                assert attrs[name].startswith(("data:", "#")), (tag, attrs[name][:80])
        if tag == "img":
            assert attrs["alt"]
            pictures += 1
    assert pictures == 2 * (5 + 2) + 1  # source, ours, three baselines, two more of ours; one pair
    assert not re.search(r"url\(|@import", page[1])


def test_it_says_where_we_lose(page):
    run, text = page
    assert run["metrics"]["swd"]["value"] > 1.2 * run["metrics"]["swd_floor"]["value"]  # as made
    behind = sum(m["swd"] > m["baselines"]["mirror"]["swd"] for m in run["metrics_by_class"].values())
    row = next(row for row in words.lost_rows(run) if row[0] == "distance to the held-out part")
    assert row[1] == f"{behind} of 2"
    assert "In brick, grass plain white noise would score a lower distance" in plain(text)


def test_a_poor_run_is_called_poor():
    seen, _ = made_of(("brick", "grass"))
    run = facts(seen, good=False)
    assert "do not all repeat without a seam" in words.verdict(run)
    assert "come close to what was learned" in words.verdict(run)
    assert "do not all" not in words.verdict(facts(seen))
    assert sum("brick, grass" in line for line in words.warnings(run)) >= 3


def test_noise_of_the_right_colours_is_not_called_near():
    m = {"swd": 0.09, "swd_floor": 0.1, "spectrum_error": 0.07, "spectrum_floor": 0.07}
    assert words.near(m, copy=1.0)
    assert not words.near(m | {"spectrum_error": 0.22}, copy=1.0)
    assert not words.near(m, copy=1.7)
    assert not words.near(m | {"swd": 0.2}, copy=1.0)


def test_no_more_than_enough():
    """A copy ratio above 1 is no better than 1, and what cannot be known is no loss."""
    copy = words.RANKED["copy_ratio_median"]
    assert not copy.behind(1.0, 1.3)
    assert copy.behind(0.8, 0.9)
    assert words.RANKED["swd"].behind(0.2, 0.1)
    assert not words.RANKED["swd"].behind(None, 0.1)


def test_maps_are_shown_where_they_were_learned(page):
    seen, shown = made_of(("brick",))
    flat = {"brick": np.full((32, 32, 2), 0.5, np.float32)}
    true = {"brick": np.full((96, 128, 2), 0.5, np.float32)}
    shown = Shown(shown.source, shown.ours, shown.beside, shown.pairs, flat, true)
    said = plain(report(facts(seen), CARD, seen, shown))
    for whose in ("Source", "Ours"):
        assert f"{whose}, lit from the upper left {whose}, height {whose}, roughness" in said
    assert "under a lamp" not in plain(page[1])


def test_light_comes_from_the_upper_left():
    """A bump's upper left side is bright, its lower right one dark; flat ground is even, and polish shines."""
    y, x = np.mgrid[:64, :64] - 32.0
    bump = np.exp(-(x**2 + y**2) / 200)
    grey, rough = np.full((64, 64, 3), 0.5), np.full((64, 64), 0.9)
    light = lit(grey, bump, rough).mean(axis=2)
    assert light[26, 26] > light[0, 0] + 0.03 > light[38, 38] + 0.06
    assert np.ptp(lit(grey, 0 * bump, rough)) < 1e-9
    assert lit(grey, 2 * bump, 0.2 * rough).max() > lit(grey, 2 * bump, rough).max() + 0.1


def test_the_sheet():
    seen, shown = made_of(("brick", "ein sehr langer Name mit Zeichen ж", "grass"))
    made = Image.open(io.BytesIO(sheet(shown)))
    assert made.format == "WEBP"
    assert made.size[0] > 1000
    assert len(seen.groups) == 3
