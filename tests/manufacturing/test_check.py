"""`pilot-manufacturing check`: what it understands, what it says is possible, and its exit codes."""

import re
from pathlib import Path

import pytest

from common.cli import pilot
from pilots.manufacturing.__main__ import VERBS
from pilots.manufacturing.data import findings
from pilots.manufacturing.data.csv import CsvFleet


@pytest.fixture
def check(monkeypatch, capsys):
    """check("data=sample") -> exit code, standard output, standard error"""

    def run(*words: str):
        monkeypatch.setattr("sys.argv", ["pilot-manufacturing", "check", *map(str, words)])
        code = pilot("manufacturing", VERBS)
        return code, *capsys.readouterr()

    return run


def readings(machines: int, days: int) -> str:
    rows = ["machine,time,speed,vibration"]
    for machine in range(machines):
        rows += [f"M{machine},2024-{1 + d // 28:02d}-{1 + d % 28:02d},2900,{1 + d / 100}" for d in range(days)]
    return "\n".join(rows) + "\n"


SITE = """\
defaults: [csv]
path: ../logs/pumps.csv
channels:
  - {name: vibration, unit: mm/s, low: 0, high: 80}
  - {name: speed, unit: rpm, low: 0, high: 4000, role: setting}
row_unit: day
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of a user's own, its name with blank and brackets; 12 machines for 60 days each, 3 failures."""
    root = tmp_path / "my site [1]"
    for name, text in {
        "data/pumps.yaml": SITE,
        "data/failing.yaml": SITE + "events: ../logs/book.csv\n",
        "logs/pumps.csv": readings(12, 60),
        "logs/book.csv": "machine,time,event\n" + "".join(f"M{n},2024-03-04,failed\n" for n in range(3)),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_sample(check):
    code, said, err = check("data=sample")
    assert (code, err) == (0, "")
    assert re.search(r"^sample: 34,053 rows of 160 machines, 2022-01-07 to ", said)
    assert "94 failed, 16 replaced, 66 running" in said
    assert "114 rows of downtime after failures were dropped (P009: 8" in said
    assert "- rul      yes: 94 failures" in said
    assert "- reached: rung 5 remaining life in full; machines that run now:" in said
    assert (
        "- rung 5 remaining life in full: 62 machines\n- rung 4 adapted baseline: 4 machines; for rung 5: 2 more"
        in said
    )
    assert said == check("--data", "sample")[1]


def test_three_ways_to_name_a_site(check, site, monkeypatch):
    said = {check("--config-dir", site, "data=pumps"), check(site / "data" / "pumps.yaml")}
    monkeypatch.chdir(site)  # relative paths stand as seen from the yaml, wherever the command runs
    said.add(check("--config-dir", ".", "data=pumps"))
    said.add(check("data/pumps.yaml"))
    assert len(said) == 1
    code, text, _ = said.pop()
    assert code == 0
    assert "pumps: 720 rows of 12 machines" in text
    assert "the usual step is 1 day" in text
    assert "one row is one day" in text
    assert "- rung 2 healthy-only T²+Q: 12 machines; for rung 3: 8 more failures in the fleet" in text


def test_which_task_is_possible(check, site):
    assert "- anomaly  yes" in check(site / "data" / "pumps.yaml")[1]
    assert "- rul      no: 0 failures, it needs at least 8" in check(site / "data" / "pumps.yaml")[1]
    assert "- rul      no: 3 failures, it needs at least 8" in check(site / "data" / "failing.yaml")[1]
    book = "machine,time,event\n" + "".join(f"M{n},2024-03-04,failed\n" for n in range(9))
    (site / "logs" / "book.csv").write_text(book)
    assert "- rul      yes: 9 failures; expect wide intervals" in check(site / "data" / "failing.yaml")[1]


def test_words_are_those_of_a_run(check, site):
    path = f"data.path={site / 'logs' / 'pumps.csv'}"
    channels = "data.channels=[{name:vibration,unit:mm/s}]"
    code, said, _ = check("data=csv", path, channels, "model=naive")
    assert code == 0
    assert "no physical limits: vibration" in said
    assert "no channel is a setting" in said


MISTAKES = {
    "data=smaple": "did you mean 'sample'",
    "data=cmapss": "data.root is not set",
    "data=cmapss data.root=/nowhere/at/all": "/nowhere/at/all is not a folder",
    "nothing.csv": "there is no file nothing.csv",
    "nothing.yaml": "there is no file nothing.yaml",
    "a.csv b.csv": "check takes one file",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_one_sentence_and_code_2(check, words):
    code, said, err = check(*words.split())
    assert (code, said) == (2, "")
    assert MISTAKES[words] in err
    assert err.count("\n") == 1


def test_a_breach_in_the_users_table(check, site):
    (site / "logs" / "pumps.csv").write_text(readings(2, 20).replace(",1.07\n", ",-999\n", 1))
    code, said, err = check(site / "data" / "pumps.yaml")
    assert (code, said) == (2, "")
    assert "pumps.csv line 9: vibration = -999 is outside 0 to 80 mm/s" in err
    assert "data.missing=" in err


def fleet_of(tmp_path: Path, text: str, **settings):
    (tmp_path / "x.csv").write_text(text)
    channels = [{"name": "speed", "role": "setting"}, {"name": "vibration"}]
    return CsvFleet(**{"path": str(tmp_path / "x.csv"), "channels": channels, **settings}).read()


def test_what_to_look_at(tmp_path):
    rows = readings(1, 40).splitlines()
    rows[5] = rows[5].rsplit(",", 1)[0] + ",-999"
    del rows[20:24]  # a gap of four days
    said = "\n".join(findings.to_mend(fleet_of(tmp_path, "\n".join(rows))))
    assert "vibration: -999 looks like 'no reading'" in said
    assert "gaps longer than 1.5 x 1 day: 2 (5.7% of the steps), the longest 5 days" in said  # January ends on the 28th
    assert "no physical limits: speed, vibration" in said
    assert "speed never moves" not in said  # a load that is always the same is no fault
    flat = re.sub(r",[\d.]+$", ",2", readings(1, 40), flags=re.MULTILINE)
    flat_fleet = fleet_of(tmp_path, flat)
    assert "vibration never moves from 2" in "\n".join(findings.to_mend(flat_fleet))
    assert findings.possible(flat_fleet)[0].startswith("anomaly  no")


def test_an_empty_channel(tmp_path):
    fleet = fleet_of(tmp_path, re.sub(r",[\d.]+$", ",", readings(1, 60), flags=re.MULTILINE))
    assert "vibration has no reading at all: take it out of data.channels" in findings.to_mend(fleet)
    assert "never a reading" in findings.channels(fleet)[2]
    assert findings.possible(fleet)[0].startswith("anomaly  no")


GERMAN = """\
Pumpe;Zeitstempel;Drehzahl [U/min];Schwingung (mm/s);Lager "A" [°C];Status;time
P1;01.03.2024 06:00;2900;1,25;45,1;ok;1
P1;02.03.2024 06:00;2910;-999;46,2;ok;2
P1;03.03.2024 06:00;2910;1,30;46,3;ok;3
P2;01.03.2024 06:00;2910;1,50;46,2;ok;4
P2;02.03.2024 06:00;2911;1,60;46,0;ok;5
"""


def test_a_proposed_yaml_can_be_used_as_it_stands(check, tmp_path):
    log, yaml = tmp_path / "log #1.csv", tmp_path / "site" / "data" / "mine.yaml"
    log.write_text(GERMAN.replace('"A"', "A"), encoding="utf-8")
    code, text, _ = check(log)
    assert code == 0
    yaml.parent.mkdir(parents=True)
    yaml.write_text(text, encoding="utf-8")
    code, said, err = check(yaml)
    assert (code, err) == (0, "")
    assert "5 rows of 2 machines, 2024-03-01 06:00:00 to 2024-03-03 06:00:00" in said
    assert re.search(r"drehzahl +U/min +setting", said)
    assert re.search(r"schwingung +mm/s +sensor +20\.0%", said)  # -999 was recognised
    assert re.search(r"lager_a +°C +sensor", said)
    assert re.search(r"time_2 ", said)  # the user's own column 'time' is a number, not the stamp
    assert "columns not used: Status" in said


def test_a_proposal_for_hostile_names(check, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(
        'id,day,"x: [1, ""y""]",\x7f{b}\n' + "".join(f"a,{d},{d * 2},{d * 3}\nb,{d},1,2\n" for d in range(9))
    )
    code, text, _ = check(log)
    assert code == 0
    assert "\x7f" not in text
    yaml = tmp_path / "data" / "y.yaml"
    yaml.parent.mkdir()
    yaml.write_text(text)
    assert "rows_per_month: 30" in text  # time is a number here
    code, said, err = check(yaml)
    assert (code, err) == (0, "")
    assert "18 rows of 2 machines, 0 to 8" in said


def test_no_numbers(check, tmp_path):
    (tmp_path / "names.csv").write_text("id,colour\na,red\na,blue\nb,red\n")
    code, _, err = check(tmp_path / "names.csv")
    assert code == 2
    assert "names.csv has no column of numbers to learn from; it has id, colour" in err
