"""The alarm's memory, worked out by hand, and the same rule inside the graph."""

import numpy as np
import pytest
import torch

from common.bundle.session import Session
from common.export.torch import to_onnx
from pilots.manufacturing.alarm import Alarm, AlarmGraph


def states(rul: list[float], alarm: Alarm, threshold: float = 30.0) -> str:
    return "".join("#" if on else "." for on in alarm.states(np.array([rul], np.float32), threshold)[0])


@pytest.mark.parametrize(
    ("alarm", "rul", "said"),
    [
        (Alarm(1, 0, 0.0), [40, 30, 31, 29], ".#.#"),  # at the threshold counts as under it
        (Alarm(3, 0, 0.0), [20, 20, 40, 20, 20, 20], ".....#"),  # one odd forecast starts the count anew
        (Alarm(2, 2, 0.0), [20, 20, 20, 20, 20], "...##"),  # two rows to be believed, two more of delay
        (Alarm(1, 0, 5.0), [30, 34, 35, 36, 31, 30], "###..#"),  # it ends above 35, not above 30
        (Alarm(2, 0, 5.0), [30, 30, 40, 30, 40, 40], ".####."),  # and needs two rows for that
        (Alarm(2, 0, 5.0), [30, float("nan"), 30, 30], "...#"),  # an unknown forecast neither raises …
        (Alarm(1, 0, 5.0), [30, float("nan"), 30], "###"),  # … nor clears
    ],
)
def test_rule_by_hand(alarm, rul, said):
    assert states(rul, alarm) == said


@pytest.mark.parametrize("alarm", [Alarm(1, 0, 0.0), Alarm(3, 0, 5.0), Alarm(2, 3, 8.0)])
def test_graph_is_the_rule_at_a_thousand_random_cuts(alarm):
    random = np.random.default_rng(0)
    rul = np.clip(60 + np.cumsum(random.normal(0, 6, (1000, 120)), axis=1), 0, 125).astype(np.float32)
    length = random.integers(1, 121, 1000)
    example = {"rul": torch.zeros(2, 7), "length": torch.tensor([7, 5]), "threshold": torch.tensor(30.0)}
    axes = {"rul": {0: "machine", 1: "time"}, "length": {0: "machine"}}
    graph = Session(to_onnx(AlarmGraph(alarm), example, axes, ["alarm", "alarm_row"]).SerializeToString(), threads=1)
    said = graph.run({"rul": rul, "length": length, "threshold": np.array(30.0, np.float32)})
    expected = alarm.states(rul, np.float32(30.0))
    sounding = 0
    for cut, on_T, alarm_now, row in zip(length, expected, said["alarm"], said["alarm_row"], strict=True):
        assert alarm_now == on_T[cut - 1]
        quiet = np.flatnonzero(~on_T[:cut])
        assert row == (quiet[-1] + 1 if len(quiet) and alarm_now else 0 if alarm_now else -1)
        sounding += int(alarm_now)
    assert sounding > 100  # both answers were compared
