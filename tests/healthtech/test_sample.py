"""The simulated hospitals: what models and pages rely on, and that the stated model is the one that is drawn."""

import numpy as np
import pandas as pd
import pytest

from pilots.healthtech.data.hospitals import ADMITTED, LEVEL, SITES, STAYS, WARDS, simulate
from pilots.healthtech.data.sample import SampleCounts, write


@pytest.fixture(scope="module")
def history():
    return simulate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("made")
    write(made, preset=0)
    return made


@pytest.fixture(scope="module")
def counts(folder):
    return SampleCounts(str(folder)).read()


def test_with_and_without_the_files(counts, tmp_path):
    made = SampleCounts(str(tmp_path / "absent")).read()
    assert made.sha256 == counts.sha256
    with pytest.raises(ValueError, match="measure is one of arrivals, admissions, got deaths"):
        SampleCounts(measure="deaths")


def test_three_years_of_hours(counts):
    assert counts.names_S == ("central", "north", "south", "riverside", "total")
    assert [level.member_S for level in counts.levels] == [(2, 3), (4,)]  # hillside has one site: south itself
    assert len(counts.time_T) == 3 * 8760 + 24
    known_T = np.isfinite(counts.y_ST).all(axis=0)
    np.testing.assert_array_equal(counts.y_ST[:, known_T], counts.sums_SB @ counts.y_ST[: counts.bottom, known_T])
    assert (~np.isfinite(counts.y_ST[:3])).sum(axis=1).tolist() == [3, 3, 38]  # three springs; one site was down
    kinds = {finding.kind for finding in counts.findings}
    assert {"clock change", "gap"} <= kinds
    assert "zero day" not in kinds
    short = [(finding.series, finding.count) for finding in counts.findings if finding.kind == "part missing"]
    assert short == [("total", 35)]  # the hours that spring skips are no part of it


def test_counts_spread_as_stated(history):
    """Poisson with a gamma luck per day: a day's total has variance mean + mean² / 400."""
    day = history.hours.assign(rate=history.rate, day=history.hours["time"].dt.floor("D"))
    day = day.groupby(["site", "day"])[["arrivals", "rate"]].sum()
    score = (day["arrivals"] - day["rate"]) ** 2 / (day["rate"] + day["rate"] ** 2 / 400)
    assert len(score) == 3 * 1096
    assert score.mean() == pytest.approx(1, abs=0.12)  # 3,288 days: standard error 0.025


def test_what_moves_the_rate(history):
    """Factors of the docstring, read off the expected counts of whole weeks or of days a week apart."""
    rate = history.hours.assign(rate=history.rate).pivot_table(index="time", columns="site", values="rate")
    level = rate.loc["2024"].mean()[list(SITES)]
    np.testing.assert_allclose(level / LEVEL, 1, atol=0.06)
    shock = rate.loc["2023-05-02":"2023-05-29"].mean() / rate.loc["2024-05-02":"2024-05-29"].mean()
    np.testing.assert_allclose(shock, 0.65, atol=0.08)
    for day, week_before, hour, low, high in (
        ("2024-12-25", "2024-12-18", 12, 0.6, 0.85),
        ("2025-01-01", "2024-12-18", 1, 1.5, 3.0),
        ("2024-08-26", "2024-08-19", 7, 0.6, 0.95),  # a bank holiday begins late
    ):
        ratio = rate.loc[f"{day} {hour:02d}:00"] / rate.loc[f"{week_before} {hour:02d}:00"]
        assert ratio.between(low, high).all(), (day, ratio)


def test_admissions_are_some_of_the_arrivals(history):
    assert (history.hours["admissions"] <= history.hours["arrivals"]).all()
    total = history.hours.groupby("site")[["arrivals", "admissions"]].sum()
    share = (total["admissions"] / total["arrivals"])[list(SITES)]
    np.testing.assert_allclose(share / ADMITTED, 1.05, atol=0.05)  # flu and nights add


def test_stays(history):
    stays, (site, month) = history.stays, STAYS
    assert list(stays) == ["arrival", "departure", "ward"]
    assert (stays["departure"] > stays["arrival"]).all()
    seen = history.hours[(history.hours["site"] == site) & (history.hours["time"].dt.strftime("%Y-%m") == month)]
    emergency = stays[stays["ward"] == "emergency"]
    assert len(emergency) == seen["arrivals"].sum()
    assert len(stays) - len(emergency) == seen["admissions"].sum()
    per_hour = emergency["arrival"].dt.floor("h").value_counts().reindex(seen["time"], fill_value=0)
    np.testing.assert_array_equal(per_hour, seen["arrivals"])
    wards = stays[stays["ward"] != "emergency"]
    median = (wards["departure"] - wards["arrival"]).groupby(wards["ward"]).median() / pd.Timedelta(days=1)
    for ward, (share, days, _) in WARDS.items():
        assert median[ward] == pytest.approx(days, rel=0.25)
        assert (wards["ward"] == ward).mean() == pytest.approx(share, abs=0.02)
