"""Every command of the READMEs runs as it is written, and the figures in them are the stored ones."""

import json
import os
import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks import accuracy, health_accuracy, skab, study, vibration
from benchmarks.readme import ACCURACY, CREATIVE, HEALTHTECH, MANUFACTURING
from pilots.manufacturing.experiments.what_if import study as what_if

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MACHINES, PATIENTS, PICTURES = (path.read_text(encoding="utf-8") for path in (MANUFACTURING, HEALTHTECH, CREATIVE))
SCRIPTS = Path(sysconfig.get_path("scripts"))
QUICK = ["model=ridge", "split.folds=3"]  # the commands are under test here, not the default model


def commands() -> list[str]:
    """Of all READMEs a user follows; a command that stands in two of them once."""
    blocks = re.findall(r"```bash\n(.*?)```", README + MACHINES + PATIENTS + PICTURES, re.DOTALL)
    return list(dict.fromkeys(line for block in blocks for line in block.splitlines() if line.strip()))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder like a user's: the README's own yaml, logs and a maintenance book as it names them."""
    folder = tmp_path_factory.mktemp("plant 2")
    (folder / "my_site" / "data").mkdir(parents=True)
    (folder / "my_site" / "logs").mkdir()
    text = re.search(r"```yaml\n(# my_site.*?)```", MACHINES, re.DOTALL)[1]
    (folder / "my_site" / "data" / "pumps.yaml").write_text(text)
    rows, events = [], []
    stamps = pd.date_range("2024-01-01", periods=150, freq="h")
    for pump in range(14):
        for hour, stamp in enumerate(stamps[: 100 + 3 * pump]):
            left = 100 + 3 * pump - hour
            rows.append(
                (f"P{pump}", stamp, 2700 + 20 * pump + hour % 3, 1.5 + (40 / (left + 20)) ** 2 + (hour * 7 % 5) / 10)
            )
        events.append((f"P{pump}", stamps[99 + 3 * pump], "failed" if pump < 12 else "replaced"))
    log = pd.DataFrame(rows, columns=["pump_id", "stamp", "speed", "VIB_RMS"])
    log.to_csv(folder / "my_site" / "logs" / "pumps 2024.csv.gz", index=False)
    pd.DataFrame(events, columns=["machine", "time", "event"]).to_csv(
        folder / "my_site" / "logs" / "maintenance.csv", index=False
    )
    log.to_csv(folder / "my_new_log.csv", index=False)
    log.to_csv(folder / "my_pumps.csv", index=False)
    return folder


def call(words: list[str], folder: Path) -> str:
    program = SCRIPTS / words[0].rpartition("/")[2]
    env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config")}
    done = subprocess.run([program, *words[1:]], cwd=folder, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr}"
    return done.stdout


def test_own_data_in_three_commands(site):
    asked = [shlex.split(line) for line in commands() if "my_site" in line or "my_new_log" in line]
    names = [words[0].rpartition("-")[2] for words in asked]
    assert names == ["manufacturing", "manufacturing", "predict", "predict", "predict"]
    checked = call(asked[0], site)
    assert "12" in checked  # failures understood
    trained = call([*asked[1], *QUICK], site)
    assert trained.splitlines()[-1].startswith("run: ")
    told = call(asked[2], site)
    wrote = Path(told.splitlines()[-1].removeprefix("wrote: "))
    assert len(pd.read_csv(wrote / "advisory.csv")) == 14
    stepped = Path(call(asked[3], site).splitlines()[-1].removeprefix("wrote: "))
    both = [pd.read_csv(folder / "advisory.csv").set_index("machine")["rul"] for folder in (wrote, stepped)]
    pd.testing.assert_series_equal(*both, check_like=True, rtol=0, atol=0.011)
    told = call(asked[4], site)
    answer = pd.read_csv(Path(told.splitlines()[-1].removeprefix("wrote: ")) / "what_if.csv")
    assert len(answer) == 14
    assert answer["work_cost"].notna().equals(answer["life_left_then"].notna())
    assert 0 < answer["life_left_then"].notna().sum() < 14  # the slowest pumps would leave what training saw
    bench = next(shlex.split(line) for line in commands() if "pilot-bench" in line)
    told = call([*bench, "--quick", "--scenario", "single_stream", "--out", "speed"], site)
    assert len(json.loads(Path(told.splitlines()[-1].removeprefix("wrote: ")).read_text())["measurements"]) >= 1


def test_check_proposes_a_yaml_for_a_bare_csv(site):
    words = next(shlex.split(line) for line in commands() if "check my_pumps.csv" in line)
    assert "channels" in call(words, site)


def test_a_historians_export_is_checked_as_it_is(tmp_path):
    """The README's own yaml reads a long export whose tags report at times of their own."""
    (tmp_path / "my_plant" / "data").mkdir(parents=True)
    text = re.search(r"```yaml\n(# my_plant.*?)```", MACHINES, re.DOTALL)[1]
    (tmp_path / "my_plant" / "data" / "plant.yaml").write_text(text)
    rows = ["tag,time,value,quality"]
    for pump in ("P1", "P2"):
        for hour in range(1, 60):
            stamp = pd.Timestamp("2024-03-01") + pd.Timedelta(hours=hour)
            rows.append(f"PLANT/{pump}/VIB_RMS,{stamp},{1 + hour / 50},{'Bad' if hour == 7 else 'Good'}")
            if hour % 4 == 1:
                rows.append(f"PLANT/{pump}/speed,{stamp - pd.Timedelta(minutes=20)},2900,Good")
    (tmp_path / "plant_export.csv").write_text("\n".join(rows) + "\n")
    asked = [shlex.split(line) for line in commands() if "plant" in line]
    assert len(asked) == 2
    assert "layout: long" in call(asked[0], tmp_path)
    said = call(asked[1], tmp_path)
    assert "118 rows of 2 machines" in said
    assert "2 readings of bad quality were taken as missing" in said


