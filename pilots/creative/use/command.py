"""The command line that `tile`, `variation` and `repair` have in common. Slow imports stand inside, for --help."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.predict import answer_folder, bundle_folder, threads
from common.progress import Progress
from pilots.creative.use.order import FOR, OF_A_PICTURE, SETTINGS, Order, read_order

if TYPE_CHECKING:
    from common.bundle.open import Bundle
    from pilots.creative.use.write import File

LATEST = "creative/latest"
Told = Callable[[str], None]  # where the work stands, in words
Make = Callable[["Bundle", Order, Path, "Path | None", Told], "list[File]"]


def run(verb: str, make: Make, about: str, examples: str, argv: Sequence[str]) -> None:
    """Read the command line of the verb, open the bundle, make the pictures in a new folder."""
    given = vars(_parser(verb, about, examples).parse_args(argv))
    order = read_order(verb, given)
    from common.bundle.open import open_bundle

    bundle = open_bundle(bundle_folder(given["bundle"]), threads=given["threads"])
    picture = Path(given["picture"]) if verb in OF_A_PICTURE else None
    with answer_folder(given["out"], f"{verb}s", bundle) as out, Progress(verb) as stage:
        make(bundle, order, out, picture, stage.say)


def _parser(verb: str, about: str, examples: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"pilot-creative {verb}",
        description=about,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    help_bundle = f"latest, creative/latest, a run folder or a bundle folder (default {LATEST})"
    if verb in OF_A_PICTURE:
        parser.add_argument("picture", metavar="PICTURE", help="your picture: PNG, JPEG or WebP")
        parser.add_argument("--bundle", metavar="BUNDLE", default=LATEST, help=help_bundle)
    else:
        parser.add_argument("bundle", metavar="BUNDLE", nargs="?", default=LATEST, help=help_bundle)
    for name in FOR[verb]:
        setting = SETTINGS[name]
        kind: Mapping[str, Any] = {"action": "store_true", "default": None}
        if setting.default is not False:
            kind = {"metavar": setting.metavar or name.upper()}
        parser.add_argument(f"--{name}", help=setting.meaning, **kind)
    parser.add_argument("--out", metavar="FOLDER", help=f"new folder to write; default {verb}s/<bundle>_<time>")
    parser.add_argument("--threads", type=threads, default=1, metavar="N", help="processor threads (default 1)")
    return parser
