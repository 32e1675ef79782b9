"""The work in one call, counted from the graph: floating-point operations and bytes that must move.

The graph runs once, unoptimised, and every node's shapes are noted. So data-dependent shapes, the branch of an If and
the trips of a Loop are those of this very query.

flops  a multiplication and an addition are two; every other element-wise operation, a comparison and each element of a
       reduction are one, exp and tanh too; what only moves numbers is none (tables below). Operators without a rule
       are `uncounted`, with how often they ran, and add nothing.
bytes  inputs, outputs and weights, each once: the least a call can move. What it writes and reads back in between may
       stay in the cache and is left out, so a share of the memory roof is never flattered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper, inliner

from benchmarks.probes.trace import BODIES, Ran, Shape, trace
from common.bundle.session import SESSION_OPTIONS

TREE_NODE_BYTES = 12  # threshold, feature and child, 4 bytes each
MOVES = frozenset(
    """Cast CastLike CenterCropPad Compress Concat Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten Gather
    GatherElements GatherND Identity OneHot Pad Range Reshape ScatterElements ScatterND Shape Size Slice SpaceToDepth
    Split Squeeze Tile Transpose Trilu Unsqueeze Where Dropout""".split()  # noqa: SIM905
)
ELEMENTWISE = frozenset(
    """Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Celu Clip
    Cos Cosh CumSum DequantizeLinear Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish IsInf
    IsNaN LeakyRelu Less LessOrEqual Log Mish Mod Mul Neg Not Or PRelu Pow QuantizeLinear Reciprocal Relu Round Selu
    Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Tan Tanh ThresholdedRelu Xor""".split()  # noqa: SIM905
)
REDUCTIONS = frozenset(
    """ArgMax ArgMin GlobalAveragePool GlobalMaxPool ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean
    ReduceMin ReduceProd ReduceSum ReduceSumSquare""".split()  # noqa: SIM905
)
VARIADIC = frozenset(("Max", "Mean", "Min", "Sum"))
PER_ELEMENT = {  # operations per element of the output
    **{"Softmax": 5, "LogSoftmax": 5, "BatchNormalization": 2, "DynamicQuantizeLinear": 3},
    **{"LayerNormalization": 8, "InstanceNormalization": 8, "GroupNormalization": 8, "RMSNormalization": 4},
}
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}

Attributes = dict[str, Any]
Rule = Callable[["_Node", Ran], int | None]


class _Node:
    """A node of the graph: attributes, and the shapes of the weights it names."""

    def __init__(self, proto: NodeProto, weights: dict[str, Shape]):
        self.attributes: Attributes = {
            a.name: helper.get_attribute_value(a)
            for a in proto.attribute
            if a.type not in (AttributeProto.GRAPH, AttributeProto.GRAPHS)
        }
        self.inputs = [name for name in proto.input if name]
        self._weights = weights

    def shape(self, ran: Ran, i: int) -> Shape:
        """Shape of input `i`: a weight's from the graph (it may have been packed away), else as it ran."""
        known = self._weights.get(self.inputs[i]) if i < len(self.inputs) else None
        return known if known is not None else ran.inputs[i][1]


def count(model: bytes, query: dict[str, np.ndarray]) -> dict[str, Any]:
    """{flops, flops_float64: those in double precision, flops_by_op, bytes, weight_bytes: those of weights among them,
    uncounted: {operator: times}}."""
    parsed = onnx.load_from_string(model)
    if parsed.functions:
        parsed = inliner.inline_local_functions(parsed)
    nodes = _name_nodes(parsed)
    (ran,), outputs = trace(parsed.SerializeToString(), query, options={**SESSION_OPTIONS, "optimization": "disabled"})
    flops_by_op: Counter[str] = Counter()
    uncounted: Counter[str] = Counter()
    double = 0
    for one in ran:
        flops = _flops(nodes.get(one.node), one)
        if flops is None:
            uncounted[one.op] += 1
        else:
            flops_by_op[one.op] += flops
            double += flops * any(kind == "double" for kind, _ in (*one.inputs, *one.outputs))
    data = sum(array.nbytes for array in (*query.values(), *outputs.values()))
    trees = sum(_tree_bytes(nodes, one) for one in ran)
    weights = sum(_bytes(tensor) for tensor in _weights(parsed.graph))
    return {
        "flops": flops_by_op.total(),
        "flops_float64": double,
        "flops_by_op": {op: flops for op, flops in flops_by_op.most_common() if flops},
        "bytes": data + trees + weights,
        "weight_bytes": weights,
        "uncounted": dict(sorted(uncounted.items())),
    }


