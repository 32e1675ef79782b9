"""Take out of an ONNX graph what tells about the machine that made it.

torch's exporter writes source paths and code lines into the metadata of every node and value
(`pkg.torch.onnx.stack_trace`): a leak, a sixth of the file, and a hash that changes with the folder.
"""

from __future__ import annotations

from collections.abc import Iterable

import onnx


def strip(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph without doc strings and metadata, in sub-graphs and functions too. Changes `model`."""
    model.doc_string = ""
    del model.metadata_props[:]
    for function in model.functions:
        function.doc_string = ""
        del function.metadata_props[:]
        _strip_nodes(function.node)
    _strip_graph(model.graph)
    return model


def _strip_graph(graph: onnx.GraphProto) -> None:
    graph.doc_string = ""
    del graph.metadata_props[:]
    for value in [*graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        value.doc_string = ""
        del value.metadata_props[:]
    _strip_nodes(graph.node)


def _strip_nodes(nodes: Iterable[onnx.NodeProto]) -> None:
    for node in nodes:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            for graph in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                _strip_graph(graph)
