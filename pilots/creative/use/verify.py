"""pilot-creative verify: what a file says of where it comes from, and whether that is true."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilots.creative.provenance.finding import Finding

HELP = """\
One of five answers:
  signed by this machine (identity not verified) and intact
  signed with somebody else's certificate and intact
  altered since it was signed, and what differs
  no credential, but this machine's watermark is found
  nothing

The certificate and the watermark's key lie in your own config folder and were made when the first file was signed.
The watermark is found after rolling, JPEG, blur and contrast, in tiles laid side by side and in most crops; not after
scaling, rotation or mirroring. Palettes, patterns, SVG and data maps carry the credential alone.
Nothing is written, nothing is sent. Exit code 0 for each of the answers, 2 where a file cannot be read.
"""


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="pilot-creative verify",
        description=__doc__.partition(": ")[2],
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="PNG, JPEG, WebP or SVG")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each file")
    asked = parser.parse_args(argv)
    from pilots.creative.provenance import verify

    for path in asked.files:
        found = verify(path)
        print(json.dumps(found.facts()) if asked.json else _plain("\n".join(_lines(found))), flush=True)


def _lines(found: Finding) -> list[str]:
    lines = [f"{found.file}: {found.sentence}"]
    if found.made:
        known = ("kind", "seed", "steps", "model", "bundle_id", "rights_sha256")
        facts = ", ".join(f"{name} {found.made[name]}" for name in known if found.made.get(name) is not None)
        lines.append(f"  {'made' if found.verdict != 'altered' else 'made, it says'}: {facts}")
    if found.ingredients:
        lines.append(f"  from: {', '.join(found.ingredients)}")
    if found.watermark:
        lines.append(f"  watermark: {found.watermark}")
    return lines + [f"  {problem}" for problem in found.problems[:5]]


def _plain(text: str) -> str:
    """A stranger's names must not move the terminal's cursor."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
