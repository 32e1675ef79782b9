"""`pilot-bench run`: measure bundles on this machine, write a result file, print what was found.

Bundles, one after another; for each, every contestant (runtime, variant, threads) is opened and takes turns with the
others in every scenario. What cannot run here is left out with the reason.
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from benchmarks import conditions, result, rounds
from benchmarks.arms import VARIANTS, Arm, open_arms, part, threads
from benchmarks.clock import Clock
from benchmarks.place import on_gpu
from benchmarks.probes import machine
from benchmarks.probes.noise import Watch
from benchmarks.runtimes import RUNTIMES
from benchmarks.runtimes.wheels import one_wheel
from benchmarks.scenarios import SCENARIOS, Settings
from benchmarks.show import show
from benchmarks.stats import min_queries
from benchmarks.units import Parser, count, milliseconds, price, seconds, seed, words
from benchmarks.variants.accuracy_gate import of_arms
from benchmarks.workload import Workload, workloads
from common.fault import Fault
from common.machine import commit, cores
from common.progress import Progress

LEAST_P99_MS, TIMES_SINGLE = 10.0, 5.0  # the server's bound where none is given
PATIENCE = 10  # times --seconds: a block ends then, even with too few queries
QUICK = {"seconds": 0.15, "rounds": 3, "patience": 2, "batches": (1, 8, 64), "all": 10.0}  # s; all: of all bundles


def main(argv: list[str]) -> None:
    given = asked(argv)
    result.prepare(given.out)
    made = run(given)
    path = result.write(made, given.out)
    show(made)
    print(f"wrote: {path}", flush=True)


def asked(argv: list[str]) -> argparse.Namespace:
    """The words of the command line, read; a Fault for a runtime, variant or scenario that nobody knows."""
    given = parser().parse_args(argv)
    if given.scenario is None:
        given.scenario = ["single_stream", "offline"] if given.quick else ["single_stream", "offline", "server"]
    given.command = shlex.join(["pilot-bench", "run", *argv])
    for kind, chosen, known in (
        ("runtime", given.runtime, RUNTIMES),
        ("variant", given.variant, VARIANTS),
        ("scenario", given.scenario, SCENARIOS),
    ):
        if not chosen:
            raise Fault(f"--{kind} names nothing: choose from {', '.join(known)}")
        for name in chosen:
            if name not in known:
                part(kind, name, known)  # says which there are
    return given


def parser() -> Parser:
    made = Parser(prog="pilot-bench run", description="Measure bundles and write a result file.")
    made.add_argument(
        "--bundle", nargs="+", default=["latest"], help="latest, all, PILOT/latest, a run or bundle folder"
    )
    made.add_argument("--runtime", type=words, default=["ort_cpu"], help=f"of {','.join(RUNTIMES)}; default ort_cpu")
    made.add_argument("--variant", type=words, default=["fp32"], help=f"of {','.join(VARIANTS)}; default fp32")
    made.add_argument("--scenario", type=words, help=f"of {','.join(SCENARIOS)}; default single_stream,offline,server")
    made.add_argument("--threads", type=words, default=["1", "all"], help="default 1,all")
    made.add_argument("--seconds", type=seconds, help="least duration of a block, default 2")
    made.add_argument("--rounds", type=count, help="turns of every contestant, default 5")
    made.add_argument("--p99", type=milliseconds, help="bound of the server scenario, such as 50ms")
    made.add_argument("--price", type=price, help="pounds an hour of one core, or of one GPU, such as 0.05")
    made.add_argument("--seed", type=seed, default=0, help="of arrivals and of the order of turns")
    made.add_argument("--quick", action="store_true", help="a first look, a few seconds for each bundle")
    made.add_argument(
        "--out",
        type=Path,
        default=result.FOLDER,
        metavar="FOLDER",
        help="for the result file; default benchmarks/results/speed",
    )
    return made


def run(given: argparse.Namespace, clock: Any = None) -> dict[str, Any]:
    """Everything that is asked for, as the content of a result file."""
    one_wheel()
    clock = clock or Clock()
    settings, turns = _settings(given)
    counts = sorted({threads(text) for text in given.threads})
    found = [workload for text in given.bundle for workload in workloads(text)]
    chosen = list({workload.bundle.id: workload for workload in found}.values())  # each once
    sha, dirty = commit()
    ends = {"counts": {*counts, cores()}, "quick": given.quick}
    ends["with_gpu"] = any(on_gpu({"runtime": r, "variant": v}) for r in given.runtime for v in given.variant)
    with Progress("roof of this machine"):
        start = conditions.roofs(**ends)
    made = {
        "format": result.FORMAT,
        "kind": result.KIND,
        "made": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "command": given.command,
        "commit": sha,
        "dirty": dirty,
        "seed": given.seed,
        "machine": machine.facts(),
        "noise": {"noisy": None, "why": "not measured"},
        "roof": start,
        "bundles": [],
        "measurements": [],
        "comparisons": [],
        "skipped": [],
    }
    began = clock.now()
    with Watch() as watch:
        for number, workload in enumerate(chosen, start=1):
            until = began + QUICK["all"] * number / len(chosen) if given.quick else float("inf")
            with Progress(f"{workload.label} {workload.bundle.manifest['version']}") as stage:
                _bundle(made, workload, given, settings, turns, counts, clock, stage, until)
    if not made["measurements"]:
        why = "; ".join(dict.fromkeys(skipped["reason"] for skipped in made["skipped"]))
        raise Fault(f"Nothing could be measured: {why}")
    with Progress("roof again"):
        end = conditions.roofs(**ends)
    conditions.conclude(made, conditions.joined(start, end), watch.facts())
    believed(made)
    return made


def _bundle(made, workload, given, settings, turns, counts, clock, stage, until) -> None:
    """All scenarios of one bundle, added to the result."""
    stage.say("its work")
    made["bundles"].append(_identity(workload) | conditions.work(workload, quick=given.quick))
    arms, skipped = open_arms(workload, given.runtime, given.variant, counts)
    made["skipped"] += skipped
    try:
        stage.say("accuracy")
        accuracy = of_arms(workload, arms)
        for name in given.scenario if arms else []:
            stage.say(name)
            now = _for_scenario(settings, name, turns, given, made, workload, arms, clock)
            blocks = rounds.play(
                arms, workload, part("scenario", name, SCENARIOS), now, turns, clock, conditions.watched, until
            )
            asked = {"seconds": now.seconds, "queries": now.queries, "longest": now.longest, "rounds": turns}
            asked |= {"p99_ms": now.p99_ms, "quick": given.quick, "price_gbp_per_hour": given.price}
            stayed = []
            for arm, of_arm in zip(arms, blocks, strict=True):
                if isinstance(of_arm, str):
                    left = {"runtime": arm.runtime, "variant": arm.variant, "scenario": name}
                    reason = f"{arm.threads} thread{'s' * (arm.threads > 1)}: {of_arm}"
                    made["skipped"].append({"bundle": workload.bundle.id, **left, "reason": reason})
                    continue
                asked["workers"] = arm.engine.facts.get("workers") if name == "server" else None
                found = rounds.measurement(of_arm, name)
                if given.quick:
                    found["notes"].append("a quick run: a first look, not a figure to plan with")
                made["measurements"].append(
                    {"bundle": workload.bundle.id, **arm.key, "scenario": name, "facts": arm.engine.facts}
                    | {"settings": dict(asked), "share_of_roof": None}
                    | {"accuracy": accuracy[arm], **found}
                )
                stayed.append((arm, of_arm))
            compared = rounds.comparisons(*zip(*stayed, strict=True), name) if stayed else []
            compared = uncounted(compared, accuracy)
            made["comparisons"] += [{"bundle": workload.bundle.id, **entry} for entry in compared]
    finally:
        for arm in arms:
            arm.engine.close()


def uncounted(compared: list[dict[str, Any]], accuracy: dict[Arm, dict[str, Any]]) -> list[dict[str, Any]]:
    """The comparisons, where no variant is the faster one that has not been shown to answer as well.

    fp32 under another runtime is taken to, unless it was measured and does not. What a user would call instead of the
    bundle is no variant of it: if that is faster, it is said.
    """
    idle = [
        arm.key
        for arm, found in accuracy.items()
        if not found["counts"] and (found["measured"] or arm.variant != "fp32")
    ]
    for entry in compared:
        winner = entry["faster"] and entry[entry["faster"]]
        if winner in idle and winner["runtime"] != "native":
            entry["faster"] = None
    return compared


def believed(made: dict[str, Any]) -> None:
    """Nobody is the faster one by figures that are INVALID."""
    invalid = [
        (m["bundle"], m["scenario"], {key: m[key] for key in ("runtime", "variant", "threads")})
        for m in made["measurements"]
        if m["verdict"] == "INVALID"
    ]
    for entry in made["comparisons"]:
        if any((entry["bundle"], entry["scenario"], entry[side]) in invalid for side in "ab"):
            entry["faster"] = None


def _settings(given: argparse.Namespace) -> tuple[Settings, int]:
    least = given.seconds or (QUICK["seconds"] if given.quick else 2.0)
    turns = given.rounds or (QUICK["rounds"] if given.quick else 5)
    longest = least * (QUICK["patience"] if given.quick else PATIENCE)
    settings = Settings(seconds=least, longest=longest, p99_ms=given.p99, seed=given.seed)
    return replace(settings, batches=QUICK["batches"]) if given.quick else settings, turns


def _for_scenario(settings, name, turns, given, made, workload, arms, clock) -> Settings:
    """Enough queries a block for the scenario's percentile over all rounds; the server's bound where none was given."""
    if name in rounds.JUDGED and name != "loadgen":  # LoadGen judges each block by itself
        return replace(settings, queries=ceil(min_queries(rounds.JUDGED[name], 1) / turns))
    if name != "server":
        return settings
    bound = given.p99 or max(LEAST_P99_MS, TIMES_SINGLE * _single_p99(made, workload, arms[0], settings, clock))
    return replace(settings, queries=min_queries(0.99, 1), p99_ms=given.p99 or round_up(bound))


def round_up(value: float) -> float:
    """The next of … 1, 2, 5, 10, 20 …: two runs have the same bound as a rule, and can be compared."""
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _single_p99(made, workload: Workload, arm: Arm, settings: Settings, clock) -> float:
    """p99 of the first contestant in single stream, ms: measured in this run, or by a block for this purpose."""
    for found in made["measurements"]:
        if found["bundle"] == workload.bundle.id and found["scenario"] == "single_stream":
            return found["latency_ms"]["p99"]["value"]
    block = part("scenario", "single_stream", SCENARIOS).run(arm.engine, workload, settings, clock)
    return 1e3 * block.latency.quantile(0.99)


def _identity(workload: Workload) -> dict[str, Any]:
    manifest, config = workload.bundle.manifest, workload.run and workload.run / "config.yaml"
    sha = lambda data: hashlib.sha256(data).hexdigest()  # noqa: E731
    return {
        "id": workload.bundle.id,
        **{key: manifest[key] for key in ("name", "pilot", "task", "model", "version")},
        "model_sha256": sha(workload.files["model.onnx"]),
        "data_sha256": manifest["data"].get("sha256"),
        "config_sha256": sha(config.read_bytes()) if config and config.is_file() else None,
        "queries_from": workload.queries_from,
        "axis": workload.axis,
    }
