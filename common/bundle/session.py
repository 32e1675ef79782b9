"""The only door to ONNX Runtime. Parity gate, self-test, prediction and serving all use these options."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from common.fault import Fault

SESSION_OPTIONS: dict[str, Any] = {
    "optimization": "all",  # fused kernels may differ in the last bits, so the parity gate runs with them too
    "execution": "sequential",  # nodes one after another: fastest for one machine, and repeatable
    "memory_pattern": False,  # one plan is kept per input shape; lengths vary, so plans would pile up
    "spinning": False,  # a waiting thread must not burn the core of the program next to it
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "optimization": ("disabled", "basic", "extended", "all"),
    "execution": ("sequential", "parallel"),
    "memory_pattern": (False, True),
    "spinning": (False, True),
}
LEVELS = {
    "disabled": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
ORT_TYPES = {"tensor(float)": "float32", "tensor(double)": "float64"}
OUT_OF_MEMORY = re.compile(r"bad.alloc|allocat\w+ memory|out of memory|Available memory of|CUBLAS_STATUS_ALLOC", re.I)
ort.set_default_logger_severity(4)  # a failure becomes one Fault; the runtime's own lines would be a second voice


class Session:
    """A loaded graph. `inputs` and `outputs` map name to (dtype, shape); an unnamed axis is None.

    profile_in  an empty folder: every node of every run is then timed, for `node_events`
    """

    def __init__(
        self,
        model: bytes,
        *,
        threads: int = 1,
        options: Mapping[str, Any] = SESSION_OPTIONS,
        profile_in: Path | None = None,
    ):
        made = session_options(options, threads)
        if profile_in is not None:
            made.enable_profiling, made.profile_file_prefix = True, str(profile_in / "profile")
        try:
            self._ort = ort.InferenceSession(model, made, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own classes share no base but Exception
            raise told("cannot be loaded", error) from error
        self.inputs = {value.name: (_dtype(value.type), tuple(value.shape)) for value in self._ort.get_inputs()}
        self.outputs = {value.name: (_dtype(value.type), tuple(value.shape)) for value in self._ort.get_outputs()}
        self._names = list(self.outputs)

    def seconds(self, inputs: dict[str, np.ndarray]) -> float:
        """Answer once and forget the answer; what it took, seconds."""
        run, names = self._ort.run, self._names
        try:
            began = time.perf_counter()
            run(names, inputs)
            return time.perf_counter() - began
        except Exception as error:
            raise told("could not be run", error) from error

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every output by name. The arrays are not checked here; `Bundle.run` does that."""
        try:
            return dict(zip(self._names, self._ort.run(self._names, inputs), strict=True))
        except Exception as error:
            raise told("could not be run", error) from error

    def node_events(self) -> list[dict[str, Any]]:
        """What ran since loading, as ONNX Runtime's trace events (times in us). Ends the timing of nodes."""
        written = Path(self._ort.end_profiling())
        try:
            return json.loads(written.read_text(encoding="utf-8", errors="replace"))
        finally:
            written.unlink()


def runtime_version() -> str:
    """The version of ONNX Runtime: a bundle is self-tested anew under another one."""
    return ort.__version__


def check_options(options: Mapping[str, Any]) -> None:
    """Raise a Fault unless these are options that this file knows (they may come from a stranger's bundle)."""
    if set(options) != set(CHOICES):
        raise Fault(f"session_options must name exactly {', '.join(CHOICES)}")
    for name, choices in CHOICES.items():
        if not any(options[name] is choice or options[name] == choice for choice in choices):
            raise Fault(
                f"session_options.{name} is {options[name]!r:.40}, expected one of {', '.join(map(str, choices))}"
            )


def session_options(options: Mapping[str, Any], threads: int) -> ort.SessionOptions:
    check_options(options)
    made = ort.SessionOptions()
    made.intra_op_num_threads, made.inter_op_num_threads = threads, 1
    made.graph_optimization_level = LEVELS[options["optimization"]]
    parallel = options["execution"] == "parallel"
    made.execution_mode = ort.ExecutionMode.ORT_PARALLEL if parallel else ort.ExecutionMode.ORT_SEQUENTIAL
    made.enable_mem_pattern = options["memory_pattern"]
    for kind in ("intra_op", "inter_op"):
        made.add_session_config_entry(f"session.{kind}.allow_spinning", str(int(options["spinning"])))
    return made


def _dtype(ort_type: str) -> str:
    inner = re.fullmatch(r"tensor\((\w+)\)", ort_type)
    return ORT_TYPES.get(ort_type, inner[1] if inner else ort_type)


def told(what: str, error: Exception) -> Fault:
    """ONNX Runtime's error as one sentence."""
    if isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error)):
        return Fault(
            f"model.onnx {what}: out of memory. Free some, or ask for less at a time: {_first_line(error):.120}"
        )
    return Fault(f"model.onnx {what}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    """ONNX Runtime's message without its path into its own source code."""
    text = re.sub(r"/\S+\.(cc|h):\d+ ", "", str(error).strip().split("\n")[0])
    return text.removeprefix("[ONNXRuntimeError] : ")[:240]
