"""What a run found, as a table on the terminal."""

from __future__ import annotations

from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from common.words import short

LOG_WIDTH = 140  # characters, where the output is no terminal


def show(result: dict[str, Any]) -> None:
    """A line for every measurement, then what is faster than what, then what was left out."""
    console = Console() if Console().is_terminal else Console(width=LOG_WIDTH)
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    names = {bundle["id"]: bundle["name"] for bundle in result["bundles"]}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head, justify in (
        ("bundle", "left"), ("scenario", "left"), ("contestant", "left"), ("p50 ms", "right"), ("p90 ms", "right"),
        ("p99 ms", "right"), ("a second (95 %)", "right"), ("verdict", "left"),
    ):  # fmt: skip
        table.add_column(head, justify=justify)
    for m in result["measurements"]:
        latency = m["latency_ms"] or {}
        cells = [short(latency[p]["value"]) if p in latency else "–" for p in ("p50", "p90", "p99")]
        table.add_row(names[m["bundle"]], m["scenario"], contestant(m), *cells, span(m["rate_per_s"]), m["verdict"])
    console.print(table)
    quick = any(m["settings"].get("quick") for m in result["measurements"])
    if quick:
        say("A quick run is a first look, not figures to plan with; why rows are INVALID stands in its file.")
    for m in result["measurements"]:
        if m["verdict"] == "INVALID" and not quick:
            say(f"INVALID {names[m['bundle']]} {m['scenario']}, {contestant(m)}: {'; '.join(m['reasons'])}")
    for c in result["comparisons"]:
        if c["faster"]:
            first, second = (c["a"], c["b"]) if c["faster"] == "a" else (c["b"], c["a"])
            times = c["ratio"] if c["faster"] == "a" else 1 / c["ratio"]
            words = f"{contestant(first)} is {short(times)} times as fast as {contestant(second)}"
            say(f"{names[c['bundle']]} {c['scenario']}: {words}")
    for s in result["skipped"]:
        say(f"left out: {' '.join(filter(None, (s['runtime'], s['variant'], s['scenario'])))}: {s['reason']}")


def contestant(arm: dict[str, Any]) -> str:
    return f"{arm['runtime']} {arm['variant']} x{arm['threads']}"


def span(rate: dict[str, Any] | None) -> str:
    if rate is None:
        return "–"
    if rate["low"] is None:
        return short(rate["value"])
    return f"{short(rate['value'])} ({short(rate['low'])} to {short(rate['high'])})"
