"""The teaching sample: a fleet of simulated process pumps, read the way a user's own data is read.

`SampleFleet` reads data/manufacturing where it has been fetched (`dvc pull`), else the seeded generator writes the
same three files into a temporary folder; both ways go through the reader for a user's own CSV.

    python -m pilots.manufacturing.data.sample data/      makes data/manufacturing again; to publish a change:
    dvc add data && rm -rf .dvc/sample && dvc push        so that data.dvc and the bytes beside it agree

readings.csv.xz  a row per pump and running day, in the units of `pump.py`, with gaps as loggers leave them
events.csv       machine, time, failed | replaced | repaired
truth.csv        the answer sheet: per life the test flag, the days left after the last row and the part that wears.
                 The reader takes from it the test lives and their days left, as from C-MAPSS's RUL file, nothing else.
"""

from __future__ import annotations

import dataclasses
import lzma
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from pilots.manufacturing.data.contract import Channel, Fleet
from pilots.manufacturing.data.csv import CsvFleet
from pilots.manufacturing.data.fingerprint import fingerprint
from pilots.manufacturing.data.fleet import DECIMALS, simulate

VELOCITY = "vibration velocity of the bearing housing, RMS 10 to 1000 Hz"
# 7.1 mm/s: boundary of zones C and D of ISO 20816-3 for machines of 15 to 300 kW on a flexible support
CHANNELS = (
    Channel("speed", "rpm", 0, 4000, "setting", "shaft speed from the drive"),
    Channel("valve", "%", 0, 100, "setting", "opening of the discharge valve"),
    Channel("flow", "m³/h", 0, 300, "sensor", "flow rate"),
    Channel("suction_pressure", "bar", -1, 10, "sensor", "pressure before the pump"),
    Channel("discharge_pressure", "bar", -1, 25, "sensor", "pressure behind the pump"),
    Channel("motor_current", "A", 0, 200, "sensor", "motor current, mean of three phases"),
    Channel("winding_temperature", "°C", -30, 200, "sensor", "motor winding temperature; this sensor drifts"),
    Channel("bearing_temperature", "°C", -30, 180, "sensor", "housing temperature at the drive-end bearing"),
    Channel("vibration", "mm/s", 0, 80, "sensor", VELOCITY, alarm_high=7.1),
    Channel("envelope", "gE", 0, 100, "sensor", "acceleration envelope, RMS"),
    Channel("ultrasound", "dB", 0, 120, "sensor", "ultrasonic level at the pump casing"),
    Channel("ambient_temperature", "°C", -30, 60, "sensor", "temperature in the pump house"),
)


class SampleFleet:
    """folder: where `dvc pull` puts the sample; where it is absent the generator is asked."""

    def __init__(self, folder: str = "data/manufacturing"):
        self.folder = Path(folder)

    def read(self) -> Fleet:
        if (self.folder / "readings.csv.xz").is_file():
            return _read(self.folder)
        with tempfile.TemporaryDirectory() as made:
            write(Path(made), preset=0)
            return _read(Path(made))


def write(folder: Path, preset: int = 9) -> None:
    """The three files, byte for byte the same on every call (xz holds no date and no name)."""
    folder.mkdir(parents=True, exist_ok=True)
    readings, events, truth = simulate()
    text = readings.astype({name: object for name in DECIMALS})
    for name, decimals in DECIMALS.items():
        shown = readings[name].map(f"{{:.{decimals}f}}".format)
        text[name] = shown.where(readings[name].notna(), "")
    (folder / "readings.csv.xz").write_bytes(
        lzma.compress(text.to_csv(index=False, lineterminator="\n").encode(), preset=preset)
    )
    for name, table in (("events.csv", events), ("truth.csv", truth)):
        (folder / name).write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="\n")


def _read(folder: Path) -> Fleet:
    """As a user's own files, and then the answers."""
    fleet = CsvFleet(
        path=str(folder / "readings.csv.xz"),
        events=str(folder / "events.csv"),
        channels=[dataclasses.asdict(channel) for channel in CHANNELS],
        row_unit="day",
        rows_per_month=30.0,
        name="sample",
        licence="Apache-2.0 (simulated by this project)",
    ).read()
    return _with_answers(fleet, pd.read_csv(folder / "truth.csv"))


def _with_answers(fleet: Fleet, truth: pd.DataFrame) -> Fleet:
    """Mark the test lives and give them their days left."""
    machine = pd.Series(fleet.machine_L)
    life_L = machine.groupby(machine).cumcount().to_numpy() + 1
    sheet = truth.set_index(["machine", "life"]).loc[list(zip(fleet.machine_L, life_L, strict=True))]
    test_L = sheet["test"].to_numpy() == 1
    fleet = dataclasses.replace(fleet, test_L=test_L, rul_L=np.where(test_L, sheet["rows_left"], fleet.rul_L))
    return dataclasses.replace(fleet, sha256=fingerprint(fleet))


if __name__ == "__main__":
    write(Path(sys.argv[1]) / "manufacturing")
