"""How good the tiles are: run the pilot's command on the sample and on photographs, read run.json, write the tables.

    python -m benchmarks.creative_accuracy --run sample photos patterns   runs, then writes; half an hour
    python -m benchmarks.creative_accuracy --take sample=RUN       takes a run folder that is there, then writes; its
                                                                   seconds are left out, it may have been stopped
    python -m benchmarks.creative_accuracy                         writes again from the stored facts

The sample's contact sheet becomes the picture of the pilot's README. It imports no pilot: what it shows is what the
command left behind.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import study
from benchmarks.readme import ACCURACY, CREATIVE, put
from common.atomic import write_bytes
from common.cli import guard
from common.fault import Fault
from common.words import percent, short

SETS = {
    "sample": "twelve materials drawn by formula",
    "photos": "three photographs (scikit-image), grey",
    "patterns": "sixteen classes of patterns",
}
RIVALS = {"mirror": "mirror tiling", "quilting": "quilting", "patch_nn": "nearest patches"}
MOST_BYTES = 600_000  # of the sheet
KEPT = "model seeds version command commit dirty data metrics metrics_by_class white_noise by_steps tiles steps "
KEPT += "parity seconds peak_memory_mb machine"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.creative_accuracy", description=__doc__.split("\n")[0])
    parser.add_argument("--run", nargs="+", default=[], choices=SETS, help="train and judge with the default settings")
    parser.add_argument("--take", nargs="+", default=[], metavar="SET=RUN", help="run folders that are there")
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given)))


def work(given: argparse.Namespace) -> None:
    """Take what is asked for, then write; not before all have run: a result file would make the clone a changed one."""
    asked = {name: "model=field_flow" if name == "patterns" else f"data={name}" for name in given.run}
    folders = {name: study.run("creative", [word]) for name, word in asked.items()}
    for text in given.take:
        name, _, folder = text.partition("=")
        if name not in SETS or not (Path(folder) / "run.json").is_file():
            raise Fault(f"--take {text}: write SET=RUN with a set ({', '.join(SETS)}) and a run folder")
        folders[name] = Path(folder)
    for name, folder in folders.items():
        facts = dict.fromkeys(KEPT.split()) | study.facts(folder, KEPT.split())
        if name not in given.run:
            facts["seconds"] = None
        study.store(f"creative_{name}", facts)
        if name == "sample":
            sheet = (folder / "sheet.webp").read_bytes()
            if len(sheet) > MOST_BYTES:
                raise Fault(
                    f"{folder / 'sheet.webp'} has {len(sheet):,} bytes; {MOST_BYTES:,} are the most in a README"
                )
            write_bytes(CREATIVE.parent / "sheet.webp", sheet)
    put("creative", tables(), CREATIVE)
    put("patterns", patterns(), CREATIVE)
    print(f"wrote: {CREATIVE}")


def tables() -> str:
    """Markdown of all sets whose facts are stored."""
    return "\n".join(section(SETS[name], facts) for name, facts in known().items() if name != "patterns")


def patterns() -> str:
    """Markdown of the patterns' figures; nothing where they are not stored."""
    facts = known().get("patterns")
    if facts is None:
        return ""
    metrics = facts["metrics"]
    ratio, seam, near = metrics["class_accuracy_ratio"], metrics["seam_pass"], metrics["kid_local"]
    by_class = sorted(facts["metrics_by_class"].items(), key=lambda item: -item[1]["class_accuracy"])
    said = ", ".join(f"{name} {percent(m['class_accuracy'])}" for name, m in by_class)
    return (
        f"`{facts['command']}`: a classifier trained on the library "
        f"names the class of {percent(metrics['class_accuracy']['value'])} of the drawn patterns, "
        f"{short(ratio['value'])} ({short(ratio['low'])} to {short(ratio['high'])}) of what it reaches on unseen ones "
        f"of the library (a constant answer: {short(ratio['naive'])}): {said}. Distance in its features (KID-local) "
        f"{short(near['value'])}, of mirror tiling {short(near['naive'])}. {percent(seam['value'])} pass the seam "
        f"test. Colours are off by {short(metrics['palette_delta_e']['value'])} (CIE76).\n"
    )


def known() -> dict[str, dict[str, Any]]:
    """Stored facts, by set."""
    stored = {name: ACCURACY / f"creative_{name}.json" for name in SETS}
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in stored.items() if path.is_file()}


def section(title: str, facts: Mapping[str, Any]) -> str:
    """A heading, the facts of the run, and a row per material."""
    classes, machine = facts["metrics_by_class"], facts["machine"]
    lost = {
        said: sum(m["swd"] > m["baselines"][rival]["swd"] for m in classes.values())
        for rival, said in RIVALS.items()
        if all(rival in m["baselines"] for m in classes.values())
    }
    seconds, spent = facts["seconds"], ""
    if seconds:
        spent = (
            f"; learning {seconds['fit']:,.0f} s, all together {seconds['total']:,.0f} s on {machine['cores']} cores "
        )
        spent += f"({machine['cpu']})"
    lines = [
        f"**{title[:1].upper()}{title[1:]}**: `{facts['command']}`, {facts['tiles']} tiles of each material, "
        f"{facts['steps']} evaluations a tile{spent}.",
        "",
        "| material | distance / floor | mirror, quilting, nearest patches | spectrum / floor | seam test | mirror | "
        "copy ratio | closest 1 % | quilting, nearest patches |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(row(name, m) for name, m in classes.items()),
        "",
        "Distance (SWD) and spectrum are against the held-out quarter, the floor is what the source's own left part "
        "scores; less is better. Seam test: share of tiles that pass; a perfect torus passes 90 %. Copy ratio: 1 is as "
        "new as an unseen part of the picture, 0 a copy. The distance is larger than that of "
        + ", ".join(f"{said} in {n} of {len(classes)}" for said, n in lost.items())
        + "; all three rearrange the source itself.",
        "",
    ]
    return "\n".join(lines) + "\n"


def row(name: str, m: Mapping[str, Any]) -> str:
    beside = [m["baselines"].get(rival, {}) for rival in RIVALS]
    cells = [
        name,
        f"**{_times(m['swd'], m['swd_floor'])}**",
        ", ".join(_times(b.get("swd"), m["swd_floor"]) for b in beside),
        _times(m["spectrum_error"], m["spectrum_floor"]),
        f"**{percent(m['seam_pass'])}**",
        percent(beside[0]["seam_pass"]),
        f"**{short(m['copy_ratio_median'])}**",
        short(m["copy_ratio_p01"]),
        ", ".join(short(b.get("copy_ratio_median")) for b in beside[1:]),
    ]
    return f"| {' | '.join(cells)} |"


def _times(value: float | None, floor: float | None) -> str:
    return "–" if value is None or not floor else f"{value / floor:.2f}"


if __name__ == "__main__":
    main()
