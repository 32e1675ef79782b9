"""The data-quality page: what is odd about counts on their grid, one plain sentence each, before any model.

Axes: B series, T periods, W weeks.
"""

from __future__ import annotations

import numpy as np

from pilots.healthtech.calendar import Calendar
from pilots.healthtech.data.contract import PERIOD, Finding
from pilots.healthtech.data.levels import GRACE, alive, life
from pilots.healthtech.data.usual import spread, usual
from pilots.healthtech.data.words import number, on, stamp
from pilots.healthtech.data.zeros import missing_as_zero

FAR, TIMES = 8.0, 2.5  # standard deviations, and times the usual, from which on a count stands out


def examine(
    y_BT: np.ndarray,
    time_T: np.ndarray,
    names_B: tuple[str, ...],
    freq: str,
    silent_T: np.ndarray | None = None,
    keep_zeros: bool = False,
) -> tuple[np.ndarray, list[Finding]]:
    """The counts with impossible zeros as NaN, and everything that a person should know about them.

    silent_T    True where no count is expected (an hour the clocks skip, an excluded day): no gap
    keep_zeros  impossible zeros are reported and stay
    """
    silent_T = np.zeros(len(time_T), bool) if silent_T is None else silent_T
    clean_BT, zeros = missing_as_zero(y_BT, time_T, names_B, freq, _bank_holidays(time_T), keep_zeros)
    weekend_BT, weekends = _weekends(y_BT, time_T, names_B, freq, silent_T)
    findings = [
        *zeros,
        *weekends,
        *_gaps(y_BT, time_T, names_B, freq, weekend_BT | silent_T),
        *_lives(np.where(silent_T & np.isnan(clean_BT), 0.0, clean_BT), time_T, names_B, freq),
        *_merged(clean_BT, time_T, names_B, freq),
        *_spikes(clean_BT, time_T, names_B, freq),
    ]
    return clean_BT, findings


def _bank_holidays(time_T: np.ndarray) -> np.ndarray:
    years = time_T.astype("datetime64[Y]").astype(int) + 1970
    calendar = Calendar.make(int(years[0]), int(years[-1]))
    when_T = time_T.astype("datetime64[s]").astype(np.int64)
    return calendar.at(when_T)[:, calendar.names_K.index("bank_holiday")] > 0


def _gaps(
    y_BT: np.ndarray, time_T: np.ndarray, names_B: tuple[str, ...], freq: str, silent_BT: np.ndarray
) -> list[Finding]:
    findings = []
    gap_BT = np.isnan(y_BT) & ~silent_BT & alive(y_BT, freq)
    if len(y_BT) > 1:
        none_T = gap_BT.any(axis=0) & np.isnan(y_BT).all(axis=0)
        if none_T.any():
            text = f"No series has a count {on(time_T, none_T, freq)}: taken as missing"
            findings.append(Finding("gap", text, count=int(none_T.sum())))
        gap_BT &= ~none_T
    for b in np.flatnonzero(gap_BT.any(axis=1)):
        at = np.flatnonzero(gap_BT[b])
        more = f" of {number(len(time_T), freq)} (first {stamp(time_T[at[0]], freq)})"
        word = "on" if freq == "D" else "in"
        text = f"{names_B[b]} has no count {word} {len(at):,}{more}: taken as missing"
        findings.append(Finding("gap", text, names_B[b], len(at)))
    return findings


def _weekends(
    y_BT: np.ndarray, time_T: np.ndarray, names_B: tuple[str, ...], freq: str, silent_T: np.ndarray
) -> tuple[np.ndarray, list[Finding]]:
    """Weekends without a count in weeks that have some: their days, and one finding per series or for all."""
    gone_BT = np.zeros(y_BT.shape, bool)
    if freq != "D" or len(time_T) < 14:
        return gone_BT, []
    weekday_T = (time_T.astype("datetime64[D]").astype(int) + 3) % 7
    week_T = (np.arange(len(time_T)) + int(weekday_T[0])) // 7
    known_BT, rest_T = np.isfinite(y_BT), weekday_T >= 5
    weeks = int(week_T[-1]) + 1

    def per_week(x_BT: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(week_T, x_T, weeks) for x_T in x_BT])

    could_W = np.bincount(week_T, rest_T & ~silent_T, weeks) > 0
    no_BW = (per_week(known_BT & ~rest_T) >= 3) & (per_week(known_BT & rest_T) == 0) & could_W
    gone_BT = no_BW[:, week_T] & rest_T
    findings = []
    all_W = no_BW.any(axis=0) & (no_BW | (per_week(known_BT) == 0)).all(axis=0)
    if all_W.sum() >= 2 and len(y_BT) > 1:
        all_T = all_W[week_T] & rest_T
        findings.append(Finding("missing weekend", f"No series {_no_weekend(all_T, time_T)}", count=int(all_W.sum())))
        no_BW &= ~all_W
    for b in np.flatnonzero(no_BW.sum(axis=1) >= 2):
        own_T = no_BW[b][week_T] & rest_T
        text = f"{names_B[b]} {_no_weekend(own_T, time_T)}"
        findings.append(Finding("missing weekend", text.replace("has a", "has no"), names_B[b], int(no_BW[b].sum())))
    return gone_BT, findings


