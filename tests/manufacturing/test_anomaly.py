"""Abnormal running, found without a failure: the stated rate is kept, faults are named, a stream says the same."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from common.bundle.format import tensors
from common.bundle.open import open_bundle
from common.bundle.session import Session
from common.fault import Fault
from common.predict import predict
from pilots.manufacturing.anomaly import evaluate
from pilots.manufacturing.anomaly.detector import T2Q
from pilots.manufacturing.anomaly.healthy import parts
from pilots.manufacturing.anomaly.train import story
from pilots.manufacturing.data.contract import Channel, Fleet
from pilots.manufacturing.use.anomaly.stream import begin, step
from tests.test_every_model import config

BASELINE, ROWS, SENSORS = 60, 300, 5


def healthy(logs: int, seed: int) -> Fleet:
    """Pumps under two loads, each with levels of its own; five sensors that move together, and gaps."""
    random = np.random.default_rng(seed)
    load_R = random.integers(0, 2, logs * ROWS)
    mix = np.random.default_rng(99).normal(0, 1, (SENSORS, SENSORS)) + 2 * np.eye(SENSORS)
    x_RF = random.normal(0, 1, (logs * ROWS, SENSORS)) @ mix + 20 * load_R[:, None]
    x_RF += np.repeat(random.normal(0, 5, (logs, SENSORS)), ROWS, axis=0)
    x_RF[random.random(x_RF.shape) < 0.03] = np.nan
    channels = [Channel("load", "%", 0, 100, "setting")]
    channels += [Channel(f"s{i}", "bar", -1e4, 1e4, "sensor") for i in range(SENSORS)]
    return Fleet(
        name="made", licence="none", sha256="0" * 64, row_unit="hour", rows_per_month=730, channels=tuple(channels),
        machine_L=np.array([f"m{i}" for i in range(logs)]), life_R=np.repeat(np.arange(logs), ROWS),
        time_R=np.tile(np.arange(ROWS), logs), end_L=np.full(logs, "running"), rul_L=np.full(logs, np.nan),
        x_RF=np.column_stack([50.0 * load_R, x_RF]).astype(np.float32), test_L=np.zeros(logs, bool),
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on a CSV of machines of which none has failed, and the file's path."""
    folder = tmp_path_factory.mktemp("plant 3")
    fleet = healthy(40, seed=11)
    table = pd.DataFrame(fleet.x_RF, columns=[c.name for c in fleet.channels])
    table.insert(0, "machine", fleet.machine_L[fleet.life_R])
    table.insert(1, "time", pd.Timestamp("2026-01-01") + pd.to_timedelta(fleet.time_R, unit="h"))
    table.to_csv(folder / "pumps.csv", index=False)
    channels = [{"name": "load", "unit": "%", "low": 0, "high": 100, "role": "setting"}]
    channels += [{"name": f"s{i}", "unit": "bar", "role": "sensor", "alarm_high": 1e3} for i in range(SENSORS)]
    words = ["task=anomaly", "data=csv", "anomaly.baseline=60", "anomaly.healthy=300", "anomaly.window=300"]
    words += ["detector.smooth=5", "detector.components=2"]
    cfg = config(*words)
    OmegaConf.update(cfg, "data.path", str(folder / "pumps.csv"))
    OmegaConf.update(cfg, "data.channels", channels)
    OmegaConf.update(cfg, "run.folder", str(folder / "runs"))
    story(cfg)
    return next((folder / "runs" / "manufacturing").iterdir()), folder / "pumps.csv"


@pytest.fixture(scope="module")
def graph(run):
    return Session((run[0] / "bundle" / "model.onnx").read_bytes())


@pytest.fixture(scope="module")
def detector():
    windows = parts(healthy(40, seed=11), BASELINE, ROWS, ROWS, 0.25, 0).windows
    return T2Q(smooth=5, components=2).fit(windows, BASELINE, seed=0)


def ask(graph: Session, fleet: Fleet, rate: float = 0.05) -> dict[str, np.ndarray]:
    readings, length = fleet.padded()
    return graph.run({"readings": readings, "length": length, "rate": np.array(rate, np.float32)})


def faulty(sensor: int, size: float, seed: int = 5) -> Fleet:
    """Healthy logs; from row 200 on one sensor lies off by `size` in its unit."""
    made = healthy(4, seed)
    made.x_RF[made.position_R >= 200, 1 + sensor] += size
    return made


def test_the_graph_is_the_detector(detector, graph):
    fleet = healthy(3, seed=2).cut(np.array([ROWS, 130, BASELINE]))
    ours, theirs = detector(fleet), ask(graph, fleet)
    for name in ("t2", "q", "score"):
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-5)
    assert np.isfinite(ours["score"]).sum() == (ROWS - BASELINE) + (130 - BASELINE)
    np.testing.assert_array_equal(theirs["alarm"], ours["score"] > detector.limit(0.05))
    np.testing.assert_allclose(theirs["contribution"].sum(-1), theirs["score"], rtol=1e-5)
    assert (theirs["contribution"][np.isfinite(theirs["score"])] >= 0).all()


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.2])
def test_a_healthy_machine_alarms_as_often_as_was_stated(graph, rate):
    said = ask(graph, healthy(40, seed=3), rate)
    assert said["alarm"][:, BASELINE:].mean() == pytest.approx(rate, abs=0.4 * rate)
    assert not said["alarm"][:, :BASELINE].any()


