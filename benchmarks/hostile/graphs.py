"""Graphs that lie in their structure: files outside, operators of strangers, sizes, nesting, names, circles."""

from __future__ import annotations

import onnx
from onnx import ModelProto, TensorProto, helper

DEEP = 1000  # levels


def external_by_its_full_path(model: ModelProto) -> None:
    model.graph.initializer.append(_stolen("/etc/passwd"))


def external_by_climbing_up(model: ModelProto) -> None:
    model.graph.initializer.append(_stolen("../../../../etc/passwd"))


def external_beside_the_model(model: ModelProto) -> None:
    model.graph.initializer.append(_stolen("MODEL_CARD.md"))


def _stolen(where: str) -> TensorProto:
    weights = TensorProto(name="h_stolen", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    weights.external_data.add(key="location", value=where)
    return weights


def external_in_a_branch(model: ModelProto) -> None:
    branch = helper.make_graph([helper.make_node("Constant", [], ["c"], value=_stolen("/etc/passwd"))], "b", [], [])
    branch.output.add(name="c")
    model.graph.node.append(helper.make_node("If", ["h_yes"], ["h_ignored"], then_branch=branch, else_branch=branch))
    model.graph.initializer.append(helper.make_tensor("h_yes", TensorProto.BOOL, [], [True]))


def external_in_sparse_weights(model: ModelProto) -> None:
    sparse = model.graph.sparse_initializer.add(dims=[4])
    sparse.values.CopyFrom(_stolen("../../etc/passwd"))
    sparse.indices.CopyFrom(helper.make_tensor("h_at", TensorProto.INT64, [1], [0]))


def external_in_training_steps(model: ModelProto) -> None:
    model.training_info.add().initialization.initializer.append(_stolen("/etc/passwd"))


def training_steps(model: ModelProto) -> None:
    model.training_info.add().algorithm.name = "learn"


def custom_domain(model: ModelProto) -> None:
    model.opset_import.add(domain="com.microsoft", version=1)


def custom_operator(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Inverse", [model.graph.output[0].name], ["h_x"], domain="com.microsoft"))


def own_function(model: ModelProto) -> None:
    model.functions.add(name="Sneak", domain="").opset_import.add(domain="", version=21)


def functions_that_double(model: ModelProto) -> None:
    """Each calls the one before it twice: 2^64 nodes once they are written out."""
    for level in range(64):
        call = [helper.make_node(f"f{level}", ["x"], [f"y{n}"], domain="ai.onnx.ml") for n in range(2)]
        opset = [helper.make_opsetid("ai.onnx.ml", 3)]
        model.functions.append(helper.make_function("ai.onnx.ml", f"f{level + 1}", ["x"], ["y1"], call, opset))


def unknown_operator(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("RunShell", [model.graph.output[0].name], ["h_x"]))


def weights_longer_than_the_file(model: ModelProto) -> None:
    model.graph.initializer.add(name="h_huge", data_type=TensorProto.FLOAT, dims=[2**40], raw_data=b"1234")


def weights_of_no_bytes(model: ModelProto) -> None:
    model.graph.initializer.add(name="h_huge", data_type=TensorProto.FLOAT, dims=[2**36])


def lengths_that_overflow(model: ModelProto) -> None:
    model.graph.initializer.add(name="h_huge", data_type=TensorProto.FLOAT, dims=[2**32, 2**32], raw_data=b"")


def negative_length(model: ModelProto) -> None:
    model.graph.initializer.add(name="h_negative", data_type=TensorProto.FLOAT, dims=[-1], raw_data=b"1234")


def negative_length_of_an_input(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -5


def sparse_weights_of_4_terabytes(model: ModelProto) -> None:
    values = helper.make_tensor("h_sparse", TensorProto.FLOAT, [1], [1.0])
    at = helper.make_tensor("h_at", TensorProto.INT64, [1], [2**40 - 1])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, at, [2**40]))


def sparse_weights_outside_themselves(model: ModelProto) -> None:
    values = helper.make_tensor("h_sparse", TensorProto.FLOAT, [1], [1.0])
    at = helper.make_tensor("h_at", TensorProto.INT64, [1], [2**20])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, at, [4]))


