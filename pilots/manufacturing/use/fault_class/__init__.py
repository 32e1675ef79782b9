"""A fault-class bundle and a waveform: which part of the bearing, how probable, and the lines that say so.

Axes: W windows, C classes, L lines (rates x harmonics).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.fault import Fault

if TYPE_CHECKING:
    from common.bundle.open import Bundle

OUTPUTS = {"probability", "line_db", "line_hz", "band_db", "level", "kurtosis", "envelope"}
STANDS_OUT = 10.0  # dB; in noise a line reaches that about once in 50 windows, the median of several hardly ever
BATCH = 16  # windows run at once


@dataclass(frozen=True)
class Diagnosis:
    """What the windows say together. evidence, doubts: sentences; said: the graph's outputs, one row a window."""

    state: str
    probability: float
    windows: int
    agree: int
    evidence: list[str]
    doubts: list[str]
    said: dict[str, np.ndarray]
    speed: float
    rate: float


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Write diagnosis.csv, windows.csv.gz, envelope.png and page.html into the empty folder `out`."""
    from common.progress import Progress
    from pilots.manufacturing.use.fault_class.page import write_answer
    from pilots.manufacturing.use.fault_class.waveform import read_waveform

    options, unknown = _parser().parse_known_args(argv_rest)
    if unknown:
        raise Fault(f"{unknown[0]} is not an option of this bundle; see pilot-predict --help")
    check_contract(bundle.manifest)
    speed = _positive(options.speed, "--speed", "the shaft's speed in rpm")
    with Progress("read"):
        x_N, rate = read_waveform(source, options.column)
        if rate is None:
            rate = _positive(options.rate, "--rate", "samples a second")
        x_N = x_N * _positive(options.scale, "--scale", "g per unit of the file")
    with Progress("predict") as stage:
        found = diagnose(bundle, x_N, rate, speed, source.name, stage.say)
    with Progress("write"):
        write_answer(bundle, source.name, found, out)
    told = [f"{found.state}, probability {found.probability:.2f}.", *found.evidence]
    print(" ".join([*told, *(f"Reason to doubt: {doubt}." for doubt in found.doubts)]))


def diagnose(bundle: Bundle, x_N: np.ndarray, rate: float, speed: float, name: str, say=lambda text: None) -> Diagnosis:
    """Every whole window of the waveform through the graph, and what they say together."""
    plan = bundle.manifest["decision"]
    samples = round(plan["seconds"] * rate)
    if rate < plan["least_rate"]:
        raise Fault(f"{name}: {rate:g} samples a second; this model listens up to {plan['least_rate'] / 2:g} Hz and "
                    f"needs {plan['least_rate']:g} or more")  # fmt: skip
    count = len(x_N) // samples
    if not count:
        seconds = len(x_N) / rate
        raise Fault(f"{name} holds {len(x_N):,} samples, {seconds:.2f} s; {plan['seconds']:g} s or more are needed")
    x_WN = x_N[: count * samples].reshape(count, samples).astype(np.float32)
    parts = []
    for first in range(0, count, BATCH):
        say(f"window {first + 1} of {count}")
        batch = x_WN[first : first + BATCH]
        speeds = np.full(len(batch), speed, np.float32)
        parts.append(bundle.run(acceleration=batch, speed=speeds, rate=np.array(rate, np.float32)))
    said = {key: np.concatenate([part[key] for part in parts]) for key in OUTPUTS}
    p_C = said["probability"].mean(axis=0, dtype=np.float64)
    best = int(p_C.argmax())
    agree = int((said["probability"].argmax(axis=1) == best).sum())
    state = plan["classes"][best]
    evidence, doubts = judge(state, said, speed, bundle.manifest)
    return Diagnosis(state, float(p_C[best]), count, agree, evidence, doubts, said, speed, rate)


def judge(
    state: str, said: Mapping[str, np.ndarray], speed: float, manifest: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """The lines that stand out and what speaks against trusting the answer, in sentences."""
    plan = manifest["decision"]
    harmonics = len(plan["harmonics"])
    evidence, doubts, loudest = [], [], {}
    for r, rate in enumerate(plan["rates"]):
        # Its first line alone: twice the inner race's rate is nearly three times the outer one's.
        db, hz = (float(np.median(said[key][:, r * harmonics])) for key in ("line_db", "line_hz"))
        loudest[rate] = db
        if db >= STANDS_OUT:
            evidence.append(f"{rate} line at {hz:.1f} Hz ({hz * 60 / speed:.2f} x shaft speed), "
                            f"{db:.0f} dB above its surroundings.")  # fmt: skip
    if not evidence:
        evidence.append(f"No line of a fault stands {STANDS_OUT:g} dB or more above its surroundings.")
    if state in loudest and loudest[state] < max(STANDS_OUT, *loudest.values()):
        doubts.append(f"the lines of the {state} do not speak for it (strongest {loudest[state]:.0f} dB): "
                      "the answer rests on band levels, which depend on sensor and mounting")  # fmt: skip
    if state == "normal" and max(loudest.values()) >= STANDS_OUT:
        doubts.append("it is called normal although a line of a fault stands out: look at the envelope")
    for name, words in (("level", "the level, {:.3g} g,"), ("kurtosis", "the kurtosis, {:.3g},")):
        low, high = manifest["seen"].get(name, (-np.inf, np.inf))
        value = float(np.median(said[name]))
        if not low <= value <= high:
            doubts.append(f"{words.format(value)} is outside the {low:.3g} to {high:.3g} of training")
    low, high = manifest["seen"].get("speed", (0, np.inf))
    if not 0.8 * low <= speed <= 1.25 * high:
        doubts.append(f"{speed:g} rpm is far from the {low:g} to {high:g} rpm of training: the lines move with it, "
                      "band levels do not")  # fmt: skip
    return evidence, doubts


def check_contract(manifest: Mapping[str, Any]) -> None:
    """Raise a Fault unless this bundle is one that the file beside this one can use."""
    found = {tensor["name"] for tensor in manifest["outputs"]}
    if found != OUTPUTS:
        raise Fault(f"bundle.json: the outputs are {', '.join(sorted(found))}; expected {', '.join(sorted(OUTPUTS))}")
    plan = manifest["decision"]
    for key in ("classes", "rates", "harmonics"):
        if not isinstance(plan.get(key), list) or not plan[key]:
            raise Fault(f"bundle.json: decision.{key} is no list")
    shapes = {tensor["name"]: tensor["shape"][-1:] for tensor in manifest["outputs"]}
    lines = len(plan["rates"]) * len(plan["harmonics"])
    if shapes["probability"] != [len(plan["classes"])] or shapes["line_db"] != [lines]:
        raise Fault("bundle.json: decision does not fit the shapes of the outputs")
    for key, most in (("seconds", 60), ("least_rate", 1e6)):
        value = plan.get(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= most:
            raise Fault(f"bundle.json: decision.{key} is {value!r:.40}, not a number above 0, at most {most:g}")


def _positive(text: str | None, option: str, what: str) -> float:
    if text is None:
        raise Fault(f"{what} is not known: say it with {option} NUMBER")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise Fault(f"{option} {text} is not a number above 0 ({what})")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pilot-predict BUNDLE INPUT", add_help=False)
    parser.add_argument("--speed", metavar="RPM")
    parser.add_argument("--rate", metavar="HZ")
    parser.add_argument("--column", metavar="NAME", default="acceleration")
    parser.add_argument("--scale", metavar="G", default="1")
    return parser
