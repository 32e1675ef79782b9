"""`latest`, `<pilot>/latest`, `all` and folders name the runs a user means."""

from __future__ import annotations

import pytest

from common.atomic import PARTIAL
from common.fault import Fault
from common.predict import bundle_folder
from common.runs import find_run, find_runs


@pytest.fixture
def runs(tmp_path):
    for name in (
        "a/20260101000000_x",
        "a/20260103000000_y",
        "b/20260102000000_x",
        f"b/{PARTIAL}20260109000000",
        "c/notes",
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").write_text("{}")
    (tmp_path / "b/20260105000000_broken").mkdir()
    (tmp_path / "index.html").touch()
    return tmp_path


def test_which_run(runs):
    assert find_run("latest", runs) == runs / "a/20260103000000_y"
    assert find_run("b/latest", runs) == runs / "b/20260102000000_x"
    assert find_run(str(runs / "a/20260101000000_x"), runs) == runs / "a/20260101000000_x"
    assert find_runs("all", runs) == [runs / "a/20260103000000_y", runs / "b/20260102000000_x"]


def test_a_folder_of_the_newest_run(runs):
    (runs / "b/20260102000000_x/bundle-step").mkdir()
    assert find_run("b/latest/bundle-step", runs) == runs / "b/20260102000000_x/bundle-step"
    with pytest.raises(Fault, match="has no folder bundle-stp; it has bundle-step"):
        find_run("b/latest/bundle-stp", runs)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("all", "choose one of a/latest, b/latest"),
        ("q/latest", "make one first with pilot-q"),
        ("nothing", "there is no folder nothing"),
        ("../latest", "there is no finished run of '..'"),
    ],
)
def test_no_such_run(runs, text, words):
    with pytest.raises(Fault) as fault:
        find_run(text, runs)
    assert words in str(fault.value)


def test_no_run_at_all(tmp_path):
    for text in ("latest", "all"):
        with pytest.raises(Fault, match="there is no finished run"):
            find_runs(text, tmp_path / "runs")


def test_a_run_without_a_bundle_is_said_to_have_none(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(Fault, match="wrote no bundle"):
        bundle_folder(str(tmp_path))
