"""Whose work this project stands on, from the metadata of what is installed.

python tests/third_party.py          writes THIRD_PARTY.md
python tests/third_party.py --pin    writes constraints.txt first: what is installed now becomes the pinned set
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ("base", "data", "manufacturing", "healthtech", "creative")  # the rest is for those who change it
# A licence that would bind our users is refused, except where its own words do not.
EXCEPTIONS = {"pygit2": "its linking exception allows any program to use the unchanged library (needed by dvc)"}
BINDING = re.compile(r"\bA?GPL|General Public License|non-?commercial|\bNC\b|academic|proprietary", re.IGNORECASE)
LESSER = re.compile(r"\bLGPL|Lesser General Public License", re.IGNORECASE)

HEAD = """# Third-party packages

What `make install` brings, from the packages' own metadata; versions as in `constraints.txt`.
Made by `python tests/third_party.py`, never by hand. The base install opens and runs bundles; `data`,
`manufacturing`, `healthtech`, `creative` are installed by default; `test` only matters to those who change the code.

| package | version | licence | installed for |
| --- | --- | --- | --- |
"""


def groups() -> dict[str, list[str]]:
    """base and every extra of pyproject.toml -> what it asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"base": project["dependencies"], **project["optional-dependencies"]}


def needed(group: str) -> set[str]:
    """Names of all packages that a group brings on this system, those of the packages it needs included."""
    ours = groups()
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in ours[group]]
    while waiting:
        asked, extra = waiting.pop()
        if asked.marker and not asked.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(asked.name)
        if name == "sector-ai-pilots":
            waiting += [(Requirement(text), "") for each in asked.extras for text in ours[each]]
            continue
        for wanted in {"", *asked.extras} - {w for n, w in seen if n == name}:
            seen.add((name, wanted))
            waiting += [(Requirement(text), wanted) for text in metadata.requires(name) or []]
    return {name for name, _ in seen}


def licence(name: str) -> str:
    """In the package's own words; an empty text if it has none."""
    told = metadata.metadata(name)
    expression, field = told.get("License-Expression"), (told.get("License") or "").strip()
    kinds = [kind.rpartition(" :: ")[2] for kind in told.get_all("Classifier") or [] if kind.startswith("License ::")]
    kinds = [kind for kind in kinds if kind != "OSI Approved"]
    if not expression and field and "\n" not in field and len(field) < 60 and field not in ("UNKNOWN", "Dual License"):
        expression = field
    return expression or " OR ".join(kinds) or field.splitlines()[0][:60] if (expression or kinds or field) else ""


def refused(name: str) -> str:
    """Why a default install must not bring this package; empty if it may."""
    words = licence(name)
    if not words:
        return f"{name} states no licence"
    choices = re.split(r"\bOR\b|\|", words.replace("(", "").replace(")", ""))
    if all(BINDING.search(choice) and not LESSER.search(choice) for choice in choices) and name not in EXCEPTIONS:
        return f"{name}: {words}"
    return ""


def pinned() -> dict[str, str]:
    """constraints.txt: name -> version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def installed(name: str) -> str:
    """Version without the mark of a special build, such as torch's +cpu."""
    return Version(metadata.version(name)).public


def everything() -> dict[str, list[str]]:
    """Package -> the groups that bring it; the base install's packages are in every other group too."""
    sets = {group: needed(group) for group in (*DEFAULT, "test")}
    names = sorted(set().union(*sets.values()))
    return {name: ["base"] if name in sets["base"] else [g for g in sets if name in sets[g]] for name in names}


def table() -> str:
    """THIRD_PARTY.md."""
    rows = []
    for name, brought_by in everything().items():
        words = licence(name) + (f"; {EXCEPTIONS[name]}" if name in EXCEPTIONS else "")
        rows.append(f"| {name} | {installed(name)} | {words.replace('|', 'or')} | {', '.join(brought_by)} |\n")
    return HEAD + "".join(rows)


def main(argv: list[str]) -> None:
    if "--pin" in argv:
        pins = "".join(f"{name}=={installed(name)}\n" for name in everything())
        (ROOT / "constraints.txt").write_text(pins, encoding="utf-8")
    (ROOT / "THIRD_PARTY.md").write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
