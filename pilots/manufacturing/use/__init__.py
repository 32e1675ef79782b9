"""Right of the waist: a file of readings and a bundle in, an advisory for the maintenance team out."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from common.fault import Fault
from pilots.manufacturing.use import rul

if TYPE_CHECKING:
    from common.bundle.open import Bundle

__all__ = ["OPTIONS", "predict"]
WAVEFORM = "--speed RPM --rate HZ   of a vibration waveform (.csv, .npy, .wav); also --column NAME, --scale G"
STATE = "--state FILE   of a step bundle (latest/bundle-step): what is remembered of each machine between two calls"
OPTIONS = f"{rul.OPTIONS}\n  {WAVEFORM}\n  {STATE}"
USES = {  # task of the bundle: the module that uses it
    "rul": "pilots.manufacturing.use.rul",
    "anomaly": "pilots.manufacturing.use.anomaly",
    "step": "pilots.manufacturing.use.step",
    "fault_class": "pilots.manufacturing.use.fault_class",
}


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Fill the empty folder `out` with what this bundle's task has to say about the file."""
    task = str(bundle.manifest.get("task"))
    if task not in USES:
        raise Fault(f"bundle.json: this pilot has no task {task!r:.60}; it knows {', '.join(USES)}")
    import_module(USES[task]).predict(bundle, source, out, argv_rest)
