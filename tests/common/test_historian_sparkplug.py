"""Sparkplug B replayed from a file: births, data, deaths, lost and late messages, and what a hostile file is told."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from made_capture import Capture

from common.fault import Fault
from common.historian.export import Export
from common.historian.read import read_history
from common.historian.sparkplug_message import Payload, number, read_messages
from common.table import Column

COLUMNS = [
    Column("machine", "", -np.inf, np.inf, kind="text"),
    Column("time", "", -np.inf, np.inf, kind="time"),
    Column("speed", "rpm", -100, 4000),
    Column("vibration", "mm/s", 0, 80),
]
BOTH = {"speed": 2900.0, "vibration": 1.0}


def at(hour: int, minute: int = 0) -> pd.Timestamp:
    return pd.Timestamp(2024, 3, 1, hour, minute, tz="UTC")


def born(**how) -> Capture:
    """Node and pump are born at 1:00; data follow by alias."""
    capture = Capture(**how)
    capture.node("NBIRTH", at(1), {"bdSeq": (8, "long_value", 4)}, seq=0)
    capture.device("DBIRTH", "P1", at(1), BOTH, aliases=True)
    return capture


@pytest.fixture
def read(tmp_path):
    """read(capture, tags, quality) -> rows as text, and the notes"""

    def run(capture: Capture | str, tags=None, quality=None, step="1h", **form):
        text = capture.text() if isinstance(capture, Capture) else capture
        (tmp_path / "plant.jsonl").write_text(text, encoding="utf-8")
        export = Export.of("sparkplug", {"step": step, **(tags or {})}, quality)
        table, notes, _ = read_history([tmp_path / "plant.jsonl"], COLUMNS, export, names={}, timezone="UTC", **form)
        rows = table[["machine", "time", "speed", "vibration"]].itertuples(index=False)
        return [f"{machine} {time:%H:%M} {speed:g} {vibration:g}" for machine, time, speed, vibration in rows], notes

    return run


def test_bytes_by_hand(tmp_path):
    """timestamp 1, one metric (name v, alias 5, timestamp 2, datatype Double, 0.5), seq 3: protobuf's wire format."""
    metric = "0a0176" + "1005" + "1802" + "200a" + "69000000000000e03f"
    line = json.dumps(
        {"topic": "spBv1.0/g/DDATA/e/d", "payload": f"0801 12{len(metric) // 2:02x} {metric} 1803".replace(" ", "")}
    )
    (tmp_path / "a.jsonl").write_text(line)
    (message,) = read_messages(tmp_path / "a.jsonl")
    assert (message.kind, message.node, message.device, message.time) == ("DDATA", "g/e", "d", None)
    (found,) = message.payload.metrics
    assert (message.payload.timestamp, message.payload.seq, found.name, found.alias, found.timestamp) == (
        1,
        3,
        "v",
        5,
        2,
    )
    assert number(found, found.datatype) == 0.5


@given(some.integers(-128, 127))
def test_signed_numbers_however_they_are_packed(value):
    """Int8 to Int64 stand in unsigned fields: as so many bits, or sign-extended to 32."""
    for kind, bits, name in ((1, 8, "int_value"), (2, 16, "int_value"), (3, 32, "int_value"), (4, 64, "long_value")):
        for packed in {value % 2**bits, value % 2 ** max(bits, 32)}:
            assert number(_metric(**{name: packed}), kind) == value
    assert number(_metric(int_value=value % 256), 5) == value % 256
    assert number(_metric(long_value=2**63), 8) == 2**63


def _metric(**values):
    return Payload(metrics=[values]).metrics[0]


def test_birth_data_and_null(read):
    capture = born()
    capture.device("DDATA", "P1", at(2), {"vibration": 2.0})
    capture.device("DDATA", "P1", at(3), {"vibration": None, "speed": 2950.0})
    assert read(capture)[0] == ["P1 01:00 2900 1", "P1 02:00 nan 2", "P1 03:00 2950 nan"]
    assert read(capture, {"hold": "5h"})[0] == ["P1 01:00 2900 1", "P1 02:00 2900 2", "P1 03:00 2950 nan"]
    assert read(capture)[1] == ["tags not used: plant/edge//bdSeq"]


def test_base64_and_packed(read, tmp_path):
    capture = born(coding="base64")
    rows, _ = read(capture)
    assert rows == ["P1 01:00 2900 1"]
    (tmp_path / "a.gz").write_bytes(gzip.compress(capture.text().encode()))
    assert len(list(read_messages(tmp_path / "a.gz"))) == 2


def test_as_mosquitto_writes_it(read):
    """%U is in seconds, %x in hexadecimal."""
    lines = [json.loads(line) for line in born().lines]
    text = "\n".join(json.dumps({**line, "time": line["time"] / 1000 + 1e-7}) for line in lines)
    assert read(text)[0] == ["P1 01:00 2900 1"]


