"""What the control groups around this process allow it of processor time and memory (Linux; elsewhere no limit)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def cores(root: Path = ROOT) -> float | None:
    """Cores' worth of time, the tightest limit of all groups; None: no limit."""
    limits = [_share(_read(folder / "cpu.max")) for folder in _folders(root, "", "")]
    for folder in _folders(root, "cpu", "cpu"):
        quota, period = (_read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        limits.append(_share(f"{quota} {period}"))
    return min((limit for limit in limits if limit is not None), default=None)


def memory(root: Path = ROOT) -> int | None:
    """Bytes, the tightest limit of all groups; None: no limit."""
    texts = [_read(folder / "memory.max") for folder in _folders(root, "", "")]
    texts += [_read(folder / "memory.limit_in_bytes") for folder in _folders(root, "memory", "memory")]
    limits = [int(text) for text in texts if text and text.isdecimal()]
    return min((limit for limit in limits if limit < 1 << 60), default=None)  # version 1 writes 2^63 for none


def _folders(root: Path, controller: str, mount: str) -> Iterator[Path]:
    """Folders of the groups that hold this process, innermost first; `controller` is "" for version 2.

    Inside a container the path may be the host's, of which only the last part or none exists here.
    """
    for line in (_read(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller not in controllers.split(","):
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for base in {mount, controllers}:
            for n in range(len(parts), -1, -1):
                yield root.joinpath("sys/fs/cgroup", base, *parts[:n])


def _share(text: str | None) -> float | None:
    """'150000 100000' -> 1.5 cores; 'max 100000' and '-1 100000' are no limit."""
    words = (text or "").split()
    if len(words) != 2 or not all(word.isdecimal() for word in words) or not int(words[1]):
        return None
    return round(int(words[0]) / int(words[1]), 2)


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
