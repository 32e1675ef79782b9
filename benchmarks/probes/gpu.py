"""The GPUs of this machine as NVIDIA's own tool tells of them; without the tool there are none."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from collections.abc import Callable
from typing import Any

FIELDS = {  # our name: the tool's name
    "name": "name",
    "driver": "driver_version",
    "clock_mhz": "clocks.sm",
    "clock_max_mhz": "clocks.max.sm",
    "memory_clock_mhz": "clocks.mem",
    "memory_mb": "memory.total",
    "memory_used_mb": "memory.used",
    "busy_percent": "utilization.gpu",
    "power_w": "power.draw",
    "power_limit_w": "power.limit",
    "temperature_c": "temperature.gpu",
    "mig": "mig.mode.current",
    "mode": "compute_mode",
}
THROTTLE = ("clocks_event_reasons.active", "clocks_throttle_reasons.active")  # newer and older drivers
# Bits that slow a card down under load; idling and a clock that the user set are no faults (nvml.h).
SLOWED = {0x4: "power cap", 0x8: "hardware slowdown", 0x20: "heat", 0x40: "heat (hardware)", 0x80: "power brake"}
FAULTS = tuple(words for words in SLOWED.values() if words != "power cap")  # a card at full load meets its power cap
SECONDS_CAP = 20  # a card that wakes up
NUMBERS = ("_mhz", "_mb", "_percent", "_w", "_c")

Ask = Callable[[str], str | None]


def nvidia_smi(question: str) -> str | None:
    """The tool's answer, a query's as CSV; None where it is absent, refuses the question or hangs."""
    form = ["--format=csv,noheader,nounits"] if question.startswith("--query") else []
    command = ["nvidia-smi", question, *form]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_CAP, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def facts(ask: Ask = nvidia_smi) -> list[dict[str, Any]]:
    """One entry per GPU that CUDA_VISIBLE_DEVICES leaves: FIELDS, and None for what the tool does not say.

    slowed_by  why its clock is held down; programs: how many compute on it; slices: kinds of MIG slices seen here
    """
    rows = _rows(ask(f"--query-gpu=index,uuid,{','.join(FIELDS.values())}"))
    if not rows:
        return []
    reasons = next((_rows(text) for name in THROTTLE if (text := ask(f"--query-gpu={name}")) is not None), None)
    programs = ask("--query-compute-apps=gpu_uuid,pid")
    slices = _slices(ask("-L"))
    cards = []
    for i, (index, uuid, *values) in enumerate(rows):
        if not visible(index, uuid):
            continue
        card: dict[str, Any] = {name: _value(name, text) for name, text in zip(FIELDS, values, strict=False)}
        card["slowed_by"] = _slowed(reasons[i][0]) if reasons and i < len(reasons) else None
        card["programs"] = None if programs is None else sum(row[0] == uuid for row in _rows(programs))
        card["slices"] = slices[i] if slices and i < len(slices) else None
        cards.append(card)
    return cards


def visible(index: str, uuid: str) -> bool:
    """Whether programs started here see this GPU; a MIG slice does not tell of which GPU it is."""
    named = [word.strip() for word in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if word.strip()]
    return not named or any(word == index or uuid.startswith(word) or word.startswith("MIG") for word in named)


def disturbed(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    """Why figures of these cards do not count; `before` is from when nothing of ours ran on them yet."""
    why = []
    for number, (idle, used) in enumerate(zip(before, after, strict=False)):
        if idle["programs"]:
            why.append(f"{idle['programs']} other programs were computing on GPU {number}")
        if faults := [reason for reason in used["slowed_by"] or [] if reason in FAULTS]:
            why.append(f"GPU {number} was slowed down: {', '.join(faults)}")
    return why


def _slices(listed: str | None) -> list[list[str]]:
    """Kinds of the MIG slices of each GPU, such as 1g.10gb, from the tool's list of devices."""
    found: list[list[str]] = []
    for line in (listed or "").splitlines():
        words = line.split()
        if line.startswith("GPU "):
            found.append([])
        elif found and len(words) > 1 and words[0] == "MIG":
            found[-1].append(words[1])
    return found


def _rows(text: str | None) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text or "")) if row]


def _value(name: str, text: str) -> str | float | None:
    if not text or text.strip("[]").lower() in ("n/a", "not supported", "unknown error", "insufficient permissions"):
        return None
    if not name.endswith(NUMBERS):
        return text
    try:
        return float(text)
    except ValueError:
        return None


def _slowed(text: str) -> list[str] | None:
    try:
        bits = int(text, 16)
    except ValueError:
        return None
    return [words for bit, words in SLOWED.items() if bits & bit]