@pytest.mark.parametrize("kind", ["DDEATH", "NDEATH"])
def test_nothing_is_known_of_a_dead_device(read, kind):
    """Its last values are held no longer, what it sends is passed over, and its next birth begins anew."""
    capture = born()
    capture.device("DDATA", "P1", at(2), {"vibration": 2.0})
    if kind == "DDEATH":
        capture.device("DDEATH", "P1", at(3, 30), {})
    else:
        capture.node("NDEATH", at(3, 30), {"bdSeq": (8, "long_value", 4)})
    capture.device("DDATA", "P1", at(5), {"vibration": 5.0})
    if kind == "NDEATH":
        capture.node("NBIRTH", at(7), {"bdSeq": (8, "long_value", 5)}, seq=0)
    capture.device("DBIRTH", "P1", at(7), {"speed": 2800.0, "vibration": 3.0}, aliases=True)
    rows, notes = read(capture, {"hold": "9h"})
    assert rows == ["P1 01:00 2900 1", "P1 02:00 2900 2", "P1 03:00 2900 2", "P1 07:00 2800 3"]
    assert "1 messages came before their birth, or after their death, and were passed over" in notes


def test_the_death_of_an_earlier_session_is_passed_over(read):
    capture = born()
    capture.node("NDEATH", at(1, 30), {"bdSeq": (8, "long_value", 3)})
    capture.device("DDATA", "P1", at(2), {"vibration": 2.0})
    rows, notes = read(capture)
    assert rows[-1] == "P1 02:00 nan 2"
    assert "1 deaths belonged to an earlier birth and were passed over" in notes


def test_late_readings_go_where_they_belong(read):
    capture = born()
    capture.device("DDATA", "P1", at(4), {"vibration": 4.0})
    capture.device("DDATA", "P1", at(2), {"vibration": 2.0}, historical=True)
    rows, notes = read(capture)
    assert [row[-1] for row in rows] == ["1", "2", "4"]
    assert "1 historical readings were put in at their own time" in notes


def test_lost_messages_leave_doubt_until_the_next_birth(read):
    capture = born()
    capture.device("DDATA", "P1", at(2), {"vibration": 2.0}, seq=9)
    capture.device("DDATA", "P1", at(3), {"vibration": 3.0})
    capture.device("DBIRTH", "P1", at(4), {"speed": 2900.0, "vibration": 4.0}, aliases=True)
    rows, notes = read(capture, quality={"uncertain": "drop"})
    assert [row[-1] for row in rows] == ["1", "n", "n", "4"]
    assert notes[0].startswith(
        "plant.jsonl line 3: sequence number 9 of plant/edge follows 1: messages were lost, read"
    )
    assert "2 readings of uncertain quality were taken as missing" in notes
    assert [row[-1] for row in read(capture)[0]] == ["1", "2", "3", "4"]


def test_the_sequence_goes_round_after_255(read):
    capture = born()
    for minute in range(300):
        capture.device("DDATA", "P1", at(2) + pd.Timedelta(minutes=minute), {"vibration": 2.0})
    assert not any("lost" in note for note in read(capture)[1])


def test_a_message_that_comes_twice_is_one(read):
    capture = born()
    capture.device("DDATA", "P1", at(2), {"vibration": 2.0})
    capture.lines.append(capture.lines[-1])
    capture.device("DDATA", "P1", at(3), {"vibration": 3.0})
    _, notes = read(capture)
    assert notes == ["1 messages came twice and were taken once", "tags not used: plant/edge//bdSeq"]


def test_quality_of_a_metric(read):
    capture = born()
    for hour, code in ((2, 0), (3, 192), (4, 500), (5, 64)):
        capture.device("DDATA", "P1", at(hour), {"vibration": float(hour)}, quality=code)
    rows, notes = read(capture)
    assert [row[-1] for row in rows] == ["1", "n", "3", "n", "5"]
    assert "2 readings of bad quality were taken as missing" in notes
    assert "1 readings of uncertain quality were kept" in notes


def test_machines_within_a_device(read):
    capture = Capture()
    capture.node("NBIRTH", at(1), {"Line/P1.speed": 1.0, "Line/P1.vibration": 2.0, "Line/P2.vibration": 3.0}, seq=0)
    rows, _ = read(capture, {"template": "plant/edge//Line/{machine}.{channel}"})
    assert rows == ["P1 01:00 1 2", "P2 01:00 nan 3"]


