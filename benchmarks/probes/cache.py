"""The last-level caches of the processors that this process may use (Linux; elsewhere None)."""

from __future__ import annotations

import os
from pathlib import Path

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def last_level_bytes(cpus: Path = Path("/sys/devices/system/cpu")) -> int | None:
    """Bytes of all last-level caches together, each counted once."""
    granted = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    found: dict[str, int] = {}
    for cpu in sorted(granted):
        levels = []
        for index in (cpus / f"cpu{cpu}" / "cache").glob("index*"):
            try:
                size = (index / "size").read_text().strip()
                levels.append(
                    (int((index / "level").read_text()), (index / "shared_cpu_list").read_text().strip(), size)
                )
            except (OSError, ValueError):
                continue
        if levels:
            _, shared, size = max(levels)
            found[shared] = int(size.rstrip("KMG")) * UNITS.get(size[-1], 1)
    return sum(found.values()) or None
