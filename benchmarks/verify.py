"""Is a result file true? Its schema, its hashes against what lies here, and a part of it measured again.

A figure agrees if it lies within the stated interval, widened by how far this machine's speed drifts: by the noise that
was watched then and now, and by what its roof has gained or lost since. More cannot be asked of a shared machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import rounds, schema, units
from benchmarks.arms import open_arms, part
from benchmarks.clock import Clock
from benchmarks.compare import drift, drifted, figure, words_of
from benchmarks.probes import machine, roof_cpu
from benchmarks.probes.noise import Watch
from benchmarks.result import head, machine_word, read
from benchmarks.scenarios import SCENARIOS, Settings
from benchmarks.size import bundle_at
from benchmarks.workload import Workload, workloads
from common.fault import Fault
from common.runs import find_runs
from common.words import short

SAMPLE = 4  # measurements that are taken again
BLOCK = Settings(seconds=0.2, longest=5.0)
ROUNDS = 3
AGAIN = ("single_stream", "multi_stream", "offline")  # a server's rate takes a search of minutes
ROOF_SECONDS = 0.3


@dataclass(frozen=True)
class Finding:
    """One line of the answer. holds: False where what is here differs from what the file says, None: cannot be told."""

    what: str
    holds: bool | None
    words: str


def main(words: Sequence[str]) -> None:
    parser = units.Parser(prog="pilot-bench verify", description="Check a result file, and measure a part of it again.")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--bundle", help="where a bundle is: PATH, latest, all, PILOT/latest (default: all runs)")
    given = parser.parse_args(words)
    result = read(given.file)
    findings = []
    for finding in verify(result, here(given.bundle, result)):
        findings.append(finding)
        print(f"{finding.what}: {finding.words}", flush=True)
    held = [finding.holds for finding in findings]
    if False in held:
        print(f"differs in {held.count(False)} of {len(held)} points")
        raise SystemExit(1)
    again = sum(finding.what.startswith("measured again") for finding in findings if finding.holds)
    of_all = f"{again} of {len(result['measurements'])} measurements were taken again"
    print(f"agrees as far as it was checked: {of_all}" if again else f"no figure was checked: {of_all}")


def here(text: str | None, result: dict[str, Any]) -> dict[str, Path]:
    """Bundle id -> folder of the file's bundles that lie here."""
    wanted = {bundle["id"] for bundle in result["bundles"]}
    if text is None:
        folders = [sums.parent for sums in sorted(Path("runs").glob("*/*/bundle*/SHA256SUMS"))]
    else:
        folders = find_runs(text)
    found = {bundle_at(folder): folder for folder in folders}
    if text is not None and not wanted & found.keys():
        ids = ", ".join(f"{bundle['name']} {bundle['id'][:8]}" for bundle in result["bundles"]) or "none"
        raise Fault(f"{text} is none of the bundles that the file measures ({ids}): name one of those")
    return {identity: folder for identity, folder in found.items() if identity in wanted}


def verify(result: dict[str, Any], folders: dict[str, Path]) -> Iterator[Finding]:
    """Every check in turn; the last ones take a second each."""
    yield published(result)
    loads: dict[str, Workload] = {}
    for bundle in result["bundles"]:
        what = f"bundle {bundle['name']} {bundle['id'][:8]}"
        if bundle["id"] not in folders:
            yield Finding(what, None, "not here, cannot be checked: name its place with --bundle")
            continue
        load = workloads(str(folders[bundle["id"]]))[0]
        wrong = hashes(bundle, load)
        yield Finding(what, not wrong, "; ".join(wrong) or "model, data and config are those that were measured")
        if not wrong:
            loads[bundle["id"]] = load
    yield from again(result, loads)


def published(result: dict[str, Any]) -> Finding:
    """The file was read, so our own check has passed; where jsonschema is there, it is asked as well."""
    if importlib.util.find_spec("jsonschema") is None:
        return Finding("schema", True, "kept, as far as this program relies on it (jsonschema is not installed)")
    import jsonschema

    errors = [error.message for error in jsonschema.Draft202012Validator(schema.speed()).iter_errors(result)]
    return Finding("schema", not errors, f"{errors[0]:.200}" if errors else "kept")


def hashes(bundle: dict[str, Any], load: Workload) -> list[str]:
    """What differs between the file's words and the bundle here. The id fixes every byte of the bundle itself."""
    manifest, config = load.bundle.manifest, load.run and load.run / "config.yaml"
    now = {
        "model_sha256": hashlib.sha256(load.files["model.onnx"]).hexdigest(),
        "data_sha256": manifest["data"].get("sha256"),
        **{key: manifest[key] for key in ("name", "pilot", "task", "model", "version")},
    }
    if config and config.is_file():
        now["config_sha256"] = hashlib.sha256(config.read_bytes()).hexdigest()
    both = {key: (value, bundle[key]) for key, value in now.items() if value is not None and bundle[key] is not None}
    return [
        f"{key} is {value:.20} here, {told:.20} in the file" for key, (value, told) in both.items() if value != told
    ]


