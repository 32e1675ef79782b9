"""Which fault: windows of a recording to features, and a classifier small enough to read.

Multinomial logistic regression on scaled features. With one bearing per state anything larger would only learn the
bearings by heart, and so does this one as far as its band levels go; its line levels are physics.

Axes: W windows, N samples, D features, C classes, R recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.bundle.session import Session
from pilots.manufacturing.data.cwru import Recording
from pilots.manufacturing.vibration.graph import FEATURES, SECONDS, lines_graph

CLASSES = ("normal", "inner", "ball", "outer")
BALLS, RATIO = 9.0, 7.94 / 39.04  # SKF 6205-2RS: ball diameter over pitch diameter, mm, contact angle 0


@dataclass(frozen=True)
class Windows:
    """Windows of several recordings, in order of time; no two share a sample. said: the graph's other outputs."""

    name_R: list[str]
    recording_W: np.ndarray
    state_W: np.ndarray
    x_WD: np.ndarray
    said: dict[str, np.ndarray]


def windows(recording: Recording) -> np.ndarray:
    """The recording in windows of SECONDS, what is left over dropped: [window, sample], float32."""
    samples = round(SECONDS * recording.rate)
    count = len(recording.x_N) // samples
    return recording.x_N[: count * samples].reshape(count, samples).astype(np.float32)


def inputs(recording: Recording) -> dict[str, np.ndarray]:
    """What the graph is asked about a recording."""
    x_WN = windows(recording)
    scalars = {"rate": recording.rate, "balls": BALLS, "ratio": RATIO}
    return {
        "acceleration": x_WN,
        "speed": np.full(len(x_WN), recording.rpm, np.float32),
        **{name: np.array(value, np.float32) for name, value in scalars.items()},
    }


def look(recordings: Sequence[Recording]) -> Windows:
    """Every window through the feature graph."""
    session = Session(lines_graph().SerializeToString())
    answers = [session.run(inputs(recording)) for recording in recordings]
    counts = [len(answer["features"]) for answer in answers]
    states = [CLASSES.index(recording.state) for recording in recordings]
    kept = ("line_db", "line_hz", "band_db", "level", "kurtosis")
    return Windows(
        [recording.name for recording in recordings],
        np.repeat(np.arange(len(counts)), counts),
        np.repeat(states, counts),
        np.concatenate([answer["features"] for answer in answers]),
        {name: np.concatenate([answer[name] for answer in answers]) for name in kept},
    )


class Classifier:
    """Probabilities of CLASSES from some of the features.

    features  names out of FEATURES; what is not named has weight 0
    c         inverse of the penalty on the weights of scaled features (no unit), > 0
    """

    def __init__(self, features: Sequence[str] = FEATURES, c: float = 1.0):
        self.column_K, self.c = np.array([FEATURES.index(name) for name in features]), c

    def fit(self, windows: Windows) -> Classifier:
        from sklearn.linear_model import LogisticRegression

        x_WK = windows.x_WD[:, self.column_K]
        self.centre_D, self.spread_D = np.zeros(len(FEATURES)), np.ones(len(FEATURES))
        self.centre_D[self.column_K], self.spread_D[self.column_K] = x_WK.mean(axis=0), x_WK.std(axis=0) + 1e-9
        scaled = (x_WK - self.centre_D[self.column_K]) / self.spread_D[self.column_K]
        # Each state counts alike: the healthy recording is four times shorter than the others.
        self.model = LogisticRegression(C=self.c, class_weight="balanced", max_iter=2000).fit(scaled, windows.state_W)
        self.weight_DC = np.zeros((len(FEATURES), len(CLASSES)))
        self.weight_DC[self.column_K], self.bias_C = self.model.coef_.T, self.model.intercept_
        return self

    def predict(self, windows: Windows) -> np.ndarray:
        """Probabilities [W, C] as scikit-learn gives them."""
        k = self.column_K
        return self.model.predict_proba((windows.x_WD[:, k] - self.centre_D[k]) / self.spread_D[k])
