"""One fleet, written as a wide table, as a long one and with qualities, is one fleet on both sides of the bundle."""

import numpy as np
import pandas as pd
import pytest
import toy_graph
from made_capture import Capture

from common.cli import pilot
from common.fault import Fault
from common.predict import predict
from pilots.manufacturing.__main__ import VERBS
from pilots.manufacturing.data.csv import CsvFleet
from pilots.manufacturing.data.propose import template_of
from pilots.manufacturing.use.read import read_logs

CHANNELS = [
    {"name": "load", "unit": "share", "low": 0, "high": 1, "role": "setting"},
    {"name": "vibration", "unit": "mm/s", "low": 0, "high": 80},
    {"name": "temperature", "unit": "°C", "low": -40, "high": 200},
]
NAMES = [channel["name"] for channel in CHANNELS]
COLUMNS = {"vibration": "VIB"}
TAGS = {"template": "PLANT/{machine}/{channel}", "step": "1h"}


def plant() -> pd.DataFrame:
    """Three pumps, a row an hour for two days; now and then a reading is missing."""
    random = np.random.default_rng(0)
    hours = pd.date_range("2024-03-01 01:00", periods=48, freq="h")
    parts = []
    for machine in ("P1", "P2", "P 3"):
        worn = np.linspace(1, 9, 48) + random.normal(0, 0.1, 48)
        part = pd.DataFrame({"machine": machine, "time": hours, "load": 0.8, "VIB": worn.round(3), "temperature": 50.0})
        part.loc[random.random(48) < 0.1, "VIB"] = np.nan
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def wide(table: pd.DataFrame) -> str:
    return table.to_csv(index=False)


def wide_with_quality(table: pd.DataFrame) -> str:
    """What was missing has a value here, and a code that says it is none."""
    lost = table["VIB"].isna()
    quality = table.assign(VIB=table["VIB"].fillna(-9999), VIB_quality=np.where(lost, "0x80310000", "0"))
    return quality.assign(load_quality="0", temperature_quality="0x40900000").to_csv(index=False)


def long(table: pd.DataFrame) -> str:
    rows = table.melt(["machine", "time"], var_name="channel")
    rows["tag"] = "PLANT/" + rows["machine"] + "/" + rows["channel"]
    rows["quality"] = np.where(rows["value"].isna(), "BadNoCommunication", "Good")
    state = pd.DataFrame({"tag": ["PLANT/P1/STATE"], "time": "2024-03-01 02:00", "value": "Running", "quality": "Good"})
    rows = rows.sample(frac=1, random_state=0)[["tag", "time", "value", "quality"]]
    return pd.concat([rows, state]).to_csv(index=False)


def across(table: pd.DataFrame) -> str:
    """A column for every tag; a cell that was missing has a status that says so."""
    parts = {}
    for name in ("load", "VIB", "temperature"):
        for machine, part in table.set_index("time").groupby("machine")[name]:
            parts[f"{machine} [{name}]"] = part
            parts[f"{machine} [{name}] status"] = part.isna().map({True: "Bad", False: "Good"})
    return pd.DataFrame(parts).rename_axis("time").to_csv()


def sparkplug(table: pd.DataFrame) -> str:
    """Births with aliases, then data by alias alone: what was missing is null, every tenth message comes late."""
    capture, names = Capture("PLANT/edge"), ["load", "VIB", "temperature"]
    capture.node("NBIRTH", pd.Timestamp("2024-02-29", tz="UTC"), {"bdSeq": 0}, seq=0)
    late, born = [], set()
    for number, row in enumerate(table.to_dict("records")):
        values = {name: None if pd.isna(row[name]) else row[name] for name in names}
        message = (row["machine"], row["time"].tz_localize("UTC"), values)
        if row["machine"] not in born:
            capture.device("DBIRTH", *message, aliases=True)
        elif number % 10 == 9:
            late.append(message)
        else:
            capture.device("DDATA", *message)
        born.add(row["machine"])
    for message in late:
        capture.device("DDATA", *message, historical=True)
    return capture.text()


