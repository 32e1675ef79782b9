"""A bundle whose manifest misleads the pilot's readers is refused with a sentence, never a traceback."""

from __future__ import annotations

import copy

import pytest
import toy_graph

from common.fault import Fault
from pilots.manufacturing.use.contract import check_contract

CHANGES = [
    (("channels",), [], "lacks 'channels'"),
    (("channels",), {"a": 1}, "lacks 'channels'"),
    (("channels", 0), 3, "not an object"),
    (("channels", 0, "low"), "0", "channels.low is '0'"),
    (("channels", 0, "name"), None, "channels.name is None"),
    (("channels", 0, "name"), "vibration", "two channels have one name"),
    (("channels", 0, "name"), "time", "called machine or time"),
    (("decision", "cap"), "big", "decision.cap is 'big'"),
    (("decision", "horizon"), None, "decision.horizon is None"),
    (("decision", "persistence"), True, "decision.persistence is True"),
    (("table", "columns"), [], "table.columns"),
    (("table", "columns"), {"machine": 3}, "something else than text"),
    (("table", "missing"), [-999], "something else than text"),
    (("table", "decimal"), 3, "table.decimal is 3"),
    (("outputs", 0, "name"), "life", "the outputs are"),
]


def test_the_toy_keeps_the_contract():
    check_contract(toy_graph.toy_manifest())


@pytest.mark.parametrize(("path", "value", "sentence"), CHANGES)
def test_a_misleading_manifest_is_refused(path, value, sentence):
    made = copy.deepcopy(toy_graph.toy_manifest())
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(Fault, match=sentence):
        check_contract(made)
