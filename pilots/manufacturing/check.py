"""pilot-manufacturing check: read data without training; say what was understood, what is wrong, what is possible."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.check import plain, settings_of, site_of
from common.fault import Fault

if TYPE_CHECKING:
    from omegaconf import DictConfig

HELP = """\
Say what a later run would say:
  pilot-manufacturing check data=sample
  pilot-manufacturing check data=cmapss data.root=FOLDER data.subset=FD001
  pilot-manufacturing check --config-dir my_site data=pumps
  pilot-manufacturing check my_site/data/pumps.yaml          the same, shorter
  pilot-manufacturing check pumps.csv                        no yaml yet: proposes one (plant.jsonl: Sparkplug B)

Nothing is written. Exit code 0, or 2 with a sentence that says what to mend.
"""


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="pilot-manufacturing check",
        description=__doc__.partition(": ")[2],
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="name=value as for a run, a site's yaml, a CSV file or a capture"
    )
    parser.add_argument("--config-dir", "-cd", type=Path, help="folder of your own settings, with data/NAME.yaml in it")
    parser.add_argument("--data", help="the same as data=NAME")
    asked = parser.parse_args(argv)
    words = [*asked.words, *([f"data={asked.data}"] if asked.data else [])]
    files = [word for word in words if "=" not in word]
    if len(files) > 1 or (files and len(words) > 1 and not files[0].endswith(".yaml")):
        raise Fault(f"check takes one file, or words such as data=csv data.path=FILE; got {' '.join(words)}")
    if files and not files[0].endswith(".yaml"):
        from pilots.manufacturing.data.propose import propose

        print(plain(propose(Path(files[0]))))
        return
    folder = asked.config_dir
    if files:
        folder, choice = site_of(Path(files[0]), folder)
        words = [choice, *(word for word in words if word not in files)]
    _report(settings_of("manufacturing", words, folder))


def _report(cfg: DictConfig) -> None:
    """Read and say, part by part."""
    from common.config import build
    from pilots.manufacturing.data import findings
    from pilots.manufacturing.data.ladder import Settings, ladder
    from pilots.manufacturing.rungs import longest

    fleet = build(cfg.data).read()
    print(plain("\n".join(findings.summary(fleet))), end="\n\n")
    print(plain("\n".join(findings.channels(fleet))), end="\n\n")
    for title, lines in (("Noted while reading", fleet.notes), ("To look at", findings.to_mend(fleet))):
        if lines:
            shown = "\n".join(f"- {line}" for line in findings.shortened(list(lines)))
            print(f"{title}\n{plain(shown)}", end="\n\n")
    print("What is possible\n" + "\n".join(f"- {line}" for line in findings.possible(fleet)), end="\n\n")
    age = bool(cfg.model.get("age", True))
    takes = Settings(cfg.anomaly.baseline, cfg.features.first, longest(cfg.features.kinds), age)
    print(plain("The ladder of a cold start\n" + "\n".join(f"- {line}" for line in ladder(fleet, takes))))