def _no_weekend(gone_T: np.ndarray, time_T: np.ndarray) -> str:
    at = np.flatnonzero(gone_T)
    first, last = (str(time_T[t])[:10] for t in (at[0], at[-1]))
    weeks = len(np.unique((time_T[at].astype("datetime64[D]").astype(int) + 3) // 7))
    return f"has a count on a Saturday or Sunday in {weeks:,} weeks from {first} to {last}: taken as missing"


def _lives(y_BT: np.ndarray, time_T: np.ndarray, names_B: tuple[str, ...], freq: str) -> list[Finding]:
    findings = []
    first_B, end_B = life(y_BT, freq)
    for b, name in enumerate(names_B):
        if first_B[b] > 0:
            text = f"{name} has no count before {stamp(time_T[first_B[b]], freq)}: a service that opened, or a new name"
            findings.append(Finding("late start", text, name, int(first_B[b])))
        if end_B[b] < len(time_T):
            last = stamp(time_T[end_B[b] - 1], freq)
            text = f"{name} has no count after {last}: it closed, merged or no longer reports"
            findings.append(Finding("vanished", text, name, int(len(time_T) - end_B[b])))
    return findings


def _merged(y_BT: np.ndarray, time_T: np.ndarray, names_B: tuple[str, ...], freq: str) -> list[Finding]:
    """Series that end together while another rises by about their sum."""
    first_B, end_B = life(y_BT, freq)
    width = 2 * GRACE[freq]
    findings, done = [], np.zeros(len(y_BT), bool)
    for b in np.flatnonzero(end_B < y_BT.shape[1]):
        together = np.flatnonzero((np.abs(end_B - end_B[b]) <= width // 8) & (end_B < y_BT.shape[1]))
        if done[b] or len(together) == len(y_BT):
            continue
        for ended in (together, np.array([b])):
            at = int(end_B[ended].max())
            lost = sum(_mean(y_BT[e], end_B[e] - width, end_B[e]) for e in ended)
            heir = _heir(y_BT, first_B, ended, at, width, lost)
            if heir is not None:
                gone = " and ".join([", ".join(names_B[e] for e in ended[:-1]), names_B[ended[-1]]][len(ended) == 1 :])
                ends = "end" if len(ended) > 1 else "ends"
                text = (
                    f"{gone} {ends} on {stamp(time_T[at - 1], freq)} as {names_B[heir]} rises by about as much "
                    f"({lost:,.0f} a {PERIOD[freq]}): they seem to have merged, nothing was joined"
                )
                findings.append(Finding("merged", text, names_B[heir], len(ended)))
                done[ended] = True
                break
    return findings


def _heir(y_BT: np.ndarray, first_B: np.ndarray, ended: np.ndarray, at: int, width: int, lost: float) -> int | None:
    """The series that rises at `at` by `lost`, within a quarter and far beyond its own changes."""
    new_B = (np.abs(first_B - at) <= width // 4) & (first_B > 0)
    before_B = np.where(new_B, 0.0, _means(y_BT, at - width, at))
    after_B = _means(y_BT, at, at + width)
    for b in np.flatnonzero(new_B):
        after_B[b] = _mean(y_BT[b], first_B[b], first_B[b] + width)
    off_B = np.abs(after_B - before_B - lost)
    with np.errstate(invalid="ignore"):
        could_B = (off_B < 0.25 * lost) & (after_B - before_B >= 0.2 * before_B)
    could_B[ended] = False
    for b in np.argsort(np.where(could_B, off_B, np.inf), kind="stable")[: int(could_B.sum())]:
        edges = np.arange(width, y_BT.shape[1] - width, width)
        changes = [_mean(y_BT[b], e, e + width) - _mean(y_BT[b], e - width, e) for e in edges if abs(e - at) > width]
        noise = np.nanmedian(np.abs(changes)) * 1.48 if np.isfinite(changes).any() else 0.0  # as a standard deviation
        if new_B[b] or after_B[b] - before_B[b] > 4 * noise:
            return int(b)
    return None


def _means(y_BT: np.ndarray, first: int, end: int) -> np.ndarray:
    part = y_BT[:, max(0, first) : max(0, end)]
    known = np.isfinite(part).sum(axis=1)
    return np.where(known > 0, np.nansum(part, axis=1) / np.maximum(known, 1), np.nan)


def _mean(y_T: np.ndarray, first: int, end: int) -> float:
    return float(_means(y_T[None], first, end)[0])


def _spikes(y_BT: np.ndarray, time_T: np.ndarray, names_B: tuple[str, ...], freq: str) -> list[Finding]:
    m_BT = usual(y_BT, freq)
    v_B = spread(y_BT, m_BT)[:, None]
    with np.errstate(invalid="ignore"):
        high_BT = (2 * (np.sqrt(y_BT) - np.sqrt(m_BT)) > FAR * np.sqrt(v_B)) & (y_BT > TIMES * m_BT)
    findings = []
    for b in np.flatnonzero(high_BT.any(axis=1)):
        at = np.flatnonzero(high_BT[b])
        top = at[np.argmax(y_BT[b, at])]
        when = f"{y_BT[b, top]:,.0f} {on(time_T, np.arange(len(time_T)) == top, freq)}"
        others = f", and {len(at) - 1:,} more such count{'s' if len(at) > 2 else ''}" if len(at) > 1 else ""
        text = f"{names_B[b]} has {when}, where about {m_BT[b, top]:,.0f} is usual{others}: kept"
        findings.append(Finding("spike", text, names_B[b], len(at)))
    return findings
