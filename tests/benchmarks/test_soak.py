"""The soak sees what it looks for: each check is given something wrong."""

from __future__ import annotations

import atexit
import json
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

if sys.platform != "linux":
    pytest.skip("the soak forks and kills as only Linux does", allow_module_level=True)

from benchmarks.soak import corruption, damage, damaged_runs, disk, provenance
from benchmarks.soak.count import Count
from benchmarks.soak.forks import Job, Outcome, Room, one, side_by_side
from benchmarks.soak.traces import difference, prove_whole, strangers
from benchmarks.soak.undisturbed import Undisturbed


def write_five():
    for number in range(5):
        Path(f"file{number}").write_text("x")


def test_a_kill_in_front_of_a_write(tmp_path):
    room = Room(tmp_path)
    outcome = one(Job(write_five, (), room, at_write=3))
    assert outcome.killed
    assert sorted(path.name for path in room.here.iterdir()) == ["file0", "file1"]
    whole = one(Job(write_five, (), room, observe=True))
    assert (whole.code, whole.killed, whole.writes) == (0, False, 5)


def test_a_kill_by_the_clock(tmp_path):
    outcome = one(Job(lambda: time.sleep(60), (), Room(tmp_path), after=0.2))
    assert outcome.killed
    assert 0.2 <= outcome.seconds < 10


def test_a_fork_ends_like_a_process(tmp_path):
    def stop():
        atexit.register(lambda: print("tidied up"))
        print("words", sys.argv[1:], Path.cwd().name)
        sys.exit("a sentence" if len(sys.argv) > 2 else 3)

    outcome = one(Job(stop, ("a",), Room(tmp_path)))
    assert (outcome.code, outcome.out) == (3, "words ['a'] a folder [1] x=2\ntidied up\n")
    crash = one(Job(lambda: 1 / 0, (), Room(tmp_path)))
    assert crash.code == 1
    assert "ZeroDivisionError" in crash.err


def test_two_at_a_time(tmp_path):
    ended = []

    def plan(name, seconds):
        outcome = yield Job(lambda: time.sleep(seconds), (), Room(tmp_path / name))
        ended.append((name, outcome.code))

    side_by_side([plan("slow", 1.5), plan("quick", 0.1), plan("third", 0.1)], lanes=2)
    assert ended == [("quick", 0), ("third", 0), ("slow", 0)]


def test_what_lies_about_is_seen(tmp_path):
    room = Room(tmp_path)
    for folder in ("runs/manufacturing/.partial-1/steps", "runs/manufacturing/20260131120000_ridge/bundle"):
        (room.here / folder).mkdir(parents=True)
    (room.here / "runs/manufacturing/.partial-1/half.bin").touch()
    assert strangers(room, "runs", 2) == []
    (room.here / "outputs").mkdir()
    for file in (room.here / "runs/train.log", room.here / "runs/manufacturing/.partial-x", room.temp / "copy"):
        file.touch()
    assert sorted(strangers(room, "runs", 2)) == [
        *("outputs", "runs/manufacturing/.partial-x", "runs/train.log", "temp/copy")
    ]


def test_a_folder_that_only_looks_finished_is_not_whole(tmp_path):
    (tmp_path / "20260131120000_ridge").mkdir()
    with pytest.raises(Exception, match=r"run\.json"):
        prove_whole(tmp_path / "20260131120000_ridge")
    assert difference({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == "b, c"


@pytest.mark.parametrize(
    ("code", "out", "err", "good"),
    [
        (2, "", "data: 1.0 s\nfit: at work (2 s)\n/x/y: the disk is full\n", True),
        (1, "", "/x/y: the disk is full\n", False),
        (2, "", "Traceback\n/x/y: the disk is full\n", False),
        (2, "", "/x/y: access is denied\n", False),
        (2, "run: /x\n", "/x/y: the disk is full\n", False),
    ],
)
def test_one_sentence_and_no_more(code, out, err, good):
    count = Count("a disk")
    disk._one_sentence(count, SimpleNamespace(program="pilot-x"), Outcome(code, out, err, 1.0), "somewhere")
    assert bool(count.failures) != good
    assert count.did == (Counter({"pilot-x stopped with one sentence": 1}) if good else Counter())


def test_moments_cover_the_time_and_every_write():
    import numpy as np

    command = Undisturbed("pilot-x", (), {}, seconds=10.0, writes=20, folder=Path())
    moments = command.moments(np.random.default_rng(0), 40)
    times = sorted(moment["after"] for moment in moments if "after" in moment)
    assert [int(at * 2) for at in times] == list(range(20))
    assert sorted(moment["at_write"] for moment in moments if "at_write" in moment) == list(range(1, 21))


def test_a_false_alarm_and_a_changed_file_called_intact_are_failures(tmp_path, monkeypatch):
    found = {"verdict": "watermark", "sentence": "found", "file": "a", "z": 7.0, "threshold": 6.0}

    def answer(*_):
        Path("signed.png").write_bytes(b"x")
        found["verdict"] = "ours" if Path.cwd().parent.name == "b" else "watermark"
        print(json.dumps(found))

    monkeypatch.setattr(provenance, "_at_home", lambda *_: answer)
    monkeypatch.setattr(provenance, "ONCE", 1)
    count = Count("")
    side_by_side([provenance._unmarked(count, Room(tmp_path / "a"), 0)], 1)
    side_by_side([provenance._flipped(count, Room(tmp_path / "b"), 0)], 1)
    assert [sentence.split(":")[0] for sentence in count.failures] == ["seed 0, a", "seed 0, bit at 0"]
    assert count.did[provenance.MOST] == 117


def test_a_bundle_refused_too_late_is_a_failure(tmp_path, toy_bundle, monkeypatch):
    monkeypatch.setattr(corruption, "DAMAGES", 2)
    monkeypatch.setattr(damage, "cores", lambda: 1)
    count = corruption.corrupt(tmp_path / "whole", toy_bundle)
    assert (count.failures, count.did) == ([], Counter({"refused before the model was loaded": 2}))
    monkeypatch.setattr("common.bundle.files._verify", lambda *_: None)
    count = corruption.corrupt(tmp_path / "unproved", toy_bundle)
    assert len(count.failures) == 2
    assert all("_selftest_in_child" in sentence or "taken as good" in sentence for sentence in count.failures)


def test_a_damaged_run_folder_that_is_believed_is_a_failure(tmp_path, toy_run, monkeypatch):
    monkeypatch.setattr(damaged_runs, "DAMAGES", 12)
    monkeypatch.setattr(damage, "cores", lambda: 1)
    count = damaged_runs.damage_runs(tmp_path / "whole", toy_run)
    assert count.failures == []
    assert count.did.total() == 12
    for wrong in (lambda _: {"data": object()}, lambda _: {}["a bug"]):
        monkeypatch.setattr(damaged_runs, "read", wrong)
        count = damaged_runs.damage_runs(tmp_path / f"{wrong}", toy_run)
        assert count.failures
