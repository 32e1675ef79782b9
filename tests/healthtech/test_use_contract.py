"""A bundle whose manifest misleads the pilot's readers is refused with a sentence, never a traceback."""

from __future__ import annotations

import copy
import json

import pytest

from common.fault import Fault
from pilots.healthtech.use.contract import check_contract

CHANGES = [
    (("flow",), None, "lacks 'flow'"),
    (("flow", "freq"), "W", "flow.freq is 'W'"),
    (("flow", "past"), 0, "flow.past is 0"),
    (("flow", "horizon"), 10**9, "flow.horizon"),
    (("flow", "delay"), True, "flow.delay is True"),
    (("flow", "delay"), 48, "leaves nothing"),
    (("flow", "names"), ["a", "a", "b", "c", "d"], "flow.names"),
    (("flow", "names"), [], "flow.names"),
    (("flow", "unit"), 3, "flow.unit"),
    (("flow", "sums"), [[1, 0, 0]], "flow.sums is not one list"),
    (("flow", "sums", 4), [1, 1], "lists of one length"),
    (("flow", "sums", 4), [1, 1, 2], "something else than 0 and 1"),
    (("flow", "sums", 0), [0, 1, 0], "do not begin"),
    (("flow", "hierarchy"), [{"name": "trust", "members": [99]}], "flow.hierarchy"),
    (("flow", "hierarchy"), 5, "flow.hierarchy"),
    (("flow", "dependence"), {"level": 0.2, "near": "x", "rho": 0.1}, "flow.dependence"),
    (("flow", "dependence"), {"level": 0.8, "near": 0.8, "rho": 0.1}, "flow.dependence"),
    (("flow", "past"), 100, "counts has the shape"),
    (("decision", "levels"), [0.5, 0.1], "decision.levels"),
    (("decision", "levels"), None, "decision.levels"),
    (("decision", "level"), [1.0], "decision.level is not one count"),
    (("table", "columns"), [], "table.columns"),
    (("table", "columns", "value"), 3, "table.columns.value"),
    (("table", "columns"), {"time": "when"}, "does not say which columns"),
    (("table", "missing"), [-999], "something else than text"),
    (("table", "freq"), "h or so", "table.freq"),
    (("table", "absent"), "never", "table.absent"),
    (("table", "exclude"), [["2020-03-16"]], "table.exclude"),
    (("table", "decimal"), 3, "table.decimal is 3"),
    (("outputs", 0, "name"), "quantile", "the outputs are"),
]


@pytest.fixture(scope="module")
def manifest(hourly_run):
    return json.loads((hourly_run / "bundle" / "bundle.json").read_text(encoding="utf-8"))


def test_a_real_bundle_keeps_the_contract(manifest):
    check_contract(manifest)
    check_contract({**manifest, "table": {}})


@pytest.mark.parametrize(("path", "value", "sentence"), CHANGES)
def test_a_misleading_manifest_is_refused(manifest, path, value, sentence):
    made = copy.deepcopy(manifest)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(Fault, match=sentence):
        check_contract(made)