@pytest.fixture(scope="module")
def hospital(tmp_path_factory) -> Path:
    """A folder like an analyst's: two years of daily arrivals at two sites of a trust, and the README's own yaml."""
    folder = tmp_path_factory.mktemp("my ward")
    (folder / "my_hospital" / "data").mkdir(parents=True)
    (folder / "my_hospital" / "exports").mkdir()
    text = re.search(r"```yaml\n(# my_hospital.*?)```", PATIENTS, re.DOTALL)[1]
    (folder / "my_hospital" / "data" / "arrivals.yaml").write_text(text)
    rng = np.random.default_rng(0)
    days = pd.date_range("2019-09-01", periods=1000)
    mean = {site: level * (1.1 - 0.05 * (days.day_of_week > 4)) for site, level in (("east", 120), ("west", 60))}
    table = pd.concat(
        pd.DataFrame({"date": days, "site": site, "trust": "both", "arrivals": rng.poisson(mean[site])})
        for site in mean
    )
    table.to_csv(folder / "my_hospital" / "exports" / "arrivals.csv", index=False)
    table.to_csv(folder / "my_new_counts.csv", index=False)
    table[table.site == "east"].drop(columns=["site", "trust"]).to_csv(folder / "my_arrivals.csv", index=False)
    return folder


@pytest.mark.long
def test_research_commands(hospital, tmp_path):
    counts = ["data=csv", f"data.path={hospital / 'my_arrivals.csv'}", "data.columns.time=date"]
    quick = {  # the commands are under test here, not the sample
        "pilot-manufacturing": ["split.folds=3"],
        "pilot-healthtech": [*counts, "data.columns.value=arrivals", "data.freq=D"],
    }
    asked = [shlex.split(line) for line in commands() if "model=" in line and "creative" not in line]
    assert len(asked) == 4
    for words in asked:
        call([*words, *quick[words[0].rpartition("/")[2]]], tmp_path)
    assert {path.name: len(list(path.iterdir())) for path in (tmp_path / "runs").iterdir() if path.is_dir()} == {
        "manufacturing": 3,
        "healthtech": 3,
    }


def test_own_counts_in_a_few_commands(hospital):
    asked = [shlex.split(line) for line in commands() if "my_hospital" in line or "my_new_counts" in line]
    assert len(asked) == 3
    assert "1,000" in call(asked[0], hospital)
    assert call([*asked[1], "model=glm"], hospital).splitlines()[-1].startswith("run: ")
    wrote = Path(call(asked[2], hospital).splitlines()[-1].removeprefix("wrote: "))
    assert set(pd.read_csv(wrote / "forecast.csv")["series"]) == {"east", "west", "both"}


def test_own_counts_without_a_yaml(hospital):
    asked = [shlex.split(line) for line in commands() if "my_arrivals" in line]
    assert [words[0].rpartition("-")[2] for words in asked] == ["healthtech", "healthtech", "predict"]
    assert "arrivals" in call(asked[0], hospital)
    assert call([*asked[1], "model=climatology"], hospital).splitlines()[-1].startswith("run: ")
    wrote = Path(call(asked[2], hospital).splitlines()[-1].removeprefix("wrote: "))
    assert len(pd.read_csv(wrote / "forecast.csv")) == 28


@pytest.fixture(scope="module")
def studio(tmp_path_factory) -> Path:
    """A folder like an artist's: one material with its height, a photograph of a wall, a poster for its colours."""
    folder = tmp_path_factory.mktemp("my studio")
    (folder / "my_textures" / "brick").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rough = cv2.GaussianBlur(rng.random((136, 160, 3)), (0, 0), 1.5)
    rough = 255 * (rough - rough.min()) / np.ptp(rough)
    for name in ("my_textures/brick/wall_Color.png", "my_wall.png", "my_poster.png"):
        cv2.imwrite(str(folder / name), np.roll(rough, len(name), axis=2).astype(np.uint8))
    cv2.imwrite(str(folder / "my_textures/brick/wall_Height.png"), rough[..., 0].astype(np.uint8))
    return folder


