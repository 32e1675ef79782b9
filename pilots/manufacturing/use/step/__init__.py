"""A step bundle, a file of new rows and the state of the machines: advisory, estimates of the new rows, next state."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.bundle.open import Bundle


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Write advisory.csv and rul.csv.gz into the empty folder `out`, and the next state over the old one."""
    from common.fault import Fault
    from common.progress import Progress
    from common.spreadsheet import write_spreadsheet
    from pilots.manufacturing.use import write
    from pilots.manufacturing.use.read import read_logs
    from pilots.manufacturing.use.renew import read_book, renewed, since_renewal
    from pilots.manufacturing.use.step.advance import advance, advisory, newer
    from pilots.manufacturing.use.step.state import memories, read_state

    options, unknown = _parser().parse_known_args(argv_rest)
    if unknown:
        raise Fault(f"{unknown[0]} is not an option of this bundle; see pilot-predict --help")
    if not options.state:
        raise Fault("a step bundle goes on from a state: name its file with --state FILE; the first call makes it")
    manifest, path = bundle.manifest, Path(options.state)
    memories(manifest)
    with Progress("read"):
        logs = read_logs(source, manifest)
        state = read_state(path, bundle, logs.time_R.dtype)
        book = read_book(Path(options.events), manifest["table"], logs) if options.events else None
        if book is not None:
            logs = since_renewal(logs, Path(options.events), book)
            state.forget(renewed(state.machine_M, state.time_M, book))
        place_M = state.places(logs.machine_M)
        new_R, notes = newer(logs, state, place_M, source.name)
    for note in [*logs.notes, *notes]:
        print(note, file=sys.stderr)
    with Progress("predict") as stage:
        rows = advance(bundle, logs, new_R, state, place_M, stage.say)
    with Progress("write"):
        table = advisory(state, logs, new_R, book, manifest)
        write_spreadsheet(table, out / "advisory.csv", manifest["table"].get("decimal", "."))
        write.pack(rows, out / "rul.csv.gz")
        state.write(path, bundle)  # last: whatever failed before leaves the old state, and the call can be repeated
    print(f"state: {path.resolve()}, {len(state.machine_M):,} machines, {manifest['state_bytes']:,} bytes each")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pilot-predict BUNDLE INPUT", add_help=False)
    parser.add_argument("--state", metavar="FILE")
    parser.add_argument("--events", metavar="FILE")
    return parser
