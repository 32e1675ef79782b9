"""SKAB v0.9, the Skoltech anomaly benchmark: a real pump with valves, eight sensors, about one row a second.

anomaly-free/anomaly-free.csv is one long healthy run. Every file of valve1/, valve2/ and other/ is an experiment with
one stretch of fault (valve closed, leak, imbalance, cavitation, hot water); its first 400 rows are normal by the set's
own protocol. `anomaly` marks the rows of the fault, `changepoint` is not used.

Source: Katser and Kozitsin, "Skoltech Anomaly Benchmark (SKAB)", Kaggle 2020, doi 10.34740/KAGGLE/DSV/1693952. The
repository is under GPL-3.0 and names no licence for the data: read it where it lies, do not pass it on.

Traps: 53.7 % of the rows behind the first 400 are anomalous, so an alarm that never stops has F1 0.698; temperature
sensors wander over minutes; Pressure takes nine values.
"""

from __future__ import annotations

import dataclasses
import io
import tarfile
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from common.fault import Fault
from pilots.manufacturing.data.contract import Channel, Fleet
from pilots.manufacturing.data.fingerprint import fingerprint

CHANNELS = (
    Channel("Accelerometer1RMS", "g", 0, 50, "sensor", "vibration acceleration, root mean square"),
    Channel("Accelerometer2RMS", "g", 0, 50, "sensor", "vibration acceleration, root mean square"),
    Channel("Current", "A", -100, 100, "sensor", "current of the motor"),
    Channel("Pressure", "bar", -10, 100, "sensor", "pressure in the loop behind the pump"),
    Channel("Temperature", "°C", -50, 300, "sensor", "temperature of the motor's body"),
    Channel("Thermocouple", "°C", -50, 300, "sensor", "temperature of the fluid in the loop"),
    Channel("Voltage", "V", 0, 1000, "sensor", "voltage of the motor"),
    Channel("Volume Flow RateRMS", "l/min", 0, 1000, "sensor", "circulation flow rate of the fluid"),
)
FREE = "anomaly-free/anomaly-free.csv"
FOLDERS = ("valve1", "valve2", "other")
NAMES = [channel.name for channel in CHANNELS]
MOST_BYTES, MOST_FILES = 50_000_000, 1000  # of one file unpacked, and in the archive; the largest has 0.8 MB


class Skab:
    """The healthy run to learn from, the experiments to score.

    root     folder with the archive (.tar.xz, .tar.gz or .tar) or with the unpacked folders
    healthy  rows at the start of each experiment that are normal by the set's protocol
    """

    def __init__(self, root: str, healthy: int = 400):
        if healthy < 1:
            raise ValueError(f"healthy must be >= 1 row, got {healthy}")
        self.root, self.healthy = Path(root).expanduser(), healthy

    def read(self) -> Fleet:
        """The anomaly-free run first, then the experiments, each a machine of its own."""
        texts = self._texts()
        if FREE not in texts:
            raise Fault(f"{self.root} has no {FREE}: the healthy run to learn from. Unpack the whole archive")
        names = [FREE, *sorted((name for name in texts if name != FREE), key=_order)]
        if len(names) < 2:
            raise Fault(f"{self.root} has no experiment, such as valve1/0.csv. Unpack the whole archive")
        tables = [_table(name, texts[name], labelled=name != FREE) for name in names]
        length_L = np.array([len(table) for table in tables])
        rows = pd.concat(tables, ignore_index=True)
        fleet = Fleet(
            name="skab",
            licence="GPL-3.0 (repository); none named for the data",
            sha256="",
            row_unit="second",
            rows_per_month=2_629_746 / 1.06,  # one row in 1.06 seconds
            channels=CHANNELS,
            machine_L=np.array([name.removesuffix(".csv") for name in names]),
            life_R=np.repeat(np.arange(len(names)), length_L),
            time_R=rows["datetime"].to_numpy(),
            x_RF=rows[NAMES].to_numpy(np.float32),
            end_L=np.full(len(names), "running"),
            rul_L=np.full(len(names), np.nan),
            test_L=np.arange(len(names)) > 0,
            healthy_L=np.where(np.arange(len(names)) > 0, self.healthy, length_L),
            abnormal_R=rows["anomaly"].to_numpy() > 0,
            table={"columns": {"time": "datetime"}, "separator": ";"},
        )
        return dataclasses.replace(fleet, sha256=fingerprint(fleet))

    def _texts(self) -> dict[str, bytes]:
        """Name inside the set -> content, from the folders or from the archive; nothing is written to the disk."""
        if not self.root.is_dir():
            raise Fault(f"{self.root} is not a folder. Name the one with SKAB's archive or folders by data.root=FOLDER")
        for base in (self.root, self.root / "data"):
            if (base / FREE).is_file():
                paths = [base / FREE, *(path for folder in FOLDERS for path in sorted((base / folder).glob("*.csv")))]
                return {path.relative_to(base).as_posix(): _capped(path) for path in paths}
        archives = sorted(path for path in self.root.iterdir() if path.name.endswith((".tar", ".tar.gz", ".tar.xz")))
        if len(archives) != 1:
            found = ", ".join(path.name for path in archives) or "no archive"
            raise Fault(f"{self.root} has neither {FREE} nor one archive of the set (it has {found})")
        return _unpacked(archives[0])


