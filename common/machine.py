"""What a figure depends on besides the code: the processor, the packages, the commit. Facts for run.json."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from common import cgroup

PACKAGES = (
    "sector-ai-pilots",
    *("numpy", "pandas", "pandera", "protobuf", "onnx"),
    *("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino"),
    *("scikit-learn", "lightgbm", "torch", "prophet", "statsforecast", "opencv-python-headless", "hydra-core"),
)


def machine() -> dict[str, Any]:
    """Processor, cores this process may use, memory, GPU and package versions."""
    return {"cpu": _cpu(), "cores": cores(), "ram_gb": _ram_gb(), "gpu": _gpu(), "versions": _versions()}


def peak_memory_mb() -> float | None:
    """Most memory this process or one of its finished children held at once; None where the system does not say."""
    if sys.platform == "win32":
        return None
    import resource

    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)  # bytes on macOS, KiB on Linux


def commit() -> tuple[str | None, bool | None]:
    """Commit of this clone and whether tracked files differ from it; (None, None) without git or outside a clone."""
    root = Path(__file__).resolve().parents[1]
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root:  # installed as a package, perhaps inside someone else's clone
        return None, None
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return _git(root, "rev-parse", "HEAD"), None if changes is None else bool(changes)


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  (fixed words, no shell)
            ["git", "-C", str(root), *words],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=20,  # s; a clone on a slow network drive
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def cores(root: Path = cgroup.ROOT) -> int:
    """Cores that this process may keep busy at once: those it may run on, and no more than its time limit pays for."""
    limit = cgroup.cores(root)
    return affinity() if limit is None else max(1, min(affinity(), int(limit)))


def affinity() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ram_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):  # Windows
        return None


def _gpu() -> str | None:
    torch = sys.modules.get("torch")  # not imported for this alone: it takes seconds
    return torch.cuda.get_device_name(0) if torch is not None and torch.cuda.is_available() else None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
