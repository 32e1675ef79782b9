"""Every figure of the demo is where it was, or is named with what it was, what it is and what is allowed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import golden
from common.fault import Fault

BOUNDS, NONE = {"low": 10.0, "high": 15.0}, {"low": None, "high": None}
ROOT = Path(__file__).parents[2]


def metric(value: float | None, naive: float | None = 44.0, unit: str = "days") -> dict:
    """A figure whose interval reaches 2 below and 3 above; without a unit one that has none."""
    return {"value": value, "naive": naive, "unit": unit, **(BOUNDS if unit else NONE)}


def facts(pilot: str, **metrics: dict) -> dict:
    """What golden.py reads of a run.json."""
    machine = {"cores": 2, "versions": {"python": "3.11.7"}}
    return {
        **{"pilot": pilot, "model": "ensemble", "seeds": [0], "command": golden.PILOTS[pilot], "dirty": False},
        **{"commit": "a" * 40, "data": {"sha256": "0" * 64}, "machine": machine, "metrics": metrics},
    }


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """Runs of three pilots whose figures were accepted; `change` writes another run of one of them."""
    monkeypatch.setattr(golden, "STORED", tmp_path / "golden.json")
    monkeypatch.setattr(golden, "commit", lambda: ("a" * 40, False))
    (tmp_path / "golden.json").write_text(json.dumps({"machine": None, "pilots": {}, "history": []}))

    def change(pilot: str, version: str = "20260201000000", **other) -> Path:
        folder = tmp_path / "runs" / pilot / f"{version}_ensemble"
        folder.mkdir(parents=True)
        given = facts(pilot, rmse=metric(12.0), floor=metric(0.5, None, ""))
        (folder / "run.json").write_text(json.dumps({**given, **other}))
        return tmp_path / "runs"

    for pilot in golden.PILOTS:
        change(pilot, "20260101000000")
    golden.accept(tmp_path / "runs", "the first figures")
    return change


def elsewhere(monkeypatch):
    monkeypatch.setattr(golden.platform, "libc_ver", lambda: ("another", "1"))


def test_nothing_moved(demo, tmp_path, capsys):
    capsys.readouterr()
    golden.check(tmp_path / "runs")
    assert capsys.readouterr().out == "6 figures of 3 pilots, to the last bit: none has moved\n"


def test_the_last_bit_counts_on_the_same_machine(demo, capsys):
    root = demo("healthtech", metrics={"rmse": metric(12.000000000000002), "floor": metric(0.5, None, "")})
    with pytest.raises(SystemExit) as end:
        golden.check(root)
    assert end.value.code == 1
    said = capsys.readouterr().out
    assert "healthtech rmse: 12.0 became 12.000000000000002 days, allowed 0 up or down\n" in said
    assert "1 moved" in said


@pytest.mark.parametrize(
    ("value", "naive", "line"),
    [
        (12.9, 44.0, None),  # half the way to the lower end
        (13.1, 44.0, "manufacturing rmse: 12.0 became 13.1 days, allowed 1 up or down"),
        (10.9, 44.0, "manufacturing rmse: 12.0 became 10.9 days, allowed 1 up or down"),
        (12.0, 45.1, "manufacturing rmse of the naive guess: 44.0 became 45.1 days, allowed 1 up or down"),
        (12.0, None, "manufacturing rmse of the naive guess: 44.0 became None days, allowed 1 up or down"),
    ],
)
def test_elsewhere_there_is_a_tolerance(demo, monkeypatch, capsys, value, naive, line):
    elsewhere(monkeypatch)
    root = demo("manufacturing", metrics={"rmse": metric(value, naive), "floor": metric(0.5, None, "")})
    if line is None:
        golden.check(root)
        assert "within their tolerances: none has moved" in capsys.readouterr().out
        return
    with pytest.raises(SystemExit):
        golden.check(root)
    assert line in capsys.readouterr().out.splitlines()


def test_other_data_and_other_figures_are_named(demo, capsys):
    changed = {"data": {"sha256": "1" * 64}, "metrics": {"rmse": metric(12.0), "new": metric(1.0)}, "seeds": [1]}
    with pytest.raises(SystemExit):
        golden.check(demo("creative", **changed))
    said = capsys.readouterr().out
    for line in ("creative seeds: [0] became [1]", f"creative data: {'0' * 64} became", "new is new", "floor is gone"):
        assert line in said


def test_accepting_notes_who_moved_and_why(demo, tmp_path):
    root = demo("healthtech", metrics={"rmse": metric(13.0), "floor": metric(0.5, None, "")})
    before = (tmp_path / "golden.json").read_text()
    with pytest.raises(Fault, match="say why"):
        golden.accept(root, " ")
    assert (tmp_path / "golden.json").read_text() == before
    golden.accept(root, "a longer  season")
    golden.check(root)
    first, last = json.loads((tmp_path / "golden.json").read_text())["history"]
    assert len(first["moved"]) == 6
    assert last["moved"] == {"healthtech rmse": [12.0, 13.0]}
    assert (last["reason"], last["commit"], last["with_changes"]) == ("a longer season", "a" * 40, False)


def test_another_machine_widens_what_it_moves(demo, tmp_path, monkeypatch):
    root = demo("healthtech", metrics={"rmse": metric(12.5), "floor": metric(0.5, None, "")}, commit="b" * 40)
    golden.allow(root, "another processor")
    stored = json.loads((tmp_path / "golden.json").read_text())["pilots"]["healthtech"]["metrics"]
    assert stored["rmse"]["tolerance"] == pytest.approx(golden.TIMES * 0.5)
    assert stored["rmse"]["because"] == "3 times what it moved: another processor"
    assert stored["floor"]["tolerance"] == 0.5 * golden.OF_VALUE
    golden.accept(demo("healthtech", "20260301000000"), "back again")
    kept = json.loads((tmp_path / "golden.json").read_text())["pilots"]["healthtech"]["metrics"]
    assert kept["rmse"]["tolerance"] == pytest.approx(golden.TIMES * 0.5)
    with pytest.raises(Fault, match="no run of the demo"):
        golden.allow(tmp_path / "nowhere", "no run")
    with pytest.raises(Fault, match="another demo"):
        golden.allow(demo("healthtech", "20260401000000", data={"sha256": "1" * 64}), "other data")


def test_other_runs_are_not_the_demo(demo, tmp_path):
    demo("healthtech", "20260301000000", command="pilot-healthtech model=glm", metrics={})
    golden.check(tmp_path / "runs")  # the newest run of the demo's own command
    with pytest.raises(Fault, match="made at another commit"):
        golden.check(demo("healthtech", "20260401000000", commit="b" * 40))
    with pytest.raises(Fault, match="pilot-demo makes one"):
        golden.check(tmp_path / "nowhere")


def test_the_command(tmp_path):
    command = [sys.executable, "-m", "benchmarks.golden", "check", "--runs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch("there is no run of `pilot-manufacturing data=sample` in .*\n", done.stderr)


def test_what_the_demo_left_here_is_where_it_was(capsys):
    """After `make demo` in this clone, at this commit."""
    try:
        golden.demo_runs(ROOT / "runs")
    except Fault as fault:
        pytest.skip(str(fault))
    golden.check(ROOT / "runs")


def test_the_stored_figures_are_those_of_the_demo():
    stored = json.loads(golden.STORED.read_text())
    assert stored["pilots"].keys() == golden.PILOTS.keys()
    assert sum(len(pilot["metrics"]) for pilot in stored["pilots"].values()) >= 39
    assert all(entry["reason"] for entry in stored["history"])
    figures = [metric for pilot in stored["pilots"].values() for metric in pilot["metrics"].values()]
    assert all(figure["tolerance"] > 0 and figure["because"] for figure in figures)
