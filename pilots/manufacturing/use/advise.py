"""advisory.json and advisory.csv: what is known of each machine, in the six blocks of ISO 13374-2 from data to advice.

DA data acquisition, DM data manipulation, SD state detection, HA health assessment, PA prognostics assessment,
AG advisory generation (ISO 13374-1:2003, figure 1; MIMOSA OSA-CBM).

Axes: M machines, F channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from common.bundle.open import Bundle
from pilots.manufacturing.data_sheet import Breach
from pilots.manufacturing.reasons import Reason
from pilots.manufacturing.use.contract import unit_of_life
from pilots.manufacturing.use.infer import Outlook
from pilots.manufacturing.use.ladder import Ladder
from pilots.manufacturing.use.read import Logs

TOLD = 3  # reasons in the table; advisory.json has them all
OFF, ON, ACKNOWLEDGED = "off", "on", "acknowledged"


def states(outlook: Outlook, acknowledged_M: np.ndarray) -> list[str]:
    """off, on or acknowledged, for every machine."""
    return [
        ACKNOWLEDGED if seen else ON if on else OFF for on, seen in zip(outlook.alarm_M, acknowledged_M, strict=True)
    ]


def advice(state: str, doubts: Sequence[str], manifest: Mapping[str, Any], limits: Sequence[Breach] = ()) -> str:
    """One sentence for the person who plans the work."""
    unit, planning = unit_of_life(manifest), manifest["decision"].get("terms", {}).get("planning")
    by = f" within {planning:g} {unit}" if planning else ""
    check = " Check the data first: there is reason to doubt the estimate." if doubts else ""
    if limits and state == ON:
        return f"Look at the machine at once: {'; '.join(map(str, limits))}.{check}"
    return {
        OFF: "No work is due." + (" Look at the data: there is reason to doubt the estimate." if doubts else ""),
        ON: f"Inspect the machine and plan its work{by}.{check}",
        ACKNOWLEDGED: f"Acknowledged: the work belongs in the plan{by}.{check}",
    }[state]


def advisory(
    bundle: Bundle, source: str, logs: Logs, outlook: Outlook, order_M: np.ndarray, state_M: Sequence[str],
    flags_M: Sequence[Sequence[str]], reasons_M: Sequence[Sequence[Reason]], ladder: Ladder,
) -> dict[str, Any]:  # fmt: skip
    """The whole document. Machines, flags and reasons stand in the order of `order_M`, states and rungs in that of
    the logs; an unknown number is null."""
    manifest = bundle.manifest
    return {
        "format": 1,
        "standard": "blocks of ISO 13374-2",
        "made_with": {"bundle": bundle.id} | {name: manifest[name] for name in ("name", "version", "model")},
        "source": source,
        "threshold": float(bundle.default("threshold")),
        "machines": [
            _machine(manifest, logs, outlook, int(machine), state_M[machine], flags, reasons, ladder)
            for machine, flags, reasons in zip(order_M, flags_M, reasons_M, strict=True)
        ],
    }


def _machine(
    manifest: Mapping[str, Any], logs: Logs, outlook: Outlook, machine: int, state: str, flags: Sequence[str],
    reasons: Sequence[Reason], ladder: Ladder,
) -> dict[str, Any]:  # fmt: skip
    at, decision, channels = logs.rows(machine), manifest["decision"], manifest["channels"]
    last, limits = at.stop - 1, ladder.limits_M[machine]
    return {
        "machine": logs.machine_M[machine],
        "DA": {"rows": at.stop - at.start, "first_time": logs.stamp(at.start), "last_time": logs.stamp(last)},
        "DM": {
            "readings": {
                channel["name"]: {"value": _shown(x), "unit": channel["unit"], "quality": int(code)}
                for channel, x, code in zip(channels, logs.x_RF[last], outlook.now_MF[machine], strict=True)
            },
            "data_quality": list(flags),
        },
        "SD": {
            "alarm": state,
            "since": logs.stamp(int(outlook.since_M[machine])) if state != OFF else None,
            "condition_known": bool(outlook.condition_ok_R[last]),
            "limits": [breach.as_json() for breach in limits],
        },
        "HA": {"rung": ladder.as_json(machine), "reasons": [_reason(reason) for reason in reasons]},
        "PA": {
            "rul": _number(outlook.rul_R[last], 2),
            "low": _number(outlook.low_R[last], 2),
            "high": _number(outlook.high_R[last], 2),
            "level": decision.get("interval_level"),
            "unit": unit_of_life(manifest),
            "not_told_apart_above": decision["cap"],
            "p_fail": _number(outlook.p_fail_R[last], 4),
            "horizon": decision["horizon"],
        },
        "AG": {"advice": advice(state, flags, manifest, limits)},
    }


def table(document: Mapping[str, Any]) -> pd.DataFrame:
    """advisory.csv: the same, one line a machine."""
    return pd.DataFrame([_line(machine) for machine in document["machines"]])


def _line(m: Mapping[str, Any]) -> dict[str, Any]:
    life = {name: np.nan if m["PA"][name] is None else m["PA"][name] for name in ("rul", "low", "high", "p_fail")}
    return {
        "machine": m["machine"],
        "last_time": m["DA"]["last_time"],
        "rows": m["DA"]["rows"],
        "rul": life["rul"],
        "low": life["low"],
        "high": life["high"],
        "unit": m["PA"]["unit"],
        "p_fail": life["p_fail"],
        "horizon": m["PA"]["horizon"],
        "alarm": "no" if m["SD"]["alarm"] == OFF else "yes",
        "state": m["SD"]["alarm"],
        "since": m["SD"]["since"] or "",
        "limits": "; ".join(breach["text"] for breach in m["SD"]["limits"]),
        "rung": "{number} {name}".format(**m["HA"]["rung"]) if m["HA"]["rung"] else "",
        "advice": m["AG"]["advice"],
        "reasons": "; ".join(reason["text"] for reason in m["HA"]["reasons"][:TOLD] if reason["rows"] >= 1),
        "condition_ok": "yes" if m["SD"]["condition_known"] else "no",
        "data_quality": "; ".join(m["DM"]["data_quality"]),
    }


def _reason(reason: Reason) -> dict[str, Any]:
    said = {name: _shown(x) if isinstance(x, float) else x for name, x in asdict(reason).items()}
    return said | {"text": str(reason)}


def _shown(x: float) -> float | None:
    """Six digits: a float32 holds no more, and 4.1 shall not read 4.099999."""
    return float(f"{x:.6g}") if math.isfinite(x) else None


def _number(x: float, digits: int) -> float | None:
    return round(float(x), digits) + 0.0 if math.isfinite(x) else None  # + 0.0: no minus zero