WAYS = {
    "wide": (wide, {}),
    "wide with quality": (wide_with_quality, {"quality": {"column": "{channel}_quality"}}),
    "long": (long, {"layout": "long", "tags": TAGS, "quality": {"column": "quality"}}),
    "a column for every tag": (
        across,
        {"tags": {"template": "{machine} [{channel}]"}, "quality": {"column": "{channel} status"}},
    ),
    "sparkplug": (sparkplug, {"layout": "sparkplug", "tags": {"step": "1h"}, "timezone": "UTC"}),
}
OTHERS = [way for way in WAYS if way != "wide"]


def file_of(way: str) -> str:
    return "plant.jsonl" if way == "sparkplug" else "plant.csv"


def fleet(folder, way: str):
    write, how = WAYS[way]
    (folder / file_of(way)).write_text(write(plant()))
    return CsvFleet(str(folder / file_of(way)), CHANNELS, columns=COLUMNS, row_unit="hour", **how).read()


@pytest.mark.parametrize("way", OTHERS)
def test_the_fleet_is_the_same(tmp_path, way):
    first, other = fleet(tmp_path, "wide"), fleet(tmp_path, way)
    assert first.length_L.tolist() == [48, 48, 48]
    assert np.isnan(first.x_RF).any()
    assert other.sha256 == first.sha256


@pytest.mark.parametrize("way", OTHERS)
def test_the_logs_are_the_same(tmp_path, way):
    """A bundle that was trained on an export reads the next one: its table says how."""
    found = []
    for each in ("wide", way):
        manifest = toy_graph.toy_manifest(table=dict(fleet(tmp_path, each).table))
        logs = read_logs(tmp_path / file_of(each), manifest)
        assert not logs.unsorted_M.any()
        found.append({name: logs.x_RF[logs.rows(at)] for at, name in enumerate(logs.machine_M)})
    assert found[0].keys() == found[1].keys() == {"P1", "P2", "P 3"}
    for name in found[0]:
        np.testing.assert_array_equal(found[0][name], found[1][name])


def test_the_prediction_is_the_same(tmp_path, monkeypatch):
    """The toy's rul is 125 - 10 x mean vibration so far, worked out here from the wide table."""
    monkeypatch.chdir(tmp_path)
    toy_graph.write_toy(tmp_path / "bundle", table=dict(fleet(tmp_path, "sparkplug").table))
    predict(["bundle", "plant.jsonl", "--out", "out"])
    rows = pd.read_csv(tmp_path / "out" / "rul.csv.gz").sort_values(["machine", "time"], ignore_index=True)
    table = plant().sort_values(["machine", "time"], ignore_index=True)
    mean = table.groupby("machine")["VIB"].transform(lambda x: x.expanding().mean().ffill())
    np.testing.assert_allclose(rows["rul"], (125 - 10 * mean).clip(0, 125).fillna(125), atol=2e-3)


def test_the_codes_of_the_training_are_remembered(tmp_path):
    """0 alone could be either kind of OPC; the bundle knows which."""
    assert fleet(tmp_path, "wide with quality").table["quality"]["codes"] == "ua"


def test_exports_of_two_months_are_one_log(tmp_path):
    """A value is held over the end of a file, and the step that lies in both is one row."""
    for name, day, value in (("1.csv", "2024-01-31 23:50", 3), ("2.csv", "2024-02-01 00:00", 4)):
        rows = [f"P1.{channel},{day},{value}" for channel in ("vibration", "temperature")]
        rows += [f"P1.load,2024-0{name[0]}-15,0.5"]
        (tmp_path / name).write_text("\n".join(["tag,time,value", *rows]) + "\n")
    tags = {"template": "{machine}.{channel}", "step": "1h", "hold": "30d"}
    made = CsvFleet(str(tmp_path / "?.csv"), CHANNELS, layout="long", tags=tags).read()
    at = made.time_R.tolist().index(pd.Timestamp("2024-02-01").to_pydatetime())
    np.testing.assert_allclose(made.x_RF[at], [0.5, 4, 4])
    assert (np.diff(made.time_R) == np.timedelta64(1, "h")).all()


