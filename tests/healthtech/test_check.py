"""`pilot-healthtech check`: what it says of counts, the yaml it proposes, its exit codes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from made_csv import daily, hourly

from common.cli import pilot
from pilots.healthtech.__main__ import VERBS
from pilots.healthtech.data.csv import CsvCounts
from pilots.healthtech.data.propose import propose


@pytest.fixture
def check(monkeypatch, capsys):
    """check("data=sample") -> exit code, standard output, standard error"""

    def run(*words: str):
        monkeypatch.setattr("sys.argv", ["pilot-healthtech", "check", *map(str, words)])
        code = pilot("healthtech", VERBS)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of a user's own, its name with blank and brackets."""
    root = tmp_path / "my site [1]"
    (root / "data").mkdir(parents=True)
    (root / "data" / "arrivals.yaml").write_text(
        "defaults: [csv]\npath: ../arrivals.csv\ncolumns: {time: date, value: n, series: site}\nfreq: D\n"
    )
    rows = [*daily("A", 40), *daily("B", 40, level=9)]
    (root / "arrivals.csv").write_text("\n".join(["date,site,n", *rows]) + "\n")
    return root


def test_three_ways_to_name_a_site(check, site):
    said = [
        check(site / "data" / "arrivals.yaml"),
        check("--config-dir", site, "data=arrivals"),
        check(
            "data=csv", f"data.path={site}/arrivals.csv", "data.columns.time=date", "data.columns.value=n",
            "data.columns.series=site", "data.freq=d",
        ),
    ]  # fmt: skip
    assert said[0] == said[1] == said[2]
    code, out, err = said[0]
    assert (code, err) == (0, "")
    assert "arrivals: 2 series, patients counted every day\n40 days from 2024-03-04 to 2024-04-12" in out
    assert "Nothing odd was found." in out


def test_the_page_shows_what_was_found(check, site):
    path = site / "arrivals.csv"
    path.write_text(path.read_text().replace("2024-03-20,A,22\n", ""))
    code, out, _ = check(site / "data" / "arrivals.yaml", "data.total=both")
    assert code == 0
    assert "Gaps\n- A has no count on 1 of 40 days (first 2024-03-20): taken as missing" in out
    assert "level total: both" in out


def test_a_mistake_is_one_sentence(check, site):
    path = site / "arrivals.csv"
    path.write_text(path.read_text() + "2024-03-05,A,-1\n")
    code, out, err = check(site / "data" / "arrivals.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("arrivals.csv line 82: value (column 'n') = -1 is below 0")
    assert check("arrivals.yaml", "b.yaml")[0] == 2
    assert check(site / "data" / "none.yaml")[0] == 2


def test_settings_that_are_not_there(check, site):
    word = f"data.path={site}/arrivals.csv"
    code, _, err = check("data=csv", word, "data.columns.time=date", "data.columns.value=n")
    assert (code, "data.freq" in err) == (2, True)
    code, _, err = check("data=csv", word, "data.columns.time=day", "data.columns.value=n", "data.freq=D")
    assert (code, err.strip()) == (
        2,
        "arrivals.csv has no column 'day' for 'time'; it has date, site, n. Say which one it is with "
        "data.columns.time=YOUR_NAME",
    )


DAYS = pd.date_range("2023-03-04", periods=60)
MONTHS = pd.date_range("2020-01-01", periods=30, freq="MS")
FILES = {
    "one series": (["date,arrivals,temp", *(f"{day:%d/%m/%y},{20 + day.weekday()},3.5" for day in DAYS)], 1, "D"),
    "long": (["when,region,site,n", *(row.replace(",", ",North,", 1) for s in "AB" for row in daily(s))], 2, "D"),
    "wide": (["date,A,B", *(f"{day:%Y-%m-%d},{20 + day.weekday()},7" for day in DAYS)], 2, "D"),
    "hours": (["stamp,count", *hourly("2024-06-01", 400, "Z")], 1, "h"),
    "months": (["period,trust,total", *(f"{m:%B-%Y},{trust},9" for m in MONTHS for trust in ("R1", "R2"))], 2, "MS"),
    "ambiguous": (["date,n", *(f"{day:%d/%m/%Y},3" for day in DAYS[:8])], 1, "D"),
}


@pytest.mark.parametrize("what", FILES)
def test_what_is_proposed_can_be_read(tmp_path, what):
    lines, series, freq = FILES[what]
    path = tmp_path / "counts.csv"
    path.write_text("\n".join(lines) + "\n")
    words = yaml.safe_load(propose(path))
    assert words.pop("defaults") == ["csv"]
    assert words["freq"] == freq
    if what == "ambiguous":
        assert words["date_format"] == "dd/mm/yyyy"
        return
    counts = CsvCounts(**words).read()
    assert (counts.bottom, counts.freq) == (series, freq)


def test_a_proposal_for_hostile_names(check, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('date,"a: ]}\x7f # b"\n' + "".join(f"2024-03-{day:02d},3\n" for day in range(1, 32)))
    code, out, _ = check(path)
    assert code == 0
    assert "\x7f" not in out
    assert yaml.safe_load(out)["columns"]["value"] == "a: ]}\x7f # b"
    assert check("no.csv")[0] == 2
    path.write_text("a,b\nx,y\n")
    assert check(path)[2] == "x.csv has no column of dates; it has a, b\n"
