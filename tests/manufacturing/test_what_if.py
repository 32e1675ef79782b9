"""`pilot-predict … --what-if`: answers worked out by hand, and what is refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy_graph

from common.fault import Fault
from common.predict import predict
from pilots.manufacturing.use import what_if

SLOPE = np.log(2) / 0.1  # a load higher by 0.1 wears twice as fast
TWIN = {
    "settings": {"load": {"varied": True, "typical": 0.8, "slope": SLOPE, "low": SLOPE, "high": SLOPE, "with": []}},
    "life_left": {"forecast": [0.0, 125.0], "rows": [[1.0] * 99, (np.arange(99) + 76.0).tolist()]},
}
DECISION = {
    "threshold": 20.0, "persistence": 1, "horizon": 30, "cap": 125.0,
    "cost_gbp": {"breakdown": 8000.0, "planned_replacement": 1000.0, "lost_life_per_row": 4.0, "inspection": 200.0},
    "terms": {"planning": 5, "early": 60, "rows_per_month": 30.436875, "row_unit": "day", "machines": 2},
    "policies": {"alarm": {"value": 12 * 30.436875 * 6.0}},
}  # fmt: skip
METRICS = {"alarm_missed": {"value": 0.1, "naive": 0.2}, "alarm_lead_median": {"value": 15.0, "naive": 20.0}}
NEW = np.full(40, 0.0)  # no vibration: the toy says 125 rows


def toy(folder: Path, **changes) -> Path:
    twin = changes.pop("what_if", TWIN)
    more = {} if twin is None else {"what_if": twin}
    toy_graph.write_toy(folder, decision=DECISION, metrics=METRICS, **more, **changes)
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    return toy(tmp_path_factory.mktemp("toy") / "bundle")


@pytest.fixture
def ask(bundle, tmp_path, monkeypatch):
    """Ask a machine at load 0.8 that the toy gives 125 rows; the answer's first line."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, bundle: Path = bundle, content: str = toy_graph.table({"new": NEW})) -> pd.Series:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        Path("m.csv").write_text(content)
        options = [part for word in words for part in ("--what-if", word)]
        predict([str(bundle), "m.csv", "--out", str(tmp_path / "out"), *options])
        told = pd.read_csv(tmp_path / "out" / "what_if.csv", encoding="utf-8-sig", keep_default_na=True)
        return told.set_index("machine").iloc[0]

    return run


def test_a_doubled_wear_halves_what_is_left(ask, tmp_path):
    told = ask("load=0.9")
    assert (told.life_left, told.life_left_then) == (125.0, 62.5)
    assert told.wear == pytest.approx(2.0, abs=1e-3)
    assert (told.low_then, told.high_then) == pytest.approx((told.low / 2, told.high / 2), abs=0.3)
    page = (tmp_path / "out" / "page.html").read_text("utf-8")
    assert "What if: load at 0.9" in page
    assert "statistical twin" in page
    assert re.search(r"62 \(4\d to 8\d\)", page)


def test_a_share_moves_every_row(ask):
    assert ask("load=+10%").wear == pytest.approx(2**0.8, abs=1e-3)  # 0.8 to 0.88


def test_doubt_about_the_rate_widens_the_interval(ask, tmp_path):
    wide = {**TWIN, "settings": {"load": {**TWIN["settings"]["load"], "low": 0.5 * SLOPE, "high": 1.5 * SLOPE}}}
    told = ask("load=0.9", bundle=toy(tmp_path / "wide", what_if=wide))
    assert told.wear_low == pytest.approx(2**0.5, rel=0.06)
    assert told.high_then - told.low_then > 1.3 * (told.high - told.low) / 2


