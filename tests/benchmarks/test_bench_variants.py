"""Graphs in other arithmetic: what becomes of every number, what is left alone, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import onnx.helper as oh
import onnx.numpy_helper as nh
import onnx.parser
import pytest
from onnx import ModelProto, TensorProto

from benchmarks.runtimes import Unsupported
from benchmarks.variants import bf16, fp16, fp32, int8_dynamic, int8_static, quantize
from benchmarks.variants.half import in_sixteen_bits
from benchmarks.variants.parts import loops, parts
from benchmarks.workload import workloads
from common.bundle.session import Session
from common.fault import Fault

NET = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[batch,4] x, double[batch,4] exact) => (float[batch,3] y, double[batch,4] twice)
{
  made = MatMul(x, first)
  kept = Relu(made)
  y = MatMul(kept, second)
  twice = Add(exact, exact)
}
"""
LOOPED = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[batch,4] x, int64 turns) => (float[batch,4] y)
<bool on = {1}, float step = {0.5}>
{
  y = Loop(turns, on, x) <body = once (int64 i, bool go, float[batch,4] state)
      => (bool more, float[batch,4] next) {
    more = Identity(go)
    weight = Constant<value = float[4,4] {0.9,0.1,0,0, -0.2,0.8,0.1,0, 0,0.3,0.7,-0.1, 0.1,0,0.2,0.6}>()
    made = MatMul(state, weight)
    small = Mul(made, step)
    half = Mul(state, step)
    next = Add(small, half)
  }>
}
"""
DRAW = np.random.default_rng(0)
FIRST, SECOND = DRAW.normal(size=(4, 5)).astype(np.float32), DRAW.normal(size=(5, 3)).astype(np.float32)
QUERIES = [
    {"x": DRAW.uniform(-1, 1, (6, 4)).astype(np.float32), "exact": DRAW.uniform(-1, 1, (6, 4))} for _ in range(5)
]
TURNS = [{"x": query["x"], "turns": np.array(3)} for query in QUERIES]


@pytest.fixture(scope="module")
def net() -> bytes:
    model = onnx.parser.parse_model(NET)
    model.graph.initializer.extend([nh.from_array(FIRST, "first"), nh.from_array(SECOND, "second")])
    return model.SerializeToString()


@pytest.fixture(scope="module")
def looped() -> bytes:
    return onnx.parser.parse_model(LOOPED).SerializeToString()


def said(model: bytes, query: dict) -> dict[str, np.ndarray]:
    return Session(model).run(query)


def test_fp16_is_the_net_worked_in_halves_and_float64_stays_exact(net):
    made, query = in_sixteen_bits(net, TensorProto.FLOAT16), QUERIES[0]
    half = np.maximum(query["x"].astype(np.float16) @ FIRST.astype(np.float16), 0) @ SECOND.astype(np.float16)
    found = said(made, query)
    np.testing.assert_allclose(found["y"], half.astype(np.float32), rtol=0, atol=2e-3)  # the order of sums may differ
    assert np.abs(found["y"] - said(net, query)["y"]).max() > 1e-6  # it is not float32 after all
    np.testing.assert_array_equal(found["twice"], 2 * query["exact"])
    casts = [n for n in onnx.load_from_string(made).graph.node if n.op_type == "Cast"]
    assert len(casts) == 2  # into the net and out of it, none between its parts


def test_bf16_holds_the_weights_rounded_to_eight_bits(net):
    graph = onnx.load_from_string(in_sixteen_bits(net, TensorProto.BFLOAT16)).graph
    kept = {i.name: i for i in graph.initializer}
    assert kept["first_16"].data_type == TensorProto.BFLOAT16
    rounded = nh.to_array(kept["first_16"]).astype(np.float32)
    assert np.abs(rounded / FIRST - 1).max() <= 2**-8
    assert "first" not in kept


def test_int8_is_within_half_a_step_of_every_weight_and_input(net):
    """|error of a product| <= sum over inputs of |x| step_w/2 + |w| step_x/2 + step_w step_x/4, worked by hand."""
    single = onnx.load_from_string(net)
    del single.graph.node[1:3]
    single.graph.node[0].output[0] = "y"
    single.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 5
    data, query = single.SerializeToString(), QUERIES[0]
    x = query["x"]
    span = 127 if quantize.has_vnni() else 63
    step_w = np.abs(FIRST).max(0) / span * 1.01
    worst = {}
    for name, made in (("dynamic", quantize.dynamic(data)), ("static", quantize.static(data, QUERIES))):
        seen = x if name == "dynamic" else np.stack([q["x"] for q in QUERIES])
        step_x = (max(seen.max(), 0) - min(seen.min(), 0)) / (2 * span)
        bound = np.abs(x).sum(1)[:, None] * step_w / 2 + np.abs(FIRST).sum(0) * step_x / 2 + step_w * step_x
        found, exact = said(made, query), said(data, query)
        bound_out = 0 if name == "dynamic" else np.ptp(exact["y"]) / span  # static ranges round the output as well
        worst[name] = (np.abs(found["y"] - exact["y"]) / (bound + bound_out)).max()
        np.testing.assert_array_equal(found["twice"], exact["twice"])
    assert all(0.01 < share <= 1 for share in worst.values()), worst


@pytest.mark.parametrize("kind", ["fp16", "dynamic", "static"])
def test_the_body_of_a_loop_is_converted_too(looped, kind):
    make = {
        "fp16": lambda: in_sixteen_bits(looped, TensorProto.FLOAT16),
        "dynamic": lambda: quantize.dynamic(looped),
        "static": lambda: quantize.static(looped, TURNS),
    }
    made = make[kind]()
    _, body = next(loops(onnx.load_from_string(made).graph))
    small = {"fp16": TensorProto.FLOAT16}.get(kind, TensorProto.INT8)
    assert small in {i.data_type for i in body.initializer}
    assert len(body.input) == 3
    for query in TURNS:
        np.testing.assert_allclose(said(made, query)["y"], said(looped, query)["y"], rtol=0, atol=0.03)


def test_weights_that_a_loop_takes_from_around_it_move_into_its_body(looped):
    """Under names of their own, for the graph around uses them too; what it no longer uses is not kept twice."""
    model = onnx.load_from_string(looped)
    _, body = next(loops(model.graph))
    weight = next(node for node in body.node if node.op_type == "Constant")
    held = weight.attribute[0].t
    held.name = "weight"
    model.graph.initializer.append(held)
    body.node.remove(weight)
    onnx.checker.check_model(model)
    outside = model.SerializeToString()
    for made in (in_sixteen_bits(outside, TensorProto.FLOAT16), quantize.dynamic(outside)):
        whole = onnx.load_from_string(made)
        onnx.checker.check_model(whole)
        assert "weight" not in {i.name for i in whole.graph.initializer}
        np.testing.assert_allclose(said(made, TURNS[0])["y"], said(outside, TURNS[0])["y"], rtol=0, atol=0.03)
    query = {"x": TURNS[0]["x"], "turns": np.array(3)}
    doubled = onnx.load_from_string(outside)  # the graph around multiplies by the same weights
    doubled.graph.node[0].output[0] = doubled.graph.output[0].name = "inner"
    doubled.graph.node.append(oh.make_node("MatMul", ["inner", "weight"], ["y"]))
    doubled.graph.output[0].name = "y"
    both = doubled.SerializeToString()
    for made in (in_sixteen_bits(both, TensorProto.FLOAT16), quantize.dynamic(both), quantize.static(both, TURNS)):
        np.testing.assert_allclose(said(made, query)["y"], said(both, query)["y"], rtol=0, atol=0.03)


def test_every_turn_of_a_loop_is_recorded(looped):
    whole, body = parts(looped)
    recorded = quantize.turns(whole.model, body, TURNS[:2])
    assert [int(feed["i"]) for feed in recorded] == [0, 1, 2, 0, 1, 2]
    state = recorded[0]["state"]
    np.testing.assert_array_equal(state, TURNS[0]["x"])
    alone = Session(body.model.SerializeToString())
    for now, then in itertools.pairwise(recorded[:3]):
        np.testing.assert_allclose(alone.run(now)["next"], then["state"], rtol=1e-6)


def test_an_average_keeps_its_digits():
    mean = oh.make_node("Conv", ["x", "same"], ["y"])
    model = oh.make_model(
        oh.make_graph(
            [mean], "norm", [oh.make_tensor_value_info("x", 1, [1, 2, 4])], [oh.make_tensor_value_info("y", 1, None)],
            [nh.from_array(np.full((1, 2, 1), 0.5, np.float32), "same")],
        ), opset_imports=[oh.make_opsetid("", 21)], ir_version=10,
    )  # fmt: skip
    with pytest.raises(Unsupported, match="1 Conv"):
        in_sixteen_bits(model.SerializeToString(), TensorProto.FLOAT16)


def test_a_graph_without_products_has_no_variants(toy_run):
    workload = workloads(str(toy_run))[0]
    assert fp32.make(workload, toy_run) == workload.files["model.onnx"]
    for variant in (fp16, bf16, int8_dynamic, int8_static):
        with pytest.raises(Unsupported, match=r"holds no product of float32 with stored weights .*none at all"):
            variant.make(workload, toy_run)


def test_ranges_that_are_no_numbers_are_one_sentence(net):
    gaps = [{**query, "x": np.full_like(query["x"], np.nan)} for query in QUERIES]
    with pytest.raises(Unsupported, match="ONNX Runtime's tools cannot quantise the graph"):
        quantize.static(net, gaps)


def test_static_ranges_need_the_calibration_of_the_run(toy_run):
    workload = workloads(str(toy_run / "bundle"))[0]
    with pytest.raises(Unsupported, match=r"no calibration\.npz .*name the run folder"):
        int8_static.make(workload, None)


def test_a_damaged_calibration_is_one_sentence(toy_run, tmp_path):
    (tmp_path / "calibration.npz").write_bytes((toy_run / "calibration.npz").read_bytes()[:200])
    with pytest.raises(Fault, match=r"calibration.npz cannot be read .*train again"):
        int8_static.make(workloads(str(toy_run))[0], tmp_path)


def test_parts_put_together_again_are_the_graph(looped):
    from benchmarks.variants.parts import joined

    whole, body = parts(looped)
    again: ModelProto = joined(whole.model, [body])
    onnx.checker.check_model(again)
    np.testing.assert_array_equal(said(again.SerializeToString(), TURNS[0])["y"], said(looped, TURNS[0])["y"])
