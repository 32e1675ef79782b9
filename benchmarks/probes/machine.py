"""The machine that a figure belongs to. What cannot be read is None; no name of a host, user or folder is noted."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from benchmarks.probes import gpu
from benchmarks.probes.cache import last_level_bytes
from common import cgroup, machine

ROOT = Path("/")
FLAGS = (  # what decides how fast matrices are multiplied
    *("sse4_2", "fma", "f16c", "avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "sve", "sve2", "i8mm", "bf16"),
)


def facts(root: Path = ROOT) -> dict[str, Any]:
    """Processor, cores granted, clock rules, memory, kernel, walls around this process, GPUs, load, versions."""
    known = machine.machine()
    limit = cgroup.memory(root)
    return {
        "cpu": known["cpu"],
        "flags": _flags(root),
        "cores_seen": os.cpu_count(),
        "cores": machine.cores(root),
        "cores_affinity": machine.affinity(),
        "cores_quota": cgroup.cores(root),
        "threads_per_core": _threads_per_core(root),
        "last_level_cache_mb": None if (size := last_level_bytes()) is None else round(size / 2**20, 1),
        "governor": _read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(root),
        "ram_gb": known["ram_gb"],
        "ram_limit_gb": None if limit is None else round(limit / 2**30, 1),
        "system": platform.system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "virtual_machine": _virtual(root),
        "container": _container(root),
        "load": _load(root),
        "gpu": gpu.facts() or None,
        "versions": known["versions"],
    }


def _flags(root: Path) -> list[str] | None:
    words = _cpuinfo(root)
    return None if words is None else [flag for flag in FLAGS if flag in words]


def _cpuinfo(root: Path) -> set[str] | None:
    """The flags of the first processor."""
    for line in (_read(root / "proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return set(value.split())
    return None


def _virtual(root: Path) -> bool | None:
    words = _cpuinfo(root)
    return None if words is None else "hypervisor" in words


def _container(root: Path) -> bool | None:
    if not (root / "proc").exists():
        return None
    if any((root / mark).exists() for mark in (".dockerenv", "run/.containerenv", "singularity", ".singularity.d")):
        return True
    groups = _read(root / "proc/1/cgroup") or ""
    return any(word in groups for word in ("docker", "kubepods", "containerd", "lxc"))


def _turbo(root: Path) -> bool | None:
    off = _read(root / "sys/devices/system/cpu/intel_pstate/no_turbo")
    on = _read(root / "sys/devices/system/cpu/cpufreq/boost")
    return off == "0" if off is not None else None if on is None else on == "1"


def _threads_per_core(root: Path) -> int | None:
    text = _read(root / "sys/devices/system/cpu/cpu0/topology/thread_siblings_list")
    if not text:
        return None
    spans = [span.split("-") for span in text.split(",")]
    return sum(int(span[-1]) - int(span[0]) + 1 for span in spans)


def _load(root: Path) -> list[float] | None:
    text = _read(root / "proc/loadavg")
    return [float(word) for word in text.split()[:3]] if text else None


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
