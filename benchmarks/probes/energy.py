"""Energy of a block: the processor's own counter (RAPL) or the GPU's (NVML); else "not measured", and why.

RAPL counts whole packages, NVML whole boards: what other programs drew in that time is in it, and so is idling.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from benchmarks.probes.gpu import visible

POWERCAP = Path("/sys/class/powercap")
PARTS = ("package", "dram")  # psys covers them both and core is inside package: neither is added


class Meter:
    """`with Meter() as meter: …`, then `meter.facts()`.

    where  "cpu" or "cuda" (every GPU that CUDA_VISIBLE_DEVICES leaves)
    """

    def __init__(self, where: str = "cpu", *, powercap: Path = POWERCAP):
        self._source: Rapl | Nvml | str
        try:
            self._source = Rapl(powercap) if where == "cpu" else Nvml()
        except NotMeasured as reason:
            self._source = str(reason)
        self._joules: float | None = None

    def __enter__(self) -> Self:
        if not isinstance(self._source, str):
            self._before = self._source.read()
        return self

    def __exit__(self, *_: object) -> None:
        if not isinstance(self._source, str):
            self._joules = self._source.joules(self._before, self._source.read())

    def facts(self) -> dict[str, Any]:
        """{joules, method, covers} or {joules: None, why}."""
        if isinstance(self._source, str) or self._joules is None:
            why = self._source if isinstance(self._source, str) else "the block did not end"
            return {"joules": None, "why": f"not measured: {why}"}
        return {"joules": round(self._joules, 3), "method": self._source.method, "covers": self._source.covers}


class NotMeasured(Exception):
    """Why there is no figure: the end of a sentence."""


class Rapl:
    """Counters of micro-joules that start again at zero above `max_energy_range_uj` (kernel: power/powercap)."""

    method = "RAPL"

    def __init__(self, powercap: Path):
        domains = [
            folder for folder in sorted(powercap.glob("*:*")) if (_read(folder / "name") or "").startswith(PARTS)
        ]
        if not domains:
            raise NotMeasured("this machine shows no energy counter of its processor (RAPL)")
        self._counters = [folder / "energy_uj" for folder in domains]
        if any(_read(counter) is None for counter in self._counters):
            raise NotMeasured("the energy counter of the processor may be read by root alone")
        self._turns = [int(_read(folder / "max_energy_range_uj") or 0) for folder in domains]
        self.covers = ", ".join(_read(folder / "name") or "" for folder in domains)

    def read(self) -> list[int]:
        return [int(_read(counter) or 0) for counter in self._counters]

    def joules(self, before: list[int], after: list[int]) -> float:
        """One turn of a counter is seen; a second one in the same block (after minutes at full power) is not."""
        counters = zip(before, after, self._turns, strict=True)
        return sum(b - a + (turn if b < a else 0) for a, b, turn in counters) / 1e6


class Nvml:
    """Milli-joules since the driver was loaded, Volta and later."""

    method = "NVML"

    def __init__(self) -> None:
        try:
            self._nvml: ModuleType | Any = importlib.import_module("pynvml")
        except ImportError:
            raise NotMeasured("the package nvidia-ml-py is not installed (extra gpu)") from None
        try:
            self._nvml.nvmlInit()
            count = self._nvml.nvmlDeviceGetCount()
            handles = [self._nvml.nvmlDeviceGetHandleByIndex(i) for i in range(count)]
            self._handles = [
                handle for i, handle in enumerate(handles) if visible(str(i), str(self._nvml.nvmlDeviceGetUUID(handle)))
            ]
            self.read()
        except self._nvml.NVMLError as error:
            raise NotMeasured(f"the NVIDIA driver shows no energy counter ({error})") from None
        self.covers = "1 GPU board" if len(self._handles) == 1 else f"{len(self._handles)} GPU boards"

    def read(self) -> list[int]:
        return [self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle) for handle in self._handles]

    def joules(self, before: list[int], after: list[int]) -> float:
        return (sum(after) - sum(before)) / 1e3


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except OSError:
        return None
