"""Commands as a user meets them: one sentence for a mistake, paths as they stand, quick help."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys

import pytest
from toy_pilot import lay, run_toy

from common import cli
from common.fault import Fault, did_you_mean


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    return lay(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def toy(script, tmp_path):
    """Run the toy pilot in an empty folder."""
    return lambda *words, **env: run_toy(script, *words, cwd=tmp_path, **env)


def said(error: BaseException, capsys) -> tuple[int, str]:
    def main() -> None:
        raise error

    code = cli.guard(main)
    return code, capsys.readouterr().err


def test_a_command_that_works_exits_with_0(capsys):
    assert cli.guard(lambda: print("done")) == 0
    assert capsys.readouterr().out == "done\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Fault("pumps.csv is empty"), 2, "pumps.csv is empty\n"),
        (OSError(errno.ENOSPC, "No space", "/x/y"), 2, "/x/y: the disk is full\n"),
        (PermissionError(errno.EACCES, "denied", "/x"), 2, "/x: access is denied\n"),
        (FileNotFoundError(errno.ENOENT, "none", "/x"), 2, "/x: there is no such file or folder\n"),
        (OSError(errno.EIO, "Input/output error"), 2, "Input/output error\n"),
        (MemoryError(), 2, "not enough memory\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
    ],
)
def test_one_sentence(error, code, words, capsys):
    assert said(error, capsys) == (code, words)


def test_a_mistake_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.guard(lambda: 1 / 0)


def test_hostile_names_do_not_reach_the_terminal(capsys):
    _, text = said(Fault("no column 'a\x1b[2J\nb\x07\x9b31m'" + "x" * 10_000), capsys)
    assert text.startswith("no column 'a [2J b 31m'")
    assert len(text) == 2001


def test_the_traceback_is_shown_on_request(capsys, monkeypatch):
    monkeypatch.setenv("PILOTS_TRACEBACK", "1")
    _, text = said(Fault("wrong"), capsys)
    assert "Traceback" in text
    assert text.endswith("\nwrong\n")


def test_notes_follow_the_sentence(capsys):
    error = OSError(errno.ENOSPC, "No space", "/x")
    error.add_note("Go on with resume=/y")
    assert said(error, capsys)[1] == "/x: the disk is full. Go on with resume=/y\n"


def test_a_reader_that_has_seen_enough(tmp_path):
    code = "from common.cli import guard; raise SystemExit(guard(lambda: [print('x' * 1000) for _ in range(10000)]))"
    made = subprocess.run(
        ["sh", "-c", f'{sys.executable} -c "{code}" | head -1 >/dev/null'], capture_output=True, text=True, check=False
    )
    assert made.stderr == ""


@pytest.mark.parametrize(
    ("word", "known", "end"),
    [
        ("rigde", ["ridge", "gbdt"], "did you mean 'ridge'?"),
        ("RIDGE", ["Ridge"], "did you mean 'Ridge'?"),
        ("qqq", ["ridge", "gbdt"], "known: ridge, gbdt"),
        ("q", [], "known: none"),
    ],
)
def test_did_you_mean(word, known, end):
    assert did_you_mean(word, known) == end


SHOWN = "settings are written name=value, --help shows them"
WRONG = {
    ("modle=ridge",): "'modle' is not a setting: did you mean 'model'?",
    ("model.rigde=3",): "'model.rigde' is not a setting: did you mean 'model.ridge'?",
    ("run.sed=3",): "'run.sed' is not a setting: did you mean 'run.seeds'?",
    ("model.ridge.x=3",): "'model.ridge.x' is not a setting: model.ridge holds no further settings",
    ("model=rigde",): "there is no model 'rigde': did you mean 'ridge'?",
    ("model=q",): "there is no model 'q': known: broken, open, ridge",
    ("model.ridge=a(b",): "'model.ridge=a(b' cannot be read: quote the value twice, as in model.ridge=\"'…'\"",
    ("model.ridge=1,2",): "'model.ridge=1,2' holds a comma: a list is written name=[a,b], a sweep needs -m",
    ("task=${nothing}",): "Interpolation key 'nothing' not found",
    ("model.ridge=???",): "model.ridge is not set: say model.ridge=VALUE",
    ("model.ridge=abc",): "model.ridge=abc is text, it must be a number",
    ("model.ridge=-1",): "model: ridge must be > 0, got -1",
    ("run.seeds=[0,0]",): "run.seeds=[0, 0] is not a list of different whole numbers from 0, such as run.seeds=[0,1,2]",
    ("run.seeds=[0,1",): "'run.seeds=[0,1' cannot be read: quote the value twice, as in run.seeds=\"'…'\"",
    ("chek",): "pilot-toy knows no 'chek': did you mean 'check'? (settings: name=value)",
    ("--foo",): f"unrecognized arguments: --foo; {SHOWN}",
    ("--config-dir",): f"argument --config-dir/-cd: expected one argument; {SHOWN}",
    ("--experimental-rerun", "x.pickle"): "--experimental-rerun reads a pickle, which could run anything",
    ("--experimental-r=x.pickle",): "--experimental-rerun reads a pickle, which could run anything",
    ("-cn", "x"): "--config-name would replace the pilot's own settings; add yours with --config-dir",
    ("hydra.searchpath=[x]",): "hydra.searchpath would bypass the check of site settings; add yours with --config-dir",
    ("model._target_=os.system",): "model._target_=os.system is not a class of this project (pilots.… or common.…)",
}


@pytest.mark.parametrize(("words", "sentence"), WRONG.items(), ids=lambda value: value[0])
def test_wrong_words_get_one_sentence(toy, words, sentence):
    made = toy(*words)
    assert made.returncode == 2
    assert [line for line in made.stderr.splitlines() if not line.startswith("data: ")] == [sentence]


def test_a_mistake_leaves_no_folder_behind(toy, tmp_path):
    toy("model.ridge=-1")
    assert os.listdir(tmp_path / "runs" / "toy") == []


def test_our_own_mistake_shows_where(toy):
    made = toy("model=broken")
    assert made.returncode == 1
    assert "RuntimeError: a mistake of ours" in made.stderr


def test_a_verb_has_its_own_module(toy):
    assert toy("check", "a", "--b").stdout == "checked ['a', '--b']\n"


@pytest.mark.parametrize(
    "path",
    ["plain.csv", "/a b/c [1].csv", "a=b.csv", "it's.csv", 'say "x".csv', "[x] y/z.csv", "{x}.csv", "a,b.csv", "2024",
     "null.csv", "C:\\new\\tab.csv", "tail\\", "ü(1).csv", "a:b#c.csv", "true", " lead.csv"],
)  # fmt: skip
def test_paths_are_taken_as_they_stand(toy, path):
    made = toy(f"data.path={path}")
    assert made.returncode == 0, made.stderr
    assert f"path {path!r}" in made.stdout


def test_lists_and_quotes_of_paths_stay_what_they_are(toy):
    assert "data.path=['a.csv', 'b c.csv'] is a list" in toy("data.path=[a.csv,b c.csv]").stderr
    assert "path 'a.csv'" in toy("data.path='a.csv'").stdout


def test_the_run_folder_may_have_any_name(toy, tmp_path):
    made = toy("run.folder=my runs [1]=x")
    assert re.fullmatch(
        rf"run: {re.escape(str(tmp_path))}/my runs \[1\]=x/toy/\d{{14}}_ridge", made.stdout.splitlines()[-1]
    )


def test_a_sweep_makes_one_run_each_and_flags_stand_anywhere(toy, tmp_path):
    made = toy("model.ridge=1,2", "-m", "task=x")
    assert made.returncode == 0, made.stderr
    assert len(re.findall(r"^run: ", made.stdout, re.MULTILINE)) == 2
    assert len([name for name in os.listdir(tmp_path / "runs/toy") if name.endswith("_ridge")]) == 2


def test_hydra_leaves_nothing_of_its_own(toy, tmp_path):
    made = toy()
    assert os.listdir(tmp_path) == ["runs"]
    assert os.listdir(tmp_path / "runs") == ["toy"]
    swept = toy("-m", "model.ridge=1,2")
    assert sorted(os.listdir(tmp_path / "runs")) == ["multirun.yaml", "toy"]
    assert "Launching 2 jobs" not in made.stdout + swept.stdout


def test_the_command_is_noted_as_it_was_typed(toy, tmp_path):
    toy("data.path=a b.csv")
    [facts] = tmp_path.glob("runs/toy/*/run.json")
    assert '"command": "pilot-toy \'data.path=a b.csv\'"' in facts.read_text()


def test_the_last_line_says_where_even_with_errors_merged(script, tmp_path):
    made = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    assert made.stdout.splitlines()[-1].startswith("run: /")


def test_help_is_quick_and_names_everything(toy):
    toy("--help")  # byte code is made once
    before = os.times()
    made = toy("--help")
    after = os.times()
    # Processor seconds: what a person waits on a machine that has nothing else to do.
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent < 1.0
    for word in ("check", "ridge", "data: csv", "seeds", "name=value"):
        assert word in made.stdout
    assert "Hydra" not in made.stdout


def test_help_imports_nothing_heavy(toy):
    made = toy("--help", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in made.stderr.splitlines() if line.startswith("import time:")}
    assert "hydra" in loaded
    assert not loaded & {"numpy", "pandas", "pandera", "torch", "sklearn", "matplotlib", "onnx", "onnxruntime", "rich"}


def test_tab_completion(toy, monkeypatch):
    made = toy("-sc", "query=bash", COMP_LINE="pilot-toy model=r", COMP_POINT="17")
    assert made.stdout.split() == ["model=ridge"]


def test_a_column_may_be_named_for_any_channel():
    from common.cli_hydra import as_setting

    assert as_setting("data.columns.vibration=VIB_RMS") == "++data.columns.vibration=VIB_RMS"
    assert as_setting("model.ridge=2") == "model.ridge=2"
