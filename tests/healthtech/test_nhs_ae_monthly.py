"""The monthly A&E files as NHS England publishes them: made ones in each of their layouts, and the real ones."""

import gzip
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.fault import Fault
from pilots.healthtech.data.nhs_ae_files import MONTHS, read_folder
from pilots.healthtech.data.nhs_ae_monthly import NhsAeMonthly, region_of

REAL = os.environ.get("PILOTS_REAL_DATA")
FIRST = ["Period", "Org Code", "Parent Org", "Org name"]
TYPES = ["Type 1", "Type 2", "Other A&E Department"]
WAITS = [f"Patients who have waited {h} hs from DTA to admission" for h in ("4-12", "12+")]
WAITS[1] = "Patients who have waited 12+ hrs from DTA to admission"
THROUGH = [f"Emergency admissions via A&E - {t}" for t in ("Type 1", "Type 2", "Other A&E department")]
OLD = [
    *FIRST,
    *(f"Number of A&E attendances {t}" for t in TYPES),
    *(f"Number of attendances over 4hrs {t}" for t in TYPES),
    *WAITS,
    *THROUGH,
    "Other emergency admissions",
]
NEW = [
    *FIRST,
    *(f"A&E attendances {t}" for t in TYPES),
    *(f"A&E attendances Booked Appointments {t}" for t in ("Type 1", "Type 2", "Other Department")),
    *(f"Attendances over 4hrs {t}" for t in ("Type 1", "Type 2", "Other Department")),
    *(f"Attendances over 4hrs Booked Appointments {t}" for t in ("Type 1", "Type 2", "Other Department")),
    *WAITS,
    *THROUGH,
    "Other emergency admissions",
]
NORTH, SOUTH = "NHS ENGLAND NORTH WEST", "NHS ENGLAND SOUTH WEST"


