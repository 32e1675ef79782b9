"""Open a bundle: prove it whole, prove it harmless the first time it is met, then run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from common.bundle.files import bundle_id, read_files
from common.bundle.format import parse, tensors
from common.bundle.selftest import MEMORY_CAP, SECONDS_CAP, check_signature
from common.bundle.session import Session, runtime_version
from common.fault import Fault


class Bundle:
    """A model that has passed every check.

    id        sha256 of SHA256SUMS: two bundles with one id are equal in every byte
    manifest  `bundle.json`
    card      `MODEL_CARD.md`
    """

    def __init__(self, folder: Path, files: dict[str, bytes], *, threads: int = 1):
        self.folder, self.id = folder, bundle_id(files)
        self.manifest: dict[str, Any] = parse(files["bundle.json"])
        self.card, self.sample = files["MODEL_CARD.md"].decode("utf-8", "replace"), files["sample.npz"]
        self._session = Session(files["model.onnx"], threads=threads, options=self.manifest["session_options"])
        self.fixed = check_signature(self.manifest, self._session)
        self._inputs = tensors(self.manifest["inputs"])
        self._defaults = {t.name: np.asarray(t.default, t.dtype) for t in self._inputs if t.default is not None}

    @property
    def label(self) -> str:
        """Short name for folders and titles, such as `manufacturing-20260131120000`."""
        return f"{self.manifest['name']}-{self.manifest['version']}"

    def set_default(self, name: str, value: Any) -> None:
        """Let an input that may be left out take another value from now on; text is read as a number."""
        tensor = next((t for t in self._inputs if t.name == name), None)
        if tensor is None or name not in self._defaults:
            known = ", ".join(self._defaults) or "none"
            raise Fault(f"The model has no input '{name}' that can be set; it has {known}")
        try:
            value = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise Fault(f"{name} = {value!r:.40} is not a number [{tensor.unit or tensor.dtype}]") from None
        self._defaults[name] = tensor.check(value, {})

    def default(self, name: str) -> np.ndarray:
        """What `run` uses for an input that is left out."""
        return self._defaults[name]

    def run(self, **inputs: Any) -> dict[str, np.ndarray]:
        """Every output by name. Inputs left out take their defaults; the rest must keep the contract."""
        axes = dict(self.fixed)
        feed = {}
        for tensor in self._inputs:
            if tensor.name in inputs:
                feed[tensor.name] = tensor.check(inputs[tensor.name], axes)
            elif tensor.name in self._defaults:
                feed[tensor.name] = self._defaults[tensor.name]
            else:
                raise Fault(
                    f"The model needs the input {tensor.name} {tensor.axes_text} [{tensor.unit or tensor.dtype}]"
                )
        if len(inputs) > len(feed) or not inputs.keys() <= feed.keys():
            unknown = ", ".join(sorted(inputs.keys() - feed.keys()))
            raise Fault(f"The model has no input {unknown}; it has {', '.join(t.name for t in self._inputs)}")
        return self._session.run(feed)


def open_bundle(path: str | Path, *, threads: int = 1) -> Bundle:
    """The bundle in this folder, checked. A bundle met for the first time is self-tested in a child process."""
    folder = Path(path)
    files = read_files(folder)
    try:
        parse(files["bundle.json"])  # a fault in the manifest is said here, without the wait for a child
    except Fault as fault:
        raise Fault(f"{folder} is refused. {fault}") from fault
    mark = _seen_mark(bundle_id(files))
    if not (mark and mark.exists()):
        _selftest_in_child(folder, bundle_id(files))
        if mark:
            _remember(mark)
    return Bundle(folder, files, threads=threads)


def _seen_mark(bundle: str) -> Path | None:
    """The empty file whose presence says: this user met this bundle under this runtime, and it was good."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    try:
        home = Path(cache) if os.path.isabs(cache) else Path.home() / ".cache"
    except RuntimeError:  # no home folder: the self-test then runs every time
        return None
    return home / "pilots" / "seen" / f"{bundle}-{re.sub(r'[^0-9A-Za-z.]', '', runtime_version())}"


def _remember(mark: Path) -> None:
    try:
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.touch()
    except OSError:
        return  # a read-only or full home costs the next opening a second, nothing more


def _selftest_in_child(folder: Path, expected: str) -> None:
    here = str(Path(__file__).resolve().parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-B", "-P", "-m", "common.bundle.selftest", str(folder.resolve()), expected]
    try:
        done = subprocess.run(  # noqa: S603 (our own module, no shell)
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_CAP,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Fault(f"{folder} is refused: its self-test did not end within {SECONDS_CAP} s") from None
    if done.returncode == 2:
        raise Fault(f"{folder} is refused. {done.stderr.strip().splitlines()[-1]}")
    if done.returncode != 0:
        raise Fault(
            f"{folder} is refused: its self-test broke off (exit code {done.returncode}); "
            f"it may use {MEMORY_CAP >> 30} GiB and {SECONDS_CAP} s"
        )
