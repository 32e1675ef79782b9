"""A graph and the bodies of its loops as models of their own, so that tools which know no loops can change them.

What a body takes from the graph around it becomes an input of the part, and its constants become initializers: the
tools look for weights there. `joined` puts the changed bodies back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from benchmarks.runtimes import Unsupported

WEIGHTED = {"Conv": 1, "ConvTranspose": 1, "Gemm": 1, "MatMul": 1}  # products, and which input holds the weights


@dataclass(frozen=True, eq=False)
class Part:
    """A graph as a model of its own.

    model  its inputs are those of the graph, then what it takes from the graph around it
    loop   first output of the Loop whose body it is; None for the outermost graph
    """

    model: ModelProto
    loop: str | None

    def products(self) -> list[NodeProto]:
        """Products of float32 with stored weights: what half precision and int8 can make cheaper.

        Weights that are all the same are an average, such as that of a norm: cheap, and in need of its digits.
        """
        floats = (i for i in self.model.graph.initializer if i.data_type == TensorProto.FLOAT)
        stored = {i.name for i in floats if np.ptp(numpy_helper.to_array(i)) > 0}
        return [n for n in self.model.graph.node if n.op_type in WEIGHTED and n.input[WEIGHTED[n.op_type]] in stored]


def parts(data: bytes) -> list[Part]:
    """The outermost graph first, then the bodies of its loops (one deep: a loop within a loop stays as it is)."""
    model = onnx.load_from_string(data)
    seen: dict[str, int] = {}
    for entry in list(model.opset_import):  # some exporters name a domain more than once, which the tools refuse
        seen[entry.domain] = max(entry.version, seen.get(entry.domain, 0))
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in seen.items())
    _lift_constants(model.graph)
    for _, body in loops(model.graph):
        _lift_constants(body)
    model = onnx.shape_inference.infer_shapes(model)
    found = [Part(model, None)]
    typed = _typed(model.graph)
    stored = {i.name: i for i in model.graph.initializer}
    for node, body in loops(model.graph):
        graph = GraphProto()
        graph.CopyFrom(body)
        for name in taken(graph):
            if name in stored:
                graph.initializer.append(stored[name])
            elif name in typed:
                graph.input.append(typed[name])
            else:
                raise Unsupported(f"the type of {name:.60}, which a loop takes from around it, is not known")
        alone = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
        found.append(Part(alone, node.output[0]))
    return found


def joined(whole: ModelProto, changed: list[Part]) -> ModelProto:
    """`whole` with the bodies of `changed` in the places they were taken from.

    What a body makes gets a name of its own, for a name may stand for one thing only in a graph and its bodies; weights
    that a body now holds itself are left out around it.
    """
    made = ModelProto()
    made.CopyFrom(whole)
    by_place = {part.loop: part.model for part in changed}
    imported = {entry.domain for entry in made.opset_import}
    for node, body in loops(made.graph):
        model = by_place.get(node.output[0])
        if model is None:
            continue
        own = len(body.input)
        body.CopyFrom(model.graph)
        del body.input[own:]  # what is taken from the graph around is seen from within
        del body.value_info[:]
        local = {name for n in body.node for name in n.output if name} | {i.name for i in body.initializer}
        _rename(body, {name: f"{node.output[0]}/{name}" for name in local})
        made.opset_import.extend(entry for entry in model.opset_import if entry.domain not in imported)
        imported |= {entry.domain for entry in model.opset_import}
    kept = {name for node in made.graph.node for name in uses(node)} | {v.name for v in made.graph.output}
    for unused in [i for i in made.graph.initializer if i.name not in kept]:
        made.graph.initializer.remove(unused)
    return made


def loops(graph: GraphProto) -> Iterator[tuple[NodeProto, GraphProto]]:
    """Every Loop and its body."""
    for node in graph.node:
        if node.op_type == "Loop":
            yield node, next(attribute.g for attribute in node.attribute if attribute.name == "body")


def uses(node: NodeProto) -> set[str]:
    """Names that a node is given, and those that the bodies within it use."""
    inner = [a.g for a in node.attribute if a.type == AttributeProto.GRAPH]
    return set(node.input).union(
        *(uses(n) for g in inner for n in g.node), *({v.name for v in g.output} for g in inner)
    )


def taken(graph: GraphProto) -> list[str]:
    """Names that a body uses and does not make, in the order of their first use."""
    made = {v.name for v in graph.input} | {i.name for i in graph.initializer}
    found: dict[str, None] = {}
    for node in graph.node:
        inner = [name for a in node.attribute if a.type == AttributeProto.GRAPH for name in taken(a.g)]
        found |= dict.fromkeys(name for name in [*node.input, *inner] if name and name not in made)
        made |= set(node.output)
    found |= dict.fromkeys(v.name for v in graph.output if v.name not in made)
    return list(found)


def why_nothing_to_gain(data: bytes) -> str:
    """What a graph without float32 products consists of, for a sentence."""
    model = onnx.load_from_string(data)
    counted = Counter(n.op_type for g in [model.graph, *(body for _, body in loops(model.graph))] for n in g.node)
    work = {op: n for op, n in counted.items() if op in WEIGHTED or op.startswith("TreeEnsemble")}
    told = ", ".join(f"{n} {op}" for op, n in work.items()) or "none at all"
    return f"the graph holds no product of float32 with stored weights (products and trees: {told}, in other types)"


def _lift_constants(graph: GraphProto) -> None:
    """Constant nodes become initializers, and every node gets a name of its own, by which the tools are told."""
    kept = []
    for node in graph.node:
        value = next((a for a in node.attribute if a.name == "value"), None)
        if node.op_type == "Constant" and value is not None:
            tensor = graph.initializer.add()
            tensor.CopyFrom(value.t)
            tensor.name = node.output[0]
        else:
            kept.append(node)
    copies = [NodeProto.FromString(node.SerializeToString()) for node in kept]
    del graph.node[:]
    graph.node.extend(copies)
    for number, node in enumerate(graph.node):
        node.name = f"{graph.name}_{number}_{node.op_type}"


def _rename(graph: GraphProto, names: dict[str, str]) -> None:
    """Give tensors other names, in the bodies within as well."""
    for value in [*graph.initializer, *graph.output]:
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        for kind in (node.input, node.output):
            kind[:] = [names.get(name, name) for name in kind]
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                _rename(attribute.g, names)


def _typed(graph: GraphProto) -> dict[str, ValueInfoProto]:
    return {v.name: v for v in [*graph.input, *graph.value_info, *graph.output]}
