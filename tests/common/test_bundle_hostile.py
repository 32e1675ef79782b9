"""Bundles made to harm, with sums that fit: each is refused in the child process, with a sentence."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import onnx
import pytest
import toy_graph
from onnx import TensorProto, helper

from common.bundle import open as opening
from common.bundle import selftest
from common.bundle.files import CAPS
from common.bundle.open import open_bundle
from common.bundle.sample import unpack
from common.bundle.write import sample_from_contract, write_bundle
from common.fault import Fault

TWO_GIB_OF_FLOATS = 2**29


def model(change=None) -> onnx.ModelProto:
    made = onnx.load_model_from_string(toy_graph.model())
    if change:
        change(made)
    return made


def renamed(old: str, nodes: list, fresh: list = ()) -> bytes:
    """The toy graph with its output `old` made by other nodes; the true one becomes `old`_true."""

    def change(made: onnx.ModelProto) -> None:
        for node in made.graph.node:
            node.output[:] = [f"{old}_true" if name == old else name for name in node.output]
            node.input[:] = [f"{old}_true" if name == old else name for name in node.input]
        made.graph.node.extend(nodes)
        made.graph.initializer.extend(fresh)

    return model(change).SerializeToString()


def external() -> bytes:
    def change(made: onnx.ModelProto) -> None:
        weights = made.graph.initializer.add(name="stolen", data_type=TensorProto.FLOAT, dims=[1])
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value="../../../../etc/passwd")

    return model(change).SerializeToString()


def external_in_a_branch() -> bytes:
    weights = TensorProto(name="stolen", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    weights.external_data.add(key="location", value="/etc/passwd")
    branch = helper.make_graph([helper.make_node("Constant", [], ["c"], value=weights)], "b", [], [])
    branch.output.add(name="c")
    node = helper.make_node("If", ["yes"], ["ignored"], then_branch=branch, else_branch=branch)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return renamed("nothing", [node], [yes])


def custom_operator() -> bytes:
    def change(made: onnx.ModelProto) -> None:
        made.opset_import.add(domain="com.microsoft", version=1)

    return model(change).SerializeToString()


def custom_operator_in_a_node() -> bytes:
    return renamed("nothing", [helper.make_node("Inverse", ["rul"], ["x"], domain="com.microsoft")])


def own_function() -> bytes:
    def change(made: onnx.ModelProto) -> None:
        made.functions.add(name="Sneak", domain="").opset_import.add(domain="", version=21)

    return model(change).SerializeToString()


def memory_hog() -> bytes:
    """Repeats the answer until it takes 8 GiB, then takes one value of it."""
    size = helper.make_tensor("size", TensorProto.INT64, [1], [4 * TWO_GIB_OF_FLOATS])
    flat = helper.make_tensor("flat", TensorProto.INT64, [1], [-1])
    nodes = [
        helper.make_node("ReduceMax", ["rul_true"], ["one"], keepdims=0),
        helper.make_node("Reshape", ["one", "flat"], ["row"]),
        helper.make_node("Expand", ["row", "size"], ["huge"]),
        helper.make_node("ReduceMax", ["huge"], ["back"], keepdims=0),
        helper.make_node("Max", ["rul_true", "back"], ["rul"]),
    ]
    return renamed("rul", nodes, [size, flat])


def endless() -> bytes:
    """Counts to 2 to the 62."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["x", "x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        ],
    )
    times = helper.make_tensor("times", TensorProto.INT64, [], [2**62])
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return renamed("rul", [helper.make_node("Loop", ["times", "yes", "rul_true"], ["rul"], body=body)], [times, yes])


def other_shape() -> bytes:
    def change(made: onnx.ModelProto) -> None:
        made.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 4

    return model(change).SerializeToString()


HOSTILE_MODELS = {
    external: "lie in another file",
    external_in_a_branch: "lie in another file",
    custom_operator: "operators of 'com.microsoft' are not standard",
    custom_operator_in_a_node: "operators of 'com.microsoft' are not standard",
    own_function: "defines its own operator 'Sneak'",
    other_shape: "refused",
    lambda: b"": "refused",
    lambda: b"\x80\x04not a graph": "not an ONNX graph",
    lambda: toy_graph.model()[:-300]: "refused",
}


