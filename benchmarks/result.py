"""The file of measurements: one for each machine and date, which later runs of that date grow.

Schema: benchmarks/schema/speed.json. A file may come from a stranger: it is read under a cap and checked whole.
"""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import schema
from common.atomic import write_text
from common.facts import to_json
from common.fault import Fault

FORMAT, KIND = 1, "pilot-bench"
FOLDER = Path(__file__).parent / "results" / "speed"
MOST = 16 << 20  # bytes; a day of a hundred bundles has about 3 MB
HEAD = ("made", "command", "commit", "dirty", "seed", "machine", "noise", "roof")  # what one run says of itself
SAME = {  # the words by which two entries are about the same thing
    "bundles": ("id",),
    "measurements": ("bundle", "runtime", "variant", "threads", "scenario"),
    "comparisons": ("bundle", "scenario", "a", "b"),
    "skipped": ("bundle", "runtime", "variant", "scenario"),
}
FROM_ROOT = re.compile(r"^(--[a-z0-9-]+=)?/.*?([^/]*/?)$")
TRADE = re.compile(r"\((r|tm)\)|@.*|\b(cpu|processor|\d+-core)\b")  # words that tell no processor from another


def write(result: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write a run's result, merged into the file of its machine and date where there is one. The path written."""
    result = {**result, "command": without_folders(json.loads(without_places(json.dumps(result["command"]))))}
    for entry in result["measurements"]:
        entry.setdefault("made", result["made"])
    path = Path(folder) / f"{result['made'][:10]}_{machine_word(result['machine'])}.json"
    if path.exists():
        result = merge(read(path), result)
    text = without_places(to_json(result))
    found = schema.breach(json.loads(text))
    if found:
        raise ValueError(f"a result that does not keep its schema: {found}")  # a mistake of ours, not the user's
    prepare(path.parent)
    write_text(path, text)
    return path.absolute()


def without_places(text: str) -> str:
    """JSON text without the names of this user's folders: a result file is made to be handed on."""
    for place, short in ((Path.cwd(), ""), (Path(__file__).parents[1], ""), (Path.home(), "~/")):
        if len(place.parts) > 1:
            text = text.replace(json.dumps(f"{place}{os.sep}", ensure_ascii=False)[1:-1], short)
    return text


def without_folders(command: str) -> str:
    """The command line as typed; of a path that begins at the machine's root, its last part alone."""
    words = [FROM_ROOT.sub(r"\1.../\2", word) for word in shlex.split(command)]
    return " ".join("~" + shlex.quote(word[1:]) if word.startswith("~/") else shlex.quote(word) for word in words)


def prepare(folder: Path) -> None:
    """Make the folder and prove that a file can be put into it, before an hour of measuring is lost."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Fault(
            f"{folder} cannot take a result file ({error.strerror}): name another folder with --out FOLDER"
        ) from None


def read(path: str | Path) -> dict[str, Any]:
    """A result file, whole and in the published schema; otherwise a Fault."""
    path = Path(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
            raise Fault(f"{path} is a folder or a device, not a result file: name a .json file of pilot-bench run")
        with path.open("rb") as file:
            data = file.read(MOST + 1)
    except FileNotFoundError:
        raise Fault(f"There is no file {path}: pilot-bench run writes one") from None
    if len(data) > MOST:
        raise Fault(f"{path} has more than {MOST:,} bytes: no result file is that large")
    try:
        result = json.loads(data, parse_constant=_refuse, parse_float=_finite, parse_int=_short)
    except (ValueError, RecursionError) as error:  # a broken UTF-8 is a ValueError, too
        raise Fault(f"{path} is no whole JSON file ({error}): copy or measure it again") from None
    if not isinstance(result, dict) or result.get("kind") != KIND:
        raise Fault(f'{path} is no result file of pilot-bench: it lacks "kind": "{KIND}"')
    if result.get("format") != FORMAT:
        found = f"{result.get('format')!r:.20}"
        raise Fault(f"{path} has format {found}, this program reads {FORMAT}: use the version that wrote it")
    found = schema.breach(result)
    if found:
        raise Fault(f"{path} does not keep the schema of result files: {found}")
    known = {bundle["id"] for bundle in result["bundles"]}
    for entry in result["measurements"] + result["comparisons"]:
        if entry["bundle"] not in known:
            raise Fault(f"{path} measures the bundle {entry['bundle'][:12]}… but does not describe it under bundles")
    return result


def read_all(paths: Iterable[str | Path] = ()) -> dict[Path, dict[str, Any]]:
    """Path -> result of these files, or of every file in results/speed, oldest first."""
    named = [Path(path) for path in paths] or sorted(FOLDER.glob("*.json"))
    found = {path: read(path) for path in named}
    return dict(sorted(found.items(), key=lambda item: (item[1]["made"], item[0].name)))


def merge(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two results of one machine and date as one: of two entries about the same thing the newer stays."""
    older, newer = sorted((one, other), key=lambda result: result["made"])
    merged = {**older, **newer}
    for part, words in SAME.items():
        entries = {_same(entry, words): entry for entry in older[part]}
        for entry in newer[part]:
            there = entries.get(_same(entry, words), {})
            if there.get("made", "") <= entry.get("made", "~"):
                entries[_same(entry, words)] = entry
        merged[part] = list(entries.values())
    merged["skipped"] = [gap for gap in merged["skipped"] if not any(_fills(m, gap) for m in merged["measurements"])]
    heads = {head["made"]: head for result in (older, newer) for head in (*result.get("earlier", ()), head_of(result))}
    used = {entry["made"] for entry in merged["measurements"]} - {newer["made"]}
    merged["earlier"] = [heads[made] for made in sorted(used & heads.keys())]
    return merged


def head_of(result: dict[str, Any]) -> dict[str, Any]:
    """What one run says of itself: when, how, on which machine, how quiet it was."""
    return {name: result[name] for name in HEAD}


def head(result: dict[str, Any], measurement: dict[str, Any]) -> dict[str, Any]:
    """The head of the run that took this measurement."""
    known = {entry["made"]: entry for entry in result.get("earlier", ())}
    return known.get(measurement["made"], head_of(result))


def as_good(measurement: dict[str, Any]) -> bool:
    """Whether the answers were shown to be as good as the bundle's own; the bundle as it is needs no proof."""
    found = measurement["accuracy"]
    return found["counts"] or (not found["measured"] and measurement["variant"] == "fp32")


def machine_word(machine: dict[str, Any]) -> str:
    """A short word for a kind of machine, as in file names: `amd-epyc-2`, `intel-xeon-platinum-16-nvidia-h200`."""
    parts = [TRADE.sub(" ", machine["cpu"].lower()), str(machine["cores"]), *dict.fromkeys(gpus(machine))]
    return "-".join(re.findall("[a-z0-9]+", " ".join(parts).lower()))[:80]


def gpus(machine: dict[str, Any]) -> list[str]:
    """Names of the machine's GPUs."""
    found = machine.get("gpu") or []
    return [found] if isinstance(found, str) else [gpu.get("name") or "GPU" for gpu in found]


def _same(entry: dict[str, Any], words: tuple[str, ...]) -> str:
    """The entry's place: it replaces another with the same."""
    return json.dumps([entry[word] for word in words], sort_keys=True)


def _fills(measurement: dict[str, Any], gap: dict[str, Any]) -> bool:
    """Whether what was skipped once has been measured by now."""
    return all(gap[word] is None or gap[word] == measurement[word] for word in SAME["skipped"])


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number of JSON")


def _finite(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"{text:.20} is beyond any number here")
    return float(text)


def _short(text: str) -> int:
    if len(text) > 18:
        raise ValueError(f"{text:.20}… is beyond any number here")
    return int(text)
