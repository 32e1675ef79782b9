"""Wheels of ONNX Runtime: all of them fill the same package folder, so two at once are neither of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

from common.fault import Fault

WHEELS = {
    "onnxruntime",
    *(f"onnxruntime-{kind}" for kind in ("cann", "directml", "gpu", "migraphx", "openvino", "qnn", "rocm")),
    *(f"onnxruntime-{kind}" for kind in ("silicon", "training", "vitisai", "windowsml")),
}


def one_wheel(path: Sequence[str] | None = None) -> None:
    """A Fault where two wheels are installed; `path` is searched instead of Python's own."""
    where = {} if path is None else {"path": list(path)}
    found = {name: d.version for name in sorted(WHEELS) for d in metadata.distributions(name=name, **where)}
    if len(found) > 1:
        listed = " and ".join(f"{name} {version}" for name, version in found.items())
        raise Fault(
            f"{listed} are installed at once and overwrite each other's files: "
            "make install RUNTIME=cpu keeps the one for processors, RUNTIME=gpu the one for NVIDIA GPUs"
        )
