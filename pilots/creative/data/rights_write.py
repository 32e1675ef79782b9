"""rights.yaml begun or extended: rows for new pictures, options into empty fields; all else stays as a person wrote it.

The text is edited where the parser says its values stand, so that comments, order and quotes survive.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from common.atomic import write_bytes
from common.fault import Fault
from pilots.creative.data.rights import FIELDS, FILE, PEOPLE, content, entries, files_of, key, rows_of, text_of
from pilots.creative.pictures import read

HEAD = """\
# Whose pictures these are. A picture is learned from once all six fields of its row are filled in and its sha256 fits.
#   owner    who holds the rights in it       licence  such as CC0-1.0, CC-BY-4.0, or "our own work"
#   source   where it is from: camera, shop, address    consent  who allowed training with it, and when
"""


@dataclass(frozen=True)
class Written:
    """What `extend` did. rows: all there are now; added: paths; changed: paths whose sha256 is not the file's."""

    rows: Mapping[str, dict[str, str]]
    added: list[str]
    changed: list[str]


def extend(folder: Path, files: Iterable[PurePosixPath], said: Mapping[str, str]) -> Written:
    """Write rights.yaml with a row for each of `files`; `said` (owner, licence …) goes into empty fields alone."""
    at = folder / FILE
    before = content(at, folder)
    text = HEAD if before is None else text_of(before, at)
    nodes = entries(text, at)
    rows = rows_of(nodes, at)
    sums = {key(path): hashlib.sha256(read.content(folder / path)).hexdigest() for path in files}
    changed = [name for name, row in rows.items() if name in sums and row["sha256"].lower() not in ("", sums[name])]
    wanted = {name: _filled(row, {**said, "sha256": sums.get(name, "")}) for name, row in rows.items()}
    edits = [e for name, node in zip(rows, nodes, strict=True) for e in _edits(text, node, rows[name], wanted[name])]
    for start, end, word in sorted(edits, reverse=True):
        text = text[:start] + word + text[end:]
    new = {name: _filled(dict.fromkeys(FIELDS, ""), {**said, "path": name, "sha256": sums[name]}) for name in sums}
    new = {name: row for name, row in new.items() if name not in rows}
    text = _appended(text, list(new.values()), at)
    wanted |= new
    if _read_again(text, at) != wanted:
        raise Fault(f"{at} is written in a way that cannot be extended: write '- path: …' rows below 'files:'")
    data = text.encode("utf-8")
    if data != before:
        write_bytes(at, data)
    return Written(wanted, list(new), changed)


def _read_again(text: str, at: Path) -> dict[str, dict[str, str]] | None:
    """What the edited text says; None where the edits met a way of writing yaml that they do not understand."""
    try:
        return rows_of(entries(text, at), at)
    except Fault:
        return None


def still_empty(rows: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Field -> paths of the rows in which a person has to fill it in."""
    found = {name: [path for path, row in rows.items() if not row[name]] for name in PEOPLE}
    return {name: paths for name, paths in found.items() if paths}


def _filled(row: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    return {name: value or said.get(name, "") for name, value in row.items()}


def _edits(text: str, node: yaml.Node, row: Mapping[str, str], wanted: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Places and words: into an empty value, or a missing field in front of the first one."""
    there = {name.value: value for name, value in node.value}
    first = node.value[0][0].start_mark
    after = ", " if node.flow_style else "\n" + " " * first.column
    edits = []
    for name in (name for name in FIELDS if wanted[name] != row[name]):
        word = json.dumps(wanted[name], ensure_ascii=False)  # a JSON text is a yaml text
        if name in there:
            start, end = there[name].start_mark.index, there[name].end_mark.index
            edits.append((start, end, word if text[start - 1].isspace() else f" {word}"))
        else:
            edits.append((first.index, first.index, f"{name}: {word}{after}"))
    return edits


def _appended(text: str, rows: list[dict[str, str]], at: Path) -> str:
    """The rows below the others, in the manner of the list that is there."""
    found = files_of(text, at)
    if not rows:
        return text
    if isinstance(found, yaml.SequenceNode) and found.flow_style and found.value:
        end = found.end_mark.index - 1
        lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        comma = "" if text[:end].rstrip().endswith(",") else ","
        return f"{text[:end]}{comma}\n  {lines}\n{text[end:]}"
    indent = "  "
    if isinstance(found, yaml.SequenceNode) and not found.flow_style:
        indent = " " * found.start_mark.column
    elif found is None:
        text = _ended(text) + "files:\n"
    else:  # files: [], files: null
        text = text[: found.start_mark.index] + text[found.end_mark.index :]
    lines = "".join(f"{indent}- " + f"\n{indent}  ".join(_lines(row)) + "\n" for row in rows)
    return _ended(text) + lines


def _lines(row: Mapping[str, str]) -> list[str]:
    return [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in row.items()]


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
