"""The demo's figures, kept: a change of the code that moves one of them is noticed, then mended or accepted.

    python -m benchmarks.golden check                            the runs that pilot-demo left, against golden.json
    python -m benchmarks.golden accept --reason "why it moved"   they become the figures to keep
    python -m benchmarks.golden allow --reason "how they were made" --runs FOLDER
                                                                 the same demo, made where arithmetic rounds otherwise

On a machine like the one that golden.json names, every figure must be the same to the last bit. Elsewhere training
rounds otherwise and grows other trees, so each figure has a tolerance, with the reason for its size beside it.
"""

from __future__ import annotations

import argparse
import platform
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.probes import machine
from common.atomic import write_text
from common.cli import guard
from common.demo import PARTS
from common.facts import read_facts, to_json
from common.fault import Fault
from common.machine import commit
from common.runs import FINISHED

STORED = Path(__file__).with_name("golden.json")
PILOTS = {part: shlex.join(words) for part, words in PARTS.items() if words[0] == f"pilot-{part}"}
KEPT = ("value", "naive")
# Tolerances elsewhere; the largest that applies.
TO_LIMIT = 0.5  # of the way to the nearer end of the 95 % interval: nobody would conclude otherwise
OF_VALUE = 0.05  # where there is no interval: twice what another processor moved most (2.7 %)
LEAST = 1e-6  # in the figure's unit, for what is 0
TIMES = 3.0  # what it moved in runs shown to `allow`; one other processor is not all of them


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.golden", description=__doc__.split("\n")[0])
    parser.add_argument("verb", choices=("check", "accept", "allow"))
    parser.add_argument("--reason", default="", help="of accept and allow: a sentence for those who come later")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="default runs")
    given = parser.parse_args()
    verb = {"check": lambda: check(given.runs), "accept": lambda: accept(given.runs, given.reason)}
    raise SystemExit(guard(verb.get(given.verb, lambda: allow(given.runs, given.reason))))


def check(root: Path) -> None:
    """Print how many figures are where they were; exit code 1 and a line for each that is not."""
    stored, runs = read_facts(STORED), demo_runs(root)
    same = all(place(run) == stored["machine"] for run in runs.values())
    wrong = [line for pilot, run in runs.items() for line in moved(pilot, stored["pilots"][pilot], run, same)]
    number = sum(len(run["metrics"]) for run in runs.values())
    print(
        f"{number} figures of {len(runs)} pilots, {'to the last bit' if same else 'within their tolerances'}: ", end=""
    )
    print(f"{len(wrong)} moved" if wrong else "none has moved")
    if wrong:
        print("\n".join(wrong))
        print('If that is meant: python -m benchmarks.golden accept --reason "why", and commit golden.json with it')
        raise SystemExit(1)


def moved(pilot: str, stored: dict[str, Any], run: dict[str, Any], same: bool) -> Iterator[str]:
    """A line for every figure that is not where it was. `same`: on a machine like that of the stored ones."""
    for what, then, now in (
        ("model", stored["model"], run["model"]),
        ("seeds", stored["seeds"], run["seeds"]),
        ("data", stored["data_sha256"], run["data"]["sha256"]),
    ):
        if then != now:
            yield f"{pilot} {what}: {then} became {now}"
    for name in sorted(stored["metrics"].keys() | run["metrics"].keys()):
        then, now = stored["metrics"].get(name), run["metrics"].get(name)
        if then is None or now is None:
            yield f"{pilot} {name} {'is new' if then is None else 'is gone'}"
            continue
        tolerance = 0.0 if same else then["tolerance"]
        for key in KEPT:
            if distance(then[key], now[key]) > tolerance:
                at = name if key == "value" else f"{name} of the naive guess"
                unit = f" {now['unit']}".rstrip()
                yield f"{pilot} {at}: {then[key]!r} became {now[key]!r}{unit}, allowed {tolerance:.2g} up or down"


def distance(then: float | None, now: float | None) -> float:
    """How far apart; infinitely where only one of them is a figure."""
    if then is None or now is None:
        return 0.0 if then is now else float("inf")
    return abs(then - now)


