"""Right of the waist: a file of readings and a bundle in, an advisory for the maintenance team out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.bundle.open import Bundle

DRAWN = 12  # machines that get a picture of their own, the most urgent ones


def predict(bundle: Bundle, source: Path, out: Path, argv_rest: Sequence[str] = ()) -> None:
    """Write advisory.csv, rul.csv.gz, plots/ and page.html into the empty folder `out`."""
    from common.fault import Fault
    from common.progress import Progress
    from pilots.manufacturing.use import draw, write
    from pilots.manufacturing.use.flags import flags
    from pilots.manufacturing.use.infer import foresee, urgency
    from pilots.manufacturing.use.page import write_page
    from pilots.manufacturing.use.read import read_logs

    if argv_rest:
        raise Fault(f"{argv_rest[0]} is not an option of this bundle; see pilot-predict --help")
    manifest = bundle.manifest
    with Progress("read"):
        logs = read_logs(source, manifest)
    for note in logs.notes:
        print(note, file=sys.stderr)
    with Progress("predict") as stage:
        outlook = foresee(bundle, logs, stage.say)
        order_M = urgency(logs, outlook)  # the machine to look at first is the first everywhere
        flags_M = [flags(logs, outlook, machine, manifest) for machine in order_M]
    with Progress("write") as stage:
        table = write.advisory(logs, outlook, order_M, flags_M, manifest)
        write.write_advisory(table, out / "advisory.csv", manifest["table"].get("decimal", "."))
        write.write_rows(logs, outlook, out / "rul.csv.gz")
        pictures = draw.pictures(bundle, logs, outlook, order_M, DRAWN, out / "plots", stage.say)
        write_page(bundle, source.name, logs, table, pictures, out / "page.html")
