"""ONNX Runtime on an NVIDIA GPU: what CUDA and TensorRT have in common.

A query begins and ends in the processor's memory, as it does for a caller: its way to the GPU and back is timed. Inputs
keep their place on the GPU, so that nothing is allocated for a query (I/O binding); where shapes are fixed, the graph
has no loop and all of it runs on the GPU, the launches are recorded once and replayed (CUDA graph).
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from benchmarks.probes.roof_gpu import SIGNS
from benchmarks.runtimes import Unsupported
from benchmarks.workload import Query, Workload
from common.bundle.session import session_options, told
from common.fault import Fault

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
CONTROL_FLOW = {"If", "Loop", "Scan"}
Providers = list[tuple[str, dict[str, str]]]


def lacking(provider: str) -> str | None:
    """Why the provider cannot be used here, and the remedy."""
    if provider not in ort.get_available_providers():
        return f"the installed onnxruntime {ort.__version__} has no {provider}: make install RUNTIME=gpu"
    if not any(Path(sign).exists() for sign in SIGNS):
        return "no NVIDIA driver is loaded here"
    return None


def load(model: bytes, options: ort.SessionOptions, providers: Providers) -> ort.InferenceSession:
    """A session whose first provider is there; ONNX Runtime itself would go on with the processor in silence."""
    wanted = [name for name, _ in providers]
    try:
        rest = [] if CPU in wanted else [(CPU, {})]
        session = ort.InferenceSession(model, options, providers=[*providers, *rest])
        session.disable_fallback()
    except Exception as error:  # ONNX Runtime's own classes share no base but Exception
        raise Unsupported(f"{wanted[0]}: {told('cannot be loaded', error)}") from error
    if session.get_providers()[0] != wanted[0]:
        there = ", ".join(session.get_providers())
        raise Unsupported(f"not measured: {wanted[0]} did not start and the graph went to {there} instead")
    return session


class Accelerator:
    """A variant of a bundle under `providers`, the wanted one first.

    graph   record CUDA graphs where that can be
    device  where inputs and outputs have their places
    """

    def __init__(
        self, name: str, workload: Workload, model: bytes, providers: Providers, graph: bool, device: str = "cuda"
    ):
        ort.preload_dlls()  # CUDA's libraries from wheels, where the system has none
        self.name, self._workload, self._device = name, workload, device
        self._options = session_options(workload.session_options, 1)
        nodes = placed(model, workload.queries[0], workload, providers)
        if not nodes.get(providers[0][0]):
            raise Unsupported(f"not measured: no node of the graph runs on {providers[0][0]}, all of them on {nodes}")
        why_not = no_graph(model, nodes) if graph else "it is not asked for"
        if why_not is None:
            why_not = self._recorded(model, providers[0])
        if why_not is not None:
            self._load(model, providers, records=False)
        self.facts: dict[str, Any] = {
            "runtime": f"onnxruntime {ort.__version__}",
            "session_options": dict(workload.session_options),
            "providers": nodes,
            "provider_options": {key: dict(options) for key, options in providers},
            "io_binding": True,
            "cuda_graph": why_not is None,
            "no_cuda_graph_because": why_not,
            "threads": 1,
            "workers": 1,
            "load_ms": self._load_ms,
        }
        self.facts["first_ms"] = 1e3 * self.seconds(0)

    def _recorded(self, model: bytes, provider: tuple[str, dict[str, str]]) -> str | None:
        """Load with CUDA graphs and record one; what stood against it, or None."""
        name, options = provider
        try:
            self._load(model, [(name, {**options, "enable_cuda_graph": "1"})], records=True)
            self.outputs(self._workload.queries[0])
        except (Unsupported, Fault) as refused:
            return str(refused)
        return None

    def _load(self, model: bytes, providers: Providers, records: bool) -> None:
        began = time.perf_counter()
        self._session = load(model, self._options, providers)
        self._load_ms = 1e3 * (time.perf_counter() - began)
        self._names = [value.name for value in self._session.get_outputs()]
        self._records = records
        self._bound: dict[tuple, tuple[Any, dict[str, Any], Any]] = {}

    def seconds(self, i: int, k: int = 1) -> float:
        query = self._workload.batch(k, i)
        bound = self._binding(query)
        began = time.perf_counter()
        self._serve(query, bound)
        return time.perf_counter() - began

    def outputs(self, query: Query) -> Query:
        return dict(zip(self._names, self._serve(query, self._binding(query)), strict=True))

    def close(self) -> None:
        self._bound.clear()
        del self._session

    def _serve(self, query: Query, bound: tuple[Any, dict[str, Any], Any]) -> list[np.ndarray]:
        binding, places, options = bound
        try:
            for name, place in places.items():
                place.update_inplace(np.ascontiguousarray(query[name]))
            self._session.run_with_iobinding(binding, options)
            return binding.copy_outputs_to_cpu()
        except Exception as error:
            raise told("could not be run", error) from error

    def _binding(self, query: Query) -> tuple[Any, dict[str, Any], Any]:
        """Places on the GPU for queries of these shapes, made once."""
        shapes = tuple((name, array.shape) for name, array in query.items())
        if shapes not in self._bound:
            try:
                self._bound[shapes] = self._bind(query)
            except Exception as error:
                raise told("could not be run", error) from error
        return self._bound[shapes]

    def _bind(self, query: Query) -> tuple[Any, dict[str, Any], Any]:
        binding, options = self._session.io_binding(), ort.RunOptions()
        places = {
            n: ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(a), self._device, 0) for n, a in query.items()
        }
        for name, place in places.items():
            binding.bind_ortvalue_input(name, place)
        if not self._records:
            for name in self._names:
                binding.bind_output(name, self._device)
            return binding, places, options
        plain = ort.RunOptions()
        plain.add_run_config_entry("gpu_graph_id", "-1")  # not recorded: to see the shapes of the outputs
        for name in self._names:
            binding.bind_output(name, self._device)
        self._session.run_with_iobinding(binding, plain)
        shown = binding.get_outputs()
        options.add_run_config_entry("gpu_graph_id", str(len(self._bound) + 1))
        fixed = self._session.io_binding()
        for name, place in places.items():
            fixed.bind_ortvalue_input(name, place)
        for name, value in zip(self._names, shown, strict=True):
            fixed.bind_ortvalue_output(name, value)
        return fixed, places, options


def no_graph(model: bytes, nodes: dict[str, int]) -> str | None:
    """Why launches cannot be recorded; None where they can."""
    found = sorted({node.op_type for node in onnx.load_from_string(model).graph.node} & CONTROL_FLOW)
    if found:
        return f"the graph holds control flow ({', '.join(found)})"
    if nodes.get(CPU):
        return f"{nodes[CPU]} nodes run on the processor"
    return None


def placed(model: bytes, query: Query, workload: Workload, providers: Providers) -> dict[str, int]:
    """How many nodes each provider really ran, counted in a run of one query."""
    with tempfile.TemporaryDirectory() as folder:
        options = session_options(workload.session_options, 1)
        options.enable_profiling, options.profile_file_prefix = True, str(Path(folder, "profile"))
        session = load(model, options, providers)
        try:
            session.run(None, query)
        except Exception as error:
            fault = told("could not be run", error)
            raise fault if "out of memory" in str(fault) else Unsupported(str(fault)) from error
        return nodes_by_provider(Path(session.end_profiling()))


def nodes_by_provider(profile: Path) -> dict[str, int]:
    """Nodes of a profile by the provider that ran them, each node once."""
    try:
        events = json.loads(profile.read_text(encoding="utf-8", errors="replace"))
    except ValueError as error:
        raise Fault(f"ONNX Runtime's profile cannot be read ({error!s:.80})") from error
    ran = {
        (event["name"], event["args"]["provider"])
        for event in events
        if event.get("cat") == "Node" and event.get("args", {}).get("provider")
    }
    return dict(Counter(provider for _, provider in ran))