def month_file(year: int, month: int, booked: bool) -> str:
    """AAA and BBB merge into CCC in January 2020; DDD writes waits as 0 from June 2019; NIL never counts anything."""
    rng = np.random.default_rng(year * 12 + month)
    early = (year, month) < (2020, 1)
    area = "NHS ENGLAND NORTH (GREATER MANCHESTER)" if early else NORTH + " "
    rows = []
    for org, parent, busy in [
        *([("AAA", area, 5000), ("BBB", area, 7000)] if early else [("CCC", area, 12000)]),
        ("EEE", area, 9000),
        ("DDD", SOUTH, 8000),
        ("FFF", SOUTH, 3000),
        ("NIL", SOUTH, 0),
    ]:
        attended = rng.poisson([busy, busy / 20, busy / 2])
        late = np.zeros(3, int) if org == "DDD" and (year, month) >= (2019, 6) else attended // 5
        extra = [10, 0, 5] if booked and busy else [0, 0, 0]
        parts = [*attended, *extra, *late, *extra] if booked else [*attended, *late]
        others = [busy // 50, 1, busy // 4, 2, 3, busy // 10] if busy else [0] * 6
        rows.append([f"MSitAE-{MONTHS[month - 1]}-{year}", org, parent, f"{org} TRUST", *parts, *others])
    table = pd.DataFrame(rows, columns=NEW if booked else OLD)
    names = [["TOTAL"] * 4, ["", "", "", "Total"]][month % 2]
    total = pd.DataFrame([[*names, *table.iloc[:, 4:].sum()]], columns=table.columns)
    text = pd.concat([table, total]).to_csv(index=False, lineterminator="\r\n")
    return ("﻿" + text if month == 7 else text) + ("," * (len(table.columns) - 1) + "\r\n" if month == 3 else "")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Two years of files, read by all tests and changed by none."""
    root = tmp_path_factory.mktemp("monthly files")
    for year in (2019, 2020):
        for month in range(1, 13):
            text = month_file(year, month, booked=(year, month) >= (2020, 8)).encode()
            name = f"{MONTHS[month - 1].title()}-{year}-revised-{year * month}.csv"
            (root / f"{name}.gz").write_bytes(gzip.compress(text)) if month % 2 else (root / name).write_bytes(text)
    (root / "README.md").write_text("not a table")
    return root


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """A copy of them that may be changed."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture(scope="module")
def regions(made):
    return NhsAeMonthly(str(made)).read()


def kinds(counts) -> Counter:
    return Counter(finding.kind for finding in counts.findings)


def test_regions(made, regions):
    counts = regions
    assert counts.names_S == ("NORTH WEST", "SOUTH WEST", "England")
    assert counts.levels[0].member_S == (2,)
    assert counts.freq == "MS"
    assert counts.time_T[[0, -1]].astype("datetime64[M]").astype(str).tolist() == ["2019-01", "2020-12"]
    published = pd.read_csv(next(made.glob("December-2020*"))).iloc[-1]
    assert counts.y_ST[2, -1] == published.filter(like="A&E attendances").sum()
    assert "Open Government Licence v3.0" in counts.licence
    said = {finding.kind: finding for finding in counts.findings}
    assert said["total row"].count == 24
    assert "0 at most" in said["total row"].text
    texts = [finding.text for finding in counts.findings if finding.kind == "layout"]
    assert texts[0].startswith("2 different headers were met: 16 columns in 19 files (2019-01 to 2020-07); 22")
    assert texts[1].startswith("3 names of parent organisations were met; they are 2 regions")
    assert said["nothing counted"].count == 1
    assert said["merged"].text.startswith("AAA and BBB end on 2019-12 as CCC rises by about as much")
    assert "2 organisations stop reporting: AAA, BBB" in said["vanished"].text
    assert "CCC" in said["late start"].text


def test_organisations(made, regions):
    still = NhsAeMonthly(str(made), level="organisation").read()
    assert still.names_S == ("CCC", "DDD", "EEE", "FFF", "NORTH WEST", "SOUTH WEST", "England")
    assert [level.name for level in still.levels] == ["region", "total"]
    assert still.sums_SB[-3].tolist() == [1, 0, 1, 0]
    np.testing.assert_array_equal(still.y_ST[-3:], regions.y_ST)  # the past of AAA and BBB stays in the sums
    assert any("AAA, BBB no longer report" in finding.text for finding in still.findings)
    every = NhsAeMonthly(str(made), level="organisation", orgs="all").read()
    assert every.names_S[:6] == ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
    assert np.isnan(every.y_ST[0, 12:]).all()  # not 0
    some = NhsAeMonthly(str(made), level="organisation", orgs=["FFF", "EEE"]).read()
    assert some.names_S == ("EEE", "FFF")
    assert some.levels == ()


def test_measures(made):
    over = NhsAeMonthly(str(made), measure="over_4_hours", level="organisation", orgs="all").read()
    assert "DDD" not in over.names_S
    assert kinds(over)["zero month"] == 1
    through, both = (NhsAeMonthly(str(made), measure=m).read() for m in ("admissions", "emergency_admissions"))
    assert (both.y_ST > through.y_ST).all()
    waits = NhsAeMonthly(str(made), measure="waits_12_hours").read()
    assert waits.y_ST[-1, -1] == 4  # 1 of each organisation that counts anything


def test_the_break_of_the_pandemic(made):
    counts = NhsAeMonthly(str(made), exclude=[["2020-03-01", "2020-06-01"]]).read()
    assert np.isnan(counts.y_ST[:, 14:18]).all()
    assert np.isfinite(counts.y_ST[:, [13, 18]]).all()


def test_names_of_areas():
    assert region_of("NHS ENGLAND MIDLANDS ") == "MIDLANDS"
    assert region_of("NHS ENGLAND NORTH (CUMBRIA AND NORTH EAST)") == "NORTH EAST AND YORKSHIRE"
    assert region_of("NHS ENGLAND MIDLANDS AND EAST (EAST)") == "EAST OF ENGLAND"
    assert region_of("NHS ENGLAND SOUTH EAST (KENT, SURREY AND SUSSEX)") == "SOUTH EAST"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda root: (root / "again.csv").write_text(month_file(2019, 4, False)), "are both for 2019-04"),
        (lambda root: [path.unlink() for path in root.glob("*.csv*")], "holds no CSV"),
        (lambda root: (root / "x.csv").write_text("a,b\n1,2\n"), "x.csv has no column for data.measure=attendances"),
        (
            lambda root: (root / "x.csv").write_text(month_file(2021, 4, True).replace("MSitAE-APRIL", "APRIL")),
            "x.csv: column Period says APRIL-2021, not one month",
        ),
        (
            lambda root: (root / "x.csv").write_text(month_file(2021, 4, True).replace(",DDD,", ",EEE,")),
            "x.csv line 4: EEE is in the file twice",
        ),
        (
            lambda root: (root / "x.csv").write_text(month_file(2021, 4, True).replace(",10,0,5,", ",-10,0,5,", 1)),
            "x.csv line 2: .*-10",
        ),
    ],
)
def test_refused(folder, change, sentence):
    change(folder)
    with pytest.raises(Fault, match=sentence):
        NhsAeMonthly(str(folder)).read()


