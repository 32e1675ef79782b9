"""A graph written node by node, in float64 unless said otherwise."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR = 20, 10
DOUBLE, INT64 = TensorProto.DOUBLE, TensorProto.INT64
TYPES = {"float64": TensorProto.DOUBLE, "int64": TensorProto.INT64, "bool": TensorProto.BOOL}


class Nodes:
    """Collects nodes and constants; every method returns the name of a value."""

    def __init__(self) -> None:
        self.node: list[onnx.NodeProto] = []
        self.inputs: dict[str, onnx.ValueInfoProto] = {}
        self.outputs: dict[str, onnx.ValueInfoProto] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}

    def __call__(self, op: str, *inputs: str | float | np.ndarray, **attributes: object) -> str:
        """One node with one output. Numbers and arrays among the inputs become constants."""
        name = f"{op}_{len(self.node)}"
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        self.node.append(helper.make_node(op, names, [name], name, **attributes))
        return name

    def constant(self, value: float | np.ndarray, dtype: type = np.float64) -> str:
        """Equal constants are kept once."""
        array = np.ascontiguousarray(value, dtype if not isinstance(value, np.ndarray) else value.dtype)
        array = array.reshape(np.shape(value))
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"c{len(self._constants)}")
        return self._constants[key].name

    def index(self, *value: int) -> str:
        """A constant list of whole numbers: axes, sizes."""
        return self.constant(np.array(value, np.int64))

    def input(self, name: str, dtype: str, axes: tuple[str, ...], meaning: str) -> str:
        self.inputs[name] = helper.make_tensor_value_info(name, TYPES[dtype], list(axes), meaning)
        return name

    def output(self, name: str, value: str, dtype: str, axes: tuple[str, ...], meaning: str) -> None:
        self.node.append(helper.make_node("Identity", [value], [name], name))
        self.outputs[name] = helper.make_tensor_value_info(name, TYPES[dtype], list(axes), meaning)

    def model(self, name: str, facts: dict[str, str]) -> onnx.ModelProto:
        """The checked model; `facts` become its metadata."""
        graph = helper.make_graph(
            self.node, name, list(self.inputs.values()), list(self.outputs.values()), list(self._constants.values())
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model, full_check=True)
        return model
