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
from scipy.stats import poisson

from pilots.healthtech import words
from pilots.healthtech.ahead import Ahead, pressure, shown, sums
from pilots.healthtech.backtest.origins import Origins
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.cells import cell_by_cell, pit_histogram
from pilots.healthtech.data.contract import Counts, Finding, Level, when_after
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.distribution.sums import Dependence
from pilots.healthtech.evaluate import Backtest, Judged, headline, versus
from pilots.healthtech.kinds import Kind, kinds
from pilots.healthtech.ladder import Outcome
from pilots.healthtech.lost import inside_by, where_we_lose
from pilots.healthtech.metrics import resamples
from pilots.healthtech.profile import effects
from pilots.healthtech.quality import FOLDED, SHOWN, by_kind
from pilots.healthtech.report import report
from pilots.healthtech.save import by_model, span
from pilots.healthtech.words import NAIVE, RECENT, Words
from tests.healthtech.made_counts import counts

ROOT = Path(__file__).resolve().parents[2]
CARD = yaml.safe_load((ROOT / "pilots/healthtech/card.yaml").read_text(encoding="utf-8"))
HOSTILE = '</text></svg><script>alert("1")</script>$\\frac{x}{'
CALENDAR = Calendar.make(2018, 2022)


class Poisson:
    """A `Distribution` whose law is known."""

    def __init__(self, mean_BH: np.ndarray):
        self.mean_BH = mean_BH

    def quantiles(self, levels_Q: np.ndarray) -> np.ndarray:
        mean_M, at_BH = np.unique(self.mean_BH, return_inverse=True)
        return poisson.ppf(levels_Q, mean_M[:, None])[at_BH.reshape(self.mean_BH.shape)]

    def cdf(self, y_BH: np.ndarray) -> np.ndarray:
        return poisson.cdf(y_BH, self.mean_BH)

    def crps(self, y_BH: np.ndarray) -> np.ndarray:
        return np.abs(y_BH - self.mean_BH)


def backtest(made: Counts, first: int = 200, horizon: int = 14, step: int = 7) -> Backtest:
    test_O = np.arange(first, len(made.time_T) - horizon + 1, step)
    return Backtest(made, Origins(test_O, test_O[:0], step, horizon, ()), Task(CALENDAR, 91, horizon))


def said(test: Backtest, mean_ST: np.ndarray) -> Judged:
    """What a model that expects mean_ST would have forecast."""
    test_O = test.origins.test_O
    mean_OSH = mean_ST[:, test_O[:, None] + np.arange(test.origins.horizon)].transpose(1, 0, 2)
    made = Poisson(mean_OSH.reshape(-1, test.origins.horizon))
    return Judged(test.score(made, test_O), [(test_O, made)])


def cells_of(test: Backtest, **mean_ST: np.ndarray):
    weight_RO = resamples(len(test.origins.test_O), test.origins.horizon, test.origins.step, 0)
    return cell_by_cell({name: said(test, mean) for name, mean in mean_ST.items()}, test, weight_RO)


def steady(series: int = 4, periods: int = 500, freq: str = "D", mean: float = 30.0) -> Counts:
    """Poisson counts of the same mean everywhere."""
    made = counts(periods, freq, series, seed=1)
    y_ST = np.random.default_rng(2).poisson(mean, (series, periods)).astype(float)
    return dataclasses.replace(made, y_ST=y_ST)


@pytest.mark.parametrize("mean", [1.5, 30.0])
def test_pit_of_a_perfect_poisson_forecast_is_flat(mean):
    test = backtest(steady(8, 600, mean=mean))
    right = np.full(test.counts.y_ST.shape, mean)
    cells = cells_of(test, right=right, low=0.8 * right)
    flat_K = pit_histogram(cells.by_model["right"], 8)
    np.testing.assert_allclose(flat_K, 0.1, atol=0.015)
    assert flat_K.sum() == pytest.approx(1)
    low_K = pit_histogram(cells.by_model["low"], 8)
    assert low_K[-1] > 1.3 * low_K[0]  # counts above what is expected fall into the upper tenths


def test_cells_agree_with_the_scores_of_the_run():
    test = backtest(steady())
    cells = cells_of(test, right=np.full(test.counts.y_ST.shape, 30.0)).by_model["right"]
    scored = said(test, np.full(test.counts.y_ST.shape, 30.0)).scored[14]
    assert np.nansum(cells.loss_OSH) == pytest.approx(scored.sum_OS["pinball"].sum())
    assert np.nansum(cells.off_OSH) == pytest.approx(scored.sum_OS["mae"].sum())
    for number, percent in enumerate((50, 80, 95)):
        assert np.nansum(cells.closed_OSH(percent)) == pytest.approx(scored.closed_OSC[..., number].sum())
    assert np.nanmean(cells.inside_OSH(80)) == pytest.approx(0.8, abs=0.02)


def test_where_we_lose_finds_what_was_planted():
    made = steady()
    test = backtest(made)
    ours, theirs = np.full(made.y_ST.shape, 30.0), np.full(made.y_ST.shape, 34.0)
    ours[2] = 40.0  # one site
    weekday_T = (made.time_T.astype("datetime64[D]").astype(int) + 3) % 7
    ours[:2, weekday_T == 5] = 38.0  # Saturdays of two others
    cells = cells_of(test, ours=ours, theirs=theirs)
    by = kinds(cells.when_OH, made, CALENDAR)
    site, weekday, step = where_we_lose(cells, "ours", ["theirs"], [by["site"], by["weekday"], by["step"]])
    assert [(row.name, row.clear) for row in site.rows if row.clear] == [("site 3", True)]
    assert site.of == 4
    assert site.rows[0].name == "site 3"
    assert site.rows[0].low > 0
    assert weekday.rows[0].name == "Saturday"
    assert weekday.rows[0].more == pytest.approx(weekday.rows[0].ours / weekday.rows[0].theirs - 1)
    assert step.of == 14
    inside_K, n_K = inside_by(cells, "ours", by["site"])
    assert inside_K[2] < 0.6 < 0.75 < inside_K[1]
    assert n_K[0] == 14 * len(test.origins.test_O)