def drawing(pattern: bool) -> list[list[str]]:
    """Commands of the creative pilot; those of patterns and sweeps are long."""
    lines = [line for line in commands() if "pilot-creative" in line]
    return [
        shlex.split(line) for line in lines if pattern == any(word in line for word in ("field_flow", "svg", "-m "))
    ]


def test_own_pictures(studio):
    asked = drawing(pattern=False)
    first = ["rights", "check", "data=folder"]  # what the others need stands before them
    assert {words[1] for words in asked} == {*first, "tile", "variation", "repair", "palette", "verify"}
    for words in sorted(asked, key=lambda words: first.index(words[1]) if words[1] in first else len(first)):
        quick = ["model.base=2", "model.per_class=1", "tiles=1"] if words[1] == "data=folder" else []
        said = call([*words, *quick], studio)
        if words[1] == "verify":
            assert "signed by this machine" in said
    assert (studio / "my_grade.cube").is_file()
    assert len(list(studio.glob("tiles/*/*.png"))) == 4 + 3  # one of them with normal and height beside it


@pytest.mark.long
def test_patterns_and_sweeps(tmp_path):
    quick = {
        "-m": ["model.base=2", "model.per_class=1", "tiles=1"],
        "model=field_flow": ["model.base=4", "model.judge=10", "tiles=1"],
    }
    asked = drawing(pattern=True)
    assert [words[1] for words in asked] == ["model=field_flow", "tile", "-m"]
    for words in asked:
        call([*words, *quick.get(words[1], [])], tmp_path)
    assert len(list(tmp_path.glob("tiles/*/*.svg"))) == 1
    assert len(list(tmp_path.glob("runs/creative/*_tile_flow"))) == 2


def test_ci_runs_what_the_readme_promises():
    ci = (ROOT / ".ci" / "run").read_text()
    for line in ("make demo", "make test", "make soak", "make slurm"):
        assert line in README
        assert re.search(rf"^{line}$", ci, re.MULTILINE)


def test_every_other_command_is_known():
    tested = ("make demo", "check my_", "plant_export", "my_site", "my_new_log", "my_pumps", "model=")
    tested += ("my_arrivals", "my_hospital", "my_new_counts", "pilot-creative", "pilot-bench run")
    unknown = [line for line in commands() if not any(word in line for word in tested)]
    assert unknown == []


def test_figures_are_the_stored_ones():
    """The tables written again from the stored facts are the ones that stand there."""
    stored = [json.loads(path.read_text()) for path in sorted(ACCURACY.glob("cmapss-*.json"))]
    published = yaml.safe_load((accuracy.HERE / "published.yaml").read_text())
    assert len(stored) >= 4
    assert f"<!-- accuracy -->\n{accuracy.summary(stored, published)}<!-- /accuracy -->" in MACHINES
    assert (ACCURACY / "cmapss.md").read_text() == accuracy.tables(stored, published)
    pump = json.loads((ACCURACY / "skab.json").read_text())
    assert f"<!-- skab -->\n{skab.table(pump)}<!-- /skab -->" in MACHINES
    assert (ACCURACY / "skab.md").read_text() == skab.page(pump)
    speed = (ROOT / "benchmarks" / "results" / "speed" / "studies" / "rul_sample.md").read_text()
    stream = (ROOT / "benchmarks" / "results" / "speed" / "studies" / "stream_sample.md").read_text()
    assert f"<!-- stream-speed -->\n{stream.partition(chr(10) * 2)[2]}<!-- /stream-speed -->" in MACHINES
    asked = json.loads((ACCURACY / "what_if.json").read_text())
    assert f"<!-- what-if -->\n{what_if.summary(asked)}<!-- /what-if -->" in MACHINES
    assert (ACCURACY / "what_if.md").read_text() == what_if.page(asked)
    assert f"<!-- speed -->\n{speed.partition(chr(10) * 2)[2]}<!-- /speed -->" in MACHINES


def test_figures_of_patients_are_the_stored_ones():
    stored = {name: ACCURACY / f"health_{name}.json" for name in health_accuracy.SETS}
    found = {name: json.loads(path.read_text()) for name, path in stored.items()}
    assert len(found) == 5
    assert f"<!-- health -->\n{health_accuracy.summary(found)}<!-- /health -->" in PATIENTS
    assert (ACCURACY / "health.md").read_text() == health_accuracy.tables(found)


def test_vibration_figures_are_the_stored_ones():
    cwru, bearings = study.stored("cwru")["cwru"], study.stored("bearings")
    assert f"<!-- vibration -->\n{vibration.summary(cwru, bearings)}<!-- /vibration -->" in MACHINES
    assert (ACCURACY / "cwru.md").read_text() == vibration.cwru_table(cwru)
    assert (ACCURACY / "bearings.md").read_text() == vibration.bearings_table(bearings)
