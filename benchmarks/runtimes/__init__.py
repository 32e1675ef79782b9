"""What can run a variant of a bundle; one module for each, found by name and imported when asked for.

A module has NAME, VARIANTS (which it can run), `missing()` (why it cannot run here, or None) and
`open_engine(workload, variant, model, threads)`.
"""

from __future__ import annotations

from typing import Any, Protocol

from benchmarks.workload import Query
from common.fault import Fault

RUNTIMES = {
    name: f"benchmarks.runtimes.{name}" for name in ("ort_cpu", "ort_cuda", "ort_tensorrt", "openvino", "native")
}


class Unsupported(Fault):
    """This runtime or variant cannot do it, and why: noted in the result under `skipped`."""


class Engine(Protocol):
    """A loaded model that answers a workload's queries.

    facts  session options, providers, versions, load_ms, first_ms, `threads` of a call, and `workers`: how many
           calls may be under way at once in the server scenario
    """

    name: str
    facts: dict[str, Any]

    def seconds(self, i: int, k: int = 1) -> float:
        """Serve query `i` (`k` of them in one call); the time the call took, seconds."""
        ...

    def outputs(self, query: Query) -> Query:
        """Every output by name, for the accuracy gate."""
        ...

    def close(self) -> None: ...