def texts_as_input(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def list_as_input(model: ModelProto) -> None:
    inner = model.graph.input[0].type
    kept = onnx.TypeProto()
    kept.CopyFrom(inner)
    inner.sequence_type.elem_type.CopyFrom(kept)


def unheard_of_type(model: ModelProto) -> None:
    model.graph.initializer.add(name="h_odd", data_type=999, dims=[1], raw_data=b"1234")


def hidden_input(model: ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def branch_in_a_branch(model: ModelProto) -> bytes:
    """If in If in If; a parser that calls itself for each level runs out of stack."""
    graph = b""
    for _ in range(DEEP):  # field numbers of onnx.proto: AttributeProto 1, 6, 20; NodeProto 4, 5; GraphProto 1
        attribute = _field(1, b"then_branch") + _field(6, graph) + b"\xa0\x01\x05"
        graph = _field(1, _field(4, b"If") + _field(5, attribute))
    return model.SerializeToString() + _field(7, graph)


def unknown_fields_in_each_other(model: ModelProto) -> bytes:
    """Groups of field 99, which no reader knows but each must walk through."""
    return model.SerializeToString() + b"\x9b\x06" * 10**6 + b"\x9c\x06" * 10**6


def name_that_is_no_text(model: ModelProto) -> bytes:
    return model.SerializeToString().replace(model.graph.output[0].name.encode(), b"\xff" * 2)


def half_a_graph(model: ModelProto) -> bytes:
    return model.SerializeToString()[:-300]


def no_graph_at_all(model: ModelProto) -> bytes:
    return b"\x80\x04 not a graph"


def empty_file(model: ModelProto) -> bytes:
    return b""


def _field(number: int, payload: bytes) -> bytes:
    """Protobuf's wire form of a field that has a length."""
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def circle(model: ModelProto) -> None:
    model.graph.node.extend([helper.make_node("Abs", ["h_a"], ["h_b"]), helper.make_node("Abs", ["h_b"], ["h_a"])])


def own_ancestor(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Abs", ["h_a"], ["h_a"]))


def same_name_twice(model: ModelProto) -> None:
    name = model.graph.output[0].name
    model.graph.node.append(helper.make_node("Abs", [name], [name]))


def attribute_of_many_graphs(model: ModelProto) -> None:
    node = helper.make_node("Abs", [model.graph.output[0].name], ["h_x"])
    node.attribute.add(name="more", type=onnx.AttributeProto.GRAPHS).graphs.extend([onnx.GraphProto()] * 10_000)
    model.graph.node.append(node)


def texts_as_answer(model: ModelProto) -> None:
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING


def opset_999(model: ModelProto) -> None:
    model.opset_import[0].version = 999


def format_999(model: ModelProto) -> None:
    model.ir_version = 999


def no_opset(model: ModelProto) -> None:
    del model.opset_import[:]


def name_that_moves_the_cursor(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Abs", ["\x1b[2J\x1b[H\x07all is well\r\n\u2028\u202e"], ["h_x"]))


OUTSIDE, STRANGER, OWN = "lie in another file", "are not standard ONNX", "defines its own operator"
CHANGES = {
    external_by_its_full_path: OUTSIDE,
    external_by_climbing_up: OUTSIDE,
    external_beside_the_model: OUTSIDE,
    external_in_a_branch: OUTSIDE,
    external_in_sparse_weights: OUTSIDE,
    external_in_training_steps: "training",
    training_steps: "training",
    custom_domain: STRANGER,
    custom_operator: STRANGER,
    own_function: OWN,
    functions_that_double: OWN,
    unknown_operator: "refused",
    weights_longer_than_the_file: "refused",
    weights_of_no_bytes: "refused",
    lengths_that_overflow: "refused",
    negative_length: "refused",
    negative_length_of_an_input: "refused",
    sparse_weights_of_4_terabytes: "refused",
    sparse_weights_outside_themselves: "refused",
    texts_as_input: "refused",
    list_as_input: "refused",
    unheard_of_type: "refused",
    hidden_input: "refused",
    branch_in_a_branch: "refused",
    unknown_fields_in_each_other: "refused",
    name_that_is_no_text: "refused",
    half_a_graph: "refused",
    no_graph_at_all: "refused",
    empty_file: "refused",
    circle: "refused",
    own_ancestor: "refused",
    same_name_twice: "refused",
    attribute_of_many_graphs: "refused",
    texts_as_answer: "refused",
    opset_999: "refused",
    format_999: "refused",
    no_opset: "refused",
    name_that_moves_the_cursor: "refused",
}
NAMED = {change.__name__.replace("_", " "): change for change in CHANGES}
CASES = {name: CHANGES[change] for name, change in NAMED.items()}


def spoil(model: bytes, name: str) -> bytes:
    """The honest model, changed."""
    made = onnx.load_model_from_string(model)
    raw = NAMED[name](made)
    return made.SerializeToString() if raw is None else raw
