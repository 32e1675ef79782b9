"""What a run keeps of new pictures replays through the bundle."""

from __future__ import annotations

import json

import numpy as np
from replay import replayed

from common.evaluation import packed
from pilots.creative.save import pictures


def test_evaluation_replays(toy_folder):
    part = json.loads((toy_folder / "bundle.json").read_text())["creative"]
    made = pictures((toy_folder / "model.onnx").read_bytes(), part, 0, number=3)
    number, said, outcome = replayed(toy_folder, packed(made), "picture")
    assert number == 3
    np.testing.assert_array_equal(said, outcome)
