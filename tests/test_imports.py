"""Right of the waist nobody needs what trained the model: the base install is enough to use a bundle."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import toy_graph

ROOT = Path(__file__).parents[1]
LEFT = (
    "torch", "sklearn", "hydra", "omegaconf", "dvc", "lightgbm", "prophet", "jsonschema", "skl2onnx", "onnxscript",
    "holidays", "scipy",
)  # fmt: skip
RIGHT = [
    *(ROOT / "common" / "bundle").glob("*.py"),
    *(
        ROOT / "common" / name
        for name in ("atomic.py", "card.py", "cli.py", "fault.py", "predict.py", "progress.py", "report.py")
    ),
    *(
        ROOT / "common" / name
        for name in ("runs.py", "spreadsheet.py", "table.py", "table_contract.py", "table_text.py", "table_time.py")
    ),
    *(ROOT / "pilots").glob("*/use/*.py"),
    *(ROOT / "pilots" / "creative").glob("p[ir]*/*.py"),  # pictures, provenance
]
OF_PICTURES = {"cv2", "PIL", "c2pa", "cryptography"}  # who draws needs the creative extra, without its torch
BLOCK = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {LEFT!r}:
            raise ModuleNotFoundError("blocked right of the waist: " + name)
sys.meta_path.insert(0, Blocked())
"""


def isolated(code: str, **options) -> subprocess.CompletedProcess:
    """Run code in a fresh Python in which the libraries of the left cannot be imported."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", BLOCK + code], capture_output=True, text=True, env=environment, **options
    )


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def test_the_block_blocks():
    for name in LEFT:
        assert "blocked right of the waist" in isolated(f"import {name}").stderr


def test_everything_right_of_the_waist_imports_without_the_left():
    modules = sorted(map(module_of, RIGHT))
    assert len(modules) >= 25
    done = isolated("import importlib\nfor name in " + repr(modules) + ":\n    importlib.import_module(name)")
    assert done.returncode == 0, done.stderr


def test_predicting_needs_nothing_from_the_left(toy_bundle, tmp_path):
    """Imports inside functions count too: the whole command runs."""
    (tmp_path / "pumps.csv").write_text(toy_graph.table({"a": [2.0] * 20, "b": [9.0] * 30}))
    code = f"from common.predict import predict; predict([{str(toy_bundle)!r}, 'pumps.csv', '--out', 'out'])"
    done = isolated(code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "advisory.csv").exists()


def needed(package: str) -> set[str]:
    """Names of the packages that are installed with this one."""
    lines = importlib.metadata.requires(package) or []
    return {re.split(r"[^A-Za-z0-9_-]", line)[0].lower() for line in lines if "extra ==" not in line}


def test_what_is_imported_is_in_the_base_install():
    """Every foreign package named in a right-hand file is declared for everyone, those of pictures for their pilot."""
    base = needed("sector-ai-pilots")
    base |= {inner for name in base for inner in needed(name)}  # such as markupsafe, which comes with jinja2
    own = {"common", "pilots", "google"}  # google = protobuf
    named = set()
    for path in RIGHT:
        for module in re.findall(r"^\s*(?:from|import) ([A-Za-z_]\w*)", path.read_text("utf-8"), re.MULTILINE):
            if module not in sys.stdlib_module_names | own | (OF_PICTURES if "creative" in path.parts else set()):
                named.add(module)
    assert named <= base, named - base
    assert {"numpy", "onnxruntime", "pandas"} <= named


def test_only_one_file_knows_the_runtime():
    hits = [
        str(path.relative_to(ROOT))
        for folder in ("common", "pilots")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(import onnxruntime|from onnxruntime)", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert hits == ["common/bundle/session.py"]