def test_other_traffic_and_a_capture_that_begins_in_the_middle(read):
    capture = Capture()
    capture.device("DDATA", "P1", at(0), {"vibration": 9.0}, seq=77)
    capture.add("spBv1.0/STATE/host", b"{}", 1.7e12)
    capture.add("spBv1.0/plant/DCMD/edge/P1", b"\xff\xff", 1.7e12)
    capture.add("home/lamp", b"on", 1.7e12)
    whole = "\n".join([*capture.lines, born().text()])
    rows, notes = read(whole)
    assert rows == ["P1 01:00 2900 1"]
    assert "3 messages were no births, data or deaths of Sparkplug B and were passed over" in notes
    assert "1 messages came before their birth, or after their death, and were passed over" in notes


def spoilt(**how) -> str:
    """A birth, and a second line with something exchanged."""
    capture = born()
    capture.device("DDATA", "P1", at(2), {"vibration": 2.0})
    last = {**json.loads(capture.lines[-1]), **how}
    return "\n".join([*capture.lines[:-1], json.dumps(last)])


def data(*values: tuple, **how) -> Capture:
    capture = born()
    capture.device("DDATA", "P1", at(2), dict(values), **how)
    return capture


MISTAKES = {
    "not json": (lambda: born().text() + "spBv1.0/plant\n", 'line 3 is not a message written as {"topic": …'),
    "nested": (lambda: "[" * 100_000, "line 1 is not a message"),
    "a list": (lambda: born().text() + "[1]", "line 3 has no text named topic"),
    "no payload": (lambda: spoilt(payload=None), "line 3 has no text named payload"),
    "neither hex nor base64": (lambda: spoilt(payload="08ä1"), "line 1: the payload is neither"),
    "half a byte": (lambda: spoilt(payload="080"), "is neither hexadecimal nor base64"),
    "cut off": (
        lambda: spoilt(payload=json.loads(spoilt().splitlines()[-1])["payload"][:-6]),
        "line 3: the payload of spBv1.0/plant/DDATA/edge/P1 is no Sparkplug B message, or cut off",
    ),
    "time": (lambda: spoilt(time="noon"), "line 3: time = 'noon' is not the time of receipt"),
    "unknown alias": (lambda: _alias(99), "line 3: alias 99 of plant/edge/P1 was named by no birth before it"),
    "unknown name": (lambda: data(("pressure", 1.0)).text(), "line 3: 'pressure' of plant/edge/P1 was named by no"),
    "no birth": (lambda: "\n".join(spoilt().splitlines()[2:]), "plant.jsonl: no birth of Sparkplug B is in it"),
    "unknown status": (lambda: data(("speed", 1.0), quality=150).text(), "line 3: speed of P1: Quality = 150 is no"),
    "text": (lambda: data(("speed", (12, "string_value", "fast"))).text(), "line 3: speed of P1 is not a number: take"),
    "endless": (lambda: data(("speed", float("inf"))).text(), "line 3: speed of P1 is not a number"),
    "far future": (lambda: data(("speed", 1.0), stamp=2**63).text(), "line 3: speed of P1 has the time stamp 92233"),
    "impossible": (lambda: data(("speed", 9999.0)).text(), "line 3: speed = 9999 is outside -100 to 4000 rpm"),
    "empty": (lambda: "", "plant.jsonl: no birth"),
}


def _alias(alias: int) -> str:
    capture = born()
    capture.alias["P1", "vibration"] = alias
    capture.device("DDATA", "P1", at(2), {"vibration": 2.0})
    return capture.text()


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_a_sentence(read, what):
    make, words = MISTAKES[what]
    with pytest.raises(Fault) as fault:
        read(make())
    assert words in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_channel_that_nobody_reports(read):
    capture = Capture()
    capture.node("NBIRTH", at(1), {}, seq=0)
    capture.device("DBIRTH", "P1", at(1), {"speed": 1.0})
    with pytest.raises(Fault, match=r"no tag 'vibration' for 'vibration' \[mm/s\]; it has speed. Say which one it is"):
        read(capture)
    with pytest.raises(
        Fault, match=r"no tag is written as x/\{machine\}/\{channel\}; the first is 'plant/edge/P1/speed'"
    ):
        read(capture, {"template": "x/{machine}/{channel}"})


@settings(max_examples=60)
@given(some.binary(max_size=60), some.sampled_from(["NBIRTH", "NDEATH", "DBIRTH", "DDATA"]))
def test_any_bytes_are_read_or_answered_with_a_sentence(tmp_path_factory, junk, kind):
    capture = born()
    capture.add("/".join(["spBv1.0", "plant", kind, "edge", *(["P1"] if kind[0] == "D" else [])]), junk, None)
    path = tmp_path_factory.mktemp("junk") / "plant.jsonl"
    path.write_text(capture.text())
    try:
        read_history([path], COLUMNS, Export.of("sparkplug", {"step": "1h"}, None), names={})
    except Fault as fault:
        sentence = str(fault)
        assert "\n" not in sentence
