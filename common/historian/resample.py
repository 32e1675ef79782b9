"""Readings that came at times of their own, to rows a step apart. Causal: a row knows nothing that came after it.

The row stamped t holds what was read in the step that ends at t: after t - step, up to and including t. Where nothing
was, the last reading before stands in for as long as `hold` says, unless a bad reading or a stop came after it.

Axes: N readings, R rows, F channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from common.fault import Fault

MAX_CELLS = 200_000_000  # of the table that is made, 1.6 GB; a short step with a long hold passes it quickly

LINE_BITS = 32
MOST_STEPS = 2.0**50  # of time, from its beginning; farther out a float no longer tells neighbours apart


@dataclass(frozen=True)
class Readings:
    """frame   columns machine, channel, time, value (NaN = none), file (its number) and line; sorted by machine,
               channel and time, no two rows with one machine, channel and time
    stops      columns machine, time: from here on nothing older is held (a device that went offline)
    """

    frame: pd.DataFrame
    stops: pd.DataFrame


def resample(
    readings: Readings, channels: list[str], step: float | None, hold: float, take: str = "last"
) -> pd.DataFrame:
    """Columns machine, time, one per channel, line and file of the last reading; sorted by machine and time.

    step, hold   in the unit of time: microseconds where it is a date. step None: each stamp of a machine is a row
    """
    frame = readings.frame
    machine_N, machines = pd.factorize(frame["machine"], sort=False)
    channel_N = pd.Index(channels).get_indexer(frame["channel"])
    dated = frame["time"].dtype.kind == "M"
    stamp_N = frame["time"].to_numpy("datetime64[us]").astype(np.int64) if dated else frame["time"].to_numpy(float)
    value_N = frame["value"].to_numpy(float)
    if step is None:
        stamps, first_N = np.unique(stamp_N, return_inverse=True)
        last_N = first_N
    else:
        if np.abs(stamp_N).max() / step > MOST_STEPS:
            raise Fault(f"tags.step={step:g} is too short for times such as {np.abs(stamp_N).max():g}")
        stamps, first_N = None, _row_of(stamp_N, step)
        last_N = _held_until(machine_N, channel_N, stamp_N, value_N, first_N, step, hold, _stops(readings, machines))
    count_N = last_N - first_N + 1
    if count_N.sum() + len(first_N) * len(channels) > MAX_CELLS:
        raise Fault(
            f"tags.step and tags.hold would make {int(count_N.sum()):,} values of {len(frame):,} readings: "
            "choose a longer step or a shorter hold"
        )
    spread = np.repeat(np.arange(len(frame)), count_N)
    row_S = first_N[spread] + np.arange(len(spread)) - np.repeat(np.cumsum(count_N) - count_N, count_N)
    cells = pd.DataFrame(
        {"machine": machine_N[spread], "row": row_S, "channel": channel_N[spread], "value": value_N[spread]}
    )
    by_cell = cells.groupby(["machine", "row", "channel"], sort=True)["value"]
    value_C = by_cell.mean() if take == "mean" else by_cell.last()  # both pass over NaN
    cell_C = value_C.reset_index()
    row_C = cell_C.groupby(["machine", "row"], sort=True).ngroup().to_numpy()
    rows = cell_C[["machine", "row"]].drop_duplicates()
    if len(rows) * len(channels) > MAX_CELLS:
        raise Fault(f"{len(rows):,} rows of {len(channels)} channels are too many: choose a longer tags.step")
    x_RF = np.full((len(rows), len(channels)), np.nan)
    x_RF[row_C, cell_C["channel"]] = cell_C["value"]
    place_N = (frame["file"].to_numpy(np.int64) << LINE_BITS) | frame["line"].to_numpy(np.int64)
    newest = pd.Series(place_N).groupby([machine_N, first_N]).max()
    newest = (
        newest.reindex(pd.MultiIndex.from_frame(rows)).groupby(level=0).ffill()
    )  # a row of held values: where the last ones stand
    place_R = newest.to_numpy(np.int64)
    row_R = rows["row"].to_numpy()
    time_R = stamps[row_R] if stamps is not None else row_R * step
    table = pd.DataFrame(x_RF, columns=channels)
    table.insert(0, "machine", np.asarray(machines, object)[rows["machine"]])
    table.insert(1, "time", time_R.astype(np.int64).astype("datetime64[us]") if dated else time_R.astype(float))
    table["machine"] = table["machine"].astype("str")
    return table.assign(file=place_R >> LINE_BITS, line=place_R & (1 << LINE_BITS) - 1)


def _row_of(stamp_N: np.ndarray, step: float) -> np.ndarray:
    """Number of the step that ends at or after the stamp; dates count from 1970-01-01 00:00 on the file's clock."""
    if stamp_N.dtype.kind == "i":
        return -(-stamp_N // int(step))
    return np.ceil(np.round(stamp_N / step, 9)).astype(np.int64)  # 0.3 / 0.1 is a little above 3


def _held_until(
    machine_N: np.ndarray,
    channel_N: np.ndarray,
    stamp_N: np.ndarray,
    value_N: np.ndarray,
    first_N: np.ndarray,
    step: float,
    hold: float,
    stops: list[np.ndarray],
) -> np.ndarray:
    """The last row in which each reading stands; its own, or a later one where it is held."""
    newest_M = np.full(machine_N.max() + 1, np.iinfo(np.int64).min)
    np.maximum.at(newest_M, machine_N, first_N)  # no rows after a machine's last reading
    last_N = np.minimum(np.floor(np.round((stamp_N + hold) / step, 9)), newest_M[machine_N]).astype(np.int64)
    same_N = np.r_[(machine_N[1:] == machine_N[:-1]) & (channel_N[1:] == channel_N[:-1]), False]
    before_next_N = np.r_[first_N[1:] - 1, 0]
    last_N = np.where(same_N, np.minimum(last_N, before_next_N), last_N)
    for machine, stop in enumerate(stops):
        at = np.flatnonzero(machine_N == machine)
        if len(stop) and len(at):
            place = np.searchsorted(stop, stamp_N[at])
            stopped = place < len(stop)
            row = _row_of(stop[np.minimum(place, len(stop) - 1)], step)
            last_N[at] = np.where(stopped, np.minimum(last_N[at], row - 1), last_N[at])
    return np.where(np.isnan(value_N), first_N, np.maximum(last_N, first_N))


def _stops(readings: Readings, machines: pd.Index) -> list[np.ndarray]:
    stops = readings.stops
    if not len(stops):
        return [np.zeros(0)] * len(machines)
    stamp = stops["time"].to_numpy("datetime64[us]").astype(np.int64)
    return [np.sort(stamp[(stops["machine"] == machine).to_numpy()]) for machine in machines]