def test_nothing_is_lost_to_a_worse_forecast():
    test = backtest(steady())
    shape = test.counts.y_ST.shape
    cells = cells_of(test, ours=np.full(shape, 30.0), theirs=np.full(shape, 60.0))
    for lost in where_we_lose(cells, "ours", ["theirs"], kinds(cells.when_OH, test.counts, CALENDAR).values()):
        assert not lost.rows
        assert lost.of > 0


def test_sums_by_kind_by_hand():
    kind = Kind("half", ("early", "late"), np.array([0, 0, 1, -1]))
    x_OSH = np.array([[[1.0, 2.0, 4.0, 100.0]], [[3.0, np.nan, 8.0, 100.0]]])
    summed_OK, number_OK = kind.sums(x_OSH)
    np.testing.assert_array_equal(summed_OK, [[3, 4], [3, 8]])
    np.testing.assert_array_equal(number_OK, [[2, 1], [1, 1]])
    np.testing.assert_array_equal(kind.means(x_OSH), [2, 6])


def test_a_quiet_christmas_is_told():
    made = steady(2, 420)  # from 2019-01-07, so until March 2020
    christmas_T = made.time_T.astype("datetime64[D]") == np.datetime64("2019-12-25")
    made.y_ST[:, christmas_T] = 12
    test = backtest(made)
    ours = np.full(made.y_ST.shape, 30.0)
    ours[:, christmas_T] = 15.0
    cells = cells_of(test, ours=ours, naive=np.full(made.y_ST.shape, 30.0))
    kind = kinds(cells.when_OH, made, CALENDAR)["calendar"]
    told = {row["name"]: row for row in effects(cells, "ours", "naive", kind)}
    assert told["Christmas Day"]["days"] == 1
    assert told["Christmas Day"]["forecast"] == pytest.approx(-0.5)
    assert told["Christmas Day"]["counted"] == pytest.approx(-0.6, abs=0.03)
    assert told["Christmas Day"]["naive"] == 0
    assert {"Boxing Day", "bank holiday", "school holiday"} <= set(told)


def ahead_of(made: Counts, horizon: int, mean: float = 20.0) -> Ahead:
    shape = (made.series, horizon)
    quantiles_SHL = np.tile(poisson.ppf(LEVELS, mean), (*shape, 1))
    above_SH = np.tile(np.linspace(0.005, 0.6, horizon), (made.series, 1))
    return Ahead(
        when_after(made.time_T, made.freq, horizon), quantiles_SHL, np.full(shape, mean), above_SH,
        np.full(made.series, 27.0), np.full(shape, 19.0), True,
    )  # fmt: skip


def test_calendar_of_days_stands_in_weeks():
    made = counts(17)  # from a Monday, so the forecast begins on a Thursday
    calendar = pressure(ahead_of(made, 10), 0, "D")
    assert calendar["head"] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    (first, cells), (second, others) = calendar["rows"]
    assert (first, second) == ("21 Jan", "28 Jan")
    assert [cell is None for cell in cells] == [True] * 3 + [False] * 4
    assert [cell is None for cell in others] == [False] * 6 + [True]
    assert cells[3] == {"expected": "20", "chance": "<\u00a01\u00a0%", "step": 0}
    assert others[5] == {"expected": "20", "chance": "60\u00a0%", "step": 4}


def test_calendar_of_hours_has_a_column_a_day():
    calendar = pressure(ahead_of(counts(15, "h"), 30), 0, "h")
    assert calendar["head"] == ["Mon 7 Jan", "Tue 8 Jan"]
    assert len(calendar["rows"]) == 24
    name, cells = calendar["rows"][15]
    assert (name, cells[0]["step"]) == ("15:00", 0)
    assert calendar["rows"][14][1][0] is None
    assert calendar["rows"][20][1][1]["chance"] == "60\u00a0%"


def test_totals_of_whole_weeks_and_days():
    alone = Dependence(0.0, 0.0, 0.0)
    (name, expected, span, naive), *others = sums(ahead_of(counts(17), 15), 0, "D", alone)
    assert (name, expected, naive) == ("7 days from Thu 24 Jan", "140", "133")
    low, high = map(int, span.split(" to "))
    assert (low, high) == (pytest.approx(poisson.ppf(0.1, 140), abs=2), pytest.approx(poisson.ppf(0.9, 140), abs=2))
    assert len(others) == 1
    assert [row[0] for row in sums(ahead_of(counts(15, "h"), 40), 0, "h", alone)] == ["Tue 8 Jan"]
    assert sums(ahead_of(counts(17, "MS"), 6), 0, "MS", alone) == []


def test_series_worth_a_drawing():
    made = counts(17, series=9)
    ahead, size_S, loss_S = ahead_of(made, 10), np.arange(9.0), np.zeros(9)
    loss_S[1] = 5.0
    assert list(shown(ahead, 8, size_S, loss_S, 4)) == [8, 7, 6, 1]
    ahead.mean_SH[7] = np.nan  # long ceased
    assert list(shown(ahead, 8, size_S, loss_S, 4)) == [8, 6, 5, 1]
    assert list(shown(ahead, 8, size_S, loss_S, 9)) == [8, 6, 5, 4, 3, 2, 1, 0]


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
