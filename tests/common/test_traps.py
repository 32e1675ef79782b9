"""Three traps found beforehand: a runtime that phones home, a library too new, an export that tells whose it is."""

from __future__ import annotations

import getpass
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from benchmarks.soak.firm import found
from benchmarks.soak.network import ADDRESS, outside

ROOT = Path(__file__).resolve().parents[2]
ALONE = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]  # a network of one: only loopback
OPEN = """
import numpy as np, sys
from common.bundle.open import open_bundle
open_bundle(sys.argv[1]).run(readings=np.ones((1, 4, 3), np.float32), length=np.array([4]))
print("ran")
"""


def plain_environment(**more: str) -> dict[str, str]:
    """No word that would keep a library quiet."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONPATH": str(ROOT), **more}


def test_telemetry_is_off_before_the_runtime_is_imported():
    told = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print(os.environ.get("ORT_DISABLE_TELEMETRY"))
sys.meta_path.insert(0, Watch())
import common.bundle.session
"""
    done = subprocess.run([sys.executable, "-c", told], env=plain_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1\n"


def test_who_wants_telemetry_keeps_the_choice():
    done = subprocess.run(
        [sys.executable, "-c", "import common, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"],
        env=plain_environment(ORT_DISABLE_TELEMETRY="0"),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "0\n"


def test_a_session_reaches_for_nobody(toy_bundle, tmp_path):
    """Opened for the first time, self-test included, with loopback as the only network, every call traced."""
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace)]
    for tool, why in (
        ("strace", "apt-get install strace"),
        ("unshare", "Linux only"),
        ("ip", "apt-get install iproute2"),
    ):
        if not shutil.which(tool):
            pytest.skip(f"no {tool} here ({why})")
    probe = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect_ex(('127.0.0.1', 9))"
    seen = subprocess.run([*ALONE, *strace, sys.executable, "-c", probe], capture_output=True, text=True)
    if seen.returncode or len(ADDRESS.findall(trace.read_text())) != 1:
        pytest.skip(f"a network of one's own or tracing is not allowed here: {seen.stderr.strip()[-200:]}")
    done = subprocess.run(
        [*ALONE, *strace, sys.executable, "-c", OPEN, str(toy_bundle)],
        env=plain_environment(XDG_CACHE_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "ran\n", done.stderr
    assert ADDRESS.findall(trace.read_text()) == []


def test_an_address_elsewhere_is_seen():
    lines = [
        'connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0',
        '7 connect(3, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28',
        'sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = 1',
        'connect(3, {sa_family=AF_INET6, inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = 0',
        'connect(3, {sa_family=AF_UNIX, sun_path="/run/nscd/socket"}, 110) = -1',
    ]
    assert outside("\n".join(lines)) == lines[:2]


def test_protobuf_is_one_that_the_converters_bear():
    asked = [Requirement(text) for text in importlib.metadata.requires("sector-ai-pilots") or []]
    [protobuf] = [each for each in asked if each.name == "protobuf"]
    assert set(str(protobuf.specifier).split(",")) == {">=6.33.5", "<7"}
    assert Version(importlib.metadata.version("protobuf")) in protobuf.specifier


@pytest.fixture(scope="module")
def two_exports(tmp_path_factory):
    """The same model exported by two copies of the code, from two working folders, at the same time."""
    root = tmp_path_factory.mktemp("exports")
    firm = found(root / "firm")
    copy = root / "copy of the code"
    for part in ("common", "conf", "pilots"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    started = []
    for code, name in ((ROOT, "here"), (copy, "there")):
        (root / name).mkdir()
        command = [sys.executable, "-m", "pilots.manufacturing", *firm.words, "model=tcn", "model.epochs=3"]
        started.append(
            subprocess.Popen(
                command,
                cwd=root / name,
                env=plain_environment(PYTHONPATH=str(code)),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for process in started:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
    return [next(root.glob(f"{name}/runs/*/*/bundle/model.onnx")).read_bytes() for name in ("here", "there")]


def test_an_export_does_not_tell_where_it_was_made(two_exports):
    one, other = two_exports
    assert one == other


def test_an_export_holds_no_trace_of_code(two_exports):
    model = two_exports[0]
    assert len(model) > 10_000
    traces = [b"pkg.torch", b"stack_trace", b".py", b"site-packages", b"def ", b"return ", b"self.", b"torch."]
    traces += [os.fsencode(path) for path in (ROOT, Path.home(), Path.cwd(), Path(sys.prefix))]
    assert [trace for trace in traces if trace in model] == []
    assert not re.search(rb"\b" + re.escape(os.fsencode(getpass.getuser())) + rb"\b", model)
    strings = re.findall(rb"[\x20-\x7e]{3,}", model)
    assert len(strings) > 200
    absolute = [text for text in strings if re.search(rb"(^|[\s\"'=])/[A-Za-z][\w.-]*/|\b[A-Z]:\\", text)]
    assert absolute == []


def test_an_export_holds_no_metadata(two_exports):
    graph = onnx.load_model_from_string(two_exports[0])
    assert not graph.metadata_props
    assert not graph.doc_string
    parts = [
        *graph.graph.node,
        *graph.graph.input,
        *graph.graph.output,
        *graph.graph.initializer,
        *graph.graph.value_info,
    ]
    assert len(parts) > 100
    assert [part.name for part in parts if part.metadata_props or part.doc_string] == []
