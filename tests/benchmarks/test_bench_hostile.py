"""Every bundle of the hostile corpus is refused, although its sums fit, with one sentence and under the caps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the caps of a process are those of Linux", allow_module_level=True)

from benchmarks.hostile import CORPUS, archives, operators, spoil
from benchmarks.soak import refusals
from benchmarks.soak.forks import Job, Outcome, Room, one, side_by_side
from benchmarks.workload import stacked_queries
from common.bundle import open as opening
from common.bundle import selftest
from common.bundle.open import open_bundle
from common.fault import Fault

GIB = 1 << 30


def forked(command: list[str], *, timeout: float, **_) -> subprocess.CompletedProcess:
    """`subprocess.run` of the self-test without the second of imports: the same child in a fork of this process."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(theirs, 2)
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        selftest.MEMORY_CAP = taken + GIB  # other tests of this process may have loaded much
        os._exit(selftest.main(*command[-2:]))
    os.close(theirs)
    with open(ours) as said:
        text = said.read()
    return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "", text)


def test_every_hostile_bundle_is_refused(toy_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(opening.subprocess, "run", forked)
    monkeypatch.setattr(selftest, "SECONDS_CAP", 1)
    open_bundle(toy_bundle)  # everything is imported now, and what is honest passes under the same caps
    met: dict[str, Outcome] = {}

    def plan(number: int, name: str):
        room = Room(tmp_path / str(number))
        bundle = spoil(toy_bundle, room.root / "bundle", name)
        met[name] = yield Job(lambda: sys.exit(refusals.meet(bundle, name)), (), room)

    side_by_side((plan(number, name) for number, name in enumerate(CORPUS)), 2)
    wrong = {name: words for name, outcome in met.items() if (words := refusals.complaint(name, outcome))}
    assert wrong == {}
    assert len(met) == len(CORPUS) >= 70
    assert max(outcome.seconds for outcome in met.values()) < 30  # the cap is on processor time; machines are shared


def test_what_is_grafted_onto_a_graph_is_not_what_is_refused(forge, toy_bundle, monkeypatch):
    monkeypatch.setitem(operators.NODES, "three", "h_n = Constant <value_ints = [3]> ()  h_bomb = ConstantOfShape(h_n)")
    open_bundle(forge(model=operators.spoil((toy_bundle / "model.onnx").read_bytes(), "three")))


def test_a_bundle_taken_as_good_and_a_sentence_in_two_lines_are_seen():
    good, name = Outcome(2, "", "x is refused: model.onnx, sample.npz\n", 1.0, GIB), "zip bomb"
    assert refusals.complaint(name, good) == ""
    for bad in (
        Outcome(0, "", "", 1.0, GIB),
        Outcome(1, "", "Traceback\n", 1.0, GIB),
        Outcome(2, "", "sample.npz is\nrefused\n", 1.0, GIB),
        Outcome(2, "", "sample.npz \x1b[2J is refused\n", 1.0, GIB),
        Outcome(2, "", "sample.npz is refused\n", 1.0, 5 * GIB),
        Outcome(2, "", "sample.npz is refused\n", 100.0, GIB),
    ):
        assert refusals.complaint(name, bad)


def test_hostile_queries_beside_a_bundle(toy_run, tmp_path):
    """evaluation.npz and calibration.npz have no sums: what is in them is refused, or is no query of this bundle."""
    bundle, told = open_bundle(toy_run / "bundle"), []
    for number, name in enumerate(archives.CASES):
        path = tmp_path / f"{number}.npz"
        path.write_bytes(archives.spoil(b"", name))
        try:
            told.append(stacked_queries(path, bundle))
        except Fault as fault:
            told.append(str(path) in str(fault))
    assert told.count(True) == 10  # refused, and the file is named
    assert told.count(None) == 4


def test_a_command_says_it_too(toy_bundle, tmp_path):
    """The real child process this time, under its real memory cap."""
    (tmp_path / "log.csv").write_text("machine,time,load,vibration,temperature\n")
    bundle = spoil(toy_bundle, tmp_path / "bundle", "256 GiB from a few bytes")
    outcome = one(Job("pilot-predict", (str(bundle), str(tmp_path / "log.csv")), Room(tmp_path / "room")))
    assert outcome.code == 2
    assert "refused" in outcome.err
    assert outcome.err.count("\n") == 1
    assert outcome.peak < GIB