@pytest.mark.parametrize("make", HOSTILE_MODELS, ids=lambda make: make.__name__)
def test_a_hostile_graph_is_refused(forge, make):
    with pytest.raises(Fault, match=HOSTILE_MODELS[make]) as caught:
        open_bundle(forge(model=make()))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="no memory cap for a process on Windows")
def test_a_graph_that_eats_memory_is_stopped(forge):
    with pytest.raises(Fault, match="refused"):
        open_bundle(forge(model=memory_hog()))


def test_a_graph_without_end_is_stopped(forge, monkeypatch):
    monkeypatch.setattr(opening, "SECONDS_CAP", 2)
    with pytest.raises(Fault, match="did not end within 2 s"):
        open_bundle(forge(model=endless()))


def test_a_graph_that_answers_otherwise_is_refused(forge):
    half = helper.make_tensor("half", TensorProto.FLOAT, [], [0.5])
    with pytest.raises(Fault, match=r"Self-test: \d+ of 36 values of rul are not what the bundle promises"):
        open_bundle(forge(model=renamed("rul", [helper.make_node("Mul", ["rul_true", "half"], ["rul"])], [half])))


def bomb() -> bytes:
    """100 MB of zeros in 100 kB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        member = io.BytesIO()
        np.lib.format.write_array(member, np.zeros(100 << 20, np.int8))
        archive.writestr("in.readings.npy", member.getvalue())
    return buffer.getvalue()


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{"in.readings": np.array([{"a": 1}], object), "out.rul": np.zeros(1)})
    return buffer.getvalue()


def liar() -> bytes:
    """Says in its header that it is far larger than it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        member = io.BytesIO()
        np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
        archive.writestr("in.readings.npy", member.getvalue())
    return buffer.getvalue()


@pytest.mark.parametrize("make", [bomb, pickled, liar, lambda: b"PK", lambda: b""])
def test_a_hostile_sample_is_refused(forge, make):
    assert len(make()) < CAPS["sample.npz"]
    with pytest.raises(Fault, match=r"sample\.npz"):
        unpack(make())
    with pytest.raises(Fault, match="refused"):
        open_bundle(forge(sample=make()))


def test_the_child_proves_the_id(toy_bundle, capsys):
    if os.name != "nt":  # the caps must not stay on the test's own process
        capped, selftest._cap_this_process = selftest._cap_this_process, lambda: None
    try:
        assert selftest.main(str(toy_bundle), "0" * 64) == 2
    finally:
        selftest._cap_this_process = capped
    assert "changed while it was being opened" in capsys.readouterr().err


def test_what_could_not_be_opened_is_not_written(tmp_path):
    made = toy_graph.toy_manifest()
    sample = sample_from_contract(made, {"machine": 3, "time": 12}, seed=0)
    for bad in (external(), custom_operator(), b"nonsense"):
        with pytest.raises(Fault, match="refused"):
            write_bundle(tmp_path / "bundle", bad, made, sample, "")
    made["inputs"][1]["dtype"] = "int32"
    with pytest.raises(Fault, match="The graph's length is int64"):
        write_bundle(tmp_path / "bundle", toy_graph.model(), made, sample, "")
    assert list(tmp_path.iterdir()) == []


def test_the_sample_is_made_from_the_contract():
    made = toy_graph.toy_manifest()
    sample = sample_from_contract(made, {"machine": 50, "time": 40}, seed=1)
    assert {name: array.shape for name, array in sample.items()} == {
        "readings": (50, 40, 3),
        "length": (50,),
        "threshold": (),
        "judge": (),
    }
    readings, length = sample["readings"], sample["length"]
    assert 0.01 < np.isnan(readings).mean() < 0.1
    for f, (low, high) in enumerate(toy_graph.SEEN.values()):
        assert low <= np.nanmin(readings[..., f]) < np.nanmax(readings[..., f]) <= high
    assert (length.min() >= 1) & (length.max() <= 40)
    assert len(np.unique(length)) > 10
    again = sample_from_contract(made, {"machine": 50, "time": 40}, seed=1)
    np.testing.assert_array_equal(readings, again["readings"])
