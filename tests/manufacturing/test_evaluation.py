"""What a run keeps of its test machines replays through the bundle."""

from __future__ import annotations

import numpy as np
from replay import replayed

from common.evaluation import packed
from pilots.manufacturing.save import queries


def test_evaluation_replays(stepping):
    made = queries(stepping.fleet, 100.0)
    machines, said, outcome = replayed(stepping.batch, packed(made), "rul")
    assert machines == stepping.fleet.lives
    assert said.shape == outcome.shape
    assert np.nanmax(outcome) == 100.0
    np.testing.assert_allclose(said[:, 0], stepping.said["rul"], rtol=0, atol=1e-4)  # alone as among all
