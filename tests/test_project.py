"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = ("common", "pilots", "benchmarks", "conf")
TOP = {
    *("pyproject.toml", "pilots", "common", "conf", "data.dvc", "benchmarks", "tests", "README.md"),
    *("Makefile", "constraints.txt", "LICENSE", "CITATION.cff", "THIRD_PARTY.md"),
}
PILOTS = {"manufacturing", "healthtech", "creative"}
LONGEST = 300  # lines; a longer file has two subjects
# Modules that run what a file tells them to.
UNSAFE_IMPORTS = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
UNSAFE_METHODS = {("torch", "load"), ("pd", "read_pickle"), ("yaml", "load"), ("yaml", "unsafe_load"), ("os", "system")}
UNSAFE_WORDS = {("allow_pickle", True), ("shell", True), ("weights_only", False)}
PATHS = re.compile(r"(?<![\w.])/(?:work|root|Users|tmp/\w)[/\w]|/home/[a-z]|[A-Z]:\\\\?Users")


def tracked() -> list[Path]:
    """Every file of the commit to come, or of the folder where it is no clone."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a clone: what belongs to the project is not known")
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts(*endings: str) -> dict[str, str]:
    """Name -> text of the tracked files with these endings."""
    found = [path for path in tracked() if path.name.endswith(endings)]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in found}


def unsafe(source: str) -> list[str]:
    """Places in a Python file that could run what a stranger's file says."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] in UNSAFE_IMPORTS]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if (node.module or "").split(".")[0] in UNSAFE_IMPORTS else []
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in UNSAFE_CALLS:
                names = [node.func.id]
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                pair = (node.func.value.id, node.func.attr)
                names = [".".join(pair)] if pair in UNSAFE_METHODS else []
            for word in node.keywords:
                if isinstance(word.value, ast.Constant) and (word.arg, word.value.value) in UNSAFE_WORDS:
                    names.append(f"{word.arg}={word.value.value}")
        found += [f"line {node.lineno}: {name}" for name in names]
    return found


def test_the_search_for_unsafe_code_finds_it():
    source = (
        "import pickle\nfrom joblib import load\neval('1')\ntorch.load(f)\nnp.load(f, allow_pickle=True)\nnet.eval()\n"
    )
    assert [place.partition(": ")[2] for place in unsafe(source)] == [
        *("pickle", "joblib", "eval", "torch.load", "allow_pickle=True")
    ]


def test_no_file_is_ever_run():
    sources = {name: text for name, text in texts(".py").items() if name.startswith(CODE)}
    assert len(sources) > 50
    assert {name: unsafe(text) for name, text in sources.items() if unsafe(text)} == {}


def test_the_top_level_is_what_was_agreed():
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in top if not name.startswith(".")} == TOP
    assert {path.relative_to(ROOT).parts[1] for path in tracked() if "pilots" in path.relative_to(ROOT).parts[:1]} <= {
        *PILOTS,
        "__init__.py",
    }


def test_no_file_is_too_long():
    lengths = {name: text.count("\n") for name, text in texts(".py", ".j2", ".yaml").items()}
    assert len(lengths) > 80
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_nothing_names_somebodys_machine():
    endings = (
        ".py",
        ".j2",
        ".yaml",
        ".yml",
        ".md",
        ".toml",
        ".txt",
        ".cff",
        ".json",
        ".dvc",
        "Makefile",
        "run",
        "config",
    )
    searched = {name: text for name, text in texts(*endings).items() if name != "tests/test_project.py"}
    assert len(searched) > 100
    found = {name: PATHS.findall(text) for name, text in searched.items()}
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_readme_and_ci_hold_the_same_commands():
    """A newcomer is told to do what is tested, and no more: a line of its own or `words in a sentence`."""
    ci = re.findall(r"^make [a-z]+$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^make [a-z]+(?=\s*(?:#.*)?$)|(?<=`)make [a-z]+(?=`)", readme, re.MULTILINE)
    assert ci == ["make demo", "make test", "make soak", "make slurm"]
    assert set(told) - {"make install"} == set(ci)
