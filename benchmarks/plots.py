"""Drawings of all measurements: latency against load, rate against batch, and how near the roof.

A line is one way to serve on one machine. Colours and marks differ; no drawing holds more than eight lines, and says so
where some were left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.result import machine_word
from benchmarks.rows import arm
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
    if any(True for _ in points(results)):
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


def points(results: Results) -> Iterator[tuple[str, str, float, float]]:
    """(machine, bundle, FLOPs per byte, GFLOP/s reached) of the bundle's own graph at its best, on the processor."""
    best: dict[tuple[str, str], tuple[float, float]] = {}
    for result in results.values():
        bundles = {bundle["id"]: bundle for bundle in result["bundles"]}
        for m in result["measurements"]:
            bundle = bundles[m["bundle"]]
            counted = bundle["flops"] and bundle["bytes"] and m["rate_per_s"]
            if not counted or m["runtime"] != "ort_cpu" or m["variant"] != "fp32" or m["verdict"] != "VALID":
                continue
            reached = bundle["flops"] * m["rate_per_s"]["value"] / 1e9
            key = (machine_word(result["machine"]), bundle["name"])
            best[key] = max(best.get(key, (0, 0)), (reached, bundle["flops"] / bundle["bytes"]))
    for (machine, name), (reached, intensity) in sorted(best.items()):
        yield machine, name, intensity, reached


def roofline(results: Results) -> tuple[str, str]:
    """What each bundle reached, under what its machine could do: copying on the left, multiplying on the right."""
    drawing, (axes,) = figure(3.4)
    found = list(points(results))
    machines = list(dict.fromkeys(machine for machine, *_ in found))
    names = list(dict.fromkeys(name for _, name, *_ in found))
    span = [min(i for *_, i, _ in found) / 10, max(i for *_, i, _ in found) * 10]
    for at, machine in enumerate(machines):
        colour = COLOURS[at % len(COLOURS)]
        for roof in best_roofs(results, machine):
            top, slope = roof["sgemm_gflops"], roof["copy_gb_s"]
            span[1] = max(span[1], 3 * top / slope)
            x = [span[0], top / slope, span[1]]
            axes.plot(x, [slope * span[0], top, top], color=colour, linewidth=1, label=f"roof of {machine}")
        for _, name, intensity, reached in (p for p in found if p[0] == machine):
            axes.plot(intensity, reached, MARKS[names.index(name) % len(MARKS)], color=colour)
            axes.annotate(name, (intensity, reached), xytext=(5, -3), textcoords="offset points", fontsize=8)
    logarithmic(axes, "floating-point operations for a byte", "GFLOP/s")
    axes.set_title("how near the roof (fp32 on the processor, best scenario)", fontsize=9, loc="left")
    drawing.legend(loc="outside lower left", frameon=False, fontsize=8)
    shown = "; ".join(f"{name} on {machine} {reached:.3g} GFLOP/s" for machine, name, _, reached in found)
    return standalone(drawing, f"roofline: {shown}")


def best_roofs(results: Results, machine: str) -> list[dict[str, Any]]:
    """The processor's highest roof on this machine, as a list of one or none."""
    roofs = [
        roof
        for result in results.values()
        if machine_word(result["machine"]) == machine
        for roof in result["roof"]
        if roof["where"] == "cpu" and roof.get("sgemm_gflops") and roof.get("copy_gb_s")
    ]
    return sorted(roofs, key=lambda roof: roof["sgemm_gflops"])[-1:]


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
