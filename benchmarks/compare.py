"""What changed between two result files, and which figures differ by more than noise.

The two were not measured in turns, so what disturbed one need not have disturbed the other: intervals within a run
say too little. The limits of a ratio join both figures' (MOVER on logarithms: Zou and Donner 2008, Stat. Med. 27) and
are widened by how far each machine's speed drifted while it was being measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import exp, log, sqrt
from typing import Any

from benchmarks import units
from benchmarks.result import SAME, head, machine_word, read
from benchmarks.rows import arm
from benchmarks.size import pieces
from common.words import short

DRIFT = 0.05  # share by which a quiet shared machine's speed moves between runs, where the file does not tell its own
FAST = {"single_stream": "p50", "multi_stream": "p50", "loadgen": "p50"}  # else the rate is what counts


def main(words: Sequence[str]) -> None:
    parser = units.Parser(prog="pilot-bench compare", description="What changed from A to B, beyond the noise.")
    parser.add_argument("a", metavar="A", help="a result file")
    parser.add_argument("b", metavar="B", help="another one")
    given = parser.parse_args(words)
    print("\n".join(compare(read(given.a), read(given.b))))


def compare(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """The lines that say it."""
    lines = [f"A {a['made']} on {machine_word(a['machine'])}", f"B {b['made']} on {machine_word(b['machine'])}", ""]
    lines += list(changed(a, b)) or ["nothing changed but the time"]
    both = list(pairs(a, b))
    lines += ["", f"{pieces(len(both), 'measurement')} in both files" + ("" if both else ": nothing to compare")]
    for x, y, name, same in both:
        lines.append(f"  {name}: {judged(x, y, drift(a, x), drift(b, y))}")
        lines += [f"    {line}" for line in accuracy(x, y, same)]
    for left, these in (("A", unpaired(a, both, 0)), ("B", unpaired(b, both, 1))):
        if these:
            lines.append(f"only in {left}: {'; '.join(these)}")
    return lines


def changed(a: dict[str, Any], b: dict[str, Any]) -> Iterator[str]:
    """Machine, versions, commit, settings and bundles, where they are not the same."""
    for part in ("machine", "commit", "dirty", "seed"):
        one, other = (flat(lasting(result[part]) if part == "machine" else result[part], part) for result in (a, b))
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                yield f"{name}: {text(one.get(name))} -> {text(other.get(name))}"
    ids = [{bundle["id"]: bundle for bundle in result["bundles"]} for result in (a, b)]
    for name in sorted({bundle["name"] for known in ids for bundle in known.values()}):
        one, other = ([x for x in known.values() if x["name"] == name] for known in ids)
        if {x["id"] for x in one} == {x["id"] for x in other}:
            continue
        said = (
            ", ".join(f"{x['model']} {x['version']} ({x['id'][:8]})" for x in xs) or "not there" for xs in (one, other)
        )
        yield f"bundle {name}: {' -> '.join(said)}"


def lasting(machine: dict[str, Any]) -> dict[str, Any]:
    """The machine without what belongs to a moment: its load, the clocks and the heat of its GPUs."""
    cards = machine.get("gpu")
    if isinstance(cards, list):
        cards = [" ".join(str(card[word]) for word in ("name", "driver", "mig") if card.get(word)) for card in cards]
    return {name: value for name, value in machine.items() if name != "load"} | {"gpu": cards}


def flat(value: Any, name: str) -> dict[str, Any]:
    """Nested facts as dotted names."""
    if not isinstance(value, dict):
        return {name: value}
    return {key: inner for part, of in value.items() for key, inner in flat(of, f"{name}.{part}").items()}


def text(value: Any) -> str:
    return "nothing" if value is None else str(value) if isinstance(value, str) else json.dumps(value)[:120]


def pairs(a: dict[str, Any], b: dict[str, Any]) -> Iterator[tuple[dict, dict, str, bool]]:
    """Measurements of one bundle, or of bundles of one name, served in the same way: (A's, B's, words, same bundle)."""
    for x in a["measurements"]:
        candidates = [y for y in b["measurements"] if place(y) == place(x)]
        name = bundle_of(a, x)["name"]
        same = [y for y in candidates if y["bundle"] == x["bundle"]]
        there = {z["bundle"] for z in a["measurements"]}
        near = [y for y in candidates if bundle_of(b, y)["name"] == name and y["bundle"] not in there]
        for y in (same or near)[:1]:
            yield x, y, words_of(a, x), bool(same)


def place(m: dict[str, Any]) -> tuple:
    """The way to serve, and for a server its bound: another bound is another question."""
    bound = m["settings"].get("p99_ms") if m["scenario"] == "server" else None
    return (*(m[word] for word in SAME["measurements"] if word != "bundle"), bound)


def bundle_of(result: dict[str, Any], m: dict[str, Any]) -> dict[str, Any]:
    return next(bundle for bundle in result["bundles"] if bundle["id"] == m["bundle"])


def unpaired(result: dict[str, Any], both: list, side: int) -> list[str]:
    taken = {id(pair[side]) for pair in both}
    return [words_of(result, m) for m in result["measurements"] if id(m) not in taken]


def words_of(result: dict[str, Any], m: dict[str, Any]) -> str:
    return f"{bundle_of(result, m)['name']} {m['scenario'].replace('_', ' ')}, {arm(m)}"


def figure(m: dict[str, Any]) -> tuple[dict[str, Any] | None, str, bool]:
    """What counts in the scenario: (figure, unit, whether less is better)."""
    if m["scenario"] in FAST and m["latency_ms"]:
        return m["latency_ms"].get(FAST[m["scenario"]]), "ms", True
    return m["rate_per_s"], "a second", False


def drift(result: dict[str, Any], m: dict[str, Any]) -> float:
    """Share by which the machine's own speed moved while this was being measured."""
    return drifted(head(result, m)["noise"])


