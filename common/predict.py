"""`pilot-predict BUNDLE INPUT`: use a trained model on a file, without any of the libraries that trained it.

The bundle says which pilot it belongs to; the pilot's `use` package (entry-point group `pilots.use`)
reads the input and writes the answer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from common.cli import guard
from common.fault import Fault

if TYPE_CHECKING:
    from common.bundle.open import Bundle


def main() -> None:
    """The command; the exit code is 0, or 2 after one sentence on standard error."""
    sys.exit(guard(lambda: predict(sys.argv[1:])))


def predict(argv: Sequence[str]) -> None:
    given, rest = _parser().parse_known_args(argv)
    # Slow imports stand here, so that --help is quick.
    from common.atomic import new_folder
    from common.bundle.open import open_bundle
    from common.runs import find_run

    source = Path(given.input)
    bundle = open_bundle(_bundle_folder(find_run(given.bundle, Path("runs"))), threads=given.threads)
    for setting in given.set:
        name, _, value = setting.partition("=")
        bundle.set_default(name, value)
    use = _use(bundle)
    out = Path(given.out) if given.out else _default_out(bundle)
    emptied = _make_way(out)
    try:
        with new_folder(out) as partial:
            use.predict(bundle, source, partial, rest)
    except BaseException:
        if emptied:
            out.mkdir(exist_ok=True)
        raise
    print(f"wrote: {out.resolve()}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pilot-predict",
        description="Use a trained model on a file: CSV in, tables, pictures and a page out.",
        epilog=f"example:\n  pilot-predict latest my_pumps.csv --set threshold=30\n\n{_options_of_pilots()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="latest, PILOT/latest, a run folder or a bundle folder")
    parser.add_argument("input", metavar="INPUT", help="the file to read, such as machines.csv (.gz and .xz too)")
    parser.add_argument("--out", metavar="FOLDER", help="new folder to write; default predictions/<bundle>_<time>")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="move an input, such as threshold=30"
    )
    parser.add_argument("--threads", type=_threads, default=1, metavar="N", help="processor threads (default 1)")
    return parser


def _options_of_pilots() -> str:
    """What each installed pilot understands besides; its `use` package imports nothing slow by itself."""
    said = [f"with a bundle of {name}:\n  {entry.load().OPTIONS}" for name, entry in sorted(_pilots().items())]
    return "\n".join(said)


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text} is not a number of threads from 1 to 256")
    return int(text)


def _bundle_folder(found: Path) -> Path:
    inner = found / "bundle"
    return inner if inner.is_dir() else found


def _use(bundle: Bundle) -> ModuleType:
    pilot, found = bundle.manifest["pilot"], _pilots()
    if pilot not in found:
        raise Fault(f"The bundle belongs to the pilot '{pilot}'; installed here: {', '.join(sorted(found)) or 'none'}")
    return found[pilot].load()


def _pilots() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="pilots.use")}


def _default_out(bundle: Bundle) -> Path:
    stem = f"{bundle.label}_{datetime.now(UTC):%Y%m%d%H%M%S}"
    out, number = Path("predictions") / stem, 2
    while out.exists():
        out, number = Path("predictions") / f"{stem}_{number}", number + 1
    return out


def _make_way(out: Path) -> bool:
    """Remove an empty folder that stands where the answer will; refuse anything that holds something."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise Fault(f"{out} is there already and is no folder: choose another --out")
    if not out.exists():
        return False
    if any(out.iterdir()):
        raise Fault(f"{out} is there already and not empty: choose another --out, or empty it")
    out.rmdir()
    return True


if __name__ == "__main__":
    main()
