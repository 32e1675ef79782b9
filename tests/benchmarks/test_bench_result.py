"""Result files: nothing is lost when they merge, nothing is believed that breaks the schema."""

from __future__ import annotations

import copy
import json
import os
import random
from pathlib import Path

import jsonschema
import pytest
from made_result import TOY, bundle, measured, result

from benchmarks import compare, plots, schema, table
from benchmarks.result import (
    FOLDER,
    MOST,
    head,
    head_of,
    machine_word,
    merge,
    prepare,
    read,
    read_all,
    without_folders,
    write,
)
from common.cli import guard
from common.fault import Fault

LATER = "2026-11-21T22:00:00Z"


def test_written_and_read_again(tmp_path):
    path = write(result(measured()), tmp_path)
    assert path.name == "2026-11-21_toy-one-1.json"
    assert read(path) == result(measured())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_later_run_replaces_only_what_it_measured_again(tmp_path):
    write(result(measured(rate=500), measured("offline", rate=900)), tmp_path)
    later = result(measured(rate=600, made=LATER), bundles=[bundle(), bundle("other", "d" * 64)], made=LATER, seed=1)
    write(later, tmp_path)
    (kept,) = read_all(tmp_path.glob("*.json")).values()
    assert [(m["scenario"], m["rate_per_s"]["value"]) for m in kept["measurements"]] == [
        ("single_stream", 600),
        ("offline", 900),
    ]
    assert (kept["made"], kept["seed"]) == (LATER, 1)
    assert [b["name"] for b in kept["bundles"]] == ["toy", "other"]
    assert [head(kept, m)["seed"] for m in kept["measurements"]] == [1, 0]
    write(later, tmp_path)
    assert read(next(tmp_path.glob("*.json"))) == kept


def test_no_file_tells_where_its_owner_keeps_things(tmp_path, monkeypatch):
    home = tmp_path / 'Ann\'s "home"'
    (home / "desk").mkdir(parents=True)
    monkeypatch.chdir(home / "desk")
    monkeypatch.setenv("HOME", str(home))
    gap = {
        "bundle": None,
        "runtime": "native",
        "variant": None,
        "scenario": None,
        "reason": f"{home}/desk/runs/x is old",
    }
    path = write(result(measured(), command=f"pilot-bench run --bundle {home}/b", skipped=[gap]), tmp_path / "out")
    assert read(path)["skipped"][0]["reason"] == "runs/x is old"
    assert read(path)["command"] == "pilot-bench run --bundle ~/b"
    assert "Ann" not in path.read_text()


def test_the_order_of_merging_does_not_matter():
    parts = [
        result(measured(rate=1, made=f"2026-11-21T2{hour}:00:00Z"), made=f"2026-11-21T2{hour}:00:00Z")
        for hour in range(3)
    ]
    assert merge(merge(parts[0], parts[1]), parts[2]) == merge(parts[0], merge(parts[2], parts[1]))


def test_what_was_skipped_and_then_measured_is_no_longer_skipped():
    gap = {"bundle": None, "runtime": "ort_cpu", "variant": "fp32", "scenario": None, "reason": "not installed"}
    other = {**gap, "runtime": "openvino"}
    assert merge(result(skipped=[gap, other]), result(measured(made=LATER), made=LATER))["skipped"] == [other]


@pytest.mark.parametrize(
    ("cpu", "gpu", "word"),
    [
        ("AMD EPYC 9B14", None, "amd-epyc-9b14-2"),
        ("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", None, "intel-xeon-platinum-8481c-2"),
        ("AMD EPYC", [{"name": "NVIDIA H200"}], "amd-epyc-2-nvidia-h200"),
        ("../../etc", None, "etc-2"),
    ],
)
def test_machine_words(cpu, gpu, word):
    assert machine_word({"cpu": cpu, "cores": 2, "gpu": gpu or []}) == word


def test_the_schema_is_one_and_the_committed_files_keep_it():
    jsonschema.Draft202012Validator.check_schema(schema.speed())
    jsonschema.validate(result(measured(), measured("server"), measured("offline")), schema.speed())
    for path in FOLDER.glob("*.json"):
        jsonschema.validate(read(path), schema.speed())


