"""The teaching sample: three simulated hospitals, `hospitals.py`, read the way a user's own counts are read.

`SampleCounts` reads data/healthtech where it has been fetched (`dvc pull`), else the seeded generator makes them.

    python -m pilots.healthtech.data.sample data/         makes data/healthtech again; to publish a change:
    dvc add data && rm -rf .dvc/sample && dvc push        so that data.dvc and the bytes beside it agree

hours.csv.xz  a row per site and hour: time (wall clock), site, trust, arrivals, admissions
stays.csv.xz  one month at one site: arrival, departure, ward; who is admitted has a row in the emergency department and
              one on a ward
"""

from __future__ import annotations

import lzma
import sys
import tempfile
from pathlib import Path

from pilots.healthtech.data.contract import Counts
from pilots.healthtech.data.csv import CsvCounts
from pilots.healthtech.data.hospitals import simulate

MEASURES = ("arrivals", "admissions")


class SampleCounts:
    """folder   where `dvc pull` puts the sample; where it is absent the generator is asked
    measure  arrivals | admissions, patients an hour
    """

    def __init__(self, folder: str = "data/healthtech", measure: str = "arrivals"):
        if measure not in MEASURES:
            raise ValueError(f"measure is one of {', '.join(MEASURES)}, got {measure}")
        self.folder, self.measure = Path(folder), measure

    def read(self) -> Counts:
        if (self.folder / "hours.csv.xz").is_file():
            return self._read(self.folder)
        with tempfile.TemporaryDirectory() as made:
            write(Path(made), preset=0)
            return self._read(Path(made))

    def _read(self, folder: Path) -> Counts:
        return CsvCounts(
            path=str(folder / "hours.csv.xz"),
            columns={"time": "time", "value": self.measure, "series": "site", "hierarchy": ["trust"]},
            freq="h",
            total="total",
            name="sample",
            licence="Apache-2.0 (simulated by this project)",
        ).read()


def write(folder: Path, preset: int = 9) -> None:
    """Both files, byte for byte the same on every call (xz holds no date and no name)."""
    folder.mkdir(parents=True, exist_ok=True)
    history = simulate()
    for name, table, form in (("hours", history.hours, "%Y-%m-%d %H:00"), ("stays", history.stays, "%Y-%m-%d %H:%M")):
        text = table.to_csv(index=False, lineterminator="\n", date_format=form)
        (folder / f"{name}.csv.xz").write_bytes(lzma.compress(text.encode(), preset=preset))


if __name__ == "__main__":
    write(Path(sys.argv[1]) / "healthtech")
