"""The simulated hospitals: what models and pages rely on, and that the stated model is the one that is drawn."""

import numpy as np

from pilots.healthtech.data.hospitals import SITES, simulate
from pilots.healthtech.data.sample import SampleCounts, write


def test_with_and_without_the_files(tmp_path):
    write(tmp_path, preset=0)
    kept, made = SampleCounts(str(tmp_path)).read(), SampleCounts(str(tmp_path / "absent")).read()
    assert kept.sha256 == made.sha256
    assert kept.names_S[: kept.bottom] == tuple(sorted(SITES))
    known_T = np.isfinite(kept.y_ST).all(axis=0)
    np.testing.assert_array_equal(kept.y_ST[:, known_T], kept.sums_SB @ kept.y_ST[: kept.bottom, known_T])
    assert (~np.isfinite(kept.y_ST)).sum(axis=1).tolist() == [3, 3, 38, 3, 38]  # three springs; one site was down


def test_counts_spread_as_stated():
    """Poisson with a gamma luck per day: a day's total has variance mean + mean² / 400."""
    history = simulate()
    day = history.hours.assign(rate=history.rate, day=history.hours["time"].dt.floor("D"))
    day = day.groupby(["site", "day"])[["arrivals", "rate"]].sum()
    score = (day["arrivals"] - day["rate"]) ** 2 / (day["rate"] + day["rate"] ** 2 / 400)
    assert abs(score.mean() - 1) < 0.12