def test_the_price_of_a_date(ask):
    """99 equally likely lives, 76 to 174 rows. A thrown-away row costs £4 and the fleet's £6."""
    told = ask("maintenance=+100")
    assert told.work_p_fail == pytest.approx(25 / 99, abs=1e-3)  # 76 to 100 rows
    thrown = np.maximum(np.arange(76, 175) - 100, 0).mean()
    assert told.work_cost == pytest.approx(25 / 99 * 8000 + 74 / 99 * 1000 + 10 * thrown, abs=0.01)
    assert told.now_cost == pytest.approx(1000 + 10 * 125, abs=0.01)
    assert told.alarm_cost == pytest.approx(200 + 0.1 * 8000 + 0.9 * (1000 + 10 * 10), abs=0.01)
    assert told.cheapest_after == 75  # the last row before the first life ends
    assert told.cheapest_cost == pytest.approx(1000 + 10 * 50, abs=0.01)


def test_the_cheapest_date_is_the_cheapest(bundle):
    random = np.random.default_rng(0)
    left_MA = np.sort(random.weibull(2, (20, 50)) * 80 + 1, axis=1)
    terms = {"breakdown": 8000.0, "planned": 1500.0, "row": 11.0}
    best_M = what_if.cheapest(left_MA, terms)
    tried_TM = np.stack([what_if.cost(left_MA, np.full(20, float(t)), terms)[1] for t in range(300)])
    np.testing.assert_allclose(what_if.cost(left_MA, best_M, terms)[1], tried_TM.min(0))


def test_harder_duty_is_priced(ask):
    told = ask("load=0.9", "maintenance=+40")
    assert told.question == "load at 0.9 of nominal; planned work in 40 rows"
    assert told.work_p_fail == pytest.approx((np.arange(76, 175) / 2 <= 40).mean(), abs=0.011)  # 80 rows: a tie
    assert told.now_cost == pytest.approx(1000 + 10 * 62.5 + 6 * 62.5, abs=0.5)  # life lost to the duty, at £6 a row
    assert told.cheapest_cost_then > told.cheapest_cost


def test_dates_and_spans(ask):
    dated = toy_graph.table({"new": NEW}).splitlines()
    lines = [
        dated[0],
        *(re.sub(r",(\d+),", lambda m: f",2026-01-{int(m[1]):02d},", line, count=1) for line in dated[1:31]),
    ]
    assert ask("maintenance=2026-03-11", content="\n".join(lines)).work_after == 40  # from 30 January


@pytest.mark.parametrize(("words", "rows"), [("+14d", 14), ("14d", 14), ("+2w", 14), ("+48h", 2), ("+10", 10)])
def test_spans(ask, words, rows):
    assert ask(f"maintenance={words}").work_after == rows


def test_a_date_gone_by_is_told(ask):
    text = toy_graph.table({"new": NEW[:1]}).replace(",1,", ",2026-02-01,")
    told = ask("maintenance=2026-01-31", content=text)
    assert np.isnan(told.work_cost)
    assert "before its last row" in told.note


def test_rows_beyond_what_was_seen_are_told(ask, tmp_path):
    text = toy_graph.table({"new": NEW}).replace(",0.8,", ",0.95,", 10)
    assert "25% of its rows would have load outside" in ask("load=+10%", content=text).note


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["speed=+10%"], "speed is not a setting of this model; its settings are load"),
        (["vibration=+10%"], "vibration is not a setting"),
        (["load"], "write NAME=CHANGE, such as load=+10%, maintenance=+14d"),
        (["load=harder"], "'harder' is no change"),
        (["load=+0.1"], "'+0.1' is no change"),
        (["load=-100%"], "more than -100%"),
        (["load=7"], "outside the channel's 0 to 3"),
        (["load=nan"], "'nan' is no change"),
        (["load=2"], "no machine here would stay within 0.2 to 1"),
        (["load=+50%"], "no machine here would stay within 0.2 to 1"),
        (["load=+5%", "load=-5%"], "one setting at a time"),
        (["maintenance=+5", "maintenance=+9"], "one date at a time"),
        (["maintenance=soon"], "'soon' is no time such as +14d"),
        (["maintenance=-3d"], "'-3d' is no time"),
        (["maintenance=+9999999999"], "further than anything"),
        (["maintenance=2026-02-30"], "not in the calendar"),
        (["maintenance=2026-03-01"], "numbers, not dates"),
    ],
)
def test_bad_words_get_a_sentence(ask, tmp_path, words, wrong):
    with pytest.raises(Fault, match=re.escape(wrong)):
        ask(*words)
    assert not (tmp_path / "out").exists()