def _capped(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise Fault(f"{path.name} has more than {MOST_BYTES // 1_000_000} MB: this is no file of SKAB")
    return text


def _unpacked(archive: Path) -> dict[str, bytes]:
    """The set's files, read in memory: a member's name is only compared, never used as a path."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as packed:
            for count, member in enumerate(packed):
                name = _known(member.name)
                if count > MOST_FILES or member.size > MOST_BYTES:
                    raise Fault(f"{archive.name} holds more or larger files than SKAB: {member.name!r:.80}")
                if name and member.isfile():
                    found[name] = packed.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:  # lzma.LZMAError comes as one of these
        raise Fault(f"{archive.name} is cut short or damaged ({error!s:.80}). Copy it again") from error
    return found


def _known(name: str) -> str | None:
    """A member's place in the set, such as valve1/0.csv; None for everything else."""
    parts = PurePosixPath(name).parts[-2:]
    known = len(parts) == 2 and parts[0] in (*FOLDERS, "anomaly-free") and parts[1].endswith(".csv")
    return "/".join(parts) if known else None


def _order(name: str) -> tuple:
    folder, _, file = name.partition("/")
    stem = file.removesuffix(".csv")
    return folder, not stem.isdecimal(), int(stem) if stem.isdecimal() else 0, stem


def _table(name: str, text: bytes, labelled: bool) -> pd.DataFrame:
    """One file: stamps ascending, readings numbers inside their limits, labels 0 or 1."""
    try:
        table = pd.read_csv(io.BytesIO(text), sep=";")
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise Fault(f"{name} is no table separated by semicolons ({error!s:.80})") from error
    wanted = ["datetime", *NAMES, *(["anomaly"] if labelled else [])]
    if missing := [column for column in wanted if column not in table]:
        raise Fault(f"{name} has no column '{missing[0]}': SKAB v0.9 has {', '.join(wanted)}")
    stamp = pd.to_datetime(table["datetime"], format="%Y-%m-%d %H:%M:%S", errors="coerce")
    _refuse(name, stamp.isna(), table["datetime"], "datetime", "is no stamp such as 2020-03-09 10:14:33")
    _refuse(
        name, stamp.diff().dt.total_seconds() <= 0, table["datetime"], "datetime", "does not come after the row above"
    )
    for channel in CHANNELS:
        x = pd.to_numeric(table[channel.name], errors="coerce")
        bad = ~x.between(channel.low, channel.high) & table[channel.name].notna()
        _refuse(name, bad, table[channel.name], channel.name, f"is no number from {channel.low:g} to {channel.high:g}")
        table[channel.name] = x
    if labelled:
        label = pd.to_numeric(table["anomaly"], errors="coerce")
        _refuse(name, ~label.isin([0, 1]), table["anomaly"], "anomaly", "is neither 0 nor 1")
        table["anomaly"] = label
    return table.assign(datetime=stamp, **({} if labelled else {"anomaly": 0.0}))[["datetime", *NAMES, "anomaly"]]


def _refuse(name: str, bad: pd.Series, given: pd.Series, column: str, rule: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise Fault(f"{name} line {row + 2}: {column} = {str(given.iloc[row])[:40]!r} {rule}. Take the set's own file")
