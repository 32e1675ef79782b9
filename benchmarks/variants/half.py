"""Products in sixteen bits, everything else as it was: casts stand only where the two meet.

The converters at hand (onnxruntime.transformers.float16, onnxconverter-common) round every float32 between two nodes,
also those that shall stay as they are, and add no cast inside a loop; features and times would lose their digits.
"""

from __future__ import annotations

import ml_dtypes
import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from benchmarks.runtimes import Unsupported
from benchmarks.variants.parts import Part, joined, parts, uses, why_nothing_to_gain

CHEAP = {  # what may stand between two products without a cast: moves and simple arithmetic
    *("Add", "Clip", "Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "Identity", "MaxPool", "Mul", "Pad"),
    *("Relu", "Reshape", "Sigmoid", "Slice", "SpaceToDepth", "Split", "Squeeze", "Sub", "Tanh", "Transpose"),
    *("Unsqueeze",),
}
BFLOAT16_SINCE = 22  # opset in which Conv and its like take it; 21 and 22 added types alone to the other operators
TYPES = {TensorProto.FLOAT16: np.dtype(np.float16), TensorProto.BFLOAT16: np.dtype(ml_dtypes.bfloat16)}


def in_sixteen_bits(data: bytes, kind: int) -> bytes:
    """The graph with its products, and what stands between them, in TensorProto.FLOAT16 or BFLOAT16."""
    found = parts(data)
    if not any(part.products() for part in found):
        raise Unsupported(why_nothing_to_gain(data))
    whole, *bodies = [_lowered(part, kind) for part in found]
    made = joined(whole.model, bodies)
    for entry in made.opset_import:
        if entry.domain in ("", "ai.onnx") and kind == TensorProto.BFLOAT16:
            entry.version = max(entry.version, BFLOAT16_SINCE)
    return made.SerializeToString()


def _lowered(part: Part, kind: int) -> Part:
    low = _low(part)
    if not low:
        return part
    made = ModelProto()
    made.CopyFrom(part.model)
    graph = made.graph
    floats = {v.name for v in [*graph.input, *graph.value_info, *graph.output] if v.type.tensor_type.elem_type == 1}
    stored = {i.name: i for i in graph.initializer if i.data_type == TensorProto.FLOAT}
    outside = {v.name for v in graph.output}
    outside |= {name for node in graph.node if node.name not in low for name in uses(node)}
    small: dict[str, str] = {}  # float32 tensor: its name in sixteen bits
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.name not in low:
            nodes.append(node)
            continue
        new = NodeProto()
        new.CopyFrom(node)
        for i, name in enumerate(node.input):
            if name not in floats and name not in stored:
                continue
            if name not in small:
                small[name] = f"{name}_16"
                if name in stored:
                    array = numpy_helper.to_array(stored[name]).astype(TYPES[kind])
                    graph.initializer.append(numpy_helper.from_array(array, small[name]))
                else:
                    nodes.append(_cast(name, small[name], kind))
            new.input[i] = small[name]
        for i, name in enumerate(node.output):
            new.output[i] = small[name] = f"{name}_16"
        nodes.append(new)
        nodes += [_cast(small[name], name, TensorProto.FLOAT) for name in node.output if name in outside]
    nodes = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    used = {name for node in nodes for name in uses(node)} | outside
    kept = [i for i in graph.initializer if i.name in used]
    del graph.node[:]
    graph.node.extend(nodes)
    kept = [TensorProto.FromString(i.SerializeToString()) for i in kept]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
    return Part(made, part.loop)


def _low(part: Part) -> set[str]:
    """Names of the products, and of the cheap nodes on a way of cheap nodes from one of them to another."""
    nodes, products = part.model.graph.node, {n.name for n in part.products()}
    after, made = set(products), {out for n in nodes if n.name in products for out in n.output}
    for node in nodes:  # in the order of computing
        if node.op_type in CHEAP and made & set(node.input):
            after.add(node.name)
            made |= set(node.output)
    before, wanted = set(products), {name for n in nodes if n.name in products for name in n.input}
    for node in reversed(nodes):
        if node.op_type in CHEAP and wanted & set(node.output):
            before.add(node.name)
            wanted |= set(node.input)
    return after & before


def _cast(source: str, target: str, kind: int) -> NodeProto:
    return helper.make_node("Cast", [source], [target], name=f"{target}_cast", to=kind)
