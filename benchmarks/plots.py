"""Drawings of all measurements: latency against load, rate against batch, and how near the roof.

A line is one way to serve on one machine. Colours and marks differ; no drawing holds more than eight lines, and says so
where some were left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.result import machine_word
from benchmarks.rows import arm
from benchmarks.size import occupied
from common.atomic import write_text
from common.report import COLOURS, figure, svg
from common.words import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = "os^Dv"
SIDES = ("low", "high")
MOST = 8  # lines in one drawing
Results = dict[Path, dict[str, Any]]
Line = tuple[str, dict[str, Any]]  # its words, its measurement


def draw(results: Results, folder: Path) -> dict[str, str]:
    """Write every drawing that the files can fill; path relative to results.md -> what it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    for path, (text, alt) in drawings(results).items():
        write_text(folder / path, text)
        drawn[f"{folder.parent.name}/{folder.name}/{path}"] = alt
    for old in set(folder.glob("*.svg")) - {folder / Path(path).name for path in drawn}:
        old.unlink()  # of a bundle that no file measures any more
    return drawn


def drawings(results: Results) -> dict[str, tuple[str, str]]:
    """File name -> (SVG, what it shows)."""
    found = {}
    newest = {}  # bundle name -> id
    for result in results.values():
        newest |= {b["name"]: b["id"] for b in sorted(result["bundles"], key=lambda bundle: bundle["version"])}
    for name, identity in sorted(newest.items()):
        for scenario, panel in (("server", load), ("offline", batches)):
            lines = list(swept(results, identity, scenario))
            if lines:
                found[f"{name}_{scenario}.svg"] = one(panel, lines, name)
    if points(results):
        found["roofline.svg"] = roofline(results)
    return found


def swept(results: Results, identity: str, scenario: str) -> Iterator[Line]:
    """Measurements of the bundle that hold a sweep; the machine is named where there are several."""
    several = len({machine_word(result["machine"]) for result in results.values()}) > 1
    found = {}
    for result in results.values():  # oldest first
        word = machine_word(result["machine"])
        for m in result["measurements"]:
            if (m["bundle"], m["scenario"]) == (identity, scenario) and len(m["sweep"]) > 1:
                found[(f"{word}: " if several else "") + arm(m)] = m
    best = sorted(found, key=lambda words: -(found[words]["rate_per_s"] or {}).get("value", 0))
    yield from ((words, found[words]) for words in best)


def one(panel: Callable[[Axes, list[Line]], str], lines: list[Line], name: str) -> tuple[str, str]:
    drawing, (axes,) = figure(2.5 + 0.17 * len(lines[:MOST]))  # inches: the words below get lines of their own
    says = panel(axes, lines[:MOST])
    left = f" ({len(lines) - MOST} slower ones are left out)" if len(lines) > MOST else ""
    axes.set_title(f"{name}: {says}{left}", fontsize=9, loc="left")
    drawing.legend(loc="outside lower left", frameon=False, fontsize=8)
    return standalone(drawing, f"{name}: {says}; {len(lines[:MOST])} ways to serve{left}")


def load(axes: Axes, lines: list[Line]) -> str:
    """99th percentile of the latency against the queries that were offered a second."""
    for at, (words, m) in enumerate(lines):
        tried = sorted((row["rate"], row["p99_ms"]) for row in m["sweep"] if row.get("rate") and row.get("p99_ms"))
        axes.plot(*zip(*tried, strict=True), label=words + invalid(m), **style(at))
    for limit in sorted({m["settings"].get("p99_ms") for _, m in lines} - {None}):
        axes.axhline(limit, color="#57606a", linestyle="--", linewidth=1)
        words = f"bound {short(limit)} ms"
        axes.annotate(words, (0.01, limit), xycoords=("axes fraction", "data"), va="bottom", fontsize=8)
    axes.margins(y=0.12)
    logarithmic(axes, "queries offered a second", "p99 latency, ms")
    return "latency under load"


def batches(axes: Axes, lines: list[Line]) -> str:
    """Samples a second against the batch."""
    for at, (words, m) in enumerate(lines):
        rows = sorted((row for row in m["sweep"] if row.get("batch")), key=lambda row: row["batch"])
        rate = [row["samples_per_s"] for row in rows]
        limits = [
            [abs(row["samples_per_s"] - (row.get(side) or row["samples_per_s"])) for row in rows] for side in SIDES
        ]
        size = [row["batch"] for row in rows]
        axes.errorbar(size, rate, yerr=limits, label=words + invalid(m), capsize=2, **style(at))
    logarithmic(axes, "samples in one call", "samples a second")
    ticks = sorted({row["batch"] for _, m in lines for row in m["sweep"] if row.get("batch")})
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    return "rate against batch"


@dataclass(frozen=True)
class Point:
    """The best that a bundle's own fp32 graph reached on one kind of processor."""

    machine: str
    where: str  # cpu or cuda
    bundle: str
    intensity: float  # operations for a byte
    reached: float  # GFLOP/s


