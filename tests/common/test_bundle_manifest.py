"""A manifest that lies, lacks or breaks something is refused, by the program as by the published schema."""

from __future__ import annotations

import json

import jsonschema
import pytest
import toy_graph

from common.bundle.format import check_manifest
from common.bundle.open import open_bundle
from common.facts import schema
from common.fault import Fault

CHANGES = [
    ({"format": 2}, "has format 2"),
    ({"pilot": "../x"}, "pilot '../x'"),
    ({"pilot": 3}, "'pilot' is a int, expected text"),
    ({"name": "a--b"}, "name 'a--b'"),
    ({"version": "2026"}, "14 digits"),
    ({"sample": "patients"}, "'contract' or 'real'"),
    ({"seed": True}, "'seed' is a bool"),
    ({"inputs": []}, "inputs are empty"),
    ({"inputs": [1]}, "does not have exactly the keys"),
    ({"seen": {"load": [1]}}, "seen.load"),
    ({"seen": {"load": ["a", "b"]}}, "seen.load"),
    ({"metrics": {"rmse": {"value": 1}}}, "metrics.rmse"),
    ({"metrics": {"rmse": {"value": None, "naive": 1}}}, "metrics.rmse"),
    ({"session_options": {"register_custom_ops_library": "/tmp/x.so"}}, "session_options must name exactly"),
]


@pytest.mark.parametrize(("change", "sentence"), CHANGES)
def test_a_hostile_manifest_is_refused(forge, change, sentence):
    with pytest.raises(Fault, match=sentence):
        open_bundle(forge(bundle=json.dumps({**toy_graph.toy_manifest(), **change}).encode()))


TENSOR_CHANGES = [
    {"name": "a b"},
    {"name": None},
    {"dtype": "object"},
    {"shape": [0]},
    {"shape": ["machine"] * 9},
    {"shape": "machine"},
    {"low": "0"},
    {"high": [1]},
    {"missing": 1},
    {"unit": None},
    {"default": "x"},
    {"default": 1e999},
]


@pytest.mark.parametrize("change", TENSOR_CHANGES, ids=str)
def test_a_hostile_tensor_is_refused(change):
    made = toy_graph.toy_manifest()
    made["inputs"][2] |= change
    with pytest.raises(Fault, match=r"bundle\.json"):
        check_manifest(made)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"format": NaN}', b"[" * 100_000, b"\xff", b'{"format": 1}'])
def test_what_is_no_manifest_is_refused(forge, text):
    with pytest.raises(Fault, match=r"bundle\.json"):
        open_bundle(forge(bundle=text))


def test_the_published_schema_and_the_check_agree():
    validator = jsonschema.Draft202012Validator(schema("bundle"))
    validator.validate(toy_graph.toy_manifest())
    refused_by_both = 0
    for change, _ in CHANGES:
        changed = {**toy_graph.toy_manifest(), **change}
        if "session_options" not in change:  # left open in the schema: which there are depends on the runtime
            assert not validator.is_valid(changed), change
            refused_by_both += 1
    for part in schema("bundle")["required"]:
        lacking = {name: value for name, value in toy_graph.toy_manifest().items() if name != part}
        with pytest.raises(Fault, match=part):
            check_manifest(lacking)
        refused_by_both += 1
    assert refused_by_both == len(CHANGES) - 1 + 20
