"""Is a bundle's graph harmless, what its manifest says, and right on this machine?

`open_bundle` runs this file as a child process under a memory and a time cap, because parsing a
stranger's graph is the one step in which a mistake of a library could hurt. The child reads the folder
itself and proves the id it was given, so what it tested is what its parent holds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from common.bundle.files import bundle_id, read_files
from common.bundle.format import Tensor, parse, tensors
from common.bundle.sample import unpack
from common.bundle.session import Session
from common.fault import Fault

DOMAINS = ("", "ai.onnx.ml")
SECONDS_CAP = 60
MEMORY_CAP = 4 << 30  # bytes of address space; Python with ONNX Runtime takes about 0.5
# Another processor rounds the last bits differently, and one rounded feature may take another branch
# of one tree: nearly all values must agree closely, not every one exactly.
ABSOLUTE, RELATIVE, SHARE = 1e-3, 1e-3, 0.99


def check_graph(model: bytes) -> None:
    """Raise a Fault if the graph reaches outside its own file or uses anything but standard operators."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_model_from_string(model)
    except DecodeError as error:
        raise Fault("model.onnx is refused: it is not an ONNX graph") from error
    if proto.functions:
        raise Fault(f"model.onnx is refused: it defines its own operator {proto.functions[0].name!r:.80}")
    if proto.training_info:
        raise Fault("model.onnx is refused: it carries steps of a training, which nobody needs to use it")
    for domain in [opset.domain for opset in proto.opset_import] + [node.domain for node in _nodes(proto.graph)]:
        if domain not in DOMAINS:
            raise Fault(f"model.onnx is refused: operators of {domain!r:.80} are not standard ONNX")
    for tensor in _tensors(proto.graph):
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise Fault(f"model.onnx is refused: the weights {tensor.name!r:.80} lie in another file")
    for value in [*proto.graph.input, *proto.graph.output]:
        if any(axis.dim_value < 0 for axis in value.type.tensor_type.shape.dim):
            raise Fault(f"model.onnx is refused: {value.name!r:.80} has an axis of negative length")
    try:
        onnx.checker.check_model(proto, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise Fault(f"model.onnx is refused by the ONNX checker: {str(error).strip().splitlines()[0]:.160}") from error


def check_signature(manifest: Mapping[str, Any], session: Session) -> dict[str, int]:
    """Raise a Fault unless the graph has exactly the declared tensors. Returns lengths the graph fixes for axes."""
    fixed: dict[str, int] = {}
    for part, actual in (("inputs", session.inputs), ("outputs", session.outputs)):
        declared = tensors(manifest[part])
        if {t.name for t in declared} != set(actual):
            raise Fault(f"The graph's {part} are {_list(actual)}, bundle.json says {_list(t.name for t in declared)}")
        for tensor in declared:
            dtype, shape = actual[tensor.name]
            same = tensor.dtype == dtype and len(shape) == len(tensor.shape)
            for axis, length in zip(tensor.shape, shape, strict=same):
                if isinstance(length, int):  # a name or None in the graph leaves the length open
                    same &= (fixed.setdefault(axis, length) if isinstance(axis, str) else axis) == length
            if not same:
                says = f"{tensor.dtype} {tensor.axes_text}"
                raise Fault(f"The graph's {tensor.name} is {dtype} {list(shape)}, bundle.json says {says}")
    return fixed


def check_sample(manifest: Mapping[str, Any], session: Session, sample: bytes) -> None:
    """Raise a Fault unless the graph gives, on this machine, the outputs that the sample promises."""
    inputs, promised = unpack(sample)
    if set(inputs) != set(session.inputs) or set(promised) != set(session.outputs):
        raise Fault("sample.npz does not hold exactly the model's inputs and outputs")
    axes: dict[str, int] = check_signature(manifest, session)
    for tensor in tensors(manifest["inputs"]):
        tensor.check(inputs[tensor.name], axes)
    got = session.run(inputs)
    for tensor in tensors(manifest["outputs"]):
        _compare(tensor, got[tensor.name], promised[tensor.name], axes)


def _compare(tensor: Tensor, got: np.ndarray, promised: np.ndarray, axes: dict[str, int]) -> None:
    lengths = tuple(
        axes.setdefault(a, n) if isinstance(a, str) else a for a, n in zip(tensor.shape, got.shape, strict=True)
    )
    if got.shape != promised.shape or got.shape != lengths or got.dtype != promised.dtype:
        raise Fault(f"Self-test: {tensor.name} came out as {got.dtype} {list(got.shape)}, promised {tensor.axes_text}")
    if got.dtype.kind == "f":
        agree = np.isclose(got, promised, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    else:
        agree = got == promised
    if agree.size and agree.mean() < SHARE:
        raise Fault(
            f"Self-test: {(~agree).sum()} of {agree.size} values of {tensor.name} are not what the bundle promises"
        )


def selftest(files: dict[str, bytes]) -> None:
    """Everything above on one bundle's bytes."""
    manifest = parse(files["bundle.json"])
    check_graph(files["model.onnx"])
    session = Session(files["model.onnx"], options=manifest["session_options"])
    check_sample(manifest, session, files["sample.npz"])


def _graphs(graph: Any) -> Iterator[Any]:
    """The graph and, branch by branch, the graphs inside its If, Loop and Scan nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                if inner.node or inner.initializer:
                    yield from _graphs(inner)


def _nodes(graph: Any) -> Iterator[Any]:
    for inner in _graphs(graph):
        yield from inner.node


def _tensors(graph: Any) -> Iterator[Any]:
    for inner in _graphs(graph):
        yield from inner.initializer
        for sparse in inner.sparse_initializer:
            yield from (sparse.values, sparse.indices)
        for node in inner.node:
            for attribute in node.attribute:
                yield from [attribute.t, *attribute.tensors]
                for sparse in [attribute.sparse_tensor, *attribute.sparse_tensors]:
                    yield from (sparse.values, sparse.indices)


def _list(names: Any) -> str:
    return ", ".join(sorted(names))[:200]


def _one_line(error: Exception) -> str:
    """A library's message may repeat names of the graph, and those may move a terminal's cursor or end the line."""
    return "".join(letter if letter.isprintable() else " " for letter in str(error)).strip()


def _cap_this_process() -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's time cap is all there is
        return
    for kind, cap in (("AS", MEMORY_CAP), ("CPU", SECONDS_CAP), ("CORE", 0), ("FSIZE", 0)):
        _, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))
        cap = cap if hard == resource.RLIM_INFINITY else min(cap, hard)
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (cap, hard))


def main(folder: str, expected: str) -> int:
    """The child: 0 if the bundle is good, 2 with a sentence on standard error if it is not."""
    _cap_this_process()
    try:
        files = read_files(Path(folder))
        if bundle_id(files) != expected:
            raise Fault(f"{folder} changed while it was being opened")
        selftest(files)
    except Fault as fault:
        print(_one_line(fault), file=sys.stderr)
        return 2
    except Exception as error:  # whatever a stranger's bytes made a library say; the parent makes a sentence of it
        line = _one_line(error) or "no more is known"
        print(f"Its self-test broke off: {type(error).__name__}, {line:.160}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
