"""Work counted from a graph, against sums done by hand."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.probes import graph_cost, profile

HEAD = '<ir_version: 10, opset_import: ["" : 20]>'


def parsed(text: str, **weights: tuple[int, ...]) -> bytes:
    """A graph in ONNX's own text form; weights are named in it and given here by their shapes."""
    model = onnx.parser.parse_model(HEAD + text)
    for name, shape in weights.items():
        model.graph.initializer.append(numpy_helper.from_array(np.ones(shape, np.float32), name))
    return model.SerializeToString()


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def test_two_layers():
    model = parsed(
        "mlp (float[n, 3] x) => (float[n, 2] y) { a = MatMul(x, w)\n b = Add(a, c)\n d = Relu(b)\n y = MatMul(d, v) }",
        w=(3, 4),
        c=(4,),
        v=(4, 2),
    )
    found = graph_cost.count(model, {"x": ones(5, 3)})
    assert found["flops_by_op"] == {"MatMul": 2 * 5 * 4 * 3 + 2 * 5 * 2 * 4, "Add": 20, "Relu": 20}
    assert found["flops"] == 240
    assert found["bytes"] == 4 * (5 * 3 + 3 * 4 + 4 + 4 * 2 + 5 * 2)
    assert found["uncounted"] == {}
    assert found["flops_float64"] == 0


@pytest.mark.parametrize(
    ("words", "weights", "x", "flops"),
    [
        ("Gemm<transB = 1>(x, w, c)", {"w": (4, 3), "c": (4,)}, (5, 3), 5 * 4 * (2 * 3 + 1)),
        ("Gemm<transA = 1>(x, w)", {"w": (5, 4)}, (5, 3), 3 * 4 * 2 * 5),
        ("Conv(x, w, c)", {"w": (4, 3, 3, 3), "c": (4,)}, (1, 3, 8, 8), 4 * 6 * 6 * (2 * 27 + 1)),
        ("Conv<group = 2>(x, w)", {"w": (4, 1, 3)}, (2, 2, 7), 2 * 4 * 5 * 2 * 3),
        ("ConvTranspose<strides = [2, 2]>(x, w)", {"w": (2, 4, 2, 2)}, (1, 2, 3, 3), 2 * (2 * 3 * 3) * 4 * 4),
        ("AveragePool<kernel_shape = [2, 2]>(x)", {}, (1, 3, 4, 4), 3 * 9 * 4),
        ("Einsum<equation = 'ij,jk->ik'>(x, w)", {"w": (3, 4)}, (5, 3), 2 * 5 * 3 * 4),
        ("ReduceSum<keepdims = 0>(x)", {}, (5, 3), 15),
        ("Softmax(x)", {}, (5, 3), 5 * 15),
        ("Max(x, x, x)", {}, (5, 3), 2 * 15),
        ("Transpose(x)", {}, (5, 3), 0),
    ],
)
def test_one_operator(words, weights, x, flops):
    axes = ", ".join(map(str, x))
    model = parsed(f"one (float[{axes}] x) => (float y) {{ y = {words.replace(chr(39), chr(34))} }}", **weights)
    proto = onnx.load_from_string(model)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    found = graph_cost.count(proto.SerializeToString(), {"x": ones(*x)})
    assert (found["flops"], found["uncounted"]) == (flops, {})


def test_recurrent():
    model = parsed(
        "rnn (float[5, 2, 3] x) => (float[5, 1, 2, 4] y) { y, h = GRU<hidden_size = 4>(x, w, r) }",
        w=(1, 12, 3),
        r=(1, 12, 4),
    )
    assert graph_cost.count(model, {"x": ones(5, 2, 3)})["flops"] == (5 * 2) * 3 * 2 * 4 * (3 + 4)


LOOP = """
loop (float[2, 3] x, int64 trips, bool deep) => (float[2, 3] y)
{
  go = Constant<value = bool {1}>()
  y = Loop(trips, go, x) <body = step (int64 i, bool on, float[2, 3] state) => (bool still, float[2, 3] next) {
    still = Identity(on)
    made = MatMul(state, w)
    next = If(deep) <
      then_branch = twice () => (float[2, 3] a) { b = Mul(made, made)  a = Sqrt(b) },
      else_branch = plain () => (float[2, 3] c) { c = Identity(made) }>
  }>
}
"""


