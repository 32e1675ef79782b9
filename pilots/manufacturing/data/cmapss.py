"""NASA's C-MAPSS turbofan sets (FD001 to FD004) from the original text files, plain, .gz or .xz.

train_X.txt and test_X.txt: 26 numbers a line, split by blanks: unit, cycle, 3 settings, 21 sensors. RUL_X.txt: one
number per test unit, in the order of the units: cycles left after its last row. Training units run to failure.

Source: Saxena, Goebel, Simon, Eklund, "Damage propagation modeling for aircraft engine run-to-failure simulation",
PHM08, table 2 (names and units of the sensors). A work of the US government, public domain.

Traps: unit numbers start again at 1 in the test file (here train-1, test-1); settings carry noise around 0, so
-0.0087 kft is a good reading; some lines end in blanks; some test units have only about 20 rows; several sensors never
move. The limits below are physics, not the least and largest value of some subset.
"""

from __future__ import annotations

import dataclasses
import gzip
import io
import lzma
from pathlib import Path

import numpy as np
import pandas as pd

from common.fault import Fault
from pilots.manufacturing.data.contract import Channel, Fleet
from pilots.manufacturing.data.fingerprint import fingerprint

CHANNELS = (
    # half a unit (Mach: 0.02) beyond the flight envelope, since settings are recorded with noise
    Channel("altitude", "kft", -0.5, 42.5, "setting", "flight altitude, envelope 0 to 42"),
    Channel("mach", "-", -0.02, 0.92, "setting", "Mach number, envelope 0 to 0.9"),
    Channel("throttle", "deg", -0.5, 100.5, "setting", "throttle resolver angle, 0 to 100"),
    Channel("T2", "°R", 300, 700, "sensor", "total temperature at fan inlet"),
    Channel("T24", "°R", 300, 1500, "sensor", "total temperature at low-pressure compressor outlet"),
    Channel("T30", "°R", 300, 3000, "sensor", "total temperature at high-pressure compressor outlet"),
    Channel("T50", "°R", 300, 4000, "sensor", "total temperature at low-pressure turbine outlet"),
    Channel("P2", "psia", 0, 30, "sensor", "pressure at fan inlet"),
    Channel("P15", "psia", 0, 60, "sensor", "total pressure in bypass duct"),
    Channel("P30", "psia", 0, 1500, "sensor", "total pressure at high-pressure compressor outlet"),
    Channel("Nf", "rpm", 0, 5000, "sensor", "physical fan speed"),
    Channel("Nc", "rpm", 0, 20000, "sensor", "physical core speed"),
    Channel("epr", "-", 0, 10, "sensor", "engine pressure ratio P50/P2"),
    Channel("Ps30", "psia", 0, 150, "sensor", "static pressure at high-pressure compressor outlet"),
    Channel("phi", "pps/psi", 0, 2000, "sensor", "fuel flow over Ps30"),
    Channel("NRf", "rpm", 0, 5000, "sensor", "corrected fan speed"),
    Channel("NRc", "rpm", 0, 20000, "sensor", "corrected core speed"),
    Channel("BPR", "-", 0, 30, "sensor", "bypass ratio"),
    Channel("farB", "-", 0, 0.2, "sensor", "burner fuel-air ratio"),
    Channel("htBleed", "-", 0, 2000, "sensor", "bleed enthalpy"),
    Channel("Nf_dmd", "rpm", 0, 5000, "sensor", "demanded fan speed"),
    Channel("PCNfR_dmd", "rpm", 0, 200, "sensor", "demanded corrected fan speed"),
    Channel("W31", "lbm/s", 0, 300, "sensor", "high-pressure turbine coolant bleed"),
    Channel("W32", "lbm/s", 0, 300, "sensor", "low-pressure turbine coolant bleed"),
)
FIELDS = ("unit", "cycle", *(channel.name for channel in CHANNELS))
MAX_BYTES = 500_000_000  # unpacked; the largest original file has 10 MB


class Cmapss:
    """One subset from a folder of the user's.

    root            folder that holds train_X.txt, test_X.txt and RUL_X.txt
    subset          X, for example FD001
    rows_per_month  flights a month; the set does not say, 30 is an assumption
    """

    def __init__(self, root: str, subset: str = "FD001", rows_per_month: float = 30.0):
        if rows_per_month <= 0:
            raise ValueError(f"rows_per_month must be > 0, got {rows_per_month}")
        self.root, self.subset, self.rows_per_month = Path(root).expanduser(), str(subset), float(rows_per_month)

    def read(self) -> Fleet:
        """Training lives first (they end in failure), then test lives (cut earlier, rows left from RUL_X.txt)."""
        train, test, rul = (self._find(kind) for kind in ("train", "test", "RUL"))
        train_RK, test_RK = _table(train), _table(test)
        rul_L = _lines_of_numbers(rul, 1)[:, 0]
        train_starts, test_starts = _unit_starts(train, train_RK), _unit_starts(test, test_RK)
        if len(rul_L) != len(test_starts):
            raise Fault(
                f"{test.name} has {len(test_starts)} units but {rul.name} has {len(rul_L)} lines: "
                "there must be one line per test unit. Take both files from the same subset"
            )
        for line, value in enumerate(rul_L, 1):
            if not (np.isfinite(value) and value >= 0):
                raise Fault(f"{rul.name} line {line}: remaining life = {value:g} is not a number of cycles >= 0")
        rows_RK = np.concatenate([train_RK, test_RK])
        start_L = np.concatenate([train_starts, test_starts + len(train_RK)])
        of_test_L = np.arange(len(start_L)) >= len(train_starts)
        unit_L = rows_RK[start_L, 0].astype(int)
        fleet = Fleet(
            name=f"cmapss-{self.subset}",
            licence="US government work, public domain",
            sha256="",
            row_unit="cycle",
            rows_per_month=self.rows_per_month,
            channels=CHANNELS,
            machine_L=np.array([f"{'test' if t else 'train'}-{u}" for u, t in zip(unit_L, of_test_L, strict=True)]),
            life_R=np.repeat(np.arange(len(start_L)), np.diff([*start_L, len(rows_RK)])),
            time_R=rows_RK[:, 1],
            x_RF=rows_RK[:, 2:].astype(np.float32),
            end_L=np.where(of_test_L, "running", "failed"),
            rul_L=np.concatenate([np.zeros(len(train_starts)), rul_L]),
            test_L=of_test_L,
        )
        return dataclasses.replace(fleet, sha256=fingerprint(fleet))

    def _find(self, kind: str) -> Path:
        """train_FD001.txt, or the same name with .gz or .xz behind it."""
        for ending in ("", ".gz", ".xz"):
            path = self.root / f"{kind}_{self.subset}.txt{ending}"
            if path.is_file():
                return path
        if not self.root.is_dir():
            raise Fault(f"{self.root} is not a folder. Name the one with the C-MAPSS text files by data.root=FOLDER")
        there = sorted(p.name for p in self.root.glob("*_*.txt*")) or sorted(p.name for p in self.root.iterdir())[:12]
        raise Fault(
            f"{self.root} has no {kind}_{self.subset}.txt (nor .gz, .xz); it has {', '.join(there) or 'no files'}. "
            "Choose a subset with data.subset=NAME"
        )


