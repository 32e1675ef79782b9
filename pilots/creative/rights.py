"""pilot-creative rights init: begin or extend rights.yaml, which says whose the pictures of a folder are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.check import plain
from common.fault import Fault

if TYPE_CHECKING:
    from pilots.creative.data.rights_write import Written

HELP = """\
  pilot-creative rights init my_textures
  pilot-creative rights init my_textures --owner "our studio" --licence "our own work" --source "own camera, 2024" \\
      --consent "agreed by the studio"

Writes my_textures/rights.yaml: a row for each picture and map, with its sha256. What you say here goes into fields that
are empty; what a person wrote is kept. Empty fields are for a person to fill in: training waits for them.
"""
MOST = 8  # paths of a kind that are shown


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="pilot-creative rights",
        description=__doc__.partition(": ")[2],
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["init"], help="write or extend rights.yaml")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of your pictures")
    parser.add_argument("--owner", help="who holds the rights")
    parser.add_argument("--licence", help='such as CC0-1.0, CC-BY-4.0 or "our own work"')
    parser.add_argument("--source", help="where the pictures are from")
    parser.add_argument("--consent", help="who allowed training with them")
    asked = parser.parse_args(argv)

    from pilots.creative.data.listing import listed
    from pilots.creative.data.rights import FILE, PEOPLE
    from pilots.creative.data.rights_write import extend

    said = {name: _text(name, getattr(asked, name)) for name in PEOPLE if getattr(asked, name) is not None}
    listing = listed(asked.folder)
    print(plain("\n".join(page(asked.folder / FILE, extend(asked.folder, listing.files, said)))))


def _text(name: str, value: str) -> str:
    from pilots.creative.data.rights import MOST_LETTERS

    value = value.strip()
    if not value or not value.isprintable() or len(value) > MOST_LETTERS:
        raise Fault(f"--{name} '{value[:80]}' is not one line of text, up to {MOST_LETTERS:,} letters: say it in words")
    return value


def page(at: Path, written: Written) -> list[str]:
    """What was done and what is left for a person."""
    from pilots.creative.data.rights_write import still_empty

    lines = [f"{at}: {_rows(len(written.rows))}, {len(written.added)} of them new"]
    for path in written.changed:
        lines.append(
            f"- {path} is not the file its row speaks of: put the old one back, or delete the row and say this again"
        )
    left = still_empty(written.rows)
    for name, paths in left.items():
        more = f" and {len(paths) - MOST:,} more" if len(paths) > MOST else ""
        lines.append(f"- {name} is empty for {', '.join(paths[:MOST])}{more}")
    if left:
        lines.append("Fill in what is true; the same for many pictures: --owner, --licence, --source, --consent")
    elif not written.changed:
        lines.append("All fields are filled in.")
    return lines


def _rows(number: int) -> str:
    return f"{number:,} row{'s' * (number != 1)}"
