"""How many cores or GPUs a rate needs and what they cost a month, from measured figures alone.

A measurement used so many cores, or one GPU, together: that unit is multiplied, never divided and never stretched.
Queries that come at random and are dealt out at random stay a Poisson process on every unit (Kingman 1993, 5.1), so
each unit is loaded as it was when it was measured. Nothing is added for peaks, failures or the network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks import units
from benchmarks.place import on_gpu
from benchmarks.probes import cost
from benchmarks.result import as_good, machine_word, read_all
from common.card import number
from common.fault import Fault, did_you_mean
from common.runs import find_run

HOURS = 730  # in a month: 8,760 / 12


@dataclass(frozen=True)
class Need:
    """What one way to serve the bundle needs. `low` and `high` follow from the limits of the measured rate."""

    machine: str
    measurement: dict[str, Any]
    pieces: int  # cores or GPUs of one unit
    kind: str  # core or GPU
    least: int
    likely: int
    most: int | None

    def month(self, units: int, price: float) -> float:
        """Pounds a month for that many units; `price` in pounds an hour of one core or GPU."""
        return units * self.pieces * price * HOURS


def main(words: Sequence[str]) -> None:
    parser = units.Parser(prog="pilot-bench size", description="Cores or GPUs for a rate, and what they cost a month.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="result files (default: all in results/speed)")
    parser.add_argument("--bundle", required=True, help="PATH, latest, PILOT/latest, or a name or id in the files")
    parser.add_argument("--rate", required=True, type=units.rate, help="queries to answer, as 1000/s, 60/min or 20/h")
    parser.add_argument("--p99", type=units.milliseconds, help="99 of 100 answers within, as 50ms; without: no hurry")
    parser.add_argument("--price", type=units.price, help="pounds an hour of one core (or GPU), as 0.05")
    given = parser.parse_args(words)
    results = read_all(given.files)
    bundle = wanted(given.bundle, results)
    print(say(bundle, needs(bundle, results, given.rate, given.p99, given.bundle), given.rate, given.p99, given.price))


def wanted(text: str, results: dict[Path, dict]) -> dict[str, Any]:
    """What the files say of the bundle that `text` names; the newest where several have the name."""
    known = [bundle for result in results.values() for bundle in result["bundles"]]
    named = [b for b in known if text in (b["name"], b["id"]) or (len(text) >= 8 and b["id"].startswith(text))]
    if not named:
        names = sorted({bundle["name"] for bundle in known})
        if not (Path(text).exists() or text.split("/")[-1] == "latest"):
            raise Fault(f"No result file measures a bundle '{text}': {did_you_mean(text, names)}")
        here = bundle_at(find_run(text))
        named = [bundle for bundle in known if bundle["id"] == here]
        if not named:
            raise Fault(f"No result file measures the bundle {text}: pilot-bench run --bundle {text} does")
    return max(named, key=lambda bundle: bundle["version"])


def bundle_at(folder: Path) -> str:
    """The id of the bundle in this bundle folder or run folder."""
    sums = (folder if (folder / "SHA256SUMS").is_file() else folder / "bundle") / "SHA256SUMS"
    if not sums.is_file() or sums.stat().st_size > 4096:
        raise Fault(f"{folder} holds no bundle: name a bundle folder or a run folder")
    return hashlib.sha256(sums.read_bytes()).hexdigest()


def needs(bundle: dict, results: dict[Path, dict], rate: float, p99_ms: float | None, asked: str) -> list[Need]:
    """Every way that was measured validly, fewest units first; a Fault that names the measuring command if none."""
    scenario = "offline" if p99_ms is None else "server"
    found: dict[tuple, Need] = {}
    invalid = set()
    for result in results.values():  # oldest first: a later measurement takes the place of an earlier one
        for m in result["measurements"]:
            if m["bundle"] != bundle["id"] or m["scenario"] != scenario or m["runtime"] == "native":
                continue
            if p99_ms is not None and not (m["settings"].get("p99_ms") or float("inf")) <= p99_ms:
                invalid.add(f"its bound was {number(m['settings'].get('p99_ms'))} ms")
            elif m["settings"].get("quick"):
                invalid.add("it was a quick run")
            elif m["verdict"] != "VALID" or not m["rate_per_s"] or not m["rate_per_s"]["value"]:
                invalid.update(m["reasons"] or ["INVALID"])
            elif not as_good(m):
                invalid.add(f"{m['variant']} does not count: {m['accuracy'].get('reason') or 'accuracy not measured'}")
            else:
                word = machine_word(result["machine"])
                found[word, m["runtime"], m["variant"], m["threads"]] = _need(word, m, rate)
    if not found:
        bound = "" if p99_ms is None else f" --p99 {p99_ms:g}ms"
        within = "" if p99_ms is None else f" with p99 within {p99_ms:g} ms"
        why = (
            f" (what there is does not serve: {'; '.join(text[:100] for text in sorted(invalid)[:2])})"
            if invalid
            else ""
        )
        place = asked if "/" in asked or asked == "latest" else f"{bundle['pilot']}/latest"
        raise Fault(
            f"No valid {scenario} measurement of {bundle['name']} {bundle['version']}{within}{why}: "
            f"measure it with pilot-bench run --bundle {place} --scenario {scenario}{bound}"
        )
    return sorted(found.values(), key=lambda need: (need.kind, need.likely * need.pieces, need.machine))


def occupied(measurement: dict[str, Any]) -> tuple[int, str]:
    """What the measurement kept busy: (how many, "core" or "GPU")."""
    if on_gpu(measurement):
        return 1, "GPU"
    workers = measurement["settings"].get("workers") if measurement["scenario"] == "server" else 1
    return measurement["threads"] * (workers or 1), "core"


def per_million(measurement: dict[str, Any], price: float) -> dict[str, float | None] | None:
    """Pounds for a million queries at the measured rate, with the rate's interval; None where no rate was measured."""
    rate = measurement["rate_per_s"]
    if not rate or not rate["value"]:
        return None
    return cost.per_million(price * occupied(measurement)[0], rate)


