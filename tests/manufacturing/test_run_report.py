"""The page that a run leaves: what it says, in whose units, and that no name from a file can do harm there."""

from __future__ import annotations

import inspect
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from pilots.manufacturing import words
from pilots.manufacturing.alarm import Alarm
from pilots.manufacturing.conditions import Conditions
from pilots.manufacturing.data.contract import Channel, Fleet
from pilots.manufacturing.data.csv import CsvFleet
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.interval import Conformal, Curve
from pilots.manufacturing.metrics import reliability
from pilots.manufacturing.outcomes import Outcomes, alarm_counts, alarm_rows, doubts
from pilots.manufacturing.report import SHOWN, report

ROOT = Path(__file__).resolve().parents[2]
CARD = yaml.safe_load((ROOT / "pilots/manufacturing/card.yaml").read_text(encoding="utf-8"))
HOSTILE = '</text></svg><script>alert("1")</script>$\\frac{x}{'
ROWS, CAP = 40, 100.0


@pytest.fixture
def decision() -> Decision:
    interval = Conformal()
    interval.low = interval.high = Curve(np.array([0.0, CAP]), np.zeros(2))
    return Decision(CAP, 24, 20.0, Alarm(3, 0, 5.0), False, interval, Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0])))


def lives(left_L: list[float], *, unit: str = "hour", names: list[str] | None = None, dated: bool = False) -> Outcomes:
    """Lives of 40 rows whose forecast is 5 rows too long; `left_L`: what was left in truth, NaN = nobody knows."""
    count = len(left_L)
    channels = (Channel("speed", "rpm", 0, 4000, "setting"), Channel("a & b <i>", "mm/s", 0, 80, "sensor"))
    time_R = np.tile(np.arange(ROWS), count)
    fleet = Fleet(
        name="pumps", licence="own", sha256="0" * 64, row_unit=unit, rows_per_month=720.0, channels=channels,
        machine_L=np.array(names or [f"M{life}" for life in range(count)], object),
        life_R=np.repeat(np.arange(count), ROWS),
        time_R=np.datetime64("2026-01-01T00") + time_R.astype("timedelta64[h]") if dated else time_R,
        x_RF=np.full((ROWS * count, 2), 10.0), end_L=np.full(count, "failed", object), rul_L=np.array(left_L, float),
        test_L=np.ones(count, bool),
    )  # fmt: skip
    true_LT = fleet.rul_LT()
    said_LT = np.clip(np.nan_to_num(true_LT, nan=50.0) + 5, 0, CAP)
    answer = {
        "rul": said_LT, "low": np.maximum(said_LT - 10, 0), "high": np.minimum(said_LT + 10, CAP),
        "p_fail": 1 - said_LT / CAP, "alarm": np.array([alarm[-1] for alarm in said_LT <= 20]),
        "condition_ok": np.ones((count, ROWS), bool),
    }  # fmt: skip
    empty = np.zeros((count, ROWS, 0), np.float32)
    return Outcomes(fleet, Histories(empty, fleet.length_L, (), true_LT, true_LT), answer)


ONE = np.ones((1, 1))
CONDITIONS = Conditions(
    kept_K=np.array([1]), scale_S=np.ones(1), centre_CS=0 * ONE, radius=1.0, mean_CK=ONE, std_CK=ONE, healthy_CF=ONE,
    healthy_low_CF=ONE, healthy_high_CF=ONE,
    seen_low_F=np.full(2, 5.0), seen_high_F=np.full(2, 15.0),
)  # fmt: skip


def metric(value: float, unit: str, naive: float) -> dict:
    return {"value": value, "low": 0.5 * value, "high": 2 * value, "unit": unit, "naive": naive}


ALARM = {
    "alarm_missed": metric(0.1, "share of failures", 0.4), "alarm_lead_median": metric(20, "hours", 60),
    "false_alarms_per_machine_month": metric(0.01, "alarms per machine-month", 0.1),
    "cost_per_machine_year": metric(900, "£ per machine-year", 1500),
}  # fmt: skip
MONEY = {
    "currency": "£", "lives": 20, "missed": 2, "false": 1,
    "cost_gbp": {"breakdown": 8000, "planned_replacement": 1500, "lost_life_per_row": 4, "inspection": 250},
    "terms": {"planning": 5, "early": 60.0, "rows_per_month": 720.0, "row_unit": "hour", "machines": 3},
    "curve": {"threshold": [0, 50, 100], "value": [2000, 900, 4000], "low": [1, 2, 3], "high": [4000, 5000, 6000]},
    "policies": {
        "alarm": {"value": 900.0, "low": 700.0, "high": 1100.0},
        "fixed": {"value": 1500.0, "low": 1200.0, "high": 1900.0, "rows": 90.0},
        "never": {"value": 2500.0, "low": 2200.0, "high": 2900.0},
    },
    "saving": {
        "against": "fixed", "value": 1800.0, "low": 300.0, "high": 3000.0,
        "against_never": {"value": 4800.0, "low": 4000.0, "high": 6000.0},
    },
    "notice": {"low": 8.0, "quarter": 15.0, "middle": 20.0, "three_quarters": 25.0, "high": 40.0},
    "thresholds": {"low": 20.0, "quarter": 20.0, "middle": 30.0, "three_quarters": 30.0, "high": 40.0},
}  # fmt: skip


