"""A run folder that exists is whole; a stopped run goes on to the same result."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from omegaconf import OmegaConf
from toy_pilot import lay, run_toy

from common import machine
from common import run as run_module
from common.atomic import PARTIAL
from common.facts import check_facts, plain, read_facts, schema, to_json
from common.fault import Fault
from common.run import Run

FOUND = {
    "data": {"name": "toy", "rows": 3, "series": 1, "sha256": "0" * 64, "licence": "CC0"},
    "origins": 0,
    "metrics": {"rmse": {"value": np.float32(1.5), "unit": "cycles", "low": 1, "high": 2, "naive": 4.0}},
    "parity": {"max_abs_diff": 0.0, "tolerance": 0.001, "rows": np.int64(3)},
}


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    return lay(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def cfg(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return OmegaConf.create(
        {
            "run": {"seeds": [0], "folder": "runs"},
            "model": {"_target_": "pilots.toy.models.ridge.Ridge"},
            "resume": None,
        }
    )


def test_a_run_from_start_to_finish(cfg, tmp_path, capsys):
    run = Run.start(cfg, "toy")
    assert re.fullmatch(r"\d{14}", run.version)
    assert run.folder == tmp_path / "runs" / "toy" / f"{PARTIAL}{run.version}"
    assert (run.seeds, run.model) == ([0], "ridge")
    with run.stage("fit"):
        run.keep("step", lambda: {"x": np.arange(3)})
    (run.folder / "report.html").write_text("x")
    (run.folder / f"{PARTIAL}leftover").mkdir()
    final = run.finish(FOUND)
    assert final == tmp_path / "runs" / "toy" / f"{run.version}_ridge"
    assert sorted(os.listdir(final)) == ["config.yaml", "report.html", "run.json"]
    assert os.listdir(tmp_path / "runs" / "toy") == [final.name]
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == f"run: {final}"
    assert re.fullmatch(r"fit: \d+\.\d s\n", said.err)
    facts = read_facts(final / "run.json")
    jsonschema.validate(facts, schema("run"))
    assert set(facts["seconds"]) == {"fit", "total"}
    assert facts["metrics"]["rmse"]["value"] == 1.5
    assert OmegaConf.load(final / "config.yaml") == cfg


def test_the_time_of_a_stage_counts_from_its_kept_steps_on(cfg):
    run = Run.start(cfg, "toy")
    with run.stage("fit"):
        run.keep("step", lambda: {"x": np.arange(3)})
        stopped_here = read_facts(run.folder / "started.json")["seconds"]
    assert 0 < stopped_here["fit"] <= stopped_here["total"]
    assert stopped_here["fit"] < run.facts(FOUND)["seconds"]["total"]


def test_a_run_knows_where_it_was_made(cfg):
    facts = Run.start(cfg, "toy").facts(FOUND)
    assert facts["machine"]["cores"] >= 1
    assert facts["machine"]["versions"]["numpy"] == np.__version__
    assert facts["peak_memory_mb"] is None or facts["peak_memory_mb"] > 10
    assert facts["commit"] is None or re.fullmatch(r"[0-9a-f]{40}", facts["commit"])


def test_without_git_the_commit_is_null(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert machine.commit() == (None, None)


def test_runs_of_one_second_do_not_collide(cfg):
    runs = [Run.start(cfg, "toy") for _ in range(2)]
    assert len({run.folder for run in runs}) == 2
    finished = [run.finish(FOUND) for run in runs]
    again = Run.start(cfg, "toy")
    assert again.version > max(path.name[:14] for path in finished)


def test_runs_started_together_do_not_collide(script, tmp_path):
    words = [sys.executable, str(script), "task=x"]
    together = [
        subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in "abc"
    ]
    assert [process.wait(60) for process in together] == [0, 0, 0]
    assert len(list(tmp_path.glob("runs/toy/*/run.json"))) == 3


@pytest.mark.parametrize("seeds", [[], [0, 0], [-1], [1.5], ["a"], [True], None, "0"])
def test_seeds_are_different_whole_numbers(cfg, seeds, tmp_path):
    cfg.run.seeds = seeds
    with pytest.raises(Fault, match=r"run\.seeds="):
        Run.start(cfg, "toy")
    assert not (tmp_path / "runs").exists()


def test_one_seed_needs_no_list(cfg):
    cfg.run.seeds = 3
    assert Run.start(cfg, "toy").seeds == [3]


# facts


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"metrics": {"rmse": {"value": float("nan"), "unit": "", "low": 0, "high": 0, "naive": 0}}},
            "rmse.value = nan",
        ),
        ({"metrics": {"rmse": {"value": 1.0, "unit": "", "low": 0, "high": 0}}}, "'naive' is a required property"),
        ({"metrics": {"rmse": {"value": None, "unit": "", "low": 0, "high": 0, "naive": 0}}}, "rmse.value"),
        ({"metrics_by_class": {"brick": {"swd": "good"}}}, "metrics_by_class.brick"),
        ({"metrics_by_model": {"ridge": {"rmse": float("inf")}}}, "rmse = inf"),
        ({"data": {"name": "x"}}, "'rows' is a required property"),
        ({"seeds": []}, "seeds"),
    ],
)
def test_facts_keep_their_schema(cfg, wrong, words, tmp_path):
    run = Run.start(cfg, "toy")
    with pytest.raises(ValueError, match=re.escape(words)):
        run.finish({**FOUND, **wrong})
    assert os.listdir(tmp_path / "runs" / "toy") == [run.folder.name]


def test_bare_figures_by_class_may_be_nested_and_null(cfg):
    facts = Run.start(cfg, "toy").facts(
        {**FOUND, "metrics_by_class": {"brick": {"swd": 0.1, "baselines": {"a": {"b": None}}}}}
    )
    check_facts(facts, "run")


@pytest.mark.parametrize("kind", ["run", "bundle"])
def test_the_schemas_are_schemas(kind):
    jsonschema.Draft202012Validator.check_schema(schema(kind))


def test_numpy_values_become_plain():
    made = plain({"a": np.float32(0.5), "b": (np.int64(1), np.bool_(True)), "c": np.arange(2), "d": Path("x"), 5: None})
    assert json.loads(to_json(made)) == {"a": 0.5, "b": [1, True], "c": [0, 1], "d": "x", "5": None}


@pytest.mark.parametrize("text", ["", "{", "[]", "nul"])
def test_a_damaged_run_json_is_a_fault(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(Fault, match="name another run"):
        read_facts(tmp_path / "run.json")


# steps and resuming


def test_a_kept_step_is_loaded_bit_for_bit(cfg):
    run = Run.start(cfg, "toy")
    first = run.keep("fold-1.seed_0", lambda: {"x": np.array([0.1, np.nan]), "n": np.int64(3), "name": np.array(["a"])})
    again = run.keep("fold-1.seed_0", lambda: pytest.fail("computed twice"))
    assert first.keys() == again.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])
        assert first[key].dtype == again[key].dtype


def test_what_is_put_anew_takes_the_place_of_what_was_there(cfg):
    run = Run.start(cfg, "toy")
    assert run.kept("fit") is None
    run.put("fit", {"done": np.array(100)})
    run.put("fit", {"done": np.array(200)})
    assert run.kept("fit")["done"] == 200
    assert len(list((run.folder / "steps").glob("*.npz"))) == 1


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 200])
def test_a_step_has_a_plain_name(cfg, name):
    with pytest.raises(ValueError, match="cannot name a step"):
        Run.start(cfg, "toy").keep(name, dict)


def test_objects_are_never_pickled(cfg):
    with pytest.raises(TypeError, match="pickle"):
        Run.start(cfg, "toy").keep("a", lambda: {"x": np.array([{}])})


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_stopped_run_goes_on_to_the_same_result(script, tmp_path, step, how):
    whole = run_toy(script, "model.ridge=2.5", cwd=tmp_path)
    assert whole.returncode == 0
    stopped = run_toy(script, "model.ridge=2.5", f"die={step}", f"how={how}", cwd=tmp_path)
    assert stopped.returncode == {"kill": -9, "stop": 130}[how]
    [partial] = tmp_path.glob(f"runs/toy/{PARTIAL}*")
    if how == "stop":
        assert stopped.stderr.endswith(f"stopped. What is done so far is kept: go on with resume='{partial}'\n")
    settings = OmegaConf.load(partial / "config.yaml")
    settings.die = None  # what stopped it does not happen again
    OmegaConf.save(settings, partial / "config.yaml")
    (partial / "half.txt").write_text("half")
    resumed = run_toy(script, f"resume={partial}", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert re.findall(r"computed (\d)", resumed.stderr) == [str(n) for n in range(step, 3)]
    one, two = sorted(tmp_path.glob("runs/toy/*/run.json"))
    assert read_facts(one)["metrics"] == read_facts(two)["metrics"]
    assert two.parent.name == f"{partial.name.removeprefix(PARTIAL)}_ridge"
    assert sorted(os.listdir(two.parent)) == ["config.yaml", "run.json"]
    assert not list(tmp_path.glob(f"runs/toy/{PARTIAL}*"))


def test_a_run_stopped_before_its_last_step_only_gets_its_name(cfg, tmp_path, monkeypatch, capsys):
    run = Run.start(cfg, "toy")
    monkeypatch.setattr(run_module, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run.finish(FOUND)
    monkeypatch.undo()
    os.chdir(tmp_path)
    cfg.resume = str(run.folder)
    with pytest.raises(SystemExit) as end:
        Run.start(cfg, "toy")
    [final] = tmp_path.glob("runs/toy/[!.]*")
    assert end.value.code == 0
    assert capsys.readouterr().out == f"run: {final}\n"
    assert final.name == f"{run.version}_ridge"
    assert sorted(os.listdir(final)) == ["config.yaml", "run.json"]
    assert not run.folder.exists()


def test_a_full_disk_says_how_to_go_on(script, tmp_path):
    made = run_toy(script, "full=1", cwd=tmp_path)
    [partial] = tmp_path.glob(f"runs/toy/{PARTIAL}*")
    assert made.returncode == 2
    assert made.stderr.splitlines()[-1] == (
        f"somewhere: the disk is full. What is done so far is kept: go on with resume='{partial}'"
    )


def test_a_disk_that_fills_up_at_any_moment(script, tmp_path, tiny_disk):
    filler, ends = tiny_disk / "filler", set()
    for free in (60, 36, 28, 20, 12):  # kB; every file and folder takes 4
        filler.write_bytes(bytes((64 - free) * 1024))
        made = run_toy(script, f"run.folder={tiny_disk / 'runs'}", cwd=tmp_path)
        ends.add(made.returncode)
        if made.returncode:
            assert "the disk is full" in made.stderr.splitlines()[-1]
            assert "Traceback" not in made.stderr
        for folder in tiny_disk.glob("runs/toy/*"):
            assert folder.name.startswith(PARTIAL) or (folder / "run.json").is_file()
            assert folder.name.startswith(PARTIAL) == bool(made.returncode)
        shutil.rmtree(tiny_disk / "runs", ignore_errors=True)
    assert ends == {0, 2}


@pytest.mark.parametrize("how", ["stop", "full"])
def test_a_run_without_any_step_leaves_nothing(script, tmp_path, how):
    run_toy(script, *(["full=0"] if how == "full" else ["die=0", "how=stop"]), cwd=tmp_path)
    assert os.listdir(tmp_path / "runs/toy") == []


def test_what_cannot_be_resumed(script, tmp_path):
    run_toy(script, "die=1", cwd=tmp_path)
    [partial] = tmp_path.glob(f"runs/toy/{PARTIAL}*")
    assert "is no stopped run" in run_toy(script, "resume=runs", cwd=tmp_path).stderr
    both = run_toy(script, f"resume={partial}", "model.ridge=2", cwd=tmp_path)
    assert both.stderr == "resume= goes on with the settings of the stopped run: leave out model.ridge=2\n"
    started = json.loads((partial / run_module.STARTED).read_text())
    (partial / run_module.STARTED).write_text(json.dumps({**started, "pilot": "other"}))
    assert "was begun by pilot-other" in run_toy(script, f"resume={partial}", cwd=tmp_path).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no file locks of this kind")
def test_a_run_at_work_is_not_resumed_by_another(cfg, script, tmp_path):
    run = Run.start(cfg, "toy")
    made = run_toy(script, f"resume={run.folder}", cwd=tmp_path)
    assert "is still being worked on by another process" in made.stderr
    assert run.folder.is_dir()
