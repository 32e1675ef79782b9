"""A pilot's own Python timed from outside: what one would call instead of the bundle, in a process of its own.

    python -m pilots.<pilot>.native RUN_FOLDER [--threads 1] [--device cpu|cuda] [--mode NAME] [--dtype fp32]

The first line on standard output is {"ready": true, "what": "PyTorch eager, fp32", "modes": ["eager", ...]}, or
{"missing": "why not, in one sentence"}. Then each line {"query": i, "batch": k} on standard input is answered with
{"seconds": s}: queries i, i + 1, ... of the run's evaluation.npz, k of them in one call; {"answer": i} with {"arrays":
"npz in base64"}, outputs of query i under the names that the bundle has for them. What cannot be done is answered with
{"missing": "..."}. When its input closes, the process ends, in the midst of its work if need be.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, TextIO

import numpy as np

from common.fault import Fault

DEVICES, DTYPES = ("cpu", "cuda"), ("fp32", "fp16", "bf16")


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    run: Path
    threads: int
    device: str
    mode: str
    dtype: str


@dataclass(frozen=True)
class Opened:
    """A run that can be asked.

    what     which libraries answer
    modes    those that this run and machine have
    seconds  of one request's work
    answer   outputs of one query of evaluation.npz
    """

    what: str
    modes: Sequence[str]
    seconds: Callable[[Mapping[str, Any]], float]
    answer: Callable[[int], Mapping[str, np.ndarray]]


def serve(open_: Callable[[Asked], Opened]) -> None:
    """Answer the requests on standard input. A Fault, at the start or in a request, is told as `missing`."""
    answers = _own_output()
    requests = _requests()
    try:
        opened = open_(_asked())
    except Fault as fault:
        _tell(answers, {"missing": str(fault)})
        return
    _tell(answers, {"ready": True, "what": opened.what, "modes": list(opened.modes)})
    while True:
        try:
            request = json.loads(requests.get())
            if "answer" in request:
                _tell(answers, {"arrays": _packed(opened.answer(int(request["answer"])))})
            else:
                _tell(answers, {"seconds": opened.seconds(request)})
        except Fault as fault:
            _tell(answers, {"missing": str(fault)})


def queries(run: Path) -> dict[str, np.ndarray]:
    """The run's evaluation.npz: inputs of the bundle's graph, stacked on a first axis of queries."""
    path = run / "evaluation.npz"
    if not path.is_file():
        raise Fault(f"{run} has no evaluation.npz: its queries are missing, train again")
    with np.load(path, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """A Fault where what was kept in a run's native/ cannot be put together: whoever wrote it is not trusted."""
    try:
        yield
    except Fault:
        raise
    except Exception as error:  # each library has its own for files that are damaged, old or a stranger's
        what = type(error).__name__
        raise Fault(f"{path} is damaged, or of another version of this program ({what}): train again") from error


def chosen(asked: Mapping[str, Any], many: int) -> np.ndarray:
    """Numbers of the queries of one call: `batch` of them from `query` on, the first again after the last."""
    return (int(asked["query"]) + np.arange(int(asked.get("batch", 1)))) % many


def one_of(asked: Asked, modes: Sequence[str]) -> None:
    """A Fault where the mode that was asked for is not among those there are."""
    if asked.mode not in modes:
        raise Fault(f"there is no mode '{asked.mode}' here: {', '.join(modes)}")


def _asked() -> Asked:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--mode", default="eager")
    parser.add_argument("--dtype", choices=DTYPES, default="fp32")
    return Asked(**vars(parser.parse_args()))


def _own_output() -> TextIO:
    """Standard output for the answers alone: what a library prints goes to standard error."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _tell(answers: TextIO, said: Mapping[str, Any]) -> None:
    answers.write(json.dumps(said) + "\n")
    answers.flush()


def _packed(arrays: Mapping[str, np.ndarray]) -> str:
    held = io.BytesIO()
    np.savez(held, **{name: np.asarray(value) for name, value in arrays.items()})  # type: ignore[arg-type]
    return base64.b64encode(held.getvalue()).decode()


def _requests() -> SimpleQueue[str]:
    """Lines as they come; once whoever asks is gone, however it went, nobody waits for an answer."""
    lines: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    Thread(target=read, daemon=True).start()
    return lines
