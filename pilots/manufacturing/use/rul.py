"""A remaining-life bundle and a file of readings: advisory, estimates of every row, pictures, page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.bundle.open import Bundle

EVENTS = "the maintenance book: only rows since a machine's last repair or replacement count"
WHAT_IF = "another duty or date of work: speed=+10%, speed=2500, maintenance=+14d, maintenance=2026-03-01"
OPTIONS = f"--events FILE   {EVENTS}\n  --what-if NAME=CHANGE   {WHAT_IF}"
DRAWN = 12  # machines that get a picture of their own, the most urgent ones
EXPLAINED = 100  # machines in alarm that get reasons; nobody reads further, and each costs some 20 calls


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Fill the empty folder `out`: advisory.json, advisory.csv, rul.csv.gz, plots/, page.html; what_if.csv if asked."""
    import dataclasses

    import numpy as np

    from common.fault import Fault
    from common.progress import Progress
    from common.spreadsheet import write_spreadsheet
    from pilots.manufacturing.reasons import reasons
    from pilots.manufacturing.use import advise, draw, write
    from pilots.manufacturing.use.contract import check_contract, unit_of_life
    from pilots.manufacturing.use.flags import flags
    from pilots.manufacturing.use.infer import foresee, urgency
    from pilots.manufacturing.use.ladder import Ladder
    from pilots.manufacturing.use.page import write_page
    from pilots.manufacturing.use.question import ask
    from pilots.manufacturing.use.read import read_logs
    from pilots.manufacturing.use.renew import acknowledged, read_book, since_renewal
    from pilots.manufacturing.use.what_if import answer

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
    question = ask(options.what_if, manifest, bool(logs.clock))
    for note in logs.notes:
        print(note, file=sys.stderr)
    with Progress("predict") as stage:
        ladder = Ladder.of(logs, manifest, book)
        outlook = foresee(bundle, logs, stage.say)
        since_M = ladder.since(logs, outlook.since_M)
        outlook = dataclasses.replace(outlook, alarm_M=since_M >= 0, since_M=since_M)  # the data sheet alarms too
        order_M = urgency(logs, outlook)  # the machine to look at first is the first everywhere
        flags_M = [flags(logs, outlook, machine, manifest) for machine in order_M]
        what_if = answer(logs, outlook, order_M, manifest, *question) if any(question) else None
        seen_M = np.zeros(len(order_M), bool) if book is None else acknowledged(logs, outlook.since_M, book)
        states = advise.states(outlook, seen_M)
        asked = order_M[: min(max(DRAWN, int(outlook.alarm_M.sum())), EXPLAINED)]  # alarms stand first
        stage.say(f"reasons for {len(asked)} machines")
        histories = [logs.x_RF[logs.rows(machine)] for machine in asked]
        reasons_M = reasons(bundle.run, manifest["channels"], unit_of_life(manifest), histories)
        reasons_M += [[] for _ in order_M[len(asked) :]]
    with Progress("write") as stage:
        document = advise.advisory(bundle, source.name, logs, outlook, order_M, states, flags_M, reasons_M, ladder)
        write.write_document(document, out / "advisory.json")
        write_spreadsheet(advise.table(document), out / "advisory.csv", manifest["table"].get("decimal", "."))
        write.write_rows(logs, outlook, out / "rul.csv.gz")
        pictures = draw.pictures(bundle, logs, outlook, order_M, reasons_M[:DRAWN], stage.say)
        (out / "plots").mkdir()
        for picture in pictures:
            draw.save(picture.figure, out / "plots" / picture.file)
        if what_if:
            write_spreadsheet(what_if.table, out / "what_if.csv", manifest["table"].get("decimal", "."))
        write_page(bundle, logs, document, pictures, what_if, out / "page.html")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pilot-predict BUNDLE INPUT", add_help=False)
    parser.add_argument("--events", metavar="FILE", help=EVENTS)
    parser.add_argument("--what-if", metavar="NAME=CHANGE", action="append", default=[], help=WHAT_IF)
    return parser