def drifted(noise: dict[str, Any]) -> float:
    """The same from what was watched: the spread of a fixed piece of work, and the time that others took."""
    told = [noise.get(word) for word in ("spread", "waiting", "stolen", "others")]
    return min(1.0, max([DRIFT, *(share for share in told if isinstance(share, float))]))


def judged(x: dict[str, Any], y: dict[str, Any], drift_x: float, drift_y: float) -> str:
    """Both figures, their ratio, and what may be concluded."""
    (one, unit, less), (other, *_) = figure(x), figure(y)
    if not one or not other or not one["value"] or not other["value"]:
        return "not measured on both sides"
    ratio, low, high = ratio_of(one, other, drift_x, drift_y)
    said = f"{short(one['value'])} -> {short(other['value'])} {unit}, ratio {short(ratio)}"
    invalid = " and ".join(side for side, m in (("A", x), ("B", y)) if m["verdict"] != "VALID")
    if invalid:
        return f"{said}; {invalid} INVALID, so nothing follows"
    if low is None or high is None:
        return f"{said}; too few queries for an interval, so nothing follows"
    said += f" ({short(low)} to {short(high)})"
    if low <= 1 <= high:
        return f"{said}: no difference beyond noise"
    return f"{said}: B is {'faster' if (ratio < 1) == less else 'slower'}"


def ratio_of(
    one: dict[str, Any], other: dict[str, Any], drift_one: float = 0.0, drift_other: float = 0.0
) -> tuple[float, float | None, float | None]:
    """other ÷ one with its 95 % limits; None where a limit is missing. `drift`: shares added on both sides."""
    logs = ([log(x[part]) if x[part] else None for part in ("value", "low", "high")] for x in (one, other))
    (x, x_low, x_high), (y, y_low, y_high) = logs
    if None in (x_low, x_high, y_low, y_high):
        return power(y - x), None, None
    drifts = log(1 + drift_one) ** 2 + log(1 + drift_other) ** 2
    down, up = sqrt((y - y_low) ** 2 + (x_high - x) ** 2 + drifts), sqrt((y_high - y) ** 2 + (x - x_low) ** 2 + drifts)
    return power(y - x), power(y - x - down), power(y - x + up)


def power(exponent: float) -> float:
    """e to that power, within what a float holds: a file may hold any figure."""
    return exp(max(-700.0, min(exponent, 700.0)))


def accuracy(x: dict[str, Any], y: dict[str, Any], same: bool) -> Iterator[str]:
    """Accuracies may be put side by side only where the bundle, and so the question, is the same."""
    if not same:
        yield "other bundles: their accuracy answers other questions and is not compared"
        return
    one, other = x["accuracy"], y["accuracy"]
    if one["measured"] and other["measured"] and one.get("value") != other.get("value"):
        yield f"{one.get('measure') or 'accuracy'}: {text(one.get('value'))} -> {text(other.get('value'))}"
