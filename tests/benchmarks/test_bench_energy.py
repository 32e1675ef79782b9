"""Energy and money, on made counters and sums done by hand."""

from __future__ import annotations

import time

import pytest

from benchmarks.probes import cost
from benchmarks.probes.energy import Meter


def domain(powercap, folder, name, energy, most=1_000_000):
    (powercap / folder).mkdir(parents=True, exist_ok=True)
    for file, value in (("name", name), ("energy_uj", energy), ("max_energy_range_uj", most)):
        (powercap / folder / file).write_text(f"{value}\n")


def test_packages_and_memory_add_up(tmp_path):
    names = (
        ("intel-rapl:0", "package-0"),
        ("intel-rapl:0:0", "core"),
        ("intel-rapl:0:1", "dram"),
        ("intel-rapl:1", "psys"),
    )
    for folder, name in names:
        domain(tmp_path, folder, name, 100_000)
    with Meter(powercap=tmp_path) as meter:
        for folder, name in names:
            domain(tmp_path, folder, name, 350_000)
    assert meter.facts() == {"joules": 0.5, "method": "RAPL", "covers": "package-0, dram"}  # core and psys are in it


def test_a_counter_that_starts_again(tmp_path):
    domain(tmp_path, "intel-rapl:0", "package-0", 900_000)
    with Meter(powercap=tmp_path) as meter:
        domain(tmp_path, "intel-rapl:0", "package-0", 200_000)
    assert meter.facts()["joules"] == 0.3


def test_no_counter_is_no_guess(tmp_path):
    with Meter(powercap=tmp_path / "absent") as meter:
        pass
    why = "not measured: this machine shows no energy counter of its processor (RAPL)"
    assert meter.facts() == {"joules": None, "why": why}


def test_a_counter_that_may_not_be_read(tmp_path):
    domain(tmp_path, "intel-rapl:0", "package-0", 1)
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    with Meter(powercap=tmp_path) as meter:
        pass
    assert meter.facts()["why"] == "not measured: the energy counter of the processor may be read by root alone"


@pytest.mark.gpu
def test_a_gpu_draws_energy():
    with Meter("cuda") as meter:
        time.sleep(0.5)  # the counter moves every tenth of a second or so
    found = meter.facts()
    if found["joules"] is None:
        assert found["why"].startswith("not measured: ")
        pytest.skip(found["why"])
    assert found["method"] == "NVML"
    assert 1 < found["joules"] < 2000  # 2 to 4,000 W


def test_a_million_inferences():
    found = cost.per_million(0.36, {"value": 100.0, "low": 80.0, "high": 125.0})
    assert found == pytest.approx({"value": 1.0, "low": 0.8, "high": 1.25})  # 0.36 an hour is 0.0001 a second


def test_a_rate_of_nothing_has_no_price():
    assert cost.per_million(0.36, {"value": 50.0, "low": 0.0, "high": None}) == {
        "value": 2.0,
        "low": None,
        "high": None,
    }
