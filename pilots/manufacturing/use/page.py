"""The answer as one page that opens offline in any browser, prints, and fits a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common.atomic import write_text
from common.bundle.open import Bundle
from common.report import page, svg
from pilots.manufacturing.rungs import FULL
from pilots.manufacturing.use.contract import unit_of_life
from pilots.manufacturing.use.draw import Picture
from pilots.manufacturing.use.read import Logs
from pilots.manufacturing.use.what_if import Answer

TOLD = 100  # lines of the table; a person reads from the top, and advisory.csv holds the rest
ACCURACY = ("rmse_clipped", "coverage_90")  # metrics of the manifest that tell how far to trust the estimate


def write_page(
    bundle: Bundle, logs: Logs, document: Mapping[str, Any], pictures: Sequence[Picture], what_if: Answer | None,
    path: Path,
) -> None:  # fmt: skip
    """`document`: the advisory, most urgent first; `pictures`: the fleet, then machines; `what_if`: where asked."""
    manifest = bundle.manifest
    machines, cap = document["machines"], manifest["decision"]["cap"]
    fleet, *drawn = [(picture.title, svg(picture.figure, picture.alt)) for picture in pictures]
    text = page(
        "Which machines need attention",
        "pilots/manufacturing/use/page.html.j2",
        source=document["source"],
        machines=machines[:TOLD],
        total=len(machines),
        readings=len(logs.time_R),
        alarms=sum(machine["SD"]["alarm"] != "off" for machine in machines),
        below=any(machine["HA"]["rung"] and machine["HA"]["rung"]["number"] < FULL for machine in machines),
        beyond=any(machine["SD"]["limits"] for machine in machines),
        doubtful=sum(bool(machine["DM"]["data_quality"]) for machine in machines),
        life=lambda left: "–" if left is None else f"{left:.0f}" if left < cap else f"{cap:g} or more",
        threshold=float(bundle.default("threshold")),
        decision=manifest["decision"],
        unit=unit_of_life(manifest),
        fleet=fleet[1],
        drawn=drawn,
        notes=logs.notes,
        what_if=what_if,
        bundle=bundle,
        accuracy=_accuracy(manifest),
    )
    write_text(path, text)


def _accuracy(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The few metrics of the page, as the bundle states them; a model without one of them has none to show."""
    return {name: manifest["metrics"][name] for name in ACCURACY if name in manifest["metrics"]}
