"""What a run found, as a table on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from common.words import percent, short

LOG_WIDTH = 140  # characters, where the output is no terminal


def show(result: dict[str, Any]) -> None:
    """A line for every measurement, then what is faster than what, then what was left out."""
    console = Console() if Console().is_terminal else Console(width=LOG_WIDTH)
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    names = {bundle["id"]: bundle["name"] for bundle in result["bundles"]}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head, justify in (
        ("bundle", "left"), ("scenario", "left"), ("contestant", "left"), ("p50 ms", "right"), ("p90 ms", "right"),
        ("p99 ms", "right"), ("a second (95 %)", "right"), ("of the roof", "right"), ("verdict", "left"),
    ):  # fmt: skip
        table.add_column(head, justify=justify)
    for m in result["measurements"]:
        latency = m["latency_ms"] or {}
        cells = [short(latency[p]["value"]) if p in latency else "–" for p in ("p50", "p90", "p99")]
        table.add_row(
            names[m["bundle"]], m["scenario"], contestant(m), *cells, span(m["rate_per_s"]), near(m), m["verdict"]
        )
    console.print(table)
    for line in beside(result):
        say(line)
    quick = any(m["settings"].get("quick") for m in result["measurements"])
    if quick:
        say("A quick run is a first look, not figures to plan with; why rows are INVALID stands in its file.")
    for m in result["measurements"]:
        if m["verdict"] == "INVALID" and not quick:
            say(f"INVALID {names[m['bundle']]} {m['scenario']}, {contestant(m)}: {'; '.join(m['reasons'])}")
    for line in dict.fromkeys(idle(result, names)):
        say(line)
    for c in result["comparisons"]:
        if c["faster"]:
            first, second = (c["a"], c["b"]) if c["faster"] == "a" else (c["b"], c["a"])
            times = c["ratio"] if c["faster"] == "a" else 1 / c["ratio"]
            words = f"{contestant(first)} is {short(times)} times as fast as {contestant(second)}"
            say(f"{names[c['bundle']]} {c['scenario']}: {words}")
    for s in result["skipped"]:
        words = (names.get(s["bundle"]), s["scenario"], s["runtime"], s["variant"])
        say(f"left out: {' '.join(filter(None, words))}: {s['reason']}")


def contestant(arm: dict[str, Any]) -> str:
    return f"{arm['runtime']} {arm['variant']} x{arm['threads']}"


def idle(result: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    """Variants that have not been shown to answer as well as fp32."""
    for m in result["measurements"]:
        if m["runtime"] != "native" and not m["accuracy"]["counts"]:
            why = m["accuracy"].get("reason") or "accuracy not measured"
            yield f"does not count: {names[m['bundle']]} {m['runtime']} {m['variant']}: {why}"


def near(measurement: dict[str, Any]) -> str:
    """Share of the roof, and which one it is."""
    found = measurement["share_of_roof"]
    return f"{short(100 * found['share'])} % {found['binds']}" if found else "–"


def beside(result: dict[str, Any]) -> Iterator[str]:
    """What the figures are held against: the roofs, the work in each bundle, the quiet of the machine."""
    for roof in result["roof"]:
        if roof.get("why"):
            yield roof["why"]
            continue
        threads = f" x{roof['threads']}" if roof["threads"] else ""
        figures = (short(roof[name]) for name in ("sgemm_gflops", "copy_gb_s", "empty_call_us"))
        yield "roof of {}{}: {} GFLOP/s in fp32, {} GB/s, {} µs for an empty call".format(
            roof["where"], threads, *figures
        )
    for bundle in result["bundles"]:
        if bundle.get("flops") and bundle.get("profile"):
            dear = ", ".join(f"{line['op']} {percent(line['share'])}" for line in bundle["profile"][:3])
            work = f"{short(bundle['flops'] / 1e6)} MFLOP, {short(bundle['bytes'] / 1e6)} MB at least"
            yield f"one query of {bundle['name']}: {work}; its time goes into {dear}"
    yield f"noisy: {'; '.join(result['noise']['why'])}" if result["noise"]["noisy"] else "the machine was quiet"


def span(rate: dict[str, Any] | None) -> str:
    if rate is None:
        return "–"
    if rate["low"] is None:
        return short(rate["value"])
    return f"{short(rate['value'])} ({short(rate['low'])} to {short(rate['high'])})"
