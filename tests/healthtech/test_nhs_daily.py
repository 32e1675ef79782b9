"""Discharges by trust and day, and winter situation reports: made tables as they are published, and the real ones."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.fault import Fault
from pilots.healthtech.data.nhs_discharges import NhsDischarges
from pilots.healthtech.data.nhs_sitrep import NhsSitrep

REAL = os.environ.get("PILOTS_REAL_DATA")


def kinds(counts) -> Counter:
    return Counter(finding.kind for finding in counts.findings)


@pytest.fixture
def discharges(tmp_path) -> Path:
    """Three trusts for 200 days; 2022-06-19 is 0 for all, the split by hour ends, RCC stops."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2022-04-01", periods=200)
    rows = pd.MultiIndex.from_product([["RAA", "RBB", "RCC"], days], names=["nhs_trust22_code", "date"])
    table = rows.to_frame(index=False)
    table["discharged_by_1700"] = rng.poisson(60, len(table)) * 1.0
    table["discharged_between_1701_2359"] = rng.poisson(20, len(table)) * 1.0
    table["discharged_total"] = table["discharged_by_1700"] + table["discharged_between_1701_2359"]
    table["do_not_meet_criteria_to_reside"] = rng.poisson(200, len(table)) * 1.0
    table.loc[table["date"] == "2022-06-19", table.columns[2:]] = 0.0
    table.loc[table["date"] >= "2022-09-01", ["discharged_by_1700", "discharged_between_1701_2359"]] = np.nan
    table.loc[(table["nhs_trust22_code"] == "RCC") & (table["date"] >= "2022-08-01"), table.columns[2:]] = np.nan
    table.to_csv(tmp_path / "discharges.csv.gz", index=False)
    return tmp_path / "discharges.csv.gz"


def test_discharges(discharges):
    counts = NhsDischarges(str(discharges)).read()
    assert counts.names_S == ("RAA", "RBB", "RCC")
    assert np.isnan(counts.y_ST[:, 79]).all()  # 2022-06-19
    said = {finding.kind: finding.text for finding in counts.findings}
    assert said["zero day"].startswith("All 3 series are zero on 2022-06-19: a missing day written as 0")
    assert said["vanished"].startswith("RCC has no count after 2022-07-31")
    reporting = NhsDischarges(str(discharges), orgs="reporting", total="England").read()
    assert reporting.names_S == ("RAA", "RBB", "England")
    assert reporting.y_ST[2, 0] == counts.y_ST[:, 0].sum()
    early = NhsDischarges(str(discharges), measure="discharged_by_1700").read()
    assert early.time_T[-1].astype("datetime64[D]") == np.datetime64("2022-08-31")
    assert (NhsDischarges(str(discharges), measure="no_criteria_to_reside").read().y_ST[0] > 100).sum() == 199
    assert NhsDischarges(str(discharges), orgs="RBB").read().names_S == ("RBB",)
    with pytest.raises(ValueError, match=r"measure is one of discharged, .*, got deaths"):
        NhsDischarges(str(discharges), measure="deaths")
    with pytest.raises(ValueError, match="total=England adds up all trusts"):
        NhsDischarges(str(discharges), orgs=["RAA"], total="England")


@pytest.fixture
def sitrep(tmp_path) -> Path:
    """Two winters of two trusts and one that stops; the first has no weekends; the stated occupancy is what it is."""
    rng = np.random.default_rng(0)
    parts = []
    for winter, first, last in (("2015-16", "2015-11-30", "2016-02-26"), ("2017-18", "2017-11-20", "2018-03-04")):
        days = pd.date_range(first, last, freq="B" if winter == "2015-16" else "D")
        for code, open_beds in (("RAA", 500), ("RBB", 800), *([("RCC", 300)] if winter == "2015-16" else [])):
            occupied = rng.binomial(open_beds, 0.94, len(days))
            part = pd.DataFrame({"winter": winter, "code": code, "name": f"{code} Trust", "date": days})
            part["g_a_beds_open"], part["g_a_beds_occupied"] = open_beds * 1.0, occupied * 1.0
            parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    england = table.groupby(["winter", "date"], as_index=False)[["g_a_beds_open", "g_a_beds_occupied"]].sum()
    table = pd.concat([england.assign(code="-", name="ENGLAND"), table], ignore_index=True)[list(table.columns)]
    table["occupancy_rate"] = table["g_a_beds_occupied"] / table["g_a_beds_open"]
    table.loc[table["winter"] == "2017-18", "occupancy_rate"] = 0.0
    table.loc[len(table) - 1, ["g_a_beds_open", "occupancy_rate"]] = 0.0, np.inf
    table.to_csv(tmp_path / "sitrep.csv", index=False)
    return tmp_path / "sitrep.csv"


def test_sitrep(sitrep):
    counts = NhsSitrep(str(sitrep)).read()
    assert counts.names_S == ("RAA", "RBB", "England")
    assert counts.levels[0].member_S == (2,)
    assert counts.y_ST[2, 0] > 1400  # RCC is in the published sum
    said = {finding.kind: finding.text for finding in counts.findings}
    assert "2 winters only (2015-11-30 to 2016-02-26, 2017-11-20 to 2018-03-04); the 632 days" in said["winters only"]
    assert "infinite in 1 rows; no open beds were reported" in said["infinite occupancy"]
    assert "occupied / open gives 0.9" in said["zero occupancy"]
    assert "Saturday or Sunday" in said["missing weekend"]
    assert "RCC no longer report" in said["left out"]
    assert kinds(counts)["total row"] == 1
    assert NhsSitrep(str(sitrep), orgs="all").read().names_S == ("RAA", "RBB", "RCC", "England")
    assert NhsSitrep(str(sitrep), measure="beds_open", orgs=["RBB"]).read().names_S == ("RBB",)
    with pytest.raises(Fault, match=r"sitrep.csv has no column .*delays30"):
        NhsSitrep(str(sitrep), measure="ambulance_delays_30").read()
    with pytest.raises(ValueError, match="measure is one of beds_occupied"):
        NhsSitrep(str(sitrep), measure="beds")


@pytest.mark.skipif(not REAL, reason="PILOTS_REAL_DATA is not set: the published tables are not here")
def test_the_published_tables():
    counts = NhsDischarges(f"{REAL}/health-discharges-daily-trust/discharges_daily.csv.gz").read()
    assert counts.y_ST.shape == (121, 1249)
    assert any(f.text.startswith("All 121 series are zero on 2022-06-19") for f in counts.findings)
    counts = NhsSitrep(f"{REAL}/health-winter-sitrep-2015-2020/sitrep.csv.gz").read()
    assert counts.y_ST.shape == (133, 1554)
    assert counts.names_S[-1] == "England"
    found = kinds(counts)
    for kind in ("winters only", "infinite occupancy", "zero occupancy", "total row", "missing weekend", "vanished"):
        assert found[kind] >= 1, kind