@pytest.mark.parametrize(("trips", "deep"), [(8, False), (8, True), (0, True)])
def test_a_body_counts_as_often_as_it_runs(trips, deep):
    query = {"x": ones(2, 3) / 3, "trips": np.array(trips), "deep": np.array(deep)}
    found = graph_cost.count(parsed(LOOP, w=(3, 3)), query)
    assert found["flops"] == trips * (2 * 6 * 3 + (6 + 6) * deep)
    assert found["bytes"] == 4 * (6 + 9 + 6) + 8 + 1 + 1  # both matrices, the weight once, trips, deep and `go`


def test_functions_are_looked_into():
    model = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["" : 20, "own" : 1]>
        outer (float[2, 3] x) => (float[2, 3] y) { a = own.twice(x)\n y = own.twice(a) }
        <domain: "own", opset_import: ["" : 20]> twice (b) => (c) { d = Mul(b, b)\n c = Sqrt(d) }"""
    )
    found = graph_cost.count(model.SerializeToString(), {"x": ones(2, 3)})
    assert found["flops_by_op"] == {"Mul": 12, "Sqrt": 12}


def stump_and_fork() -> bytes:
    """Two trees: one question; and one question with a second one behind its "no"."""
    trees = {
        "nodes_treeids": [0, 0, 0, 1, 1, 1, 1, 1],
        "nodes_nodeids": [0, 1, 2, 0, 1, 2, 3, 4],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0, 1, 0, 3, 0, 0],
        "nodes_falsenodeids": [2, 0, 0, 2, 0, 4, 0, 0],
        "nodes_featureids": [0] * 8,
        "nodes_values": [0.5] * 8,
        "nodes_hitrates": [1.0] * 8,
        "nodes_missing_value_tracks_true": [0] * 8,
        "target_treeids": [0, 0, 1, 1, 1],
        "target_nodeids": [1, 2, 1, 3, 4],
        "target_ids": [0] * 5,
        "target_weights": [1.0] * 5,
        "n_targets": 1,
    }
    node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **trees)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1]) for name in "xy"]
    graph = helper.make_graph([node], "trees", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def test_trees():
    found = graph_cost.count(stump_and_fork(), {"x": ones(3, 1)})
    comparisons, additions = 1 + (1 + 2 + 2) / 3, 2
    assert found["flops"] == 3 * (comparisons + additions) == 14
    assert found["bytes"] == 4 * (3 + 3) + 12 * (3 + 5)  # three rows meet at most every node once


def test_double_precision_is_told_apart():
    model = parsed("mix (double[4] x) => (float[4] y) { a = Exp(x)\n b = Cast<to = 1>(a)\n y = Neg(b) }")
    found = graph_cost.count(model, {"x": np.ones(4)})
    assert (found["flops"], found["flops_float64"]) == (8, 4)


def test_an_operator_without_a_rule_is_named():
    model = parsed("odd (float[1, 1, 2, 2] x) => (float[1, 1, 4, 4] y) { y = Resize(x, , s) }", s=(0,))
    proto = onnx.load_from_string(model)
    proto.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "s"))
    found = graph_cost.count(proto.SerializeToString(), {"x": ones(1, 1, 2, 2)})
    assert (found["flops"], found["uncounted"]) == (0, {"Resize": 1})


def test_shapes_that_the_data_decide():
    model = parsed("few (bool[n] x) => (int64 y) { a = NonZero(x)\n y = Neg(a) }")
    proto = onnx.load_from_string(model)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    found = graph_cost.count(proto.SerializeToString(), {"x": np.array([1, 0, 1, 1, 0], bool)})
    assert found["flops_by_op"] == {"Neg": 3}
    assert found["uncounted"] == {"NonZero": 1}


def test_the_dearest_operator_stands_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = parsed(
        "top (float[n, n] x) => (float[n, n] y) { a = MatMul(x, w)\n b = MatMul(a, x)\n y = Relu(b) }", w=(256, 256)
    )
    lines = profile.operators(model, {"x": ones(256, 256)}, threads=1, seconds=0.1)
    assert (lines[0]["op"], lines[0]["count"]) == ("MatMul", 2)
    assert sum(line["share"] for line in lines) == pytest.approx(1, abs=1e-3)
    assert not list(tmp_path.iterdir())  # the runtime's own file is gone


def test_time_inside_a_body_is_the_body_s():
    query = {"x": ones(2, 3), "trips": np.array(50), "deep": np.array(True)}
    lines = {line["op"]: line for line in profile.operators(parsed(LOOP, w=(3, 3)), query, threads=1, seconds=0.1)}
    assert lines["Sqrt"]["count"] == 50
    assert lines["Loop"]["count"] == 1
    assert lines["Loop"]["share"] < 0.9
