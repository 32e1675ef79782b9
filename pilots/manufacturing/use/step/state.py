"""What is remembered of every machine between two calls: one `.npz` file, whole or not at all, no pickle.

Axis M: machines.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.atomic import write_bytes
from common.bundle.format import Tensor, tensors
from common.bundle.open import Bundle
from common.fault import Fault
from pilots.manufacturing.use.contract import INPUTS, OUTPUTS, check_contract

NEXT = "_next"  # ends the name of the output that holds a memory's new content
ANSWERS = ("rul", "low", "high", "p_fail")  # of the newest row, kept for machines that show no new one
BROKEN = (ValueError, TypeError, OSError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, NotImplementedError)

Arrays = dict[str, np.ndarray]


def memories(manifest: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of the state by name; a Fault unless every one of them comes in and goes out again."""
    state = manifest.get("state")
    if not isinstance(state, list) or not all(isinstance(m, dict) and isinstance(m.get("name"), str) for m in state):
        raise Fault("bundle.json lacks 'state', the list of what is remembered of a machine")
    names = [memory["name"] for memory in state]
    if not {"row", "since"} <= set(names):
        raise Fault("bundle.json: the state lacks 'row' or 'since', by which rows and alarms are told")
    own = set(INPUTS) - {"length", "judge"}
    check_contract(manifest, [*own, *names], [*OUTPUTS, *(name + NEXT for name in names)])
    found = {tensor.name: tensor for tensor in tensors(manifest["inputs"]) if tensor.name in names}
    for tensor in found.values():
        if tensor.shape[:1] != ("machine",) or not all(isinstance(axis, int) for axis in tensor.shape[1:]):
            raise Fault(f"bundle.json: {tensor.name} is no memory of a fixed size per machine")
    return found


@dataclass
class State:
    """The memory of M machines.

    memory_M   the bundle's own tensors by name, [M, …]
    time_M     stamp of each machine's newest row, number or datetime64; None before there is any
    alarm_M    stamp of the row that raised the alarm, its newest row's where there is none
    answer_M   ANSWERS, condition_ok and quality of the newest row
    """

    machine_M: list[str]
    memory_M: Arrays
    time_M: np.ndarray
    alarm_M: np.ndarray
    answer_M: Arrays

    @classmethod
    def new(cls, manifest: Mapping[str, Any], time_dtype: np.dtype) -> State:
        """No machine yet."""
        memory = {name: np.zeros((0, *tensor.shape[1:]), tensor.dtype) for name, tensor in memories(manifest).items()}
        answer = {name: np.zeros(0, np.float32) for name in ANSWERS}
        answer |= {"condition_ok": np.zeros(0, bool), "quality": np.zeros((0, len(manifest["channels"])), np.int8)}
        return cls([], memory, np.zeros(0, time_dtype), np.zeros(0, time_dtype), answer)

    def places(self, machines: Sequence[str]) -> np.ndarray:
        """Where each of these machines stands; those met for the first time join, all zeros."""
        place = {name: number for number, name in enumerate(self.machine_M)}
        joined = [name for name in machines if name not in place]
        place |= {name: len(place) + number for number, name in enumerate(joined)}
        self.machine_M = [*self.machine_M, *joined]
        self.memory_M, self.answer_M = (
            {name: _longer(x_M, len(joined)) for name, x_M in part.items()} for part in (self.memory_M, self.answer_M)
        )
        self.time_M, self.alarm_M = (_longer(x_M, len(joined)) for x_M in (self.time_M, self.alarm_M))
        return np.array([place[name] for name in machines], np.int64)

    def forget(self, gone_M: np.ndarray) -> None:
        """Take these machines out: where one of them shows a row again, it begins anew."""
        self.machine_M = [name for name, gone in zip(self.machine_M, gone_M, strict=True) if not gone]
        self.memory_M, self.answer_M = (
            {name: x_M[~gone_M] for name, x_M in part.items()} for part in (self.memory_M, self.answer_M)
        )
        self.time_M, self.alarm_M = self.time_M[~gone_M], self.alarm_M[~gone_M]

    def write(self, path: Path, bundle: Bundle) -> None:
        """Replace the file in one step."""
        arrays = {"bundle": np.array(bundle.id), "machine": np.array(self.machine_M, np.str_)}
        arrays |= {"time": self.time_M, "alarm_time": self.alarm_M}
        arrays |= {f"memory.{name}": x_M for name, x_M in self.memory_M.items()}
        arrays |= {f"answer.{name}": x_M for name, x_M in self.answer_M.items()}
        packed = io.BytesIO()
        np.savez(packed, **arrays)  # type: ignore[arg-type]
        write_bytes(path, packed.getvalue())


def read_state(path: Path, bundle: Bundle, time_dtype: np.dtype) -> State:
    """The state in this file, or a new one if there is none; a Fault for another bundle's and for a damaged one."""
    start = State.new(bundle.manifest, time_dtype)
    if not path.exists():
        return start
    arrays = _read(path)
    if str(arrays.get("bundle")) != bundle.id:
        raise Fault(
            f"{path} is refused: it was written with another bundle, not with {bundle.label}. Name a new file and give "
            "it every machine's whole log once"
        )
    made = {"time": start.time_M, "alarm_time": start.alarm_M, "machine": np.zeros(0, np.str_)}
    made |= {f"memory.{name}": x_M for name, x_M in start.memory_M.items()}
    made |= {f"answer.{name}": x_M for name, x_M in start.answer_M.items()}
    if set(arrays) != {*made, "bundle"}:
        raise Fault(f"{path} is refused: it does not hold exactly what this bundle remembers")
    if arrays["time"].dtype.kind in "fM" and arrays["time"].dtype.kind != time_dtype.kind:
        kinds = ("dates", "numbers") if time_dtype.kind == "M" else ("numbers", "dates")
        raise Fault(f"{path} holds {kinds[1]} as times, the new rows hold {kinds[0]}: write both alike")
    machines = arrays["machine"].size
    for name, want in made.items():
        got = arrays[name]
        if got.shape != (machines, *want.shape[1:]) or got.dtype.kind != want.dtype.kind:
            raise Fault(f"{path} is refused: {name} is {got.dtype} {list(got.shape)}, which is no state of this bundle")
    names = [str(name) for name in arrays["machine"]]
    if len(set(names)) < len(names) or np.isnan(arrays["time"]).any() or (arrays["memory.row"] < 1).any():
        raise Fault(f"{path} is refused: it holds a machine twice, or one without a row")
    memory, answer = (
        {name: arrays[f"{kind}.{name}"] for name in part}
        for kind, part in (("memory", start.memory_M), ("answer", start.answer_M))
    )
    return State(names, memory, arrays["time"], arrays["alarm_time"], answer)


def _read(path: Path) -> Arrays:
    """Every array of the file. Nothing in it is packed, so that what it unpacks to is not larger than itself."""
    try:
        with zipfile.ZipFile(path) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise Fault(f"{path} is refused: it was not written by this program")
        with np.load(path, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except BROKEN as error:
        raise Fault(f"{path} is damaged and refused as a state: {error!s:.120}") from error


def _longer(x_M: np.ndarray, more: int) -> np.ndarray:
    return np.concatenate([x_M, np.zeros((more, *x_M.shape[1:]), x_M.dtype)]) if more else x_M