def _flops(node: _Node | None, ran: Ran) -> int | None:
    """None where there is no rule. `node` is None for what ONNX Runtime put in itself: only its shapes are known."""
    op = ran.op
    if op in MOVES or op in BODIES:
        return 0
    size = prod(ran.outputs[0][1]) if ran.outputs else 0
    if op in ELEMENTWISE:
        return size
    if op in REDUCTIONS:
        return prod(ran.inputs[0][1])
    if op in VARIADIC:
        return size * max(len(ran.inputs) - 1, 1)
    if op in PER_ELEMENT:
        return size * PER_ELEMENT[op]
    rule = RULES.get(op)
    return None if rule is None or node is None else rule(node, ran)


def _matmul(node: _Node, ran: Ran) -> int:
    return 2 * prod(ran.outputs[0][1]) * node.shape(ran, 0)[-1]


def _gemm(node: _Node, ran: Ran) -> int:
    inner = node.shape(ran, 0)[0 if node.attributes.get("transA") else 1]
    return prod(ran.outputs[0][1]) * (2 * inner + (len(node.inputs) > 2))


def _conv(node: _Node, ran: Ran) -> int:
    kernel = node.attributes.get("kernel_shape") or node.shape(ran, 1)[2:]
    channels = node.shape(ran, 0)[1] // node.attributes.get("group", 1)
    return prod(ran.outputs[0][1]) * (2 * channels * prod(kernel) + (len(node.inputs) > 2))


def _qlinear_conv(node: _Node, ran: Ran) -> int:
    kernel = node.attributes.get("kernel_shape") or node.shape(ran, 3)[2:]
    channels = node.shape(ran, 0)[1] // node.attributes.get("group", 1)
    return prod(ran.outputs[0][1]) * (2 * channels * prod(kernel) + (len(node.inputs) > 8))


def _conv_integer(node: _Node, ran: Ran) -> int:
    kernel = node.attributes.get("kernel_shape") or node.shape(ran, 1)[2:]
    return prod(ran.outputs[0][1]) * 2 * node.shape(ran, 0)[1] // node.attributes.get("group", 1) * prod(kernel)


def _conv_transpose(node: _Node, ran: Ran) -> int:
    """Every input element meets the whole kernel; what padding then cuts off was computed all the same."""
    made = ran.outputs[0][1]
    kernel = node.attributes.get("kernel_shape") or node.shape(ran, 1)[2:]
    channels = made[1] // node.attributes.get("group", 1)
    return 2 * prod(node.shape(ran, 0)) * channels * prod(kernel) + (len(node.inputs) > 2) * prod(made)


def _pool(node: _Node, ran: Ran) -> int:
    return prod(ran.outputs[0][1]) * prod(node.attributes["kernel_shape"])


def _recurrent(node: _Node, ran: Ran) -> int:
    """The two products of each gate, each step and direction. The point-wise work at the gates is left out."""
    steps_and_batch, features = prod(node.shape(ran, 0)[:2]), node.shape(ran, 0)[2]
    hidden = node.attributes["hidden_size"]
    directions = 2 if node.attributes.get("direction", b"forward") == b"bidirectional" else 1
    return 2 * steps_and_batch * directions * GATES[ran.op] * hidden * (features + hidden)