def test_a_duty_that_never_varied_is_refused(ask, tmp_path):
    same = toy(tmp_path / "same", what_if={**TWIN, "settings": {"load": {"varied": False}}})
    with pytest.raises(Fault, match="load hardly varied while the fleet was watched"):
        ask("load=+5%", bundle=same)
    assert ask("maintenance=+9", bundle=same).work_after == 9


def test_no_effect_in_the_data_is_told(ask, tmp_path):
    none = {**TWIN, "settings": {"load": {**TWIN["settings"]["load"], "slope": 0.1, "low": -0.2, "high": 0.4}}}
    ask("load=0.9", bundle=toy(tmp_path / "none", what_if=none))
    assert "do not show that load matters" in (tmp_path / "out" / "page.html").read_text("utf-8")


def test_load_stands_for_settings_that_moved_together(ask, tmp_path):
    def named(along: list[str]) -> Path:
        channels = [
            {**c, "name": {"load": "speed", "vibration": "valve"}.get(c["name"], c["name"])} for c in toy_graph.CHANNELS
        ]
        channels[1]["role"] = "setting"
        one = {**TWIN["settings"]["load"], "with": along}
        twin = {**TWIN, "settings": {"speed": one, "valve": {"varied": False}}}
        seen = {"speed": [0.2, 1.0], "valve": [0.0, 9.0], "temperature": [20.0, 80.0]}
        return toy(tmp_path / f"b{len(along)}", what_if=twin, channels=channels, seen=seen)

    text = toy_graph.table({"new": NEW}).replace("load,vibration", "speed,valve")
    assert ask("load=+5%", bundle=named(["valve"]), content=text).question == "speed +5 %"
    assert "valve moved together with speed" in (tmp_path / "out" / "page.html").read_text("utf-8")
    with pytest.raises(Fault, match="load is not a setting of this model; its settings are speed, valve"):
        ask("load=+5%", bundle=named([]), content=text)


def test_an_older_bundle_is_told(ask, tmp_path):
    with pytest.raises(Fault, match="train again"):
        ask("load=+5%", bundle=toy(tmp_path / "old", what_if=None))


@pytest.mark.parametrize(
    "twin",
    [
        {"settings": {}},
        {**TWIN, "life_left": {"forecast": [0.0, 125.0], "rows": [[1.0], [1.0, 2.0]]}},
        {**TWIN, "life_left": {"forecast": [125.0, 0.0], "rows": [[1.0], [2.0]]}},
        {**TWIN, "settings": {"load": {"varied": True, "slope": "steep", "low": 0, "high": 1, "with": []}}},
        {**TWIN, "settings": {"load": {"varied": True, "slope": 5.0, "low": 0, "high": 1, "with": []}}},
        "no object",
    ],
)
def test_a_hostile_twin_is_refused(ask, tmp_path, twin):
    with pytest.raises(Fault, match="what_if"):
        ask("load=+5%", bundle=toy(tmp_path / "hostile", what_if=twin))


def test_a_life_that_nobody_can_tell_has_no_risk_and_no_price():
    terms = {"breakdown": 100.0, "planned": 10.0, "row": 1.0}
    left_MA = np.array([[5.0, 15.0], [np.nan, np.nan]])
    failed_M, cost_M = what_if.cost(left_MA, np.array([10.0, 10.0]), terms)
    assert failed_M[0] == 0.5
    assert cost_M[0] == pytest.approx(0.5 * 100 + 0.5 * 10 + 2.5)  # half a chance of 5 rows thrown away
    assert np.isnan([failed_M[1], cost_M[1]]).all()  # not a risk of 0
