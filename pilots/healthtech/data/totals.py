"""Rows of a file that add up the others ("TOTAL", "England"): told apart, so that nobody is counted twice.

Axes: S series of a file, T periods.
"""

from __future__ import annotations

import re

import numpy as np

from pilots.healthtech.data.contract import SEASON, Finding
from pilots.healthtech.data.words import number

NAMES = re.compile(
    r"(grand |sub)?totals?|all|overall|sum|england|wales|scotland|northern ireland|uk|national|trust|-", re.I
)
SHARE = 0.9  # of the periods on which a row must be the sum of the others, to be known as their total without a name
NEAR = 0.02  # a total may miss that sum by so much: late corrections, a member that the file leaves out


def find_totals(y_ST: np.ndarray, names_S: tuple[str, ...], freq: str) -> tuple[np.ndarray, list[Finding]]:
    """total_S: True for rows that add up the others; and a finding for each, and for those only named like one."""
    total_S = np.zeros(len(names_S), bool)
    findings: list[Finding] = []
    if len(names_S) < 3:  # of two equal series neither is known to be the sum
        return total_S, findings
    named_S = np.array([bool(NAMES.fullmatch(name.strip())) for name in names_S])
    for s in np.flatnonzero(named_S):
        rest = ~named_S
        _, ratio, differs, periods = _compare(y_ST[s], y_ST[rest])
        if rest.sum() < 2 or not periods:
            continue
        if abs(ratio - 1) <= NEAR:
            total_S[s] = True
            findings.append(_finding(names_S[s], int(rest.sum()), differs, freq))
        else:
            text = (
                f"'{names_S[s]}' is named like a total and is usually {ratio:.2f} times the sum of the other series: "
                "kept as a series of its own"
            )
            findings.append(Finding("total row", text, names_S[s]))
    rest = np.flatnonzero(~total_S)
    sum_T = np.nansum(y_ST[rest], axis=0)
    for s in rest[_could_be(y_ST[rest], sum_T)]:
        share, _, differs, periods = _compare(y_ST[s], y_ST[rest[rest != s]])
        if share >= SHARE and periods >= 2 * SEASON[freq] and len(rest) > 2:
            total_S[s] = True
            findings.append(_finding(names_S[s], len(rest) - 1, differs, freq))
            break
    return total_S, findings


def _could_be(y_ST: np.ndarray, sum_T: np.ndarray) -> np.ndarray:
    """Rows that are half of everything: only they can be the sum of the rest."""
    with np.errstate(invalid="ignore"):
        return np.nanmedian(np.abs(2 * np.nan_to_num(y_ST) - sum_T), axis=1) <= NEAR * max(float(np.median(sum_T)), 1.0)


def _compare(total_T: np.ndarray, rest_ST: np.ndarray) -> tuple[float, float, int, int]:
    """Share of periods on which they are nearly equal, usual ratio, periods on which they differ, periods compared."""
    sum_T = np.nansum(rest_ST, axis=0)
    known_T = np.isfinite(total_T) & (sum_T > 0) & (total_T > 0)
    if not known_T.any():
        return 0.0, np.nan, 0, 0
    ratio = total_T[known_T] / sum_T[known_T]
    differs = int((ratio != 1).sum())
    return float(np.mean(np.abs(ratio - 1) <= NEAR)), float(np.median(ratio)), differs, int(known_T.sum())


def _finding(name: str, rest: int, differs: int, freq: str) -> Finding:
    off = f" (it differs from their sum in {number(differs, freq)})" if differs else ""
    text = f"'{name}' adds up the {rest:,} other series{off}: taken as a level above them, not counted twice"
    return Finding("total row", text, name)
