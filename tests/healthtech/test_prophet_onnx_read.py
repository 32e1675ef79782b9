"""Prophet's JSON from anybody: what is no model is refused with a sentence, and nothing is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from made_prophet import made
from prophet.serialize import model_to_json

from common.fault import Fault
from pilots.healthtech.prophet_onnx import read as reader
from pilots.healthtech.prophet_onnx import verify
from pilots.healthtech.prophet_onnx.__main__ import convert
from pilots.healthtech.prophet_onnx.graph import graph
from pilots.healthtech.prophet_onnx.parameters import Holiday, Parameters, Structure
from pilots.healthtech.prophet_onnx.read import parse, read

ROOT = Path(__file__).parents[2]


@pytest.fixture
def model() -> dict:
    return json.loads(model_to_json(made("multiplicative")[0]))


def columns(rows: list[dict]) -> str:
    return json.dumps({"schema": {}, "data": rows})


def holiday(**changes) -> dict:
    row = {"ds": "2020-12-25T00:00:00.000", "holiday": "christmas", "lower_window": -1, "upper_window": 2}
    return {"holidays": columns([row | changes])}


def setting(key: str, name: str, **changes):
    def change(model: dict) -> None:
        model[key][1][name].update(changes)

    return change


BAD = {
    "growth is 'cubic', expected one of linear, logistic, flat": {"growth": "cubic"},
    "start is missing, expected a number": {"start": None},
    "start is nan, expected a number": {"start": float("nan")},
    "t_scale is 0, expected a number from": {"t_scale": 0},
    "t_scale is 10000000000000000": {"t_scale": 10**400},
    "y_scale is True, expected a number": {"y_scale": True},
    "interval_width is 1, expected a number": {"interval_width": 1},
    "changepoints_t is 'many', expected a list": {"changepoints_t": "many"},
    "params.delta has 25 numbers for 1 changepoints": {"changepoints_t": [0.5]},
    "params.delta is missing, expected a list": {"params": []},
    "holidays_mode is 'both', expected one of": {"holidays_mode": "both"},
    "train_holiday_names is 3, expected JSON text": {"train_holiday_names": 3},
    "holidays is not JSON": {"holidays": "[" * 100_000},
    "holidays: '2020-13-45T00:00' is not a date": holiday(ds="2020-13-45T00:00"),
    "holidays: window is 1000000000, expected a number from -400 to 400": holiday(upper_window=10**9),
    "'a_delim_b' cannot be the name of a component": holiday(holiday="a_delim_b"),
    r"'\\x1b\[2J' cannot be the name of a component": holiday(holiday="\x1b[2J"),
    "country_holidays is 'os.system', which the package holidays does not know": {"country_holidays": "os.system"},
    "country_holidays is 'HolidayBase', which": {"country_holidays": "HolidayBase"},
    "seasonalities is {}, expected a list of names and their settings": {"seasonalities": {}},
    "extra_regressors has more than": {"extra_regressors": [["x"] * 10_001, {}]},
    "weekly: fourier_order is 10000000": setting("seasonalities", "weekly", fourier_order=10**7),
    "weekly: period is 0, expected a number": setting("seasonalities", "weekly", period=0),
    "mark more than 500,000 days": {
        "holidays": columns([json.loads(holiday(lower_window=-400)["holidays"])["data"][0]] * 1_300)
    },
    "the seasonalities have more than": setting("seasonalities", "weekly", fourier_order=1_500),
    "temperature: std is 0, expected a number": setting("extra_regressors", "temperature", std=0),
    "params.k has 2 draws: fit with mcmc_samples=0": lambda model: model["params"].update(k=[[1.0], [2.0]]),
    "params.k is nan, expected a number": lambda model: model["params"].update(k=[[float("nan")]]),
    "params.beta has 3 numbers for": lambda model: model["params"].update(beta=[[1.0, 2.0, 3.0]]),
    "column 0 of params.beta should belong to 'weekly'": lambda model: model["seasonalities"][0].reverse(),
}


@pytest.mark.parametrize("sentence", BAD)
def test_a_model_that_is_wrong_is_refused(model, sentence):
    change = BAD[sentence]
    change(model) if callable(change) else model.update(change)
    with pytest.raises(Fault, match=sentence):
        parse(json.dumps(model))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "[" * 100_000, '{"params": ' + "9" * 5000 + "}", b"\xff\xfe\x00"]
)
def test_what_is_no_model_is_refused(text):
    with pytest.raises(Fault):
        parse(text)


def test_whatever_a_value_becomes_it_is_read_or_refused():
    random, refused = np.random.default_rng(0), 0
    text = model_to_json(made("conditional")[0])
    odd = [None, -1, 0, 1e308, 10**30, "", "x", "NaN", [], [[]], [1, "a"], {}, {"data": [1]}, True, '{"data": [[]]}']
    for _ in range(150):
        model = json.loads(text)
        holder, keys = model, sorted(model)
        while True:  # down to somewhere in the tree
            key = keys[random.integers(len(keys))]
            inner = holder[key]
            if not isinstance(inner, dict | list) or not inner or random.random() < 0.3:
                break
            holder, keys = inner, sorted(inner) if isinstance(inner, dict) else range(len(inner))
        holder[key] = odd[random.integers(len(odd))]
        try:
            parse(json.dumps(model))
        except Fault:
            refused += 1
    assert refused > 30


def test_holidays_that_would_fill_the_memory_are_refused():
    marked = np.random.default_rng(0).random((300, 8_000)) < 0.02
    days = tuple(Holiday(f"day {n}", tuple(np.flatnonzero(row).tolist())) for n, row in enumerate(marked))
    beta = np.zeros((1, 300))
    one, none, no_column = np.ones(1), np.zeros(1), np.zeros((1, 0))
    fit = Parameters(Structure(holidays=days), ("a",), none, one, one, none, none, none, no_column, no_column, beta,
                     none, no_column, no_column)  # fmt: skip
    with pytest.raises(Fault, match=r"300 holiday columns meet in .* different ways"):
        graph(fit)


def test_two_parts_of_one_name_are_refused(model):
    for part in (model["extra_regressors"], model["seasonalities"]):
        part[0][0] = "cap"
        part[1]["cap"] = next(iter(part[1].values()))
    model["train_component_cols"] = None
    with pytest.raises(Fault, match="two parts of the model are called 'cap', or the graph needs that name itself"):
        graph(parse(json.dumps(model)))


def test_old_files_lack_what_prophet_did_not_know_then(model):
    for name in ("scaling", "y_min", "holidays_mode"):
        del model[name]
    assert parse(json.dumps(model)).structure.holidays_mode == "multiplicative"


def test_a_file_too_large_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "BYTES", 10)
    (tmp_path / "large.json").write_text("{" + " " * 20)
    with pytest.raises(Fault, match=r"large.json: larger than 0 MB"):
        read([tmp_path / "large.json"])


def test_many_files_share_their_countrys_years(tmp_path):
    model = made("multiplicative")[0]
    first = json.loads(model_to_json(model))
    later = {**first, "start": first["start"] + 3 * 365 * 86_400}
    for name, content in (("north", first), ("south", later)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    fits = read([tmp_path / "north.json", tmp_path / "south.json"], until=2060)
    assert fits.names_S == ("north", "south")
    assert fits.structure.known_until == 33_237  # the last day of 2060
    (tmp_path / "flat.json").write_text(model_to_json(made("flat")[0]))
    with pytest.raises(Fault, match="flat and north differ in growth"):
        read([tmp_path / "north.json", tmp_path / "flat.json"])


def test_the_command_writes_a_verified_graph(tmp_path, capsys, monkeypatch):
    (tmp_path / "model.json").write_text(model_to_json(made("flat")[0]))
    monkeypatch.setattr(verify, "PATHS", 500)
    convert([tmp_path / "model.json"], tmp_path / "out.onnx", check=True, until=None)
    said = capsys.readouterr().out
    assert "outputs equal Prophet's to" in said
    assert said.endswith(f"wrote: {tmp_path / 'out.onnx'}\n")
    onnx.checker.check_model(onnx.load(tmp_path / "out.onnx"), full_check=True)


def test_what_prophet_itself_cannot_read_is_not_verified(tmp_path):
    model = json.loads(model_to_json(made("flat")[0]))
    (tmp_path / "model.json").write_text(json.dumps({**model, "history": None}))
    with pytest.raises(Fault, match=r"model.json: Prophet cannot read its own model back"):
        convert([tmp_path / "model.json"], tmp_path / "out.onnx", check=True, until=None)
    assert not (tmp_path / "out.onnx").exists()


def test_the_command_needs_no_prophet_and_answers_a_mistake_with_a_sentence(tmp_path):
    (tmp_path / "model.json").write_text(model_to_json(made("flat")[0]))
    (tmp_path / "bad.json").write_text("{}")
    block = "import sys; sys.modules.update(dict.fromkeys(('prophet', 'torch', 'pandas', 'onnxruntime', 'sklearn')))\n"
    run = block + "from pilots.healthtech.prophet_onnx.__main__ import main; main()"

    def command(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-c", run, *words], cwd=tmp_path, capture_output=True, text=True,
                              env={"PYTHONPATH": str(ROOT)})  # fmt: skip

    done = command("model.json", "out.onnx")
    assert (done.returncode, done.stdout) == (0, f"wrote: {tmp_path / 'out.onnx'}\n"), done.stderr
    bad = command("bad.json", "never.onnx")
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)
    assert "bad.json: not a Prophet model" in bad.stderr
    assert command("gone.json", "never.onnx").stderr == "gone.json: there is no such file or folder\n"
    assert not (tmp_path / "never.onnx").exists()
