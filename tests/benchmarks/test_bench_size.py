"""Cores, GPUs and pounds against values worked out by hand."""

from __future__ import annotations

import pytest
from made_result import TOY, bundle, measured, result

from benchmarks import result as files
from benchmarks import size
from common.cli import guard
from common.fault import Fault


def asked(tmp_path, *words, whole):
    """The command for one file."""
    size.main([*words, str(files.write(whole, tmp_path))])


def server(rate=640.0, **other):
    return measured("server", rate, settings={"p99_ms": 50.0, "workers": 2}, **other)


def test_units_are_multiplied_whole(tmp_path, capsys):
    """640 a second on 2 cores: 1000 take two such pairs; between 576 and 704 it stays two: 4 × 0.05 × 730 = £146."""
    asked(tmp_path, "--bundle", "toy", "--rate", "1000/s", "--p99", "50ms", "--price", "0.05", whole=result(server()))
    said = capsys.readouterr().out
    assert "4 cores of toy-one-1, ort_cpu fp32, 1 thread; £146 a month" in said
    assert "measured 2026-11-21: 640 a second (576 to 704) on 2 cores" in said


def test_the_interval_of_the_rate_becomes_one_of_cores_and_pounds(tmp_path, capsys):
    """1,300 a second of 90 to 110 (offline, 1 core): 13 cores, 12 to 15, £474.50 (438 to 547.50) at 5 p."""
    whole = result(measured("offline", 100.0))
    asked(tmp_path, "--bundle", "toy", "--rate", "78000/min", "--price", "0.05", whole=whole)
    assert (
        "13 cores (12 to 15) of toy-one-1, ort_cpu fp32, 1 thread; £474 (£438 to £548) a month"
        in capsys.readouterr().out
    )


def test_a_rate_without_a_lower_limit_gives_at_least(tmp_path, capsys):
    whole = result(measured("offline", 100.0, rate_per_s={"value": 100.0, "low": None, "high": None}))
    asked(tmp_path, "--bundle", "toy", "--rate", "360000/h", "--price", "1", whole=whole)
    said = capsys.readouterr().out
    assert "at least 1 core of toy-one-1, ort_cpu fp32, 1 thread; at least £730 a month" in said
    assert "100 a second (no interval) on 1 core" in said


def test_a_gpu_is_counted_as_one(tmp_path, capsys):
    whole = result(measured("offline", 5000.0, runtime="ort_cuda", variant="fp16"))
    asked(tmp_path, "--bundle", TOY[:8], "--rate", "12000/s", "--price", "2", whole=whole)
    assert "3 GPUs of toy-one-1, ort_cuda fp16, 1 thread; £4,380 a month" in capsys.readouterr().out


def test_a_later_measurement_takes_the_place_of_an_earlier_one(tmp_path, capsys):
    for day, rate in (("20", 9000.0), ("21", 640.0)):
        made = f"2026-11-{day}T21:00:00Z"
        files.write(result(server(rate, made=made), made=made), tmp_path)
    size.main(["--bundle", "toy", "--rate", "1000/s", "--p99", "50ms", *map(str, sorted(tmp_path.glob("*")))])
    assert "4 cores of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("measurement", "why"),
    [
        (server(verdict="INVALID", reasons=["too few queries"]), "too few queries"),
        (server(variant="int8_static", accuracy={"measured": False, "counts": False}), "accuracy not measured"),
        (measured("server", 640.0, settings={"p99_ms": 80.0}), "its bound was 80 ms"),
        (measured("server", 640.0, settings={"p99_ms": 50.0, "quick": True}), "it was a quick run"),
        (server(runtime="native"), "No valid server measurement"),
        (measured("offline", 640.0), "No valid server measurement"),
    ],
)
def test_what_was_not_measured_is_not_estimated(tmp_path, measurement, why):
    with pytest.raises(Fault, match=why) as said:
        asked(tmp_path, "--bundle", "toy", "--rate", "1000/s", "--p99", "50ms", whole=result(measurement))
    assert "pilot-bench run --bundle toy/latest --scenario server --p99 50ms" in str(said.value)


@pytest.mark.parametrize(
    ("word", "text", "said"),
    [
        ("--rate", "fast", "'fast' is not a rate such as 1000/s"),
        ("--rate", "1000", "'1000' is not a rate such as 1000/s"),
        ("--rate", "-5/s", "expected one argument"),
        ("--rate", "0/s", "not a rate"),
        ("--price", "-1", "'-1' is not a price"),
        ("--price", "five", "'five' is not a price in pounds an hour"),
        ("--price", "nan", "'nan' is not a price"),
        ("--p99", "50", "'50' is not a latency such as 50ms"),
    ],
)
def test_malformed_rates_prices_and_bounds(tmp_path, capsys, word, text, said):
    words = {"--bundle": "toy", "--rate": "1000/s", word: text}
    path = files.write(result(server()), tmp_path)
    with pytest.raises(Fault, match=said):
        size.main([part for pair in words.items() for part in pair] + [str(path)])
    assert guard(lambda: size.main([part for pair in words.items() for part in pair] + [str(path)])) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_unknown_bundles(tmp_path):
    path = str(files.write(result(server()), tmp_path))
    with pytest.raises(Fault, match="No result file measures a bundle 'toi': did you mean 'toy'"):
        size.main(["--bundle", "toi", "--rate", "1/s", path])
    with pytest.raises(Fault, match="holds no bundle"):
        size.main(["--bundle", str(tmp_path), "--rate", "1/s", path])
    (tmp_path / "SHA256SUMS").write_text("other")
    with pytest.raises(Fault, match=f"measures the bundle {tmp_path}: pilot-bench run --bundle {tmp_path} does"):
        size.main(["--bundle", str(tmp_path), "--rate", "1/s", path])


def test_the_newest_bundle_of_a_name_is_meant(tmp_path, capsys):
    new = bundle("toy", "d" * 64, version="20270101000000")
    whole = result(server(9.0), server(900.0, bundle="d" * 64), bundles=[new, bundle()])
    asked(tmp_path, "--bundle", "toy", "--rate", "900/s", "--p99", "60ms", whole=whole)
    assert "2 cores" in capsys.readouterr().out.split("measured")[0]


def test_pounds_for_a_million():
    """100 a second on one core at £0.36 an hour: a million take 10,000 s, which is £1."""
    found = size.per_million(measured("offline", 100.0), 0.36)
    assert found == pytest.approx({"value": 1.0, "low": 1 / 1.1, "high": 1 / 0.9})
