"""Every measurement as a row of words, machines side by side; what they ran on; who was faster; what is missing.

A row is heading -> text, of which nothing is escaped yet: Markdown (table.py) and HTML pages are made from the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.result import as_good, gpus, head_of, machine_word
from benchmarks.size import per_million, pieces
from common.words import short

ORDER = ("single_stream", "multi_stream", "offline", "server", "loadgen")
Results = dict[Path, dict[str, Any]]
Row = dict[str, str]


def rows(results: Results) -> list[Row]:
    """Every measurement, by bundle, scenario and machine."""
    found = []
    for result in results.values():
        bundles = {bundle["id"]: bundle for bundle in result["bundles"]}
        for m in result["measurements"]:
            cells = row(result, bundles[m["bundle"]], m)
            order = (cells["bundle"], ORDER.index(m["scenario"]), cells["machine"])
            found.append((*order, m["runtime"], m["variant"], m["threads"], len(found), cells))
    return [cells for *_, cells in sorted(found, key=lambda entry: entry[:-1])]


def row(result: dict[str, Any], bundle: dict[str, Any], m: dict[str, Any]) -> Row:
    latency = m["latency_ms"] or {}
    return {
        "bundle": f"{bundle['name']} {bundle['id'][:8]}",
        "scenario": m["scenario"].replace("_", " ") + bound(m),
        "machine": place(result),
        "runtime": m["runtime"],
        "variant": m["variant"],
        "threads": str(m["threads"]),
        "p50, ms": between(latency.get("p50")),
        "p99, ms": between(latency.get("p99")),
        "queries/s": between(m["rate_per_s"]),
        "of the roof": roof(m["share_of_roof"]),
        "accuracy": accuracy(m),
        "mJ a query": energy(m),
        "£ a million": between(cost(m)),
        "verdict": ": ".join(filter(None, (m["verdict"], "; ".join((*m["reasons"], *m.get("notes", ())))))),
    }


def bound(m: dict[str, Any]) -> str:
    """The server scenario is nothing without its bound."""
    limit = m["settings"].get("p99_ms")
    return f", p99 ≤ {short(limit)} ms" if m["scenario"] == "server" and limit else ""


def between(value: dict[str, Any] | None) -> str:
    """A figure and its 95 % interval."""
    if value is None:
        return "–"
    if value["low"] is None and value["high"] is None:
        return short(value["value"])
    return f"{short(value['value'])} ({short(value['low'])} to {short(value['high'])})"


def roof(share: dict[str, Any] | None) -> str:
    if not share or share.get("share") is None:
        return "not measured"
    return f"{100 * share['share']:.2g} %" + (f" ({share['binds']})" if share.get("binds") else "")


def accuracy(m: dict[str, Any]) -> str:
    """Whether the figure counts: a variant that moved the accuracy beyond its tolerance does not."""
    found = m["accuracy"]
    measure, worse = found.get("measure") or "error", found.get("worse")
    if not found["measured"] or worse is None:
        return found.get("reason") or ("kept" if found["counts"] else "accuracy not measured")
    if (m["runtime"], m["variant"]) == ("ort_cpu", "fp32"):
        return f"{measure} {short(found.get('value'))}: what others are held against"
    scale, unit = (1, "") if found.get("kind") == "absolute" else (100, " %")
    moved = f"{measure} {scale * worse:+.2g}{unit}"
    if found.get("low") is not None and found.get("high") is not None:
        moved += f" ({scale * found['low']:+.2g} to {scale * found['high']:+.2g})"
    limit = "" if found.get("tolerance") is None else f", at most {scale * found['tolerance']:+.2g}{unit}"
    return f"{'kept' if found['counts'] else 'does not count'}: {moved}{limit}"


def energy(m: dict[str, Any]) -> str:
    joules = m["energy"].get("joules")
    return "not measured" if joules is None or not m["queries"] else short(1e3 * joules / m["queries"])


def cost(m: dict[str, Any]) -> dict[str, float | None] | None:
    price = m["settings"].get("price_gbp_per_hour")
    return None if price is None else per_million(m, price)


def place(result: dict[str, Any]) -> str:
    """Where and when."""
    return f"{machine_word(result['machine'])}, {result['made'][:10]}"


def machines(results: Results) -> list[Row]:
    """What was measured on, run by run: how quiet it was, and what it could do at most."""
    heads = [head for result in results.values() for head in (*result.get("earlier", ()), head_of(result))]
    return [
        {
            "machine": f"{machine_word(head['machine'])}, {head['made'][:16].replace('T', ' ')}",
            "processor": f"{head['machine']['cpu']}, {pieces(head['machine']['cores'], 'core')}",
            "GPU": ", ".join(gpus(head["machine"])) or "–",
            "roof": "; ".join(map(ceiling, head["roof"])) or "not measured",
            "noise": noise(head["noise"]),
            "commit": (head["commit"] or "–")[:12] + (" and changes" if head["dirty"] else ""),
        }
        for head in heads
    ]


def ceiling(roof: dict[str, Any]) -> str:
    """What a kind of hardware could do at most, measured in the same minutes."""
    if not roof.get("sgemm_gflops"):
        return f"{roof['where']}: {roof.get('why') or 'not measured'}"
    threads = f", {pieces(roof['threads'], 'thread')}" if roof.get("threads") else ""
    return f"{roof['where']}{threads}: {short(roof.get('sgemm_gflops'))} GFLOP/s, {short(roof.get('copy_gb_s'))} GB/s"


def noise(found: dict[str, Any]) -> str:
    """How quiet the machine was, and why it was not."""
    why = found.get("why") or ""
    why = why if isinstance(why, str) else "; ".join(map(str, why))
    verdict = {True: "noisy", False: "quiet", None: ""}[found["noisy"]]
    return ": ".join(filter(None, (verdict, why)))


def comparisons(results: Results) -> list[Row]:
    """A/B in turns: who is faster, where the interval of the paired ratio excludes 1."""
    found = []
    for result in results.values():
        names = {bundle["id"]: bundle["name"] for bundle in result["bundles"]}
        for c in result["comparisons"]:
            winner = {"a": arm(c["a"]), "b": arm(c["b"]), None: "neither, as far as could be seen"}[c["faster"]]
            found.append(
                {
                    "bundle": names[c["bundle"]],
                    "machine": place(result),
                    "scenario": c["scenario"].replace("_", " "),
                    "A": arm(c["a"]),
                    "B": arm(c["b"]),
                    "B's time in A's": between({**c, "value": c["ratio"]}),
                    "faster": winner,
                }
            )
    return found


def skipped(results: Results) -> list[Row]:
    """What could not be measured, and why."""
    found = []
    for result in results.values():
        names = {bundle["id"]: bundle["name"] for bundle in result["bundles"]}
        for gap in result["skipped"]:
            what = " ".join(filter(None, (gap["runtime"], gap["variant"], (gap["scenario"] or "").replace("_", " "))))
            bundle = names.get(gap["bundle"], "every bundle")
            found.append({"machine": place(result), "bundle": bundle, "what": what, "why": gap["reason"]})
    return found


def fastest(results: Results) -> list[Row]:
    """The fastest way that counts, for each bundle, machine and scenario, beside what one would call instead."""
    newest: dict[tuple, tuple] = {}  # of every way to serve; then of the newest bundle of a name
    versions: dict[tuple, str] = {}
    for result in results.values():
        bundles, machine = {bundle["id"]: bundle for bundle in result["bundles"]}, machine_word(result["machine"])
        for m in result["measurements"]:
            name, version = (bundles[m["bundle"]][word] for word in ("name", "version"))
            versions[name, machine] = max(version, versions.get((name, machine), ""))
            newest[name, machine, ORDER.index(m["scenario"]), arm(m)] = (result, m, version)
    best: dict[tuple, tuple] = {}
    for (name, machine, scenario, _), (result, m, version) in newest.items():
        key, able = (name, machine, scenario), counts(m) and m["runtime"] != "native"
        if able and version == versions[name, machine] and (key not in best or speed(m) > speed(best[key][1])):
            best[key] = (result, m)
    table = []
    for (name, machine, _), (result, m) in sorted(best.items(), key=lambda item: item[0]):
        latency = m["latency_ms"]
        alone = m["scenario"] in ("single_stream", "multi_stream", "loadgen") and latency
        figure = f"{between(latency['p50'])} ms" if alone else f"{between(m['rate_per_s'])} a second"
        table.append(
            {
                "bundle": name,
                "machine": machine,
                "scenario": m["scenario"].replace("_", " ") + bound(m),
                "fastest that counts": arm(m),
                "median latency or rate": figure,
                "native ÷ it": against_native(result, m),
            }
        )
    return table


def counts(m: dict[str, Any]) -> bool:
    """Whether a figure may be planned with: valid, of a full run, and the variant kept the accuracy."""
    return m["verdict"] == "VALID" and as_good(m) and speed(m) > 0 and not m["settings"].get("quick")


def speed(m: dict[str, Any]) -> float:
    """Larger is faster: the rate, or one over the median where that is what the scenario asks for."""
    latency = m["latency_ms"]
    if m["scenario"] in ("offline", "server") or not latency:
        return (m["rate_per_s"] or {}).get("value", 0.0)
    return 1 / latency["p50"]["value"] if latency["p50"]["value"] else 0.0


def against_native(result: dict[str, Any], m: dict[str, Any]) -> str:
    """Time of what one would call instead, in units of this one's, both in turns; a dash where it was not compared."""
    for c in result["comparisons"]:
        if (c["bundle"], c["scenario"]) != (m["bundle"], m["scenario"]) or c["ratio"] is None:
            continue
        if arm(c["a"]) == arm(m) and c["b"]["runtime"] == "native":
            return between({**c, "value": c["ratio"]}) + " ×"
        if arm(c["b"]) == arm(m) and c["a"]["runtime"] == "native":
            turned = {"value": c["ratio"], "low": c["high"], "high": c["low"]}
            return between({name: 1 / value if value else None for name, value in turned.items()}) + " ×"
    return "–"


def arm(entry: dict[str, Any]) -> str:
    return f"{entry['runtime']} {entry['variant']}, {pieces(entry['threads'], 'thread')}"