def points(results: Results) -> list[Point]:
    """One for each bundle on each machine's processor and GPU, by measurements that are VALID."""
    best: dict[tuple[str, str, str], Point] = {}
    for result in results.values():
        bundles = {bundle["id"]: bundle for bundle in result["bundles"]}
        for m in result["measurements"]:
            bundle, rate = bundles[m["bundle"]], m["rate_per_s"]
            known = bundle["flops"] and bundle["bytes"] and rate and m["verdict"] == "VALID"
            if not known or m["variant"] != "fp32" or m["runtime"] == "native":
                continue
            flops, moved = work(bundle, m)
            place = (machine_word(result["machine"]), occupied(m)[1], bundle["name"])
            where = "cuda" if place[1] == "GPU" else "cpu"
            point = Point(place[0], where, place[2], flops / moved, flops * rate["value"] / 1e9)
            if place not in best or point.reached > best[place].reached:
                best[place] = point
    return [best[place] for place in sorted(best)]


def work(bundle: dict[str, Any], m: dict[str, Any]) -> tuple[float, float]:
    """Operations and bytes of one query at the batch that was fastest: later queries of a call share the weights."""
    sizes = [row for row in m["sweep"] if row.get("batch")]
    batch = max(sizes, key=lambda row: row.get("samples_per_s", 0))["batch"] if sizes else 1
    more = bundle.get("each_more") or {}
    one, each = ([of.get(name, bundle[name]) for name in ("flops", "bytes")] for of in (bundle, more))
    return tuple((first + (batch - 1) * further) / batch for first, further in zip(one, each, strict=True))


def roofline(results: Results) -> tuple[str, str]:
    """What each bundle reached, under what its machine could do: copying on the left, multiplying on the right."""
    found = points(results)
    places = list(dict.fromkeys((point.machine, point.where) for point in found))
    names = list(dict.fromkeys(point.bundle for point in found))
    drawing, (axes,) = figure(2.7 + 0.17 * len(places))
    roofs = {place: roof for place in places if (roof := highest(results, *place))}
    ridges = [roof["sgemm_gflops"] / roof["copy_gb_s"] for roof in roofs.values()]
    span = [point.intensity for point in found] + ridges
    left, right = min(span) / 4, max(span) * 10
    for at, place in enumerate(places):
        look = {"color": COLOURS[at % len(COLOURS)]}
        if place in roofs:
            top, slope = roofs[place]["sgemm_gflops"], roofs[place]["copy_gb_s"]
            label = f"fp32 roof of {place[0]}" + (", GPU" if place[1] == "cuda" else "")
            axes.plot([left, top / slope, right], [slope * left, top, top], linewidth=1, label=label, **look)
        for point in (point for point in found if (point.machine, point.where) == place):
            axes.plot(point.intensity, point.reached, MARKS[names.index(point.bundle) % len(MARKS)], **look)
            put = {"xytext": (5, -3), "textcoords": "offset points", "fontsize": 8}
            axes.annotate(point.bundle, (point.intensity, point.reached), **put)
    axes.margins(y=0.12)
    logarithmic(axes, "floating-point operations for a byte", "GFLOP/s")
    axes.set_title("how near the roof (fp32, each bundle at its best)", fontsize=9, loc="left")
    drawing.legend(loc="outside lower left", frameon=False, fontsize=8)
    shown = "; ".join(f"{point.bundle} on {point.machine} {short(point.reached)} GFLOP/s" for point in found)
    return standalone(drawing, f"roofline: {shown}")


def highest(results: Results, machine: str, where: str) -> dict[str, Any] | None:
    """The highest roof of this machine's processor (cpu) or GPU (cuda); None where none was measured."""
    roofs = [
        roof
        for result in results.values()
        if machine_word(result["machine"]) == machine
        for roof in result["roof"]
        if roof["where"].startswith(where) and roof.get("sgemm_gflops") and roof.get("copy_gb_s")
    ]
    return max(roofs, key=lambda roof: roof["sgemm_gflops"], default=None)


def style(at: int) -> dict[str, Any]:
    dashed = "-" if at < len(COLOURS) else ":"
    return {"color": COLOURS[at % len(COLOURS)], "marker": MARKS[at % len(MARKS)], "markersize": 4, "linestyle": dashed}


def invalid(m: dict[str, Any]) -> str:
    return " (INVALID)" if m["verdict"] != "VALID" else ""


def logarithmic(axes: Axes, x: str, y: str) -> None:
    """Equal steps are equal ratios; ticks are numbers as people write them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y)
    for axis in (axes.xaxis, axes.yaxis):
        low, high = axis.get_view_interval()
        wide = high > 300 * low
        axis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
        axis.set_minor_locator(NullLocator())


def standalone(drawing: Any, alt: str) -> tuple[str, str]:
    """The drawing as a file of its own: no page around lends it a typeface."""
    text = str(svg(drawing, alt)).replace("<svg ", '<svg font-family="sans-serif" ', 1)
    return re.sub(r"\s+\n", "\n", text).strip() + "\n", alt