def _table(path: Path) -> np.ndarray:
    """Rows x 26 numbers, inside their physical limits; every breach names its line."""
    rows_RK = _lines_of_numbers(path, len(FIELDS))
    for k, channel in enumerate(CHANNELS, start=2):
        bad_R = ~((rows_RK[:, k] >= channel.low) & (rows_RK[:, k] <= channel.high))  # ~(...) catches NaN too
        if bad_R.any():
            row = int(np.argmax(bad_R))
            raise Fault(
                f"{path.name} line {_line_of(path, row)}: {channel.name} = {rows_RK[row, k]:g} is outside "
                f"{channel.low:g} to {channel.high:g} {channel.unit}. Take the file from NASA's archive again"
            )
    return rows_RK


def _unit_starts(path: Path, rows_RK: np.ndarray) -> np.ndarray:
    """First row of each unit. Units stand one after the other, cycles count 1, 2, 3, ..."""
    unit_R, cycle_R = rows_RK[:, 0], rows_RK[:, 1]
    odd_R = ~(np.isfinite(unit_R) & (unit_R >= 1) & (unit_R == np.round(unit_R)))
    if odd_R.any():
        row = int(np.argmax(odd_R))
        raise Fault(f"{path.name} line {_line_of(path, row)}: unit = {unit_R[row]:g} is not a number 1, 2, 3, ...")
    starts = np.flatnonzero(np.diff(unit_R, prepend=unit_R[0] - 1))
    _, seen_at = np.unique(unit_R[starts], return_index=True)
    if len(seen_at) < len(starts):
        again = starts[np.setdiff1d(np.arange(len(starts)), seen_at)[0]]
        raise Fault(
            f"{path.name} line {_line_of(path, again)}: unit {unit_R[again]:g} starts a second time. Sort by unit"
        )
    expected_R = 1 + np.arange(len(unit_R)) - np.repeat(starts, np.diff([*starts, len(unit_R)]))
    wrong_R = cycle_R != expected_R
    if wrong_R.any():
        row = int(np.argmax(wrong_R))
        raise Fault(
            f"{path.name} line {_line_of(path, row)}: cycle {cycle_R[row]:g} of unit {unit_R[row]:g} should be "
            f"{expected_R[row]}. Lines are missing, double or out of order"
        )
    return starts


def _lines_of_numbers(path: Path, fields: int) -> np.ndarray:
    """All lines as numbers. The quick way first; where it stumbles, look line by line for the words to say."""
    text = _unpack(path)
    try:
        table = pd.read_csv(io.BytesIO(text), sep=r"\s+", header=None, dtype=np.float64)
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError):  # text, more fields than before, empty
        table = pd.DataFrame()
    if table.shape[1] == fields and not table.isna().to_numpy().any():
        return table.to_numpy()
    for line, row in enumerate(text.splitlines(), 1):
        found = row.split()
        if found and len(found) != fields:
            raise Fault(f"{path.name} line {line}: {len(found)} numbers instead of {fields}. Is this line whole?")
        for k, word in enumerate(found):
            try:
                bad = not np.isfinite(float(word))
            except ValueError:
                bad = True
            if bad:
                name = FIELDS[k] if fields == len(FIELDS) else "remaining life"
                shown = word[:40].decode("ascii", "replace")
                raise Fault(f"{path.name} line {line}: {name} = '{shown}' is not a finite number")
    raise Fault(f"{path.name} is empty")


def _unpack(path: Path) -> bytes:
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    try:
        with opener(path, "rb") as file:
            text = file.read(MAX_BYTES + 1)
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise Fault(f"{path.name} is cut short or damaged ({error}). Copy it again") from error
    if len(text) > MAX_BYTES:
        raise Fault(f"{path.name} unpacks to more than {MAX_BYTES // 1_000_000} MB: this is not a C-MAPSS file")
    return text


def _line_of(path: Path, row: int) -> int:
    """Line number of a row; blank lines count as lines but are no rows."""
    filled = [line for line, words in enumerate(_unpack(path).splitlines(), 1) if words.strip()]
    return filled[row]