def test_our_check_agrees_with_jsonschema():
    """Places of a result are spoilt in eight ways; both must judge alike."""
    arm = {"runtime": "ort_cpu", "variant": "fp32", "threads": 1}
    gap = {"bundle": None, "runtime": "openvino", "variant": "fp32", "scenario": None, "reason": "not installed"}
    paired = {"bundle": TOY, "scenario": "server", "a": arm, "b": arm, "ratio": 1.2, "low": 1.1, "high": 1.3}
    whole = result(
        measured("server", sweep=[{"rate": 100.0, "p99_ms": 3.0, "achieved": 99.0}]),
        comparisons=[{**paired, "faster": "a"}],
        skipped=[gap],
        earlier=[head_of(result())],
    )
    bad = (None, -1, 1.5, True, "", "x y\n", [], {})
    cases = [(keys, value) for keys in places(whole) for value in bad]
    validator, counts = jsonschema.Draft202012Validator(schema.speed()), [0, 0]
    for keys, value in random.Random(0).sample(cases, 150):
        spoilt = copy.deepcopy(whole)
        inner = spoilt
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        good = schema.breach(spoilt) is None
        assert good == validator.is_valid(spoilt), (keys, value)
        counts[good] += 1
    assert min(counts) > 30


def places(value, above=()):
    """Every path into nested lists and objects."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*above, key)
        yield from places(part, (*above, key))


def spoilt(**changes):
    return json.dumps(result(measured()) | changes)


HOSTILE = {
    "truncated": (spoilt()[:-20], "no whole JSON file"),
    "empty": ("", "no whole JSON file"),
    "not text": (b"\xff\xfe\x00", "no whole JSON file"),
    "deep": ("[" * 100_000, "no whole JSON file"),
    "NaN": (spoilt().replace("500.0", "NaN"), "NaN is not a number"),
    "infinity": (spoilt().replace("500.0", "1e999"), "beyond any number"),
    "endless integer": (spoilt(seed="X").replace('"X"', "9" * 5000), "beyond any number"),
    "a list": ("[1]", "no result file of pilot-bench"),
    "another program's": ('{"kind": "other"}', "no result file of pilot-bench"),
    "newer": (spoilt(format=2), "has format 2, this program reads 1"),
    "no measurements": (spoilt(measurements=None), r"\$.measurements is None, not array"),
    "a name with markup": (spoilt(bundles=[bundle("<script>")]), "does not match"),
    "unknown bundle": (spoilt(bundles=[]), "measures the bundle aaaaaaaaaaaa… but does not describe it"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name, tmp_path, capsys):
    text, said = HOSTILE[name]
    path = tmp_path / "result.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Fault, match=said):
        read(path)
    assert guard(lambda: read(path)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "result.json"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    with pytest.raises(Fault, match=f"more than {MOST:,} bytes"):
        read(path)


def test_what_is_no_file(tmp_path):
    with pytest.raises(Fault, match="There is no file"):
        read(tmp_path / "none.json")
    with pytest.raises(Fault, match="a folder or a device"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Fault, match="a folder or a device"):
        read(tmp_path / "pipe")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(Fault, match=r"cannot take a result file .* name another folder with --out"):
            prepare(folder)
        with pytest.raises(Fault, match="cannot take a result file"):
            write(result(measured()), folder)


def test_a_broken_file_of_today_is_not_overwritten(tmp_path):
    path = write(result(measured()), tmp_path)
    path.write_text("{")
    with pytest.raises(Fault, match="no whole JSON file"):
        write(result(measured()), tmp_path)
    assert path.read_text() == "{"


def test_what_breaks_the_schema_is_a_mistake_of_ours(tmp_path):
    with pytest.raises(ValueError, match="does not keep its schema"):
        write(result(measured(verdict="perhaps")), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_passes_the_schema_is_told_without_a_traceback():
    """Files that are spoilt in one place: refused, or read by every command that reads files."""
    draw, passed = random.Random(0), 0
    whole = result(
        measured("server", sweep=[{"rate": 9.0, "p99_ms": 3.0, "achieved": 9.0}] * 2),
        measured(
            "offline", sweep=[{"batch": batch, "samples_per_s": 9.0, "low": 1.0, "high": None} for batch in (1, 2)]
        ),
        measured(runtime="ort_cuda"),
    )
    text = json.dumps(whole)
    for keys in draw.sample(list(places(whole)), 120):
        bad = json.loads(text)
        inner = bad
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = draw.choice([None, 0, 1e300, 5e-324, "", "x|\n<b>", [], {}, [None], True])
        if schema.breach(bad) is None and bad["bundles"] and all(m["bundle"] == TOY for m in bad["measurements"]):
            passed += 1
            table.page({Path("x"): bad}, {})
            table.summary({Path("x"): bad})
            plots.points({Path("x"): bad})
            compare.compare(whole, bad)
            compare.compare(bad, whole)
            merge(whole, bad)
    assert passed > 20


def test_a_command_keeps_no_folder_of_the_machine():
    typed = "pilot-bench run --bundle '/srv/my plant/runs/x' runs/a/b --out=/var/bench/monday --rate 5/h"
    kept = "pilot-bench run --bundle .../x runs/a/b --out=.../monday --rate 5/h"
    assert without_folders(typed) == kept
    assert without_folders(kept) == kept
