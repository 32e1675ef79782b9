"""Intel's OpenVINO on the processor, from its own wheel: it stands beside onnxruntime and takes nothing away from it.

(onnxruntime-openvino, the same inside ONNX Runtime, replaces the wheel of production and is many versions behind.)
OpenVINO knows no trees (ai.onnx.ml): bundles that hold some are left out with that reason.
"""

from __future__ import annotations

import importlib.util
import re
import threading
import time
from typing import Any

import onnx

from benchmarks.runtimes import Unsupported
from benchmarks.workload import Query, Workload
from common.bundle.session import told
from common.machine import cores

NAME = "openvino"
VARIANTS = ("fp32", "fp16", "bf16", "int8_dynamic", "int8_static")
HINTS = {"fp16": ("FP16", "f16"), "bf16": ("BF16", "bf16")}  # variant: what the processor must offer, what is asked


def missing() -> str | None:
    if importlib.util.find_spec("openvino") is None:
        return "OpenVINO is not installed: make install RUNTIME=openvino"
    return None


def open_engine(workload: Workload, variant: str, model: bytes, threads: int) -> OpenVino:
    return OpenVino(workload, variant, model, threads)


class OpenVino:
    name = NAME

    def __init__(self, workload: Workload, variant: str, model: bytes, threads: int):
        import openvino

        core, hint = openvino.Core(), "f32"
        if variant in HINTS:  # OpenVINO rounds the float32 graph itself
            offered, hint = HINTS[variant]
            if offered not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
                raise Unsupported(f"OpenVINO does not reckon in {variant} on this processor")
            model = workload.files["model.onnx"]
        asked = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
        began = time.perf_counter()
        try:
            self._model = core.compile_model(core.read_model(model), "CPU", asked)
        except Exception as error:  # OpenVINO raises RuntimeError for all there is
            raise Unsupported(_reason(error)) from error
        loaded = time.perf_counter()
        self._workload, self._own = workload, threading.local()  # a request serves one caller at a time
        self._used = {name for port in self._model.inputs for name in port.names}  # an input without effect is dropped
        self._names = [value.name for value in onnx.load_from_string(model).graph.output]
        ran = self._model.get_runtime_model().get_ordered_ops()
        self.facts: dict[str, Any] = {
            "runtime": f"openvino {openvino.__version__.split('-')[0]}",
            "session_options": asked,
            "providers": {"openvino CPU": len(ran)},
            "threads": threads,
            "workers": max(1, cores() // threads),
            "load_ms": 1e3 * (loaded - began),
        }
        self.facts["first_ms"] = 1e3 * self.seconds(0)

    def seconds(self, i: int, k: int = 1) -> float:
        query, request = self._given(self._workload.batch(k, i)), self._request()
        try:
            began = time.perf_counter()
            request.infer(query, share_inputs=True, share_outputs=True)
            return time.perf_counter() - began
        except Exception as error:
            raise told("could not be run", error) from error

    def outputs(self, query: Query) -> Query:
        try:
            found = self._request().infer(self._given(query), share_inputs=True)
        except Exception as error:
            raise told("could not be run", error) from error
        return {name: found[at] for at, name in enumerate(self._names)}

    def close(self) -> None:
        del self._model, self._own

    def _given(self, query: Query) -> Query:
        return {name: array for name, array in query.items() if name in self._used}

    def _request(self) -> Any:
        if not hasattr(self._own, "request"):
            self._own.request = self._model.create_infer_request()
        return self._own.request


def _reason(error: Exception) -> str:
    """The line of OpenVINO's report that names what it lacks."""
    text = str(error)
    found = re.search(r"No conversion rule found for operations: (.+)", text)
    if found:
        return f"OpenVINO knows no {found[1].strip():.200}"
    lines = [line.strip() for line in text.splitlines() if line.strip() and "Exception from" not in line]
    return f"OpenVINO refuses the graph: {(lines or ['it does not say why'])[0]:.200}"
