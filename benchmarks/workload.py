"""A bundle as calls to time: its files, and the queries that every runtime is asked, in the same order.

A query is one call of the graph: in manufacturing one machine, in healthtech one origin, in creative one tile. They
come from the run's `evaluation.npz`; a bundle without one is asked the sample it carries.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from common.bundle.files import bundle_id, read_files
from common.bundle.format import tensors
from common.bundle.open import Bundle, open_bundle
from common.bundle.sample import unpack
from common.fault import Fault
from common.runs import find_runs

Query = dict[str, np.ndarray]
UNPACKED_CAP = 1 << 30  # bytes of an evaluation.npz


@dataclass(frozen=True)
class Workload:
    """What is asked of a bundle.

    folder   of the bundle; `run` is the run folder around it, None where there is none
    bundle   opened: hashes proved, self-tested; `files` are the same bytes
    queries  every input of the graph, defaults filled in; one call each
    axis     name of the axis along which queries are put together, None where the graph has none
    label    the manifest's name, such as manufacturing
    """

    folder: Path
    run: Path | None
    bundle: Bundle
    files: dict[str, bytes] = field(repr=False)
    queries: list[Query] = field(repr=False)
    queries_from: str
    axis: str | None
    label: str

    @property
    def session_options(self) -> dict:
        """Under which the bundle was proved and is served."""
        return self.bundle.manifest["session_options"]

    def batch(self, k: int, i: int = 0) -> Query:
        """`k` queries from the `i`-th on, in one call; inputs without the batch axis stay those of query `i`."""
        first = self.queries[i % len(self.queries)]
        if k == 1:
            return first
        if self.axis is None:
            raise Fault(f"{self.label} answers one query a call: its graph has no axis along which they can be joined")
        chosen = [self.queries[(i + j) % len(self.queries)] for j in range(k)]
        joined = {t.name for t in tensors(self.bundle.manifest["inputs"]) if t.shape[:1] == (self.axis,)}
        return {
            name: np.concatenate([query[name] for query in chosen]) if name in joined else value
            for name, value in first.items()
        }


def workloads(text: str) -> list[Workload]:
    """The workloads that `text` names: latest, all, PILOT/latest, a run folder or a bundle folder."""
    return [_workload(folder) for folder in find_runs(text)]


def _workload(found: Path) -> Workload:
    folder = found / "bundle" if (found / "bundle").is_dir() else found
    if folder == found and (found / "run.json").is_file():
        raise Fault(f"the run {found} wrote no bundle, as its report says: name another run")
    bundle, files = open_bundle(folder), read_files(folder)
    if bundle_id(files) != bundle.id:
        raise Fault(f"{folder} changed while it was being opened: begin again")
    run = folder.absolute().parent
    run = run if (run / "run.json").is_file() else None
    queries = stacked_queries(run / "evaluation.npz", bundle) if run else None
    name = "evaluation.npz" if queries else "sample.npz"
    queries = queries or [unpack(bundle.sample)[0]]
    label = bundle.manifest["name"]
    return Workload(folder, run, bundle, files, queries, name, _axis(bundle), label)


def stacked_queries(path: Path, bundle: Bundle) -> list[Query] | None:
    """The queries of an evaluation.npz or calibration.npz; None where it holds none for this bundle."""
    if not path.is_file():
        return None
    stacked = arrays(path)
    inputs = tensors(bundle.manifest["inputs"])
    known = {t.name: stacked[t.name] for t in inputs if t.name in stacked}
    needed = {t.name for t in inputs if t.default is None}
    if not needed <= known.keys() or any(known[t.name].ndim != len(t.shape) + 1 for t in inputs if t.name in known):
        return None  # of another bundle of the run, such as the one for single rows
    counts = {len(array) for array in known.values()}
    if len(counts) != 1 or counts == {0}:
        raise Fault(f"{path} holds inputs of unequal number ({sorted(counts)}): train again, or remove the file")
    defaults = {t.name: bundle.default(t.name) for t in inputs if t.default is not None}
    queries = [defaults | {name: array[i] for name, array in known.items()} for i in range(counts.pop())]
    for at, query in enumerate(queries):
        axes: dict[str, int] = {}
        try:
            for tensor in inputs:
                tensor.check(query[tensor.name], axes)
        except Fault as fault:
            raise Fault(f"{path} query {at}: {fault}") from fault
    return queries


def arrays(path: Path) -> dict[str, np.ndarray]:
    """What an npz of a run holds; a Fault where it is damaged or too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > UNPACKED_CAP:
                raise Fault(f"{path} is refused: {size:,} bytes unpacked, {UNPACKED_CAP:,} are allowed")
            if not size:  # a damaged end record: the members are there, and none is listed
                raise Fault(f"{path} is damaged, it lists no arrays: train again, or remove the file")
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except Fault:
        raise
    except Exception as error:  # zipfile, its decompressors and NumPy's header parser each have errors of their own
        raise Fault(f"{path} cannot be read ({error!s:.120}): train again, or remove the file") from error


def _axis(bundle: Bundle) -> str | None:
    """First axis of the first input that a caller must give, if its length is free."""
    first = next((t for t in tensors(bundle.manifest["inputs"]) if t.default is None), None)
    axis = first.shape[0] if first is not None and first.shape else None
    return axis if isinstance(axis, str) and axis not in bundle.fixed else None