def test_a_fault_is_seen_and_its_sensor_named(graph):
    for sensor in range(SENSORS):
        said = ask(graph, faulty(sensor, size=12.0))
        assert said["alarm"][:, 205:].mean() > 0.9
        loudest = said["contribution"][:, 205:].sum((0, 1)).argmax()
        assert loudest == 1 + sensor


def test_a_missing_sensor_raises_no_alarm_and_hides_no_other(detector, graph):
    fleet, broken = healthy(20, seed=6), faulty(0, size=15.0)
    for made in (fleet, broken):
        made.x_RF[made.position_R >= 100, 2] = np.nan
    said = ask(graph, fleet)
    assert np.isfinite(said["score"][:, BASELINE:]).all()
    assert said["alarm"][:, 120:].mean() < 0.12
    assert np.mean(said["score"][:, 120:]) == pytest.approx(2.0, abs=0.6)  # as with all sensors
    assert ask(graph, broken)["alarm"][:, 205:].mean() > 0.9
    assert (said["quality"][:, 120:, 2] == 1).all()


def test_without_any_reading_nothing_is_said(graph):
    fleet = healthy(1, seed=7)
    fleet.x_RF[fleet.position_R >= 100] = np.nan
    said = ask(graph, fleet)
    assert np.isnan(said["score"][0, 105:]).all()
    assert not said["alarm"][0, 105:].any()


def test_a_later_row_changes_no_earlier_answer(graph):
    whole_log, short = healthy(2, seed=8), healthy(2, seed=8).cut(np.array([150, 150]))
    np.testing.assert_allclose(ask(graph, whole_log)["score"][:, :150], ask(graph, short)["score"], rtol=1e-6)


def test_a_level_that_a_machine_has_from_the_start_is_its_own(graph):
    fleet = healthy(10, seed=9)
    before = ask(graph, fleet)["score"]
    fleet.x_RF[:, 1] += 50.0
    after = ask(graph, fleet)["score"]
    assert np.nanmean(after) == pytest.approx(np.nanmean(before), rel=0.05)  # not exact: each load has its own scale


# a firm's own file, no failure anywhere


def test_a_firm_without_failures_gets_a_bundle_and_a_report(run):
    folder, _ = run
    facts = OmegaConf.load(folder / "run.json")
    assert (facts.task, facts.model) == ("anomaly", "t2q")
    assert list(facts.metrics) == ["far"]  # nothing abnormal is known, so nothing is claimed about faults
    assert facts.metrics.far.value == pytest.approx(facts.rate, abs=0.05)
    assert facts.metrics.far.naive == 1.0
    assert [row.rate for row in facts.by_rate] == [0.01, 0.02, 0.05, 0.1, 0.2, 0.3]
    assert "no failure is known" in (folder / "report.html").read_text()
    manifest = open_bundle(folder / "bundle").manifest
    assert (manifest["name"], manifest["task"]) == ("manufacturing-anomaly", "anomaly")
    assert [t.name for t in tensors(manifest["inputs"])] == ["readings", "length", "rate"]


def test_row_by_row_says_the_same_as_the_whole_log(run):
    bundle, fleet = open_bundle(run[0] / "bundle"), faulty(1, size=10.0, seed=12)
    readings, length = fleet.take(np.array([0])).padded()
    at_once, state = bundle.run(readings=readings, length=length), begin(bundle)
    assert at_once["alarm"].any()
    for row, reading in enumerate(readings[0]):
        state, said = step(bundle, state, reading)
        for name, value in said.items():
            if name != "normal" or row >= BASELINE:  # the own level is still being learned
                np.testing.assert_allclose(value, at_once[name][0, row], rtol=1e-6, atol=1e-6)
    assert state.seen == ROWS
    assert len(state.first_NF) + len(state.latest_NF) == BASELINE + bundle.manifest["decision"]["smooth"]


