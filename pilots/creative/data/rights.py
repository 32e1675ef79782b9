"""rights.yaml: who owns each picture that is learned from, under which licence, from where, with whose consent.

  files:
    - {path: Bricks/001.png, sha256: …, owner: …, licence: CC0-1.0, source: …, consent: …}

Paths are relative to the folder that holds rights.yaml. All six fields are filled in before a picture is learned from.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from common.fault import Fault, did_you_mean
from common.site import check_structure

FILE = "rights.yaml"
FIELDS = ("path", "sha256", "owner", "licence", "source", "consent")
PEOPLE = FIELDS[2:]  # what only a person knows
MOST_BYTES = 1_000_000  # of rights.yaml: some 2,500 rows
MOST_LETTERS = 1_000  # of a field


@dataclass(frozen=True)
class Rights:
    """The rows of one rights.yaml. rows: by path as `key` writes it; sha256: of the file, None where there is none."""

    folder: Path
    rows: Mapping[str, dict[str, str]]
    sha256: str | None

    def row(self, path: PurePosixPath, data: bytes) -> dict[str, str]:
        """The row of a picture with these bytes, whole and true; a Fault otherwise."""
        at = self.folder / FILE
        init = f"pilot-creative rights init {shlex.quote(str(self.folder))}"
        if self.sha256 is None:
            raise Fault(f"{self.folder} has no {FILE}, which says who owns its pictures; begin one with: {init}")
        row = self.rows.get(key(path))
        if row is None:
            raise Fault(f"{at} has no row for {path}; add it with: {init} (then fill in {', '.join(PEOPLE)})")
        missing = [name for name in FIELDS if not row[name]]
        if missing:
            raise Fault(f"{at}: {', '.join(missing)} of {path} not filled in: write what is true there")
        found = hashlib.sha256(data).hexdigest()
        if row["sha256"].lower() != found:
            raise Fault(
                f"{path} is not the file that {at} speaks of: its sha256 is {found[:12]}…, the row has "
                f"{row['sha256'][:12]}…; put the old file back, or delete the row and say: {init}"
            )
        return row


def key(path: str | PurePosixPath) -> str:
    """A path as it is compared: some systems write ü as two characters."""
    return unicodedata.normalize("NFC", str(path))


def licences(rows: Iterable[Mapping[str, str]]) -> str:
    """CC0-1.0 (12 files), our own work (3 files)."""
    counted = Counter(row["licence"] for row in rows)
    if len(counted) == 1:
        return next(iter(counted))
    return ", ".join(f"{name} ({number} file{'s' * (number > 1)})" for name, number in counted.most_common())


def read_rights(folder: Path) -> Rights:
    """The folder's rights.yaml, checked row by row; no rows where there is none."""
    at = folder / FILE
    data = content(at, folder)
    if data is None:
        return Rights(folder, {}, None)
    return Rights(folder, rows_of(entries(text_of(data, at), at), at), hashlib.sha256(data).hexdigest())


def content(at: Path, folder: Path) -> bytes | None:
    """The bytes of rights.yaml; None where there is none."""
    if at.is_symlink():
        raise Fault(f"{at} is a link: put the file itself into the folder")
    if not at.exists():
        return None
    if not at.is_file():
        raise Fault(f"{at} is not a file: move it away, then say pilot-creative rights init {shlex.quote(str(folder))}")
    if at.stat().st_size > MOST_BYTES:
        raise Fault(f"{at} has {at.stat().st_size:,} bytes; {MOST_BYTES:,} are the most that is read")
    return at.read_bytes()


def text_of(data: bytes, at: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise Fault(f"{at} is not UTF-8 text: save it as UTF-8") from err


def entries(text: str, at: Path) -> list[yaml.Node]:
    """The rows under `files` as the parser sees them, all values text; nothing is made from them."""
    found = files_of(text, at)
    return found.value if isinstance(found, yaml.SequenceNode) else []


def files_of(text: str, at: Path) -> yaml.Node | None:
    """What stands under `files`: a list, or an empty scalar; None in an empty file."""
    try:
        check_structure(text, str(at))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as err:
        line = f" line {err.problem_mark.line + 1}" if err.problem_mark else ""
        raise Fault(f"{at}{line} is not yaml: {err.problem}; put text with a colon into quotes") from err
    except (yaml.YAMLError, RecursionError, ValueError) as err:
        raise Fault(f"{at} is not yaml that can be read: {str(err).splitlines()[0][:200]}") from err
    if root is None:
        return None
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = pairs[0][1] if [name.value for name, _ in pairs] == ["files"] else None
    if found is None or not (empty(found) or isinstance(found, yaml.SequenceNode)):
        raise Fault(f"{at} does not hold one list named files: begin it with 'files:', a row for each picture below")
    return found


def empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and (not node.value.strip() or node.tag == "tag:yaml.org,2002:null")


def rows_of(nodes: Iterable[yaml.Node], at: Path) -> dict[str, dict[str, str]]:
    """The rows by `key` of their path; all six fields as text, "" where empty."""
    rows: dict[str, dict[str, str]] = {}
    for node in nodes:
        where = f"{at} line {node.start_mark.line + 1}"
        row = _row(node, where)
        name = key(PurePosixPath(row["path"]))
        if name in rows:
            raise Fault(f"{where}: {name} has a row already: keep one of them")
        rows[name] = row
    return rows


def _row(node: yaml.Node, at: str) -> dict[str, str]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    if not pairs or not all(isinstance(part, yaml.ScalarNode) for pair in pairs for part in pair):
        raise Fault(f"{at} is not a group of texts: write path, sha256, owner, licence, source and consent")
    row = dict.fromkeys(FIELDS, "")
    for name, value in pairs:
        if name.value not in FIELDS:
            raise Fault(f"{at}: {name.value} is not a field of it: {did_you_mean(name.value, FIELDS)}")
        if len(value.value) > MOST_LETTERS:
            raise Fault(f"{at}: {name.value} has {len(value.value):,} letters; {MOST_LETTERS:,} are the most")
        row[name.value] = "" if empty(value) else value.value.strip()
    path = PurePosixPath(row["path"])
    if not path.parts:
        raise Fault(f"{at} has no path: name the picture, relative to this folder")
    if path.is_absolute() or ".." in path.parts or re.search(r"\\|^[A-Za-z]:", row["path"]):
        raise Fault(f"{at}: the path {row['path']} leaves the folder: write it relative to rights.yaml, with / between")
    return row