def facts(value: float = 5.0, high: float = 6.0, naive: float = 30.0, inside: float = 0.9) -> dict:
    life = {"value": value, "low": value - 1, "high": high, "unit": "cycles", "naive": naive}
    share = {"value": inside, "low": 0.8, "high": 1.0, "unit": "share", "naive": 1.0}
    table = {"rmse_clipped": life, "coverage_90": share, "width_90": life, "novel_key": {**life, "unit": "bananas"}}
    row = {"from": 0.0, "to": 10.0, "rows": 9, "rmse": 5.0, "bias": 5.0, "coverage": 0.9, "width": 20.0}
    stated = {"from": 0.0, "to": 0.05, "rows": 7, "lives": 2, "said": 0.02, "failed": 0.0, "low": 0.0, "high": 0.1}
    return {
        "pilot": "manufacturing", "model": "ridge", "task": "rul", "seeds": [0], "version": "20260101000000",
        "command": "pilot-manufacturing", "commit": None, "dirty": None, "notes": ["<b>note</b>"],
        "data": {"name": "pumps", "rows": 9, "series": 3, "sha256": "0" * 64, "licence": "own"},
        "metrics": table | ALARM, "money": MONEY, "cv_rmse_clipped": 5.5,
        "by_rul_bin": [row, {**row, "from": CAP, "to": CAP + 1}],
        "metrics_by_model": {"naive": {"rmse_clipped": naive}, "log without its first 25%": {"rmse_clipped": 7.0}},
        "by_probability": [stated], "parity": {"max_abs_diff": 1e-5, "tolerance": 1e-3, "rows": 9},
        "split": {"train_sha256": "a", "test_sha256": "b", "train_lives": 9, "train_failures": 8, "test_lives": 30},
        "seconds": {"data": 1.0, "total": 2.0}, "peak_memory_mb": 9.0,
        "machine": {"cpu": "c", "cores": 2, "ram_gb": 4.0, "gpu": None, "versions": {"python": "3"}},
    }  # fmt: skip


def page(some: Outcomes, decision: Decision, run: dict | None = None) -> str:
    return report(run or facts(), CARD, decision, CONDITIONS, some.fleet, lives([0, 0]).fleet, some)


