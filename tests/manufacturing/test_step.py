"""A cron job that feeds each hour's rows to the step bundle gives the advice of the whole history at once."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.bundle.open import open_bundle
from common.fault import Fault
from common.predict import predict

SAME = ["machine", "last_time", "rows", "unit", "horizon", "alarm", "state", "since", "rung", "condition_ok"]


@pytest.fixture
def room(stepping, tmp_path, monkeypatch):
    """Six machines of at most 60 rows, hourly from a start of their own, in a folder of a user."""
    monkeypatch.chdir(tmp_path)
    fleet, lines = stepping.fleet, []
    for life in (0, 1, 2, 3, 4, 5):
        x_TF = fleet.x_RF[fleet.life_R == life][:60]
        for row, values in enumerate(x_TF):
            stamp = pd.Timestamp("2026-01-05") + pd.Timedelta(hours=7 * life + row)
            lines.append([f"P{life}", stamp, *(f"{x:.9g}" if np.isfinite(x) else "" for x in values)])
    return pd.DataFrame(lines, columns=["machine", "time", *(c.name for c in fleet.channels)])


def feed(bundle: Path, rows: pd.DataFrame, out: str, *options: str) -> pd.DataFrame:
    rows.to_csv("new rows.csv", index=False)
    predict([str(bundle), "new rows.csv", "--out", out, *options])
    return advisory(out)


def advisory(out: str) -> pd.DataFrame:
    text = dict(keep_default_na=False, encoding="utf-8-sig", dtype={"since": str})
    return pd.read_csv(Path(out) / "advisory.csv", **text)


def test_hour_by_hour_is_the_whole_history_at_once(stepping, room):
    whole = feed(stepping.batch, room, "whole").set_index("machine")
    hours = room["time"].drop_duplicates().sort_values().to_numpy()
    for number, part in enumerate(np.array_split(hours, 9)):  # nine files of some hours each
        told = feed(stepping.step, room[room["time"].isin(part)], f"part{number}", "--state", "fleet.npz")
    told = told.set_index("machine").loc[whole.index]
    assert len(told) == 6
    same = [name for name in SAME if name != "machine"]
    pd.testing.assert_frame_equal(told[same], whole[same], check_dtype=False)
    for name in ("rul", "low", "high", "p_fail"):
        np.testing.assert_allclose(told[name], whole[name], rtol=0, atol=0.011)  # written with two digits
    assert {"yes", "no"} == set(told["alarm"])
    rows = pd.concat(pd.read_csv(f"part{n}/rul.csv.gz", parse_dates=["time"]) for n in range(9))
    every = pd.read_csv("whole/rul.csv.gz", parse_dates=["time"]).merge(rows, on=["machine", "time"])
    assert len(every) == len(rows) == len(room)
    np.testing.assert_allclose(every["rul_x"], every["rul_y"], rtol=0, atol=1.1e-3)
    assert (every["condition_ok_x"] == every["condition_ok_y"]).all()


def test_a_book_that_grows_gives_what_the_whole_book_gives(stepping, room):
    """P1 is replaced and goes on; P2 fails for good; whichever alarm sounds at the end has been seen."""
    times = {name: rows["time"].sort_values().to_numpy() for name, rows in room.groupby("machine")}
    end = room["time"].max()
    book = [
        ("P0", pd.Timestamp("2026-01-01"), "repaired"),
        ("P1", times["P1"][25], "replaced"),
        ("P2", times["P2"][40], "failed"),
    ]
    book += [(name, end, "acknowledged") for name in ("P3", "P4", "P5")]
    book = pd.DataFrame(book, columns=["machine", "time", "event"])
    book.to_csv("book.csv", index=False)
    whole = feed(stepping.batch, room, "whole", "--events", "book.csv").set_index("machine")
    for number, part in enumerate(np.array_split(np.sort(room["time"].unique()), 5)):
        book[book["time"] <= part[-1]].to_csv("book.csv", index=False)
        given = room[room["time"].isin(part)], f"part{number}", "--state", "s.npz", "--events", "book.csv"
        told = feed(stepping.step, *given)
    told = told.set_index("machine").loc[whole.index]
    assert "P2" not in whole.index
    assert whole.loc["P1", "rows"] == len(times["P1"]) - 26
    same = [name for name in SAME if name != "machine"]
    pd.testing.assert_frame_equal(told[same], whole[same], check_dtype=False)
    np.testing.assert_allclose(told["rul"], whole["rul"], rtol=0, atol=0.011)
    assert "acknowledged" in set(told["state"])


def test_a_reading_beyond_the_data_sheet_alarms_in_its_hour(stepping, room, tmp_path):
    def limited(folder: Path) -> Path:
        """The same bundle, with a limit for s0."""
        copy = shutil.copytree(folder, tmp_path / folder.name)
        stated, sums = copy / "bundle.json", copy / "SHA256SUMS"
        before, made = stated.read_bytes(), json.loads(stated.read_text())
        made["channels"][2] |= {"alarm_high": 5e3}
        stated.write_text(json.dumps(made))
        old, new = (hashlib.sha256(content).hexdigest() for content in (before, stated.read_bytes()))
        sums.write_text(sums.read_text().replace(old, new))
        return copy

    newest = room.groupby("machine").tail(1).index[-2:]  # P4 and P5 end beyond the limit of s0
    room.loc[newest, "s0"] = "6000"
    whole = feed(limited(stepping.batch), room, "whole").set_index("machine")
    step = limited(stepping.step)
    feed(step, room.drop(newest), "before", "--state", "s.npz")
    told = feed(step, room.loc[newest], "now", "--state", "s.npz").set_index("machine").loc[whole.index]
    assert set(whole.index[whole["limits"] != ""]) == {"P4", "P5"}
    assert set(told.loc[told["limits"] != "", "alarm"]) == {"yes"}
    for name in ("alarm", "since", "limits", "rung"):
        assert told[name].tolist() == whole[name].tolist()
    assert told.loc["P5", "advice"].startswith(
        "Look at the machine at once: s0 6000 bar is above its data-sheet limit 5000"
    )


def test_the_state_is_as_large_after_more_rows(stepping, room):
    for rows in (2, 20):
        feed(stepping.step, room.groupby("machine").head(rows), f"out{rows}", "--state", f"{rows}.npz")
    assert Path("2.npz").stat().st_size == Path("20.npz").stat().st_size
    per_machine = open_bundle(stepping.step).manifest["state_bytes"]
    with np.load("20.npz", allow_pickle=False) as kept:
        assert sum(kept[name].nbytes for name in kept.files if name.startswith("memory.")) == 6 * per_machine


def test_rows_seen_before_are_passed_over_and_told(stepping, room, capsys):
    early, late = room[room["time"] < "2026-01-06"], room
    feed(stepping.step, early, "a", "--state", "s.npz")
    feed(stepping.step, late, "b", "--state", "s.npz")
    assert (
        f"new rows.csv: {len(early)} rows are no newer than the state and were passed over" in capsys.readouterr().err
    )
    before = Path("s.npz").read_bytes()
    again = feed(stepping.step, late, "c", "--state", "s.npz")  # the same file once more changes nothing
    assert Path("s.npz").read_bytes() == before
    assert (again["data_quality"].str.startswith("no new row")).all()
    same = [name for name in again if name not in ("data_quality", "advice")]
    pd.testing.assert_frame_equal(again[same], advisory("b")[same])


def refused(stepping, room, words: str, *options: str) -> None:
    with pytest.raises(Fault, match=words):
        feed(stepping.step, room, "out", *(options or ("--state", "s.npz")))
    assert not Path("out").exists()


def test_no_state_is_named(stepping, room):
    refused(stepping, room, "name its file with --state FILE", "--threads", "1")


def test_a_state_of_another_bundle_is_refused(stepping, room):
    feed(stepping.step, room, "a", "--state", "s.npz")
    _rewrite("s.npz", bundle=np.array("0" * 64))
    refused(stepping, room, "s.npz is refused: it was written with another bundle")


def test_a_damaged_state_is_refused_wherever_it_is_damaged(stepping, room):
    feed(stepping.step, room, "a", "--state", "s.npz")
    good = Path("s.npz").read_bytes()
    names = 0
    for at in np.linspace(30, len(good) - 1, 25).astype(int):
        bad = bytearray(good)
        bad[at] ^= 0x41
        Path("s.npz").write_bytes(bad)
        fault = _fault_of(stepping.step, room, f"out{at}")
        if fault is None:  # a byte of the zip's dates: nothing that counts
            assert _arrays(bytes(bad)) == _arrays(good)
            continue
        names += "s.npz" in fault
        assert Path("s.npz").read_bytes() == bytes(bad)
    assert names > 20
    Path("s.npz").write_bytes(good[: len(good) // 2])
    refused(stepping, room, "s.npz is damaged and refused as a state")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"memory.sums": np.zeros((6, 2, 2))}, "memory.sums is float64"),
        ({"memory.row": np.zeros(6, np.int64)}, "or one without a row"),
        ({"machine": np.array(["P0"] * 6)}, "a machine twice"),
        ({"more": np.zeros(1)}, "not hold exactly"),
        ({"time": np.arange(6.0), "alarm_time": np.arange(6.0)}, "holds numbers as times, the new rows hold dates"),
        ({"memory.first": np.full((6, 4), np.nan)}, "first holds nan; it must be finite"),
    ],
)
def test_a_forged_state_is_refused(stepping, room, changes, words):
    feed(stepping.step, room, "a", "--state", "s.npz")
    _rewrite("s.npz", **changes)
    later = room.assign(time=room["time"] + pd.Timedelta(days=30))
    refused(stepping, later, words)


def test_a_pickle_in_the_state_is_not_opened(stepping, room):
    feed(stepping.step, room, "a", "--state", "s.npz")
    _rewrite("s.npz", machine=np.array([{"a": 1}], object))
    refused(stepping, room, "s.npz is damaged and refused as a state")


def _fault_of(bundle: Path, room: pd.DataFrame, out: str) -> str | None:
    try:
        feed(bundle, room, out, "--state", "s.npz")
    except Fault as fault:
        return str(fault)
    return None


def _rewrite(path: str, **changes: np.ndarray) -> None:
    with np.load(path, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    np.savez(path, **{**arrays, **changes})


def _arrays(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