def _einsum(node: _Node, ran: Ran) -> int | None:
    """Every combination of the letters once; two operations where something is summed, else one."""
    terms, _, made = node.attributes["equation"].decode().replace(" ", "").partition("->")
    if "." in terms:
        return None
    lengths = {
        letter: length
        for i, term in enumerate(terms.split(","))
        for letter, length in zip(term, node.shape(ran, i), strict=True)
    }
    return prod(lengths.values()) * (2 if set(lengths) - set(made) else 1)


def _trees(node: _Node, ran: Ran) -> int:
    """Comparisons on the way down, taking each tree's leaves as equally likely, and one addition per tree."""
    rows = ran.inputs[0][1][0] if len(ran.inputs[0][1]) > 1 else 1
    return round(rows * sum(depth + 1 for depth, _ in _depths(node.attributes)))


def _depths(attributes: Attributes) -> list[tuple[float, int]]:
    """(mean depth of the leaves, nodes) of every tree of a TreeEnsembleRegressor or TreeEnsembleClassifier."""
    keys = [attributes[f"nodes_{name}"] for name in ("treeids", "nodeids", "modes", "truenodeids", "falsenodeids")]
    trees: dict[int, dict[int, tuple[int, ...]]] = {}
    for tree, number, mode, yes, no in zip(*keys, strict=True):
        trees.setdefault(tree, {})[number] = () if mode == b"LEAF" else (yes, no)
    found = []
    for tree in trees.values():
        children = {child for pair in tree.values() for child in pair}
        level = [number for number in tree if number not in children]
        leaves: list[int] = []
        depth = 0
        while level and depth <= len(tree):
            leaves += [depth] * sum(not tree[number] for number in level)
            level = [child for number in level for child in tree[number]]
            depth += 1
        found.append((sum(leaves) / max(len(leaves), 1), len(tree)))
    return found


RULES: dict[str, Rule] = {
    **dict.fromkeys(("MatMul", "MatMulInteger", "QLinearMatMul"), _matmul),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), _recurrent),
    **dict.fromkeys(("AveragePool", "MaxPool"), _pool),
    **dict.fromkeys(("TreeEnsembleRegressor", "TreeEnsembleClassifier"), _trees),
    "Gemm": _gemm,
    "Conv": _conv,
    "ConvInteger": _conv_integer,
    "QLinearConv": _qlinear_conv,
    "ConvTranspose": _conv_transpose,
    "Einsum": _einsum,
}


def _name_nodes(model: ModelProto) -> dict[str, _Node]:
    """Give every node a name of its own, at any depth, so that what ran can be found in the graph again."""
    found: dict[str, _Node] = {}

    def walk(graph: GraphProto, weights: dict[str, Shape]) -> None:
        weights = {**weights, **{tensor.name: tuple(tensor.dims) for tensor in graph.initializer}}
        for node in graph.node:
            if node.op_type == "Constant":
                weights.update((node.output[0], tuple(a.t.dims)) for a in node.attribute if a.name == "value")
        for node in graph.node:
            node.name = f"n{len(found)}"
            found[node.name] = _Node(node, weights)
            for body in _bodies(node):
                walk(body, weights)

    walk(model.graph, {})
    return found


def _bodies(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def _weights(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        yield from (a.t for a in node.attribute if a.type == AttributeProto.TENSOR)
        for body in _bodies(node):
            yield from _weights(body)


def _bytes(tensor: TensorProto) -> int:
    if tensor.data_type == TensorProto.STRING:
        return sum(map(len, tensor.string_data))
    return prod(tensor.dims) * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize


def _tree_bytes(nodes: dict[str, _Node], ran: Ran) -> int:
    """Nodes of the trees that the rows of this call can meet, each once."""
    node = nodes.get(ran.node)
    if node is None or RULES.get(ran.op) is not _trees:
        return 0
    rows = ran.inputs[0][1][0] if len(ran.inputs[0][1]) > 1 else 1
    return round(sum(min(size, rows * (depth + 1)) for depth, size in _depths(node.attributes)) * TREE_NODE_BYTES)
