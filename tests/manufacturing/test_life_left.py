"""How long machines with such a forecast ran on: known answers on made forecasts."""

import numpy as np
import pytest

from pilots.manufacturing.calibrate import OutOfFold
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.life_left import life_left
from pilots.manufacturing.use.what_if import lives_of

CAP = 100.0


@pytest.fixture(scope="module")
def made() -> tuple[OutOfFold, Histories]:
    """300 lives of 160 rows whose forecasts, cut at 100, err by a life's own normal error of 10 rows."""
    rul_LT = np.tile(np.arange(159.0, -1, -1), (300, 1))
    error_L1 = np.random.default_rng(0).normal(0, 10, (300, 1))
    length_L = np.full(300, 160)
    h = Histories(np.zeros((300, 160, 1), np.float32), length_L, ("age",), rul_LT, rul_LT)
    return OutOfFold(np.clip(rul_LT + error_L1, 0, CAP), None, np.zeros(300, int), blind_LT=rul_LT), h


def test_the_spread_is_the_errors_own(made):
    table = life_left(*made, cuts=20, seed=0, cap=CAP)
    (left_Q,) = lives_of(np.array([50.0]), table)
    assert np.median(left_Q) == pytest.approx(50, abs=3)
    assert np.quantile(left_Q, 0.95) - np.quantile(left_Q, 0.05) == pytest.approx(2 * 1.645 * 10, rel=0.15)
    assert (np.diff(left_Q) >= 0).all()


def test_lives_beyond_the_cap_are_kept_and_a_running_machine_has_a_row_to_go(made):
    table = life_left(*made, cuts=20, seed=0, cap=CAP)
    assert np.quantile(table["rows"][-1], 0.9) > 130  # a forecast at the cap says "100 or more": up to 160 here
    assert min(min(rows) for rows in table["rows"]) >= 1.0