def test_settings_are_refused(made):
    for words in ({"measure": "deaths"}, {"level": "ward"}):
        with pytest.raises(ValueError, match="got"):
            NhsAeMonthly(str(made), **words)
    with pytest.raises(Fault, match="there is no folder"):
        NhsAeMonthly(str(made / "none")).read()
    with pytest.raises(Fault, match=r"data.orgs: .* has no organisation 'EEF': did you mean 'EEE'"):
        NhsAeMonthly(str(made), level="organisation", orgs=["EEF"]).read()


def test_tidy_tables(tmp_path):
    months = pd.date_range("2018-01-01", periods=30, freq="MS")
    wide = pd.DataFrame({"date": months.repeat(2), "org_code": ["AAA", "BBB"] * 30, "type1": 90.0, "total": 100.0})
    wide.loc[5, "total"] = 100.25
    wide.to_csv(tmp_path / "tidy.csv.gz", index=False)
    counts = NhsAeMonthly(str(tmp_path / "tidy.csv.gz"), level="organisation").read()
    assert counts.names_S == ("AAA", "BBB", "England")
    assert kinds(counts)["estimate"] == 1
    assert np.isnan(counts.y_ST[1, 2])
    with pytest.raises(Fault, match=r"tidy.csv.gz names no region: say data.level=england or org"):
        NhsAeMonthly(str(tmp_path / "tidy.csv.gz")).read()
    alone = NhsAeMonthly(str(tmp_path / "tidy.csv.gz"), level="england").read()
    assert alone.names_S == ("England",)
    assert alone.y_ST[0, 0] == 200
    long = wide.rename(columns={"date": "period"}).loc[wide.index.repeat(2), ["period", "org_code"]]
    long["type"], long["attendances"], long["breaches"] = ["1", "other"] * 60, 50, 7
    long.to_csv(tmp_path / "long.csv", index=False)
    counts = NhsAeMonthly(str(tmp_path / "long.csv"), measure="over_4_hours", level="organisation").read()
    np.testing.assert_array_equal(counts.y_ST[:, 0], [14, 14, 28])
    with pytest.raises(Fault, match=r"for data.measure=waits_12_hours a table has"):
        NhsAeMonthly(str(tmp_path / "long.csv"), measure="waits_12_hours").read()


@pytest.mark.skipif(not REAL, reason="PILOTS_REAL_DATA is not set: the published files are not here")
def test_the_published_files():
    """45 months in three headers; the sums are the published totals; trusts known to have merged are found."""
    root = Path(REAL) / "health-ae-monthly-provider" / "raw"
    frame, findings = read_folder(root, "attendances")
    assert len(frame) == 10_155
    said = {finding.kind: finding for finding in findings}
    assert said["layout"].count == 3
    assert (said["total row"].count, said["total row"].text.count("0 at most")) == (45, 1)
    counts = NhsAeMonthly(str(root)).read()
    assert counts.y_ST.shape == (8, 45)
    assert np.isfinite(counts.y_ST).all()
    merged = [finding.text for finding in counts.findings if finding.kind == "merged"]
    for gone in (
        "RE9 and RLN end on 2019-03 as R0B",
        "RD3 and RDZ end on 2020-09 as R0D",
        "RR1 ends on 2018-06 as RRK",
    ):
        assert any(text.startswith(gone) for text in merged)
