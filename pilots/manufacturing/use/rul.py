"""A remaining-life bundle and a file of readings: advisory, estimates of every row, pictures, page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.bundle.open import Bundle

OPTIONS = "--events FILE   the maintenance book: only rows since a machine's last repair or replacement count"
DRAWN = 12  # machines that get a picture of their own, the most urgent ones; reasons they and all that alarm


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Write advisory.json, advisory.csv, rul.csv.gz, plots/ and page.html into the empty folder `out`."""
    import numpy as np

    from common.fault import Fault
    from common.progress import Progress
    from pilots.manufacturing.use import advise, draw, write
    from pilots.manufacturing.use.contract import check_contract
    from pilots.manufacturing.use.flags import flags
    from pilots.manufacturing.use.infer import foresee, urgency
    from pilots.manufacturing.use.page import write_page
    from pilots.manufacturing.use.read import read_logs
    from pilots.manufacturing.use.reasons import reasons
    from pilots.manufacturing.use.renew import acknowledged, read_book, since_renewal

    options, unknown = _parser().parse_known_args(argv_rest)
    if unknown:
        raise Fault(f"{unknown[0]} is not an option of this bundle; see pilot-predict --help")
    manifest = bundle.manifest
    check_contract(manifest)
    with Progress("read"):
        logs = read_logs(source, manifest)
        book = read_book(Path(options.events), manifest["table"], logs) if options.events else None
        if book is not None:
            logs = since_renewal(logs, Path(options.events), book)
    for note in logs.notes:
        print(note, file=sys.stderr)
    with Progress("predict") as stage:
        outlook = foresee(bundle, logs, stage.say)
        order_M = urgency(logs, outlook)  # the machine to look at first is the first everywhere
        flags_M = [flags(logs, outlook, machine, manifest) for machine in order_M]
        seen_M = np.zeros(len(order_M), bool) if book is None else acknowledged(logs, outlook.since_M, book)
        states = advise.states(outlook, seen_M)
        asked = order_M[: max(DRAWN, int(outlook.alarm_M.sum()))]  # alarms stand first
        stage.say(f"reasons for {len(asked)} machines")
        reasons_M = reasons(bundle, logs, asked) + [[] for _ in order_M[len(asked) :]]
    with Progress("write") as stage:
        document = advise.advisory(bundle, source.name, logs, outlook, order_M, states, flags_M, reasons_M)
        table = advise.table(document)
        write.write_document(document, out / "advisory.json")
        write.write_advisory(table, out / "advisory.csv", manifest["table"].get("decimal", "."))
        write.write_rows(logs, outlook, out / "rul.csv.gz")
        pictures = draw.pictures(bundle, logs, outlook, order_M, DRAWN, stage.say)
        (out / "plots").mkdir()
        for picture in pictures:
            draw.save(picture.figure, out / "plots" / picture.file)
        write_page(bundle, source.name, logs, table, pictures, out / "page.html")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pilot-predict BUNDLE INPUT", add_help=False)
    parser.add_argument("--events", metavar="FILE", help=OPTIONS)
    return parser
