"""A torch module as an ONNX graph without traces of the machine that made it."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings

import onnx
import torch

from common.export.strip import strip

OPSET = 20


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
