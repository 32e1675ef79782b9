"""What figures are held against: the roof at both ends of the run, the quiet in between, the work in every graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from benchmarks.arms import Arm
from benchmarks.place import on_gpu
from benchmarks.probes import gpu, graph_cost, profile, roof_cpu, roof_gpu, share
from benchmarks.probes.energy import Meter
from benchmarks.probes.noise import SHORTEST, Watch
from benchmarks.scenarios import Measured, Settings
from benchmarks.workload import Workload
from common.fault import Fault

DRIFT = 0.10  # a roof that moved by more between the two ends is no quiet machine
QUICK_PROFILE = 0.2  # s
WIDTH = {"fp32": 1.0, "fp16": 0.5, "bf16": 0.5, "int8": 0.25}  # of weights, next to fp32's

Roofs = list[dict[str, Any]]


def roofs(counts: Iterable[int], *, with_gpu: bool, quick: bool) -> Roofs:
    """One entry for each number of threads, and one for each GPU where a runtime uses it."""
    seconds = roof_cpu.QUICK_SECONDS if quick else roof_cpu.SECONDS
    found: Roofs = [roof_cpu.measure(count, seconds=seconds) for count in sorted(set(counts))]
    if not with_gpu:
        return found
    cards = roof_gpu.measure(seconds=roof_gpu.QUICK_SECONDS if quick else roof_gpu.SECONDS)
    return [*found, *(cards if isinstance(cards, list) else [{"where": "gpu", "threads": None, "why": cards}])]


def joined(start: Roofs, end: Roofs) -> Roofs:
    """The better figure of both ends; `drift` is how far the multiplication moved, as a share of the first.

    More threads are never given a lower roof than fewer: one may leave some idle.
    """
    both: Roofs = []
    later = {(roof["where"], roof["threads"]): roof for roof in end}
    for one in start:
        other = later.get((one["where"], one["threads"]), one)  # a GPU may have gone in between
        roof = _best(one, other)
        if both and roof["where"] == both[-1]["where"] == "cpu":
            roof = _best(roof, both[-1])
        if one.get("sgemm_gflops") and other.get("sgemm_gflops"):
            roof["drift"] = round(other["sgemm_gflops"] / one["sgemm_gflops"] - 1, 4)
        both.append(roof)
    return both


def _best(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """`one`, with each figure of `other` that is better: more a second, or fewer microseconds."""
    roof = dict(one)
    for name, value in other.items():
        if name != "drift" and isinstance(value, float) and isinstance(one.get(name), float):
            roof[name] = (min if name.endswith("_us") else max)(value, one[name])
    return roof


def conclude(
    made: dict[str, Any], roof: Roofs, watched: dict[str, Any], cards: Callable[[], list[dict[str, Any]]] = gpu.facts
) -> None:
    """Put the roof, the quiet of the whole run and every measurement's share of the roof into a result.

    A GPU that others used, or that was slowed down, makes what was measured on it INVALID; so does a noisy run what
    was measured in blocks too short to be judged one by one.
    """
    bundles = {bundle["id"]: bundle for bundle in made["bundles"]}
    made["roof"] = roof
    on_card = any(on_gpu(found) for found in made["measurements"])
    disturbed = gpu.disturbed(made["machine"]["gpu"] or [], cards()) if on_card else []
    for found in made["measurements"]:
        reasons = disturbed if on_gpu(found) else []
        if watched["why"] and found["seconds"] < SHORTEST * found["rounds"]:
            reasons = [*reasons, f"its blocks were short and the whole run was noisy: {watched['why'][0]}"]
        if reasons:
            found["verdict"], found["reasons"] = "INVALID", [*found["reasons"], *reasons]
        found["share_of_roof"] = share_of_roof(found, bundles[found["bundle"]], roof)
    blocks, noisy = (sum(found[name] for found in made["measurements"]) for name in ("rounds", "noisy_blocks"))
    why = [*watched["why"], *disturbed]
    if noisy:
        why.append(f"{noisy} of {blocks} blocks were noisy")
    why += [
        f"the roof of {one['where']}, {one['threads']} threads, moved by {one['drift']:+.0%} during the run"
        for one in roof
        if abs(one.get("drift", 0)) > DRIFT
    ]
    made["noise"] = {**watched, "blocks": blocks, "noisy_blocks": noisy, "noisy": bool(why), "why": why}


def watched(arm: Arm, block: Callable[[], Measured]) -> Measured:
    """Let a block run; how quiet it was and what it drew stand beside what it found."""
    with Watch() as watch, Meter("cuda" if on_gpu(arm.key) else "cpu") as meter:
        found = block()
    return replace(found, noise=watch.facts(), energy=meter.facts())


def work(workload: Workload, *, quick: bool) -> dict[str, Any]:
    """What one query costs whatever runs it, what a further query in the same call adds, and where the time goes."""
    model = workload.files["model.onnx"]
    try:
        one = graph_cost.count(model, workload.queries[0])
        two = graph_cost.count(model, workload.batch(2)) if workload.axis else one
        where = profile.nodes(workload, seconds=QUICK_PROFILE if quick else profile.SECONDS)
    except Fault as fault:
        return {"flops": None, "bytes": None, "profile": None, "why": str(fault)}
    more = {name: two[name] - one[name] for name in ("flops", "flops_float64", "bytes")} if workload.axis else None
    return {**one, "each_more": more, "nodes": sum(line["count"] for line in where), "profile": where}


def share_of_roof(measurement: dict[str, Any], bundle: dict[str, Any], roof: Roofs) -> dict[str, Any] | None:
    """How near the measurement came to the roof of the processors it used; None where one of the two is unknown.

    The work is that of the fp32 graph for every variant, but with weights as narrow as the variant makes them.
    """
    place, timed = _place(measurement, roof), _timed(measurement, bundle)
    if place is None or timed is None or not bundle.get("flops"):
        return None
    calls, together, seconds = timed
    more = bundle["each_more"] or {}
    flops, double, moved = (
        calls * (bundle[name] + (together - 1) * more.get(name, 0)) for name in ("flops", "flops_float64", "bytes")
    )
    numbers = share.precision(measurement["variant"])
    moved -= calls * (1 - WIDTH[numbers]) * bundle["weight_bytes"]
    nodes = calls * bundle["nodes"] if measurement["runtime"] == "ort_cpu" else None
    return share.of_roof(flops, moved, seconds, place, calls=calls, flops_float64=double, nodes=nodes, numbers=numbers)


def _place(measurement: dict[str, Any], roof: Roofs) -> dict[str, Any] | None:
    if on_gpu(measurement):
        return next((one for one in roof if one["where"].startswith("cuda")), None)
    threads = measurement["threads"] * (measurement["settings"].get("workers") or 1)
    return next((one for one in roof if one["where"] == "cpu" and one["threads"] == threads), None)


def _timed(measurement: dict[str, Any], bundle: dict[str, Any]) -> tuple[int, int, float] | None:
    """(calls, queries in each call, seconds of all of them)."""
    scenario, latency, rate = measurement["scenario"], measurement["latency_ms"], measurement["rate_per_s"]
    if scenario in ("single_stream", "multi_stream"):
        streams = 1 if scenario == "single_stream" else Settings.streams
        calls, together = (1, streams) if bundle["axis"] else (streams, 1)
        return (calls, together, latency["p50"]["value"] / 1e3) if latency else None
    if not rate or not rate["value"]:
        return None
    sizes = [row for row in measurement["sweep"] if "batch" in row]
    together = max(sizes, key=lambda row: row["samples_per_s"])["batch"] if sizes else 1
    return 1, together, together / rate["value"]
