"""The ladder of a cold start: each rung at its edges, what `check` says is missing, what `pilot-predict` states."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy_graph

from common.fault import Fault
from common.predict import predict
from pilots.manufacturing import protocol
from pilots.manufacturing.data.cmapss import Cmapss
from pilots.manufacturing.data.csv import CsvFleet
from pilots.manufacturing.data.ladder import Settings, ladder
from pilots.manufacturing.data_sheet import breaches
from pilots.manufacturing.rungs import LEAST_FAILURES, Rungs, longest
from pilots.manufacturing.use.contract import check_contract

REAL = os.environ.get("PILOTS_REAL_DATA")
TAKES = Settings(baseline=30, first=10, window=60, age=True)
VIBRATION = {"name": "vibration", "unit": "mm/s", "low": 0, "high": 80}
FULL = Rungs(first=10, window=60, new=True)


@pytest.mark.parametrize(
    ("rungs", "rows", "renewed", "rung"),
    [
        (Rungs(), 1000, True, 0),
        (Rungs(limits=True), 0, False, 1),
        (Rungs(limits=True, baseline=30), 30, False, 1),
        (Rungs(baseline=30), 30, False, 0),
        (Rungs(limits=True, baseline=30), 31, False, 2),
        (FULL, 9, False, 3),
        (FULL, 10, False, 4),
        (FULL, 59, False, 4),
        (FULL, 60, False, 5),
        (Rungs(first=10, window=60), 1000, False, 4),  # nobody says that the log begins at new
        (Rungs(first=10, window=60), 60, True, 5),
        (Rungs(first=10, window=60), 59, True, 4),
        (Rungs(limits=True, baseline=30, first=10, window=60), 5, True, 3),
        (Rungs(first=10, window=5, new=True), 9, False, 3),  # a short window does not stand in for the own level
    ],
)
def test_the_rung_at_its_edges(rungs, rows, renewed, rung):
    assert rungs.of(rows, renewed) == rung


def test_the_longest_window_is_read_from_the_features():
    assert longest(["mean5", "shift", "slope60", "std30", "slope_start"]) == 60
    assert longest(["shift", "mean_start"]) == 0


def made(folder: Path, rows: list[int], failures: int = 0, book: str = "", hours: bool = True, **channel) -> CsvFleet:
    """Machines M0, M1, … with so many rows an hour apart, and `failures` machines more of 12 rows that failed."""
    lines, events = ["machine,time,vibration"], ["machine,time,event"]
    for name, count in [*((f"M{i}", n) for i, n in enumerate(rows)), *((f"F{i}", 12) for i in range(failures))]:
        stamps = pd.date_range("2026-01-01", periods=count, freq="h") if hours else range(count)
        lines += [f"{name},{stamp},{1 + 0.01 * row}" for row, stamp in enumerate(stamps)]
        if name.startswith("F"):
            events.append(f"{name},{stamps[-1]},failed")
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    (folder / "book.csv").write_text("\n".join(events) + "\n" + book)
    more = {} if hours else {"rows_per_month": 30}
    events = str(folder / "book.csv") if failures or book else None
    return CsvFleet(path=str(folder / "log.csv"), channels=[VIBRATION | channel], events=events, **more)


REPAIRED = "M0,2026-01-05 03:00:00,repaired\n"  # the stamp of row 99
MADE = {  # rows of the running machines, failures, book, the rest: the lines that must be said
    "nothing yet": ([20], 0, {}, "reached: rung 0 nothing yet", "for rung 1: name a data-sheet limit of a channel"),
    "nor healthy": ([20], 0, {}, "for rung 2 at once: 30 more rows (1.25 days) of healthy running on M0"),
    "limits": ([20, 49], 0, {"alarm_high": 70}, "reached: rung 1 data-sheet limits",
               "rung 1 data-sheet limits: 2 machines; for rung 2: 1 more row (1 hour) of healthy running on M1"),
    "undated": ([20], 0, {"alarm_high": 70, "hours": False}, "for rung 2: 30 more rows of healthy running on M0 (it"),
    "healthy": ([20, 50], 0, {}, "reached: rung 2 healthy-only T²+Q", "for rung 3: 8 more failures in the fleet, named",
                "rung 0 nothing yet: 1 machine"),
    "seven": ([50, 30, 31], 7, {}, "rung 2 healthy-only T²+Q: 2 machines; for rung 3: 1 more failure in the fleet"),
    "fleet": ([9, 3], 8, {}, "reached: rung 3 fleet model without age",
              "2 machines; for rung 4: 1 more row (1 hour) on M0 (it takes 10 rows)"),
    "adapted": ([9, 10, 59], 8, {}, "rung 4 adapted baseline: 2 machines; for rung 5: 1 more row (1 hour) on M2",
                "rung 3 fleet model without age: 1 machine; for rung 4: 1 more row"),
    "full": ([60], 8, {}, "reached: rung 5 remaining life in full", "a log's first row counts as a new machine",
             "rung 1 data-sheet limits is empty"),
    "anywhere": ([600], 8, {"age": False}, "reached: rung 4 adapted baseline", "for rung 5: a log that begins at new"),
    "renewed": ([160, 600], 8, {"age": False, "book": REPAIRED}, "rung 5 remaining life in full: 1 machine",
                "rung 4 adapted baseline: 1 machine"),
    "renewed too lately": ([159], 8, {"age": False, "book": REPAIRED}, "for rung 5: 1 more row (1 hour) on M0"),
    "broken": ([20, 3], 0, {"alarm_high": 1.18}, "M0: vibration 1.19 mm/s is above its data-sheet limit 1.18"),
    "none runs": ([], 9, {}, "reached: rung 4 adapted baseline; machines by their newest log"),
}  # fmt: skip


@pytest.mark.parametrize("case", MADE)
def test_check_says_the_rung_and_what_is_missing(tmp_path, case):
    rows, failures, more, *wanted = MADE[case]
    more = dict(more)
    takes = Settings(30, 10, 60, more.pop("age", True))
    said = "\n".join(ladder(made(tmp_path, rows, failures, **more).read(), takes))
    for words in wanted:
        assert words in said
    assert said.count("above its") == (case == "broken")


@pytest.mark.skipif(not REAL, reason="PILOTS_REAL_DATA is not set: the original files are not here")
def test_the_engines_of_cmapss_stand_where_their_rows_say():
    root = Path(REAL) / "cmapss"
    unit_R = np.loadtxt(next(root.glob("test_FD001.txt*")), usecols=0)
    short = int((np.unique(unit_R, return_counts=True)[1] < 60).sum())
    said = "\n".join(ladder(Cmapss(str(root), "FD001").read(), TAKES))
    assert f"rung 5 remaining life in full: {100 - short} machines" in said
    assert f"rung 4 adapted baseline: {short} machines; for rung 5: 4 more rows on test-87" in said


def test_the_failures_of_rung_3_are_those_that_training_takes(tmp_path):
    with pytest.raises(Fault, match="7 failures; remaining life needs at least 8"):
        protocol.held_out(made(tmp_path, [20], LEAST_FAILURES - 1).read(), 0.25, 0)
    assert protocol.held_out(made(tmp_path, [20], LEAST_FAILURES).read(), 0.25, 0)[1].lives == 2


def test_the_rows_of_rung_2_are_enough_to_fit(tmp_path):
    from pilots.manufacturing.anomaly.detector import T2Q
    from pilots.manufacturing.anomaly.healthy import parts

    fleet = made(tmp_path, [TAKES.healthy]).read()  # one machine alone, which keeps some rows back
    cut = parts(fleet, TAKES.baseline, healthy=90, window=90, test_share=0.25, seed=0)
    answer = T2Q().fit(cut.windows, TAKES.baseline, 0)(fleet)
    assert np.isfinite(answer["score"]).sum() == TAKES.healthy - TAKES.baseline


def test_a_reading_equal_to_its_limit_is_within_it():
    channel = VIBRATION | {"alarm_low": 0.1, "alarm_high": 7.1}
    for newest in (0.1, 7.1):
        assert breaches(np.array([[9.0], [newest], [np.nan]], np.float32), [channel]) == []
    (high,) = breaches(np.array([[9], [1], [8], [np.nan], [7.4], [np.nan]], np.float32), [channel])
    assert str(high) == "vibration 7.4 mm/s is above its data-sheet limit 7.1"
    assert high.row == 2  # since then every reading was beyond it
    (low,) = breaches(np.array([[9], [0.05]], np.float32), [channel])
    assert (str(low), low.row) == ("vibration 0.05 mm/s is below its data-sheet limit 0.1", 1)
    assert breaches(np.full((3, 1), np.nan, np.float32), [channel]) == []


@pytest.mark.parametrize("limits", [{"alarm_high": 90}, {"alarm_low": -1}, {"alarm_low": 7, "alarm_high": 7}])
def test_limits_that_cannot_be_are_refused(tmp_path, limits):
    with pytest.raises(ValueError, match="alarm_low and alarm_high of vibration must lie within its physical limits"):
        made(tmp_path, [3], **limits)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rungs": [5]}, "rungs is not an object"),
        ({"rungs": {"baseline": None, "first": 10, "window": 60}}, "rungs.new is None"),
        ({"rungs": {"baseline": None, "first": "10", "window": 60, "new": True}}, "rungs.first is '10'"),
        ({"rungs": {"baseline": None, "first": True, "window": 60, "new": True}}, "rungs.first is True"),
        ({"channels": [toy_graph.CHANNELS[0] | {"alarm_high": "7"}]}, "channels.alarm_high is '7'"),
    ],
)
def test_a_bundle_that_misleads_is_refused(change, sentence):
    with pytest.raises(Fault, match=re.escape(sentence)):
        check_contract(toy_graph.toy_manifest(**change))


@pytest.fixture
def use(tmp_path, monkeypatch):
    """use(vibration by machine, new, book) -> advisory.csv, machines of advisory.json, page.html."""
    monkeypatch.chdir(tmp_path)
    load, vibration, temperature = toy_graph.CHANNELS
    channels = [load, vibration | {"alarm_high": 7.1}, temperature]

    def run(machines: dict, new: bool = True, book: str = "") -> tuple[pd.DataFrame, dict, str]:
        rungs = {"baseline": None, "first": 10, "window": 30, "new": new}
        toy_graph.write_toy(tmp_path / "bundle", rungs=rungs, channels=channels)
        Path("pumps.csv").write_text(toy_graph.table(machines))
        Path("book.csv").write_text("machine,time,event\n" + book)
        predict(["bundle", "pumps.csv", "--out", "out", *(["--events", "book.csv"] if book else [])])
        table = pd.read_csv("out/advisory.csv", index_col="machine", encoding="utf-8-sig", keep_default_na=False)
        said = json.loads(Path("out/advisory.json").read_text("utf-8"))["machines"]
        return table, {machine["machine"]: machine for machine in said}, Path("out/page.html").read_text("utf-8")

    return run


def test_predict_states_each_machines_rung(use):
    table, said, page = use({"young": [2.0] * 9, "grown": [2.0] * 10, "long": [2.0] * 30})
    assert table.rung.to_dict() == {
        "young": "3 fleet model without age", "grown": "4 adapted baseline", "long": "5 remaining life in full",
    }  # fmt: skip
    assert said["young"]["HA"]["rung"] == {"number": 3, "name": "fleet model without age"}
    assert [page.count(f"rung {n}: ") for n in (3, 4, 5)] == [1, 1, 0]
    assert (table.limits == "").all()


def test_a_log_after_a_renewal_counts_as_new(use):
    machines = {"mended": [2.0] * 60, "after": [2.0] * 30, "long after": [2.0] * 30, "never": [2.0] * 60}
    book = "mended,30,repaired\nafter,0,replaced\nlong after,-20,replaced\n"
    table, *_ = use(machines, new=False, book=book)
    assert table.rung.str[0].to_dict() == {"mended": "5", "after": "5", "long after": "4", "never": "4"}


def test_a_reading_beyond_the_data_sheet_alarms_at_once(use):
    table, said, page = use(
        {"calm": [2.0] * 40, "first": [7.4], "equal": [2.0] * 39 + [7.1], "over": [8.0] + [2.0] * 39}
    )
    assert table.index[0] == "first"
    assert table.alarm.to_dict() == {"first": "yes", "calm": "no", "equal": "no", "over": "no"}
    sentence = "vibration 7.4 mm/s is above its data-sheet limit 7.1"
    assert table.loc["first", "limits"] == sentence
    assert table.loc["first", "advice"].startswith(f"Look at the machine at once: {sentence}.")
    (limit,) = said["first"]["SD"]["limits"]
    assert limit == {"channel": "vibration", "value": 7.4, "unit": "mm/s", "limit": 7.1, "row": 0, "text": sentence}
    assert (said["first"]["SD"]["alarm"], said["first"]["SD"]["since"]) == ("on", "1")
    assert f"<strong>{sentence}</strong>" in page
    assert "or a reading beyond its data sheet" in page


def test_an_alarm_of_the_data_sheet_can_be_acknowledged(use):
    table, *_ = use({"a": [2.0] * 39 + [7.4]}, book="a,40,acknowledged\n")
    assert (table.loc["a", "state"], table.loc["a", "alarm"]) == ("acknowledged", "yes")
