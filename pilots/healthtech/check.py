"""pilot-healthtech check: read counts without training; say what was understood and what is odd about them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.check import plain, settings_of, site_of
from common.fault import Fault

if TYPE_CHECKING:
    from pilots.healthtech.data.contract import Counts

HELP = """\
Say what a later run would say:
  pilot-healthtech check data=sample
  pilot-healthtech check data=csv data.path=arrivals.csv data.columns.time=date data.columns.value=arrivals data.freq=D
  pilot-healthtech check --config-dir my_site data=arrivals
  pilot-healthtech check my_site/data/arrivals.yaml          the same, shorter
  pilot-healthtech check arrivals.csv                        no yaml yet: proposes one

Nothing is written. Exit code 0, or 2 with a sentence that says what to mend.
"""
MOST, ALL = 8, 10**9  # findings of a kind


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="pilot-healthtech check",
        description=__doc__.partition(": ")[2],
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="name=value as for a run, a site's yaml, or a file of counts"
    )
    parser.add_argument("--config-dir", "-cd", type=Path, help="folder of your own settings, with data/NAME.yaml in it")
    parser.add_argument("--data", help="the same as data=NAME")
    parser.add_argument("--all", action="store_true", help=f"every finding, not the first {MOST} of a kind")
    asked = parser.parse_args(argv)
    words = [*asked.words, *([f"data={asked.data}"] if asked.data else [])]
    files = [word for word in words if "=" not in word]
    if len(files) > 1 or (files and len(words) > 1 and not files[0].endswith(".yaml")):
        raise Fault(f"check takes one file, or words such as data=csv data.path=FILE; got {' '.join(words)}")
    if files and not files[0].endswith(".yaml"):
        from pilots.healthtech.data.propose import propose

        print(plain(propose(Path(files[0]))))
        return
    folder = asked.config_dir
    if files:
        folder, choice = site_of(Path(files[0]), folder)
        words = [choice, *(word for word in words if word not in files)]

    from common.config import build

    counts = build(settings_of("healthtech", words, folder).data).read()
    print(plain("\n".join(page(counts, ALL if asked.all else MOST))))


def page(counts: Counts, most: int) -> list[str]:
    """The lines of the data-quality page."""
    from pilots.healthtech.data.summary import series_lines, summary
    from pilots.healthtech.quality import by_kind

    lines = [*summary(counts), "", *series_lines(counts, most)]
    groups = by_kind(counts.findings, most)
    for group in groups:
        lines += ["", group.kind, *(f"- {sentence}" for sentence in group.shown)]
        if group.number > len(group.shown):
            lines.append(f"- and {group.number - len(group.shown):,} more like these; --all shows them")
    if not groups:
        lines += ["", "Nothing odd was found."]
    return lines
