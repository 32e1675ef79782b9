"""Bearings run to failure, as spectra of 20 bands: IMS (University of Cincinnati) and FEMTO (PRONOSTIA, PHM 2012).

bearings.npz holds one array per bearing: column 0 = hours since the start, then 20 band amplitudes.

Traps. The source scaled the bands with a training set of its own: values are not in g, and may leave 0 to 1. IMS is one
row in 10 minutes with pauses of days, FEMTO one in 10 s: rows of one are not rows of the other, so they are two fleets.
Arrays named …_truncated stop before failure: learned from by nobody. ims_run1_b3 and _b4 ran on one shaft in one test,
so they are left out together.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.fault import Fault

SETS = ("ims", "femto")
BANDS = 20
LEAST_ROWS = 150  # 100 stand for "as new"
MAX_BYTES = 200_000_000  # unpacked; the original has 1.8 MB
LEFT_AT_CUT = {  # seconds, as the challenge's rules gave them; no file here can confirm it
    "femto_1_3_truncated": 5730, "femto_2_3_truncated": 7530, "femto_3_3_truncated": 820,
}  # fmt: skip


@dataclass(frozen=True)
class Life:
    """One bearing. group: the test it ran in; hour_T from 0; band_TB; left: hours after the last row, NaN = unknown."""

    name: str
    group: str
    hour_T: np.ndarray
    band_TB: np.ndarray
    left: float

    @property
    def failed(self) -> bool:
        return self.left == 0

    @property
    def left_T(self) -> np.ndarray:
        """Hours to failure."""
        return self.hour_T[-1] + self.left - self.hour_T


@dataclass(frozen=True)
class Lives:
    """Every bearing of one set, those that failed first."""

    name: str
    lives: list[Life]
    sha256: str
    licence: str = "bands: MIT; recordings: NASA Prognostics Data Repository"


class Bearings:
    """One set from a folder of the user's.

    root  folder with bearings.npz
    set   ims or femto
    """

    def __init__(self, root: str, set: str = "ims"):
        if set not in SETS:
            raise ValueError(f"set={set} is not known: choose {' or '.join(SETS)}")
        self.path, self.set = Path(root).expanduser() / "bearings.npz", set

    def read(self) -> Lives:
        arrays = {name: x for name, x in _arrays(self.path).items() if name.startswith(f"{self.set}_")}
        found = [_life(name, arrays[name]) for name in sorted(arrays, key=lambda name: ("truncated" in name, name))]
        groups = {life.group for life in found if life.failed}
        if len(groups) < 3:
            raise Fault(
                f"{self.path.name} has {len(groups)} tests of {self.set} that ended in failure; 3 or more are needed, "
                "so that one can be left out"
            )
        digest = hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays)))
        return Lives(f"bearings-{self.set}", found, digest.hexdigest())


def _life(name: str, x_TK: np.ndarray) -> Life:
    where = f"bearings.npz: {name}"
    if x_TK.dtype.kind != "f" or x_TK.ndim != 2 or x_TK.shape[1] != 1 + BANDS or len(x_TK) < LEAST_ROWS:
        raise Fault(
            f"{where} is {x_TK.dtype} {list(x_TK.shape)}; hours and {BANDS} bands are wanted, {LEAST_ROWS} rows or more"
        )
    x_TK = x_TK.astype(np.float64)
    if not np.isfinite(x_TK).all():
        raise Fault(f"{where} row {int(np.argmax(~np.isfinite(x_TK).all(axis=1)))}: a value is not finite")
    steps = np.diff(x_TK[:, 0])
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0)) + 1
        raise Fault(f"{where} row {row}: hour {x_TK[row, 0]:g} does not come after {x_TK[row - 1, 0]:g}. Sort by time")
    cut = name.endswith("truncated")
    left = LEFT_AT_CUT.get(name, np.nan) / 3600 if cut else 0.0
    group = name.rsplit("_", 1)[0] if name.startswith("ims") else name
    return Life(name, group, x_TK[:, 0], x_TK[:, 1:], left)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array; sizes are read from the archive's list before anything is unpacked."""
    if not path.is_file():
        raise Fault(f"There is no {path}. Name the folder that holds bearings.npz by data.root=FOLDER")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_BYTES:
            raise Fault(f"{path.name} unpacks to {size:,} bytes, more than {MAX_BYTES:,}: it is not the bearings' file")
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, KeyError, NotImplementedError) as error:
        raise Fault(f"{path.name} is no archive of plain numbers, or damaged ({error!s:.80}). Copy it again") from error
