"""The machine that a figure belongs to. What cannot be read is None; no name of a host, user or folder is noted."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from benchmarks.probes import gpu
from benchmarks.probes.cache import last_level_bytes
from common import machine

ROOT = Path("/")
FLAGS = (  # what decides how fast matrices are multiplied
    *("sse4_2", "fma", "f16c", "avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "sve", "sve2", "i8mm", "bf16"),
)


def facts(root: Path = ROOT) -> dict[str, Any]:
    """Processor, cores granted, clock rules, memory, kernel, walls around this process, GPUs, load, versions."""
    known = machine.machine()
    quota = _quota(root)
    return {
        "cpu": known["cpu"],
        "flags": _flags(root),
        "cores_seen": os.cpu_count(),
        "cores": _granted(known["cores"], quota),
        "cores_affinity": known["cores"],
        "cores_quota": quota,
        "threads_per_core": _threads_per_core(root),
        "last_level_cache_mb": None if (size := last_level_bytes()) is None else round(size / 2**20, 1),
        "governor": _read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(root),
        "ram_gb": known["ram_gb"],
        "system": platform.system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "virtual_machine": _virtual(root),
        "container": _container(root),
        "load": _load(root),
        "gpu": gpu.facts() or None,
        "versions": known["versions"],
    }


def _granted(affinity: int, quota: float | None) -> int:
    """Whole cores that may be kept busy at once."""
    return affinity if quota is None else max(1, min(affinity, int(quota)))


def _quota(root: Path) -> float | None:
    """Cores' worth of time that the control groups around this process allow, the tightest of them; None: no limit."""
    limits = []
    for line in (_read(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            limits += [_v2(root / "sys/fs/cgroup" / part) for part in _upwards(path)]
        elif "cpu" in controllers.split(","):
            limits += [
                _v1(root / "sys/fs/cgroup" / mount / part) for mount in ("cpu", controllers) for part in _upwards(path)
            ]
    return min((limit for limit in limits if limit is not None), default=None)


def _upwards(path: str) -> list[str]:
    """'/a/b' -> 'a/b', 'a', ''. Inside a container only the last of them may exist."""
    parts = [part for part in path.split("/") if part and part != ".."]
    return ["/".join(parts[:n]) for n in range(len(parts), -1, -1)]


def _v2(folder: Path) -> float | None:
    words = (_read(folder / "cpu.max") or "max").split()
    return None if words[0] == "max" or len(words) != 2 else round(int(words[0]) / int(words[1]), 2)


def _v1(folder: Path) -> float | None:
    quota, period = (_read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    return None if quota is None or period is None or int(quota) <= 0 else round(int(quota) / int(period), 2)


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