def test_check_reads_a_long_export(tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "plant.csv").write_text(long(plant()))
    (tmp_path / "data" / "plant.yaml").write_text(
        "defaults: [csv]\npath: ../plant.csv\nlayout: long\ncolumns: {vibration: VIB}\n"
        'tags: {template: "PLANT/{machine}/{channel}", step: 1h}\nquality: {column: quality}\n'
        "channels:\n  - {name: vibration, unit: mm/s, low: 0, high: 80}\n  - {name: load, role: setting}\n"
    )
    monkeypatch.setattr("sys.argv", ["pilot-manufacturing", "check", str(tmp_path / "data" / "plant.yaml")])
    assert pilot("manufacturing", VERBS) == 0
    said = capsys.readouterr().out
    assert "144 rows of 3 machines" in said
    assert "plant.csv: tags not used: PLANT/" in said
    assert "readings of bad quality were taken as missing" not in said  # they had no value to begin with


HOSTILE = {
    "layout": ("tall", "bundle.json: table.layout=tall is not known"),
    "tags": ({"template": "{machine}"}, "bundle.json: table.tags.template"),
    "quality": ({"words": [1]}, "bundle.json: table.quality.words must be"),
}


@pytest.mark.parametrize("part", HOSTILE)
def test_a_bundle_that_misleads(tmp_path, part):
    value, sentence = HOSTILE[part]
    table = {**toy_graph.toy_manifest()["table"], "layout": "long", part: value}
    (tmp_path / "plant.csv").write_text(long(plant()))
    with pytest.raises(Fault, match=sentence):
        read_logs(tmp_path / "plant.csv", toy_graph.toy_manifest(table=table))


def test_an_impossible_reading_at_prediction(tmp_path):
    manifest = toy_graph.toy_manifest(table=dict(fleet(tmp_path, "long").table))
    (tmp_path / "plant.csv").write_text(long(plant()) + "PLANT/P1/temperature,2024-03-09,350,Good\n")
    with pytest.raises(Fault, match=r"plant.csv line 435: temperature = 350 is outside -40 to 200 °C. Correct it"):
        read_logs(tmp_path / "plant.csv", manifest)


@pytest.mark.parametrize("way", ["long", "sparkplug"])
def test_check_proposes_a_yaml_that_can_be_used_as_it_stands(tmp_path, way, monkeypatch, capsys):
    def check(path) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["pilot-manufacturing", "check", str(path)])
        return pilot("manufacturing", VERBS), capsys.readouterr().out

    path = tmp_path / file_of(way)
    path.write_text(WAYS[way][0](plant()))
    code, text = check(path)
    assert code == 0
    assert f"layout: {way}" in text
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "plant.yaml").write_text(text, encoding="utf-8")
    code, said = check(tmp_path / "data" / "plant.yaml")
    assert code == 0
    assert "144 rows of 3 machines" in said
    assert "vib " in said
    if way == "long":
        assert 'template: "PLANT/{machine}/{channel}"\n  step: 1h' in text
        assert 'quality: {column: "quality"}' in text
        assert '# not used, no numbers: "STATE"' in text


def test_the_shape_of_tags():
    both = [f"{machine}{{}}{channel}" for machine in ("P1", "P2") for channel in ("vib", "temp.in")]
    assert template_of([tag.format("/") for tag in both]) == "{machine}/{channel}"
    assert template_of(["N.A.P1.vib", "N.B.P2.vib"]) == "N.{other1}.{machine}.{channel}"
    assert template_of(["N:P1:vib", "N:P1:temp"]) == "N:{machine}:{channel}"
    assert template_of(["vib", "temp"]) is None
    assert template_of(["{P1}.vib", "{P1}.temp"]) is None
