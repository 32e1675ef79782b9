"""With the maintenance book, only what happened since a machine's last renewal counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy_graph

from common.fault import Fault
from common.predict import predict

# 20 hours of heavy wear, a repair at hour 20, 20 calm hours
TEXT = toy_graph.table({"mended": np.r_[np.full(20, 8.0), np.full(20, 2.0)], "old": np.full(40, 8.0), "new": [3.0] * 5})


@pytest.fixture
def with_book(toy_bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pumps.csv").write_text(TEXT)

    def run(book: str, bundle: Path = toy_bundle, words: tuple = ()) -> pd.DataFrame:
        Path("book.csv").write_text(book)
        predict([str(bundle), "pumps.csv", "--out", "out", "--events", "book.csv", *words])
        return pd.read_csv("out/advisory.csv", index_col="machine", encoding="utf-8-sig")

    return run


def test_only_the_time_since_the_repair_counts(with_book, tmp_path):
    advisory = with_book("machine,time,event\nmended,20,Repaired\nelsewhere,3,failed\n")
    assert (advisory.loc["mended"].rul, advisory.loc["mended"].rows) == (105.0, 20)  # 125 - 10 * 2
    assert (advisory.loc["old"].rul, advisory.loc["old"].rows) == (45.0, 40)
    rows = pd.read_csv(tmp_path / "out" / "rul.csv.gz")
    assert rows[rows.machine == "mended"].line.tolist() == list(range(22, 42))


def test_of_one_day_the_failure_comes_before_its_mending(with_book):
    advisory = with_book("machine,time,event\nmended,20,replaced\nmended,20,failed\n")
    assert advisory.loc["mended"].rows == 20


def test_machines_that_stand_still_are_left_out_and_told(with_book, capsys):
    advisory = with_book("machine,time,event\nold,30,failed\nnew,5,repaired\nmended,20,repaired\n")
    assert list(advisory.index) == ["mended"]
    told = capsys.readouterr().err
    assert "left out as failed and not mended: old (30)" in told
    assert "left out as no readings since it was mended: new (5)" in told


@pytest.mark.parametrize(
    ("book", "sentence"),
    [
        (
            "machine,time,event\nold,30,exploded\n",
            "book.csv line 2: event = 'exploded' is none of acknowledged, failed",
        ),
        (
            "machine,time,event\nold,2026-01-31,failed\n",
            "book.csv: its times are dates, those of the readings are numbers",
        ),
        ("machine,when,event\nold,30,failed\n", "book.csv has no column 'time'"),
        ("machine,time,event\nold,40,failed\nnew,5,failed\nmended,40,failed\n", "there is nothing to predict"),
    ],
)
def test_a_book_that_does_not_fit_is_refused(with_book, tmp_path, book, sentence):
    with pytest.raises(Fault, match=sentence):
        with_book(book)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.csv", "pumps.csv"]


def test_a_book_in_the_firms_own_words(with_book, tmp_path):
    book = {"columns": {"machine": "Pumpe", "time": "Zeit", "event": "Was"}, "words": {"repaired": ["Instand", "neu"]}}
    bundle = tmp_path.parent / f"{tmp_path.name}_bundle"
    toy_graph.write_toy(bundle, table={"columns": {}, "missing": [], "book": book})
    assert with_book("Pumpe;Zeit;Was\nmended;20;instand\n", bundle).loc["mended"].rows == 20


@pytest.mark.parametrize(
    ("book", "state"),
    [
        ("mended,20,repaired\n", "on"),
        ("mended,20,repaired\nold,40,acknowledged\n", "acknowledged"),  # at the row that raised it, or later
        ("mended,20,repaired\nold,39,acknowledged\n", "on"),  # that was an earlier alarm
        ("old,10,replaced\nold,40,Acknowledged\n", "acknowledged"),  # and it ends no life
    ],
)
def test_an_alarm_that_somebody_has_seen(with_book, tmp_path, book, state):
    advisory = with_book("machine,time,event\n" + book, words=("--set", "threshold=50"))
    assert advisory.loc["old"].state == state
    said = json.loads((tmp_path / "out" / "advisory.json").read_text(encoding="utf-8"))
    old = next(machine for machine in said["machines"] if machine["machine"] == "old")
    assert (old["SD"]["alarm"], old["SD"]["since"]) == (state, "40")
    assert old["AG"]["advice"].startswith({"on": "Inspect the machine", "acknowledged": "Acknowledged"}[state])