def accept(root: Path, reason: str) -> None:
    """Make the runs' figures the stored ones, and note what moved, when, at which commit and why."""
    stored, runs = read_facts(STORED), demo_runs(root)
    changed: dict[str, list] = {}
    for pilot, run in runs.items():
        old = stored["pilots"].get(pilot, {}).get("metrics", {})
        fresh = {name: _kept(metric, old.get(name)) for name, metric in run["metrics"].items()}
        for name in sorted(old.keys() | fresh.keys()):
            then, now = (side.get(name, {}).get("value") for side in (old, fresh))
            if then != now:
                changed[f"{pilot} {name}"] = [then, now]
        facts = {"model": run["model"], "seeds": run["seeds"], "data_sha256": run["data"]["sha256"]}
        stored["pilots"][pilot] = {**facts, "metrics": fresh}
    stored["machine"] = place(run)
    _store(stored, reason, runs, changed)
    print(f"{len(changed)} figures accepted: commit {STORED.name} together with the change")


def allow(root: Path, reason: str) -> None:
    """Note what these runs, of the same demo on another machine, moved; widen the tolerances that are near it."""
    stored, runs = read_facts(STORED), demo_runs(root, anywhere=True)
    changed: dict[str, list] = {}
    for pilot, run in runs.items():
        kept = stored["pilots"][pilot]
        if kept["data_sha256"] != run["data"]["sha256"] or kept["metrics"].keys() != run["metrics"].keys():
            raise Fault(f"the run of {pilot} in {root.absolute()} is of another demo than the stored figures")
        for name, then in kept["metrics"].items():
            far = max(distance(then[key], run["metrics"][name][key]) for key in KEPT)
            if far > 0:
                changed[f"{pilot} {name}"] = [then["value"], run["metrics"][name]["value"]]
            if TIMES * far > then["tolerance"]:
                then["tolerance"], then["because"] = TIMES * far, f"{TIMES:g} times what it moved: {reason.strip()}"
    if not runs:
        raise Fault(f"there is no run of the demo in {root.absolute()}")
    _store(stored, reason, runs, changed)
    print(f"{len(changed)} figures moved there; no tolerance is smaller than {TIMES:g} times that")


def _kept(metric: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
    """A figure to keep, with the tolerance it has."""
    reach = _to_limit(metric)
    sizes = {
        f"{TO_LIMIT:g} of the way to the nearer end of its 95 % interval": TO_LIMIT * reach,
        f"{OF_VALUE:g} of the value, which has no interval": 0.0 if reach else OF_VALUE * abs(metric["value"]),
        "as good as nothing": LEAST,
    }
    because = max(sizes, key=lambda reason: sizes[reason])
    old = old or {"tolerance": sizes[because], "because": because}
    figure = {**{key: metric[key] for key in KEPT}, "unit": metric["unit"]}
    return {**figure, "tolerance": old["tolerance"], "because": old["because"]}


def _to_limit(metric: dict[str, Any]) -> float:
    ends = [metric["low"], metric["high"]]
    return 0.0 if None in ends else min(abs(metric["value"] - end) for end in ends)


def _store(stored: dict[str, Any], reason: str, runs: dict[str, dict[str, Any]], changed: dict[str, list]) -> None:
    """Write golden.json with one more entry in its history."""
    if not reason.strip():
        raise Fault('say why: --reason "the sample has more machines"')
    entry = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": next(iter(runs.values()))["commit"],
        "with_changes": any(run["dirty"] for run in runs.values()),
        "reason": " ".join(reason.split()),
        "moved": changed,
    }
    stored["history"].append(entry)
    write_text(STORED, to_json(stored))


def demo_runs(root: Path, anywhere: bool = False) -> dict[str, dict[str, Any]]:
    """Pilot -> facts of its newest run by the demo's command; a Fault if there is none, or none of this commit.

    anywhere  of any commit, and those there are
    """
    now, found = commit()[0], {}
    for pilot, command in PILOTS.items():
        folders = [path for path in root.glob(f"{pilot}/*") if FINISHED.fullmatch(path.name)]
        made = (read_facts(path / "run.json") for path in sorted(folders, reverse=True))
        run = next((facts for facts in made if facts.get("command") == command), None)
        if run is None and anywhere:
            continue
        if run is None:
            raise Fault(f"there is no run of `{command}` in {root.absolute()}: pilot-demo makes one")
        if not anywhere and run["commit"] != now:
            raise Fault(f"the demo in {root.absolute()} was made at another commit ({run['commit']}): run it again")
        found[pilot] = run
    return found


def place(run: dict[str, Any]) -> dict[str, Any]:
    """What decides on the last bit of a run besides the code and its data."""
    here = machine.facts()
    hardware = {key: here[key] for key in ("cpu", "flags", "architecture")}
    software = {"libc": " ".join(platform.libc_ver()), "versions": run["machine"]["versions"]}
    return {**hardware, "cores": run["machine"]["cores"], **software}


if __name__ == "__main__":
    main()
