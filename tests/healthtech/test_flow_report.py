"""The page that a run leaves: what it says of known forecasts, and that no name from a file can do harm there."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import asdict
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from pilots.healthtech import words
from pilots.healthtech.data.contract import Counts, Finding, Level
from pilots.healthtech.distribution.sums import Dependence
from pilots.healthtech.evaluate import headline, versus
from pilots.healthtech.ladder import Outcome
from pilots.healthtech.quality import FOLDED, SHOWN, by_kind
from pilots.healthtech.report import report
from pilots.healthtech.save import by_model, span
from pilots.healthtech.words import NAIVE, RECENT, Words
from tests.healthtech.made_forecasts import ahead_of, backtest, said, steady

ROOT = Path(__file__).resolve().parents[2]
CARD = yaml.safe_load((ROOT / "pilots/healthtech/card.yaml").read_text(encoding="utf-8"))
HOSTILE = '</text></svg><script>alert("1")</script>$\\frac{x}{'


def page_of(made: Counts, model: str = "ours", off: float = 1.0, horizon: int = 14) -> str:
    """The page of a run whose model expects the truth times `off`; the naive one is 20 % too high."""
    test = backtest(made, len(made.time_T) // 2, horizon, 7 if made.freq == "D" else 1)
    mean_ST = np.full(made.y_ST.shape, 30.0) * made.sums_SB.sum(axis=1)[:, None]
    judged = {NAIVE: said(test, 1.2 * mean_ST), RECENT: said(test, 1.1 * mean_ST)}
    judged.setdefault(model, said(test, off * mean_ST))
    outcome = Outcome(judged, {}, {})
    facts = {
        "pilot": "healthtech", "model": model, "task": "flow", "seeds": [0], "version": "20260101000000",
        "command": "pilot-healthtech", "commit": None, "dirty": None, "notes": ["glm is left out: <b>too short</b>"],
        "data": {"name": made.name, "rows": 9, "series": made.bottom, "sha256": "0" * 64, "licence": "own"},
        "origins": len(test.origins.test_O), "metrics": headline([judged[model]], judged[NAIVE], test, 0),
        "metrics_by_model": by_model(outcome, test), "weights": {"glm": 0.6, "prophet": 0.4}, "backtest": span(test),
        "against_climatology": versus(judged[model], judged[RECENT], test, 0),
        "totals_80": {"steps": 7, "totals": 90, "paths": 0.81, "added": 0.99, "dependence": asdict(Dependence())},
        "parity": {"max_abs_diff": 1e-9, "tolerance": 1e-6, "rows": 9}, "seconds": {"data": 1.0, "total": 2.0},
        "peak_memory_mb": 9.0,
        "machine": {"cpu": "c", "cores": 2, "ram_gb": 4.0, "gpu": None, "versions": {"python": "3"}},
    }  # fmt: skip
    spans = [["2019-02-01", "2019-02-03"]]
    return report(facts, CARD, test, model, outcome, ahead_of(made, horizon), spans)


def plain(text: str) -> str:
    """What a person reads: no tags, one blank between words."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)).split())


class Tags(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def hostile() -> str:
    made = steady(3)
    sums_SB = np.concatenate([np.eye(3), np.ones((1, 3))])
    named = dataclasses.replace(
        made, name="<i>sample</i>", names_S=(HOSTILE, "=1+1", "\u202eevil", "<b>total</b>"), sums_SB=sums_SB,
        y_ST=np.concatenate([made.y_ST, made.y_ST.sum(axis=0, keepdims=True)]), unit="<b>people</b> $\\frac{",
        levels=(Level("<u>all</u>", (3,)),), findings=(Finding("gap", "<img src=x onerror=alert(1)> is missing"),),
    )  # fmt: skip
    return page_of(named)


def test_names_from_files_stay_text(hostile):
    found = Tags(hostile)
    assert not {tag for tag, _ in found.tags} & {"script", "i", "u", "img", "iframe", "object"}
    assert "&lt;/text&gt;&lt;/svg&gt;&lt;script&gt;" in hostile
    assert "&lt;b&gt;too short&lt;/b&gt;" in hostile
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on")]


def test_one_small_offline_file_that_can_be_read_aloud(hostile):
    found = Tags(hostile)
    assert len(hostile.encode()) < 1_000_000
    targets = [attrs.get(name, "#") for _, attrs in found.tags for name in ("src", "href", "xlink:href")]
    assert all(target.startswith(("#", "data:")) for target in targets)
    drawings = [attrs for tag, attrs in found.tags if tag == "svg"]
    assert len(drawings) == 4 + 3 + 2 + 2  # what comes, what was, weekday and months, steps and PIT
    assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 40 for attrs in drawings)
    assert sum(tag == "caption" for tag, _ in found.tags) == sum(tag == "table" for tag, _ in found.tags)
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"][1:] for tag, attrs in found.tags if tag == "a"}
    assert len(links) >= 10
    assert links <= set(ids)


