"""An anomaly bundle and a file of readings: which machines run abnormally, since when, and which sensors speak."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.bundle.open import Bundle

INPUTS = ("length", "rate", "readings")
OUTPUTS = ("alarm", "condition_ok", "contribution", "normal", "q", "quality", "score", "t2")
NUMBER = (int, float)
DECISION = {"rate": NUMBER, "baseline": (int,), "smooth": (int,), "components": (int,), "limit": (list,)}


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Write advisory.csv, anomaly.csv.gz, plots/ and page.html into the empty folder `out`."""
    import dataclasses
    import sys

    from common.fault import Fault
    from common.progress import Progress
    from common.spreadsheet import write_spreadsheet
    from pilots.manufacturing.use.anomaly import draw, write
    from pilots.manufacturing.use.anomaly.infer import judge, urgency
    from pilots.manufacturing.use.anomaly.page import write_page
    from pilots.manufacturing.use.draw import save
    from pilots.manufacturing.use.ladder import Ladder
    from pilots.manufacturing.use.read import read_logs

    if argv_rest:
        raise Fault(f"{argv_rest[0]} is not an option of an anomaly bundle; --set rate=0.02 moves its false-alarm rate")
    check(bundle)
    manifest = bundle.manifest
    with Progress("read"):
        logs = read_logs(source, manifest)
    for note in logs.notes:
        print(note, file=sys.stderr)
    with Progress("predict") as stage:
        ladder = Ladder.of(logs, manifest)
        found = judge(bundle, logs, stage.say)
        alarms = {name: ladder.since(logs, getattr(found, name)) for name in ("since_M", "first_M")}
        found = dataclasses.replace(found, **alarms)  # the data sheet alarms too
        order_M = urgency(logs, found)
    with Progress("write") as stage:
        table = write.advisory(logs, found, order_M, manifest, ladder)
        write_spreadsheet(table, out / "advisory.csv", manifest["table"].get("decimal", "."))
        write.write_rows(logs, found, manifest, out / "anomaly.csv.gz")
        pictures = draw.pictures(bundle, logs, found, order_M, stage.say)
        (out / "plots").mkdir()
        for picture in pictures:
            save(picture.figure, out / "plots" / picture.file)
        write_page(bundle, source.name, logs, table, pictures, out / "page.html")


def check(bundle: Bundle) -> None:
    """A Fault unless the bundle is one that the files beside this one can use."""
    from pilots.manufacturing.use.contract import check_contract

    check_contract(bundle.manifest, INPUTS, OUTPUTS, DECISION, needed=("rate", "baseline", "smooth"))
