"""A torch module as an ONNX graph without traces of the machine that made it."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings

import onnx
import torch

from common.export.strip import strip

OPSET, IR = 20, 10


def to_onnx(
    module: torch.nn.Module,
    example: dict[str, torch.Tensor],
    axes: dict[str, dict[int, str]],
    outputs: list[str],
) -> onnx.ModelProto:
    """Export `module`, called with the tensors of `example` in their order.

    axes     per input, which dimension is dynamic and what it is called
    outputs  names of what the module returns, in order
    """
    named = {name for dims in axes.values() for name in dims.values()}
    dims = {name: torch.export.Dim(name, min=1, max=2**31 - 1) for name in named}
    shapes = tuple({i: dims[a] for i, a in axes.get(name, {}).items()} for name in example)
    for chatty in ("torch.onnx", "onnx_ir", "onnxscript"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # the exporter chats
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            tuple(example.values()),
            input_names=list(example),
            output_names=outputs,
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    model = strip(program.model_proto)
    onnx.checker.check_model(model, full_check=True)
    return model


def trace(
    module: torch.nn.Module, example: dict[str, torch.Tensor], axes: dict[str, dict[int, str]], outputs: list[str]
) -> onnx.ModelProto:
    """As `to_onnx`, twenty times quicker, for modules whose path depends on no length and no value.

    PyTorch's older exporter writes down what one call does; whoever uses it must prove the graph equal.
    """
    written = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():  # it warns of its age
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(example.values()),
            written,  # type: ignore[arg-type]  # it takes a buffer, its stub does not say so
            input_names=list(example),
            output_names=outputs,
            dynamic_axes={name: dims for name, dims in axes.items() if name in example},
            opset_version=OPSET,
            dynamo=False,
        )
    model = strip(onnx.load_from_string(written.getvalue()))
    model.ir_version = IR  # as `to_onnx`, so that graphs of both can be joined
    onnx.checker.check_model(model, full_check=True)
    return model