def _need(word: str, measurement: dict[str, Any], rate: float) -> Need:
    measured, (pieces, kind) = measurement["rate_per_s"], occupied(measurement)
    likely = ceil(rate / measured["value"])
    least = ceil(rate / measured["high"]) if measured["high"] else likely
    most = ceil(rate / measured["low"]) if measured["low"] else None
    return Need(word, measurement, pieces, kind, least, likely, most)


def say(bundle: dict, found: list[Need], rate: float, p99_ms: float | None, price: float | None) -> str:
    """What the person is told: two lines for each way to serve."""
    hurry = "in no hurry (offline)" if p99_ms is None else f"99 of 100 within {p99_ms:g} ms"
    lines = [f"{bundle['name']} {bundle['version']} ({bundle['model']}): {number(rate)} queries a second, {hurry}", ""]
    for need in found:
        m, measured = need.measurement, need.measurement["rate_per_s"]
        what = pieces(need.likely * need.pieces, need.kind)
        if need.most is None:
            what = f"at least {what}"
        elif need.most > need.least:
            what += f" ({need.least * need.pieces} to {need.most * need.pieces})"
        way = f"{m['runtime']} {m['variant']}, {pieces(m['threads'], 'thread')}"
        lines.append(f"{what} of {need.machine}, {way}" + ("" if price is None else f"; {money(need, price)} a month"))
        both = measured["low"] is not None and measured["high"] is not None
        limits = f"{number(measured['low'])} to {number(measured['high'])}" if both else "no interval"
        unit = pieces(need.pieces, need.kind)
        lines.append(f"   measured {m['made'][:10]}: {number(measured['value'])} a second ({limits}) on {unit}")
    lines += ["", "What was measured is multiplied whole; nothing is added for peaks, failures or the network."]
    if price is not None:
        kinds = " or ".join(sorted({need.kind for need in found}))
        lines.append(f"Price: £{price:g} an hour of one {kinds}; a month has {HOURS} hours.")
    return "\n".join(lines)


def pieces(count: int, kind: str) -> str:
    return f"{count:,} {kind}{'s' * (count != 1)}"


def money(need: Need, price: float) -> str:
    """Pounds a month, with the limits that follow from the measured rate's."""
    likely = f"£{need.month(need.likely, price):,.0f}"
    if need.most is None:
        return f"at least {likely}"
    if need.most == need.least:
        return likely
    return f"{likely} (£{need.month(need.least, price):,.0f} to £{need.month(need.most, price):,.0f})"
