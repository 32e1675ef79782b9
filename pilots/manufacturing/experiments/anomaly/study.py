"""Smoothing and components for SKAB from anomaly-free.csv alone.

    python -m pilots.manufacturing.experiments.anomaly.study FOLDER_OF_SKAB      writes results.md beside this file

The healthy run is cut into windows as long as an experiment. A third of the run at a time is held out, with a window's
length between; the detector is fitted on the rest. Into the held-out windows faults are made: one sensor at a time
lies off by two of its own standard deviations, up or down, for 300 rows. Two figures, neither needs a label:

- how far the false-alarm rate of the held-out windows misses the stated 10 and 20 %
- how well the score tells the made faults from all other rows (area under the curve, AUC)

The rule, fixed before the labelled files were scored with its answer: the largest AUC among the settings that miss by
at most 5 points at both rates.

Axes: W windows, T rows, F channels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from common.atomic import write_text
from common.cli import guard
from pilots.manufacturing.anomaly.detector import T2Q
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.data.skab import Skab

SMOOTH, COMPONENTS = (5, 10, 20, 30, 40, 60), (1, 2, 3, 4, 5, 6, 7)
BASELINE, WINDOW, BLOCKS = 400, 1150, 3
SIZE, BEGIN, END = 2.0, 600, 900  # standard deviations; rows of the window in which a made fault lasts
MISS = 0.05  # most that the false-alarm rate may lie off


def blocks(windows: Fleet, stride: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Numbers of the windows to learn from and of those held out; no row is in both."""
    at_W = np.arange(windows.lives)
    held = np.array_split(at_W, BLOCKS)
    clear = int(np.ceil(WINDOW / stride))
    return [(at_W[(at_W <= h[0] - clear) | (at_W >= h[-1] + clear)], h) for h in held]


def made_faults(windows: Fleet) -> list[Fleet]:
    """The same windows with one sensor off, each sensor up and down in turn."""
    x_WTF = windows.x_RF.reshape(windows.lives, WINDOW, -1)
    std_WF = x_WTF[:, :BASELINE].std(1)
    found = []
    for f in range(x_WTF.shape[2]):
        for sign in (1.0, -1.0):
            off_WTF = x_WTF.copy()
            off_WTF[:, BEGIN:END, f] += sign * SIZE * std_WF[:, None, f]
            found.append(Fleet(**{**windows.__dict__, "x_RF": off_WTF.reshape(windows.x_RF.shape)}))
    return found


def auc(quiet_N: np.ndarray, loud_N: np.ndarray) -> float:
    """Chance that a row of a fault scores higher than another (Mann and Whitney 1947)."""
    rank_N = rankdata(np.concatenate([quiet_N, loud_N]))
    count = len(loud_N)
    return float((rank_N[len(quiet_N) :].sum() - count * (count + 1) / 2) / (count * len(quiet_N)))


def judge(windows: Fleet, cut: list, smooth: int, components: int) -> dict[str, float]:
    """AUC of made faults, and by how much the false-alarm rate misses 10 and 20 %; means over the blocks."""
    areas, missed = [], {0.1: [], 0.2: []}
    for learn, held in cut:
        detector = T2Q(smooth, components).fit(windows.take(learn), BASELINE, 0)
        plain = windows.take(held)
        score_WT = detector(plain)["score"][:, BASELINE:]
        for rate, miss in missed.items():
            miss.append(abs(float((score_WT > detector.limit(rate)).mean()) - rate))
        quiet, loud = [], []
        for ill in made_faults(plain.take(np.arange(0, plain.lives, 2))):
            score = detector(ill)["score"][:, ::5]
            row_T = np.arange(0, WINDOW, 5)
            inside_T = (row_T >= BEGIN) & (row_T < END)
            loud.append(score[:, inside_T].ravel())
            quiet.append(score[:, ~inside_T & (row_T >= BASELINE)].ravel())
        areas.append(auc(np.concatenate(quiet), np.concatenate(loud)))
    return {"auc": float(np.mean(areas)), **{f"miss {r:.0%}": float(np.mean(m)) for r, m in missed.items()}}


def chosen(table: dict[tuple[int, int], dict[str, float]]) -> tuple[int, int]:
    """The rule of this study."""
    allowed = {k: row for k, row in table.items() if max(row["miss 10%"], row["miss 20%"]) <= MISS}
    return max(allowed, key=lambda k: allowed[k]["auc"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root", type=Path)
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given.root)))


def work(root: Path) -> None:
    fleet = Skab(str(root)).read()
    fleet = fleet.take(np.flatnonzero(~fleet.test_L))  # the labelled files are not looked at
    windows = whole_run(fleet)
    cut = blocks(windows, WINDOW // 8)
    table = {(s, c): judge(windows, cut, s, c) for s in SMOOTH for c in COMPONENTS}
    best = chosen(table)
    lines = [
        "| smooth, rows | components | AUC of made faults | misses 10 % by | misses 20 % by |",
        "| --- |" + " --- |" * 4,
    ]
    for (s, c), row in sorted(table.items(), key=lambda item: -item[1]["auc"]):
        mark = "**" if (s, c) == best else ""
        lines.append(
            f"| {mark}{s}{mark} | {mark}{c}{mark} | {row['auc']:.3f} | {row['miss 10%']:.3f} | {row['miss 20%']:.3f} |"
        )
    text = "# Settings for SKAB, from anomaly-free.csv alone\n\nWritten by study.py; the rule's choice is bold.\n\n"
    write_text(Path(__file__).with_name("results.md"), text + "\n".join(lines) + "\n")
    print(best, table[best])


def whole_run(fleet: Fleet) -> Fleet:
    """Windows of the one healthy run, all of its rows."""
    starts = np.arange(0, int(fleet.length_L[0]) - WINDOW + 1, WINDOW // 8)
    return fleet.pieces(np.zeros(len(starts), int), starts, starts + WINDOW)


if __name__ == "__main__":
    main()