def again(result: dict[str, Any], loads: dict[str, Workload]) -> Iterator[Finding]:
    """A sample of the measurements, taken again where that is possible."""
    this = machine_word(machine.facts())
    able, why = [], set()
    for m in result["measurements"]:
        reason = unable(result, m, loads, this)
        why.add(reason)
        if reason is None:
            able.append(m)
    if not able:
        said = "; ".join(sorted(filter(None, why))) or "the file holds no measurement"
        yield Finding("measured again", None, f"cannot be re-run here: {said}")
    able = [m for m in able if m["runtime"] != "native"] or able  # which would take seconds to start
    chosen = np.random.default_rng(result["seed"]).permutation(len(able))[:SAMPLE]
    for at in sorted(chosen):
        yield once_more(result, able[at], loads[able[at]["bundle"]])


def unable(result: dict[str, Any], m: dict[str, Any], loads: dict[str, Workload], this: str) -> str | None:
    """Why this measurement cannot be taken again here; None where it can."""
    if m["bundle"] not in loads:
        return "its bundle is not here, or is another one"
    there = machine_word(head(result, m)["machine"])
    if there != this:
        return f"it was measured on another machine ({there}, this is {this})"
    if m["scenario"] not in AGAIN:
        return "a server's rate takes a search of minutes: pilot-bench run it"
    if m["verdict"] != "VALID":
        return "an INVALID figure promises nothing"
    stated = figure(m)[0]
    if not stated or not stated["value"] or not stated["low"] or not stated["high"]:
        return "no interval is stated"
    bundle = next(bundle for bundle in result["bundles"] if bundle["id"] == m["bundle"])
    if bundle["queries_from"] != loads[m["bundle"]].queries_from:
        return f"its queries came from {bundle['queries_from']}, which is not here"
    return None


def once_more(result: dict[str, Any], m: dict[str, Any], load: Workload) -> Finding:
    """One measurement against its stated interval."""
    what = f"measured again, {words_of(result, m)}"
    try:
        arms, skipped = open_arms(load, [m["runtime"]], [m["variant"]], [m["threads"]])
    except Fault as unknown:  # a runtime or variant that this program does not have
        return Finding(what, None, f"cannot be re-run here: {unknown}")
    if not arms:
        return Finding(what, None, f"cannot be re-run here: {skipped[0]['reason']}")
    block = BLOCK
    if m["scenario"] == "offline" and m["sweep"]:
        best = max(m["sweep"], key=lambda row: row.get("samples_per_s", 0))
        block = replace(BLOCK, batches=(best.get("batch", 1),))
    try:
        with Watch() as watch:
            (blocks,) = rounds.play(arms, load, part("scenario", m["scenario"], SCENARIOS), block, ROUNDS, Clock())
            now = rounds.measurement(blocks, m["scenario"])
            gained = faster_by(head(result, m), m["threads"])
    finally:
        for arm in arms:
            arm.engine.close()
    (stated, unit, less), (value, *_) = figure(m), figure(now | {"scenario": m["scenario"]})
    noise = watch.facts()
    low, high = allowed(stated, less, gained, drift(result, m), drifted(noise))
    holds = low <= value["value"] <= high
    said = (
        f"stated {short(stated['value'])} {unit} ({short(stated['low'])} to {short(stated['high'])}), now "
        f"{short(value['value'])}, {'agrees with' if holds else 'differs from'} {short(low)} to {short(high)}, "
        "which allows for this machine's noise"
    )
    if not holds and noise["noisy"]:
        said += f"; the machine is noisy just now: {'; '.join(noise['why'])}"
    return Finding(what, holds, said)


def faster_by(then: dict[str, Any], threads: int) -> float:
    """How many times as fast the processor multiplies now as in the run; 1 where the run measured no such roof."""
    roofs = [roof for roof in then["roof"] if roof["where"] == "cpu" and roof.get("threads") == threads]
    if not roofs or not roofs[0].get("sgemm_gflops"):
        return 1.0
    now = roof_cpu.multiply(threads, *roof_cpu.KINDS["sgemm_gflops"], seconds=ROOF_SECONDS)
    return now / roofs[0]["sgemm_gflops"] if now else 1.0


def allowed(stated: dict[str, Any], less_is_better: bool, gained: float, *drifts: float) -> tuple[float, float]:
    """The stated interval, widened: by each drift on both sides, and by the gained speed on the side it moves to."""
    moved = 1 / gained if less_is_better else gained
    wide = float(np.prod([1 + share for share in drifts]))
    return stated["low"] * min(1.0, moved) / wide, stated["high"] * max(1.0, moved) * wide