def plain(text: str) -> str:
    """What a person reads: no tags, one blank between words."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL).split())


def test_the_first_sentences_answer(decision):
    text = plain(page(lives([4, 10, 17, 60, 90]), decision))
    assert "On 5 machines it had never seen, the forecast of remaining life was typically 5 hours off" in text
    assert "a naive guess, the same for every machine, was 30 hours off" in text
    assert "2 of the 5 machines alarm now. In truth 3 had 20 hours or fewer to go: 2 of them alarm, 1 do not" in text
    assert "cycle" not in text  # the unit is the data's, everywhere


@pytest.mark.parametrize(
    ("value", "high", "said"),
    [
        (5.0, 6.0, "better"),
        (29.0, 33.0, "not clearly better than guessing"),
        (30.0, 33.0, "no better than guessing: do not plan by these forecasts"),
    ],
)
def test_it_says_when_it_is_no_better_than_naive(value, high, said, decision):
    text = plain(page(lives([4, 50, 90]), decision, facts(value, high)))
    assert said in text
    assert ("than guessing" in text) == (value > 5)


def test_the_fleet_is_sorted_and_cut(decision):
    text = page(lives(list(range(1, 31))[::-1]), decision)
    names = re.findall(r'<th scope="row"><bdi>(M\d+)</bdi>', text)
    assert names == [f"M{life}" for life in range(29, 29 - SHOWN, -1)]  # the last machine had the least left
    assert "5 more machines are less urgent" in plain(text)


class Tags(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_names_from_files_stay_text(decision):
    names = [HOSTILE, "=1+1", "\u202eevil", HOSTILE + "2"]
    text = page(lives([4, 50, 90, 120], names=names, unit="$\\frac{h<b>"), decision)
    found = Tags(text)
    kinds = {tag for tag, _ in found.tags}
    assert not kinds & {"script", "i", "b", "iframe", "object"}
    assert "&lt;/text&gt;&lt;/svg&gt;&lt;script&gt;" in text
    assert "&lt;b&gt;note&lt;/b&gt;" in text
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on")]


def test_one_small_offline_file_that_can_be_read_aloud(decision):
    text = page(lives([50, 4, 95] * 100, dated=True), decision)
    found = Tags(text)
    assert len(text.encode()) < 1_500_000
    targets = [attrs.get(name, "#") for _, attrs in found.tags for name in ("src", "href", "xlink:href")]
    assert all(target.startswith(("#", "data:")) for target in targets)
    drawings = [attrs for tag, attrs in found.tags if tag == "svg" and "aria-hidden" not in attrs]
    assert len(drawings) == 7  # three machines, truth, cost, bins, probability
    assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 40 for attrs in drawings)
    captions = sum(tag == "caption" for tag, _ in found.tags)
    assert captions == sum(tag == "table" for tag, _ in found.tags) == 8
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"][1:] for tag, attrs in found.tags if tag == "a"}
    assert len(links) >= 10
    assert links <= set(ids)


def test_truth_that_nobody_knows_is_not_made_up(decision):
    text = plain(page(lives([np.nan, np.nan]), decision))
    assert "unknown" in text
    assert "In truth" not in text
    assert "farthest off" not in text


def test_every_metric_stands_there_and_a_lost_one_says_so(decision):
    run = facts(inside=0.7)
    run["metrics_by_model"]["tcn"] = {"rmse_clipped": 4.0}
    text = plain(page(lives([4, 50, 90]), decision, run))
    assert "novel key" in text
    assert "bananas" in text
    assert "The 90 % interval held only 70 % of outcomes" in text
    assert "the model tcn was closer: 4 hours off" in text
    assert "6 judgements are still missing. To be completed by a person: owner, approved by" in text


def test_the_yaml_it_shows_has_settings_of_the_reader(decision):
    shown = re.search(r"<pre[^>]*>\s*(defaults:.*?)</pre>", page(lives([4, 50]), decision), re.DOTALL)
    keys = set(yaml.safe_load(shown[1])) - {"defaults"}
    assert len(keys) == 5
    assert keys <= set(inspect.signature(CsvFleet.__init__).parameters)


def test_doubts():
    some = lives([4, 50, 90, 95])
    some.fleet.x_RF[ROWS - 1, 1] = np.nan  # last row of the first machine
    some.fleet.x_RF[ROWS : ROWS + 5, 0] = np.nan  # an eighth of the second one's speed
    some.answer["condition_ok"][2, -1] = False
    some.fleet.x_RF[4 * ROWS - 1, 0] = 18.0  # seen 5 to 15: more than a quarter of that beyond
    assert list(doubts(some, CONDITIONS)) == [
        ["no reading now: a & b <i>"],
        ["over 10 % of readings missing: speed"],
        ["operating condition not seen in training"],
        ["far outside what training saw: speed"],
    ]


def test_alarms(decision):
    assert alarm_counts(lives([4, 10, 17, np.nan]), 20.0) == {
        "machines": 4, "alarm": 2, "due": 3, "both": 2, "known": 3,
    }  # fmt: skip
    rul_T = np.array([19.0, 21, 20, 20, 20, 20, 21])
    assert alarm_rows(rul_T, decision).tolist() == [False, False, False, False, True, True, True]  # hysteresis holds it
    assert alarm_rows(rul_T[:2], decision).tolist() == [False, False]


def test_a_machine_with_several_lives_is_told_apart():
    assert lives([4, 5, 6], names=["A", "B", "A"]).names_L == ["A, life 1", "B", "A, life 2"]


def test_words():
    say = words.Words("day", 125.0)
    assert (say.life(3.6), say.life(125.0), say.life(np.nan)) == ("4", "125 or more", "unknown")
    assert (say.span(2.2, 17.7), say.span(90.0, 125.0), say.span(125.0, 125.0)) == (
        "2 to 18",
        "90 or more",
        "125 or more",
    )
    assert (say.count(1), say.count(30)) == ("1 day", "30 days")
    assert words.Words("hours", 10.0).units == "hours"
    assert words.Words("shift", 10.0).life(3.64) == "3.6"
    assert [words.percent(x, certain=False) for x in (0.0, 0.5, 1.0)] == [
        "<\u00a01\u00a0%",
        "50\u00a0%",
        ">\u00a099\u00a0%",
    ]
    assert [words.short(x) for x in (0.0117, 16, 1234567.0, 0, None)] == ["0.0117", "16.0", "1,230,000", "0", "–"]


def test_reliability_counts_by_hand():
    said_N, unit_N = np.array([0.1, 0.2, 0.9, 0.9]), np.array([0, 1, 1, 1])
    low, high = reliability(said_N, np.array([0.0, 1, 1, 0]), unit_N, [0.0, 0.5, 1.001])
    assert (low["rows"], low["lives"], low["said"], low["failed"]) == (2, 2, pytest.approx(0.15), 0.5)
    assert (low["low"], low["high"]) == (0.0, 1.0)  # the two lives disagree: drawn anew, it may be either
    assert (high["rows"], high["lives"], high["failed"], high["to"]) == (2, 1, 0.5, 1.0)