def test_predict_says_which_machine_since_when_and_by_what(run, tmp_path):
    folder, path = run
    table = pd.read_csv(path)
    table = table[table["machine"].isin([f"m{i}" for i in range(6)])]
    ill = (table["machine"] == "m3") & (table.groupby("machine").cumcount() >= 250)
    table.loc[ill, "s4"] += 25
    table.loc[(table["machine"] == "m5") & (table.groupby("machine").cumcount() >= 40), "s4"] = np.nan
    short = table[(table["machine"] != "m1") | (table.groupby("machine").cumcount() < 30)]
    short = short[(short["machine"] != "m2") | (short.groupby("machine").cumcount() < 20)].copy()
    short.loc[short[short["machine"] == "m2"].index[-1], "s0"] = 2000
    short.to_csv(tmp_path / "new.csv", index=False)
    predict([str(folder / "bundle"), str(tmp_path / "new.csv"), "--out", str(tmp_path / "out"), "--set", "rate=0.01"])
    told = pd.read_csv(tmp_path / "out" / "advisory.csv", encoding="utf-8-sig", keep_default_na=False)
    first, by_name = told.iloc[0], told.set_index("machine")
    assert (first.machine, first.state) == ("m3", "abnormal")
    assert "2026-01-11 09:00" <= first.since <= "2026-01-11 13:00"  # row 250 is 10 days and 10 hours in
    assert first.sensors.startswith("s4")
    assert by_name.loc["m1", "state"] == "not judged"
    assert "only 30 rows" in by_name.loc["m1", "data_quality"]
    assert (by_name.loc["m1", "rung"], by_name.loc["m3", "rung"]) == ("1 data-sheet limits", "2 healthy-only T²+Q")
    beyond = by_name.loc["m2"]  # too young for T²+Q; its data sheet alarms all the same
    assert (beyond.state, beyond.rows_judged, beyond.since) == ("abnormal", 0, "2026-01-01 19:00")
    assert beyond.limits == "s0 2000 bar is above its data-sheet limit 1000"
    assert "s4: 87% of readings missing" in by_name.loc["m5", "data_quality"]
    rows = pd.read_csv(tmp_path / "out" / "anomaly.csv.gz")
    assert len(rows) == len(short)
    assert rows[rows.alarm == 1].machine.value_counts().idxmax() == "m3"
    page = (tmp_path / "out" / "page.html").read_text()
    assert "1 of 6 machines runs abnormally now" in " ".join(page.split()) or "run abnormally now" in page
    assert "<strong>s0 2000 bar is above its data-sheet limit 1000</strong>" in page
    with pytest.raises(Fault, match="not an option of an anomaly bundle"):
        predict([str(folder / "bundle"), str(path), "--out", str(tmp_path / "no"), "--events", "x.csv"])


# scores and protocol


def test_scores_on_a_log_counted_by_hand():
    truth = np.array([[np.nan, 0, 0, 1, 1, 1, 0, np.nan]])
    alarm = np.array([[True, True, False, False, True, True, False, True]])
    found = evaluate.scores(truth, alarm, "rows")
    assert {k: round(m["value"], 4) for k, m in found.items()} == {
        "f1": round(4 / 6, 4), "far": round(1 / 3, 4), "mar": round(1 / 3, 4), "delay_median": 1.0,
    }  # fmt: skip
    assert (found["f1"]["naive"], found["far"]["naive"], found["mar"]["naive"]) == (2 / 3, 1.0, 0.0)
    silent = evaluate.scores(truth, np.zeros_like(alarm), "rows")
    assert silent["delay_median"]["value"] == 3  # never seen: its whole length


def test_failures_are_looked_at_only_to_score():
    fleet = healthy(8, seed=13)
    known = Fleet(**{**fleet.__dict__, "end_L": np.full(8, "failed"), "rul_L": np.zeros(8)})
    made = [parts(f, BASELINE, 150, 150, 0.25, 0) for f in (fleet, known)]
    np.testing.assert_array_equal(*(cut.windows.x_RF for cut in made))
    assert made[0].windows.length_L.max() == 150
    truth = evaluate.truth(made[1], horizon=30)
    assert [(truth == value).sum(1).tolist() for value in (0, 1)] == [[90, 90], [31, 31]]
    always = np.ones((2, ROWS), bool)
    always[:, :280] = False
    assert evaluate.lead(made[1], always, 30, "hours")["alarm_lead_median"]["value"] == 19
    assert evaluate.lead(made[0], always, 30, "hours") == {}
    assert not set(made[0].test.machine_L) & set(made[0].windows.machine_L)


def test_one_machine_keeps_back_its_last_healthy_rows():
    cut = parts(healthy(1, seed=14), BASELINE, ROWS, 150, 0.25, 0)
    assert cut.windows.x_RF.shape[0] > 0
    assert cut.from_L[0] == 0.75 * ROWS
    assert (evaluate.truth(cut, 30) == 0).sum() == ROWS / 4


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"healthy": 50}, "no log has more healthy rows than the baseline of 60"), ({"window": 60}, "must be larger")],
)
def test_too_little_healthy_running_is_told(wrong, words):
    asked = SimpleNamespace(**{"healthy": 150, "window": 150, **wrong})
    with pytest.raises(Fault, match=words):
        parts(healthy(4, seed=15), BASELINE, asked.healthy, asked.window, 0.25, 0)


def test_a_wrong_setting_is_told():
    with pytest.raises(ValueError, match="smooth and components"):
        T2Q(smooth=0)
