"""`pilot-predict BUNDLE INPUT`: use a trained model on a file, without any of the libraries that trained it.

The bundle says which pilot it belongs to; the pilot's `use` package (entry-point group `pilots.use`)
reads the input and writes the answer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    from common.bundle.open import open_bundle

    source = Path(given.input)
    bundle = open_bundle(bundle_folder(given.bundle), threads=given.threads)
    for setting in given.set:
        name, _, value = setting.partition("=")
        bundle.set_default(name, value)
    use = _use(bundle)
    with answer_folder(given.out, "predictions", bundle) as partial:
        use.predict(bundle, source, partial, rest)


@contextmanager
def answer_folder(out: str | None, parent: str, bundle: Bundle) -> Iterator[Path]:
    """Fill the yielded folder; it becomes `out`, or <parent>/<bundle>_<time>, whole or not at all, and that is told."""
    from common.atomic import new_folder

    folder = Path(out) if out else _default_out(Path(parent), bundle)
    emptied, alone = _make_way(folder), not folder.parent.exists()
    try:
        with new_folder(folder) as partial:
            yield partial
    except BaseException:
        if emptied:
            folder.mkdir(exist_ok=True)
        elif alone and folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()
        raise
    print(f"wrote: {folder.resolve()}", flush=True)


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
    parser.add_argument("--threads", type=threads, default=1, metavar="N", help="processor threads (default 1)")
    return parser


def _options_of_pilots() -> str:
    """What each installed pilot understands besides; its `use` package imports nothing slow by itself."""
    said = [f"with a bundle of {name}:\n  {entry.load().OPTIONS}" for name, entry in sorted(_pilots().items())]
    return "\n".join(said)


def threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text} is not a number of threads from 1 to 256")
    return int(text)


def bundle_folder(text: str) -> Path:
    """The bundle that `text` names: latest, PILOT/latest, a run folder or a bundle folder."""
    from common.runs import find_run

    found = find_run(text, Path("runs"))
    inner = found / "bundle"
    if not inner.is_dir() and (found / "run.json").is_file():
        raise Fault(f"the run {found} wrote no bundle, as its report says: name another run")
    return inner if inner.is_dir() else found


def _use(bundle: Bundle) -> ModuleType:
    pilot, found = bundle.manifest["pilot"], _pilots()
    if pilot not in found:
        raise Fault(f"The bundle belongs to the pilot '{pilot}'; installed here: {', '.join(sorted(found)) or 'none'}")
    return found[pilot].load()


def _pilots() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="pilots.use")}


def _default_out(parent: Path, bundle: Bundle) -> Path:
    stem = f"{bundle.label}_{datetime.now(UTC):%Y%m%d%H%M%S}"
    out, number = parent / stem, 2
    while out.exists():
        out, number = parent / f"{stem}_{number}", number + 1
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
