"""Products in int8 with ONNX Runtime's own tools, in the outermost graph and in the bodies of loops.

The tools know no loops. So each body is handed to them as a model of its own (parts.py), and for static ranges its
inputs are recorded on every turn of the loop while calibration queries run.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.runtimes import Unsupported
from benchmarks.variants.parts import Part, joined, loops, parts, why_nothing_to_gain
from benchmarks.workload import Query
from common.bundle.session import Session

FEEDS = 64  # calls of a graph or of a body that give the ranges, spread evenly over those there are


def dynamic(data: bytes) -> bytes:
    """int8 weights; the range of what they meet is found anew in every call."""

    def small(part: Part, names: list[str], target: str) -> None:
        quantize_dynamic(
            part.model, target, per_channel=True, reduce_range=not has_vnni(), weight_type=QuantType.QInt8,
            nodes_to_quantize=names,
        )  # fmt: skip

    return _quantized(data, small)


def static(data: bytes, queries: Sequence[Query]) -> bytes:
    """int8 weights, and ranges of what they meet as seen in calibration queries."""
    original = parts(data)[0].model

    def small(part: Part, names: list[str], target: str) -> None:
        feeds = queries if part.loop is None else turns(original, part, queries)
        kinds = sorted({node.op_type for node in part.products()})  # ranges of others may be of readings not there
        quantize_static(
            part.model, target, Reader(feeds), quant_format=QuantFormat.QDQ, per_channel=True,
            reduce_range=not has_vnni(), activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            nodes_to_quantize=names, op_types_to_quantize=kinds,
        )  # fmt: skip

    return _quantized(data, small)


def _quantized(data: bytes, small: Callable[[Part, list[str], str], None]) -> bytes:
    found = parts(data)
    if not any(part.products() for part in found):
        raise Unsupported(why_nothing_to_gain(data))
    whole, *bodies = [_one(part, small) for part in found]
    return joined(whole.model, bodies).SerializeToString()


def _one(part: Part, small: Callable[[Part, list[str], str], None]) -> Part:
    if not part.products():
        return part
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # of readings that are not there; what comes of it is told below
        given, ready, made = (str(Path(folder, f"{name}.onnx")) for name in ("given", "ready", "made"))
        onnx.save(part.model, given)  # handed over as an object, its tensors are taken for files elsewhere
        try:
            quant_pre_process(given, ready, skip_symbolic_shape=True)
            prepared = Part(onnx.load(ready), part.loop)
            small(prepared, [node.name for node in prepared.products()], made)
        except Exception as error:  # the tools raise whatever they stumble over
            words = f"{type(error).__name__}: {error}".split("\n")[0]
            raise Unsupported(f"ONNX Runtime's tools cannot quantise the graph ({words:.160})") from error
        return Part(onnx.load(made), part.loop)


class Reader(CalibrationDataReader):
    """Hands the queries to the calibration, some if they are many."""

    def __init__(self, queries: Sequence[Query]):
        chosen = np.unique(np.linspace(0, len(queries) - 1, min(FEEDS, len(queries))).astype(int))
        self._left: Iterator[Query] = iter([queries[i] for i in chosen])

    def get_next(self) -> Query | None:
        return next(self._left, None)


def turns(whole: ModelProto, part: Part, queries: Sequence[Query]) -> list[Query]:
    """What the body of a loop is given on every turn while `queries` run."""
    made = ModelProto()
    made.CopyFrom(whole)
    node, body = next((n, b) for n, b in loops(made.graph) if n.output[0] == part.loop)
    own = [v.name for v in body.input]  # number of the turn, whether to go on, what is handed from turn to turn
    for name in (own[0], *own[2:]):
        told, kind = f"{name}_told", next(v for v in body.input if v.name == name).type.tensor_type.elem_type
        body.node.append(helper.make_node("Identity", [name], [told], name=told))
        body.output.append(helper.make_tensor_value_info(told, kind, None))
        node.output.append(told)
        made.graph.output.append(helper.make_tensor_value_info(told, kind, None))
    around = [v for v in part.model.graph.input if v.name not in own]
    given = {v.name for v in made.graph.input}
    shown = {v.name for v in made.graph.output}
    made.graph.output.extend(v for v in around if v.name not in given | shown)
    session, found = Session(made.SerializeToString()), []
    for query in queries:
        said = session.run(query)
        fixed = {v.name: query[v.name] if v.name in query else said[v.name] for v in around}
        for turn in range(len(said[f"{own[0]}_told"])):
            now = {name: np.asarray(said[f"{name}_told"][turn]) for name in (own[0], *own[2:])}
            found.append({own[0]: now.pop(own[0]), own[1]: np.array(True), **now, **fixed})
    return found


def has_vnni() -> bool:
    """Whether the processor adds products of eight bits without overflow; else one bit is given up."""
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