def test_the_first_sentences_answer(hostile):
    text = plain(hostile)
    assert re.search(
        r"In 34 forecasts of 14 days, each made with what was known then, the forecast was off by 4\.\d", text
    )
    assert re.search(r"Last week's count was off by 6\.\d\d, climatology \(.*?\) by 5\.\d", text)
    assert re.search(r"It is better than climatology: its loss .*? lower \(95 % interval", text)
    assert "Glm is left out" in text
    assert "2019-02-01 to 2019-02-03" in text
    assert "glm 60 %, prophet 40 %" in text.replace("\u00a0", " ")
    assert "pilot-predict healthtech/latest newest_counts.csv --suppress" in text


def test_a_worse_monthly_forecast_says_so_and_where():
    made = dataclasses.replace(steady(2, 72, "MS"), unit="attendances")
    text = plain(page_of(made, off=1.4, horizon=6))
    assert "It is worse than climatology" in text
    assert "Do not plan by it" in text
    assert "By site: behind on 2 of 2, clearly on 2" in text
    assert "Last year's count was off by" in text
    assert "patient" not in text.split("What it is not for")[0].replace("Patient-flow", "")  # the unit is the data's
    assert "weekday" not in text


def test_climatology_is_not_said_to_beat_itself():
    itself = {"difference": 0.0, "low": 0.0, "high": 0.0, "other": 1.0, "verdict": "no better"}
    naive = {"difference": -0.5, "low": -0.6, "high": -0.4, "other": 1.0, "verdict": "better"}
    run = {"model": RECENT, "against_climatology": itself, "origins": 30}
    text = words.verdict(run, Words("h", "patients"), naive)
    assert text.startswith("This run's model is climatology itself. It is better than last week's count")


@pytest.mark.parametrize(
    ("low", "high", "verdict", "begin"),
    [
        (
            -0.2,
            -0.1,
            "better",
            "It is better than climatology: its loss over the whole range of what may come is 15.0 %",
        ),
        (-0.3, 0.1, "no better", "It is no better than climatology: the difference in loss, \u221230.0 to +10.0 %"),
        (0.1, 0.2, "worse", "It is worse than climatology"),
        (
            None,
            None,
            "too few origins to tell",
            "Whether it is better than climatology cannot be told from 3 forecasts",
        ),
    ],
)
def test_verdict(low, high, verdict, begin):
    found = {"difference": -0.15, "low": low, "high": high, "other": 1.0, "verdict": verdict}
    run = {"model": "ensemble", "against_climatology": found, "origins": 3}
    assert words.verdict(run, Words("D", "patients"), found).startswith(begin)


def test_long_lists_of_findings_are_shortened():
    findings = [Finding("gap", f"gap {n}", count=n) for n in range(60)] + [Finding("zero day", "a day")]
    zero, gap = by_kind(findings)
    assert (gap.kind, gap.number, gap.shown[0], zero.shown) == ("Gaps", 60, "gap 59", ("a day",))
    assert (len(gap.shown), len(gap.folded), gap.more) == (SHOWN, FOLDED, 60 - SHOWN - FOLDED)


def test_words():
    say = Words("h", "patients")
    assert (say.rate, say.periods(1), say.periods(48)) == ("patients an hour", "1 hour", "48 hours")
    assert [words.size(x) for x in (2.567, 25.67, 256.7, None, np.nan)] == ["2.57", "25.7", "257", "–", "–"]
    assert [words.signed(x) for x in (0.031, -0.124, -0.001)] == ["+3\u00a0%", "\u221212\u00a0%", "0\u00a0%"]
    assert say.when(np.datetime64("2026-01-01T14:00:00")) == "2026-01-01 14:00"
