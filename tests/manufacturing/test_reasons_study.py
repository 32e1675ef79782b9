"""What the comparison of reasons refuses before it spends minutes."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from benchmarks.readme import MANUFACTURING
from common.fault import Fault
from pilots.manufacturing.experiments.reasons.study import RESULTS, Alarms, table, words, work


def run(folder, model, data="sample"):
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({"model": model, "data": {"name": data}}))
    return folder


def test_a_run_of_another_model_or_data_is_refused(tmp_path):
    trees = run(tmp_path / "trees", "gbdt")
    with pytest.raises(Fault, match="holds model=gbdt data=sample; wanted is model=ensemble data=sample"):
        work(trees, trees)
    with pytest.raises(Fault, match="holds model=ensemble data=FD001"):
        work(run(tmp_path / "engines", "ensemble", "FD001"), trees)


def test_an_absent_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(Fault, match="pip install shap"):
        work(run(tmp_path / "ensemble", "ensemble"), run(tmp_path / "trees", "gbdt"))


def test_a_top_sensor_is_right_where_it_belongs_to_the_part():
    alarms = Alarms(None, ["bearing", "impeller"], ["vibration", "flow"], None, None, None)
    assert list(alarms.right(np.array([[2.0, 1.0], [2.0, 1.0]]))) == [True, False]


def test_figures_are_the_stored_ones():
    stored = json.loads((RESULTS / "reasons.json").read_text(encoding="utf-8"))
    shown = table(stored["rows"])
    assert f"<!-- reasons -->\n{shown}<!-- /reasons -->" in MANUFACTURING.read_text(encoding="utf-8")
    assert (RESULTS / "reasons.md").read_text(encoding="utf-8") == words(stored, shown)
