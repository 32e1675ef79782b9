"""The package could be released on its own: its page is true, it needs nothing else of the pilot, and real data fit."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_prophet import made
from prophet import Prophet
from prophet.serialize import model_to_json

from pilots.healthtech.prophet_onnx.graph import graph
from pilots.healthtech.prophet_onnx.read import parse
from pilots.healthtech.prophet_onnx.verify import verify

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pilots" / "healthtech" / "prophet_onnx"
README = (PACKAGE / "README.md").read_text(encoding="utf-8")
MAY = {"common.atomic", "common.bundle.session", "common.cli", "common.fault"}


def test_it_imports_nothing_else_of_the_project():
    files = sorted(PACKAGE.glob("*.py"))
    assert len(files) >= 12
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                own = name.startswith("pilots.healthtech.prophet_onnx")
                assert own or name in MAY or name.split(".")[0] not in ("pilots", "common", "conf", "torch"), file


def test_the_page_names_every_file():
    missing = [file.name for file in PACKAGE.glob("*.py") if file.name not in README and "__" not in file.name]
    assert not missing


def test_the_pages_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, _ = made("linear")
    Path("out.onnx").write_bytes(graph(parse(model_to_json(model))).SerializeToString())
    names: dict = {}
    exec(re.search(r"```python\n(.*?)```", README, re.S)[1], names)
    model.uncertainty_samples = 0
    expected = model.predict(pd.DataFrame({"ds": names["days"]}))
    np.testing.assert_allclose(names["forecast"]["yhat"], expected["yhat"], rtol=1e-12)


def test_figures_on_the_page_are_those_of_the_benchmark():
    for kind, folder in {"accuracy": "accuracy", "speed": "speed/studies"}.items():
        found = (ROOT / "benchmarks" / "results" / folder / "prophet_onnx.md").read_text(encoding="utf-8")
        assert f"<!-- {kind} -->\n{found.partition(chr(10) * 2)[2]}<!-- /{kind} -->" in README


def test_a_real_series_is_prophets():
    data = os.environ.get("PILOTS_REAL_DATA")
    if not data:
        pytest.skip("PILOTS_REAL_DATA does not name a folder with the public data sets")
    table = pd.read_csv(Path(data) / "health-ed-daily-uk" / "ed_ts.csv.gz")
    table = pd.DataFrame({"ds": pd.to_datetime(table["date"], format="%d/%m/%y"), "y": table["arrivals"]})
    model = Prophet()
    model.add_country_holidays("GB")
    model.fit(table)
    found = verify(graph(parse(model_to_json(model))), model, paths=0)
    assert found.rows == 344 + 180
    assert found.difference < 1e-12
