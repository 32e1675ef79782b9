"""The teaching sample: three simulated hospitals, `hospitals.py`, read the way a user's own counts are read.

`SampleCounts` reads data/healthtech where it has been fetched (`dvc pull`), else the seeded generator makes them.

    python -m pilots.healthtech.data.sample data/         makes data/healthtech again; to publish a change:
    dvc add data && rm -rf .dvc/sample && dvc push        so that data.dvc and the bytes beside it agree

hours.csv.xz  a row per site and hour: time (wall clock), site, trust, arrivals, admissions
stays.csv.xz  one month at one site: arrival, departure, ward; who is admitted has a row in the emergency department and
              one on a ward
"""

from __future__ import annotations

import hashlib
import lzma
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pilots.healthtech.data.contract import Counts, Level
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
        path = self.folder / "hours.csv.xz"
        table = pd.read_csv(path, parse_dates=["time"]) if path.is_file() else simulate().hours
        wide = table.pivot_table(index="time", columns="site", values=self.measure)
        grid = pd.date_range(wide.index[0], wide.index[-1], freq="h")
        wide = wide.reindex(grid).astype(float)
        y_BT = wide.to_numpy().T
        names = list(wide.columns)
        trust = table.drop_duplicates("site").set_index("site")["trust"]
        sums = [(t, [float(trust[n] == t) for n in names]) for t in sorted(set(trust)) if (trust == t).sum() > 1]
        sums.append(("total", [1.0] * len(names)))
        sums_SB = np.concatenate([np.eye(len(names)), np.array([row for _, row in sums])])
        y_ST = np.stack([y_BT[row > 0].sum(axis=0) for row in sums_SB])  # a sum of which a part is missing is missing
        return Counts(
            name="sample",
            licence="Apache-2.0 (simulated by this project)",
            sha256=hashlib.sha256(np.nan_to_num(y_ST, nan=-1.0).astype("<f8").tobytes()).hexdigest(),
            freq="h",
            time_T=grid.to_numpy().astype("datetime64[s]"),
            y_ST=y_ST,
            names_S=(*names, *(name for name, _ in sums)),
            sums_SB=sums_SB,
            levels=(Level("trust", (3, names.index("south"))), Level("total", (4,))),
        )


def write(folder: Path, preset: int = 9) -> None:
    """Both files, byte for byte the same on every call (xz holds no date and no name)."""
    folder.mkdir(parents=True, exist_ok=True)
    history = simulate()
    for name, table, form in (("hours", history.hours, "%Y-%m-%d %H:00"), ("stays", history.stays, "%Y-%m-%d %H:%M")):
        text = table.to_csv(index=False, lineterminator="\n", date_format=form)
        (folder / f"{name}.csv.xz").write_bytes(lzma.compress(text.encode(), preset=preset))


if __name__ == "__main__":
    write(Path(sys.argv[1]) / "healthtech")
