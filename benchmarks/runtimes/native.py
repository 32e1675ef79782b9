"""What one would call instead of the bundle: the pilot's own Python, in a process of its own (`common.native`).

Its variants are the ways in which that Python runs: a mode, before it `cuda-` for a GPU, behind it the number format
where that is not float32: eager, compiled, prophet, cuda-graph, cuda-eager-bf16, ... Plain fp32 means eager.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from benchmarks.probes.roof_gpu import SIGNS
from benchmarks.runtimes import Unsupported
from benchmarks.workload import Query, Workload

NAME = "native"
START, ANSWER = 600.0, 600.0  # seconds: torch.compile takes minutes on a busy machine
MODES = ("eager", "compiled", "prophet", "cuda-eager", "cuda-compiled", "cuda-graph")
WAYS = (*MODES, *(f"{mode}-{dtype}" for mode in MODES if mode != "prophet" for dtype in ("fp16", "bf16")))
VARIANTS = ("fp32", *WAYS)


def make(workload: Workload, run: Path | None) -> bytes:
    """As a variant of the bundle a way is no graph: the run's native/ files are run."""
    return b""


def missing() -> str | None:
    if importlib.util.find_spec("torch") is None:
        return "the pilots' own Python is not installed here: the base install runs bundles alone"
    return None


def open_engine(workload: Workload, variant: str, model: bytes, threads: int) -> Native:
    if workload.run is None or workload.queries_from != "evaluation.npz":
        raise Unsupported("native runs beside a run folder with an evaluation.npz of this bundle; there is none here")
    if variant.startswith("cuda-") and not any(Path(sign).exists() for sign in SIGNS):
        raise Unsupported("no NVIDIA driver is loaded here")
    facts = json.loads((workload.run / "run.json").read_text(encoding="utf-8"))
    return Native(workload.run, str(facts.get("pilot")), variant, threads, queries=workload.queries)


class Native:
    """The process and its answers; `facts` says which libraries give them.

    queries  as in the workload; those of evaluation.npz
    start    seconds that it may take to begin
    """

    name = NAME

    def __init__(
        self,
        run: Path,
        pilot: str,
        variant: str = "eager",
        threads: int = 1,
        queries: Sequence[Query] = (),
        start: float = START,
    ):
        self._queries = queries
        if not re.fullmatch(r"[a-z]{1,40}", pilot):
            raise Unsupported(f"run.json names the pilot {pilot!r:.40}: there is no such one")
        self._words = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 closed by `close`
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"pilots.{pilot}.native", str(run), *options(variant), "--threads", str(threads)],
            stdin=subprocess.PIPE,  # closed when this process ends, however it goes: the other one then ends too
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._read, daemon=True).start()
        try:
            said = self._answer(start)
            if not said.get("ready"):
                raise Unsupported(str(said.get("missing", said))[:400])
            loaded = time.perf_counter()
            self.seconds(0)
            self.facts: dict[str, Any] = {
                "runtime": said["what"],
                "modes": said["modes"],
                "threads": threads,
                "workers": 1,
                "load_ms": 1e3 * (loaded - began),
                "first_ms": 1e3 * (time.perf_counter() - loaded),  # with what is compiled or captured for it
            }
        except BaseException:
            self.close()
            raise

    def seconds(self, i: int, k: int = 1) -> float:
        return self.ask({"query": i, "batch": k})

    def ask(self, request: Mapping[str, Any]) -> float:
        """The seconds of any request that the pilot's native.py knows."""
        return float(self._told(request, "seconds"))

    def outputs(self, query: Query) -> Query:
        number = next((i for i, one in enumerate(self._queries) if one is query), None)
        if number is None:
            raise Unsupported("native answers the queries of evaluation.npz alone")
        with np.load(io.BytesIO(base64.b64decode(self._told({"answer": number}, "arrays")))) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def _told(self, request: Mapping[str, Any], kind: str) -> Any:
        with suppress(OSError):  # it has ended: its last words are told below
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        said = self._answer(ANSWER)
        if kind not in said:
            raise Unsupported(str(said.get("missing", said))[:400])
        return said[kind]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._process.stdin.close()
        self._words.close()

    def _read(self) -> None:
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")

    def _answer(self, within: float) -> dict[str, Any]:
        """The next line; Unsupported with the process's last words where none comes."""
        try:
            line = self._lines.get(timeout=within)
        except Empty:
            self._process.kill()  # a late answer would be taken for that of the next request
            raise Unsupported(f"the pilot's own Python gave no answer within {within:g} s") from None
        if not line:
            raise Unsupported(f"the pilot's own Python ended: {self._last_words()}")
        try:
            return dict(json.loads(line))
        except ValueError:
            raise Unsupported(f"the pilot's own Python answered {line.strip()!r:.100}, which is no answer") from None

    def _last_words(self) -> str:
        self._words.seek(0)
        said = [line.strip() for line in self._words if line.strip()]
        return said[-1][:300] if said else f"exit code {self._process.wait()}"


def options(variant: str) -> list[str]:
    """Words of the command line for a variant."""
    mode, _, dtype = variant.removeprefix("cuda-").replace("fp32", "eager", 1).partition("-")
    device = "cuda" if variant.startswith("cuda-") else "cpu"
    return ["--mode", mode, "--device", device, "--dtype", dtype or "fp32"]
