"""Noise and its limits, on counters of the kernel that are made up."""

from __future__ import annotations

import itertools
import os
import subprocess
import time

import pytest

from benchmarks.probes import noise
from benchmarks.probes.noise import Watch

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the kernel's counters are Linux's")


def write(proc, *, cpu_us=0, memory_us=0, busy=0, idle=0, steal=0, own=0):
    """Counters in `proc`: ticks of 10 ms are those of every granted processor."""
    (proc / "pressure").mkdir(exist_ok=True)
    (proc / "pressure/cpu").write_text(f"some avg10=0.00 avg60=0.00 avg300=0.00 total={cpu_us}\n")
    (proc / "pressure/memory").write_text(
        f"some avg10=0.00 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.00 total={memory_us}\n"
    )
    lines = [f"cpu{n} {busy} 0 0 {idle} 0 0 0 {steal} 0 0" for n in sorted(os.sched_getaffinity(0))]
    (proc / "stat").write_text("\n".join(["cpu 0 0 0 0 0 0 0 0 0 0", *lines, "btime 1", ""]))
    (proc / "loadavg").write_text("0.50 0.40 0.30 1/99 4242\n")
    (proc / str(os.getpid())).mkdir(exist_ok=True)
    (proc / str(os.getpid()) / "stat").write_text(
        f"{os.getpid()} (a (b) c) R 1 1 1 0 -1 0 0 0 0 0 {own} 0 0 0 20 0 1 0\n"
    )


def watched(proc, *, seconds=10.0, work=lambda: 0.001, **after):
    clock = iter((0.0, seconds))
    write(proc)
    with Watch(proc=proc, clock=lambda: next(clock), work=work) as watch:
        write(proc, **after)
    return watch.facts()


def test_a_quiet_block(tmp_path):
    cores = len(os.sched_getaffinity(0))
    found = watched(tmp_path, cpu_us=100_000, busy=500, idle=500, own=500 * cores - 10)
    assert not found["noisy"]
    assert found["why"] == []
    assert found["waiting"] == 0.01
    assert found["others"] == pytest.approx(10 / (1000 * cores), abs=1e-4)
    assert (found["load_before"], found["stolen"], found["spread"]) == ([0.5, 0.4, 0.3], 0.0, 0.0)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (
            {"cpu_us": 600_000, "busy": 50, "idle": 950},
            "programs waited for a processor for 6.0% of the time (limit 5%)",
        ),
        ({"memory_us": 200_000}, "every program waited for memory for 2.0% of the time (limit 1%)"),
        (
            {"steal": 20, "idle": 980},
            "the hypervisor gave the processors to other machines for 2.0% of the time (limit 1%)",
        ),
        ({"busy": 200, "idle": 800}, "other programs kept the processors busy for 20.0% of the time (limit 10%)"),
    ],
)
def test_each_limit(tmp_path, after, words):
    found = watched(tmp_path, **after)
    assert found["noisy"]
    assert found["why"] == [words]


def test_waiting_for_oneself_is_no_noise(tmp_path):
    cores = len(os.sched_getaffinity(0))
    found = watched(tmp_path, cpu_us=9_000_000, busy=1000, own=1000 * cores)
    assert (found["waiting"], found["noisy"]) == (0.9, False)


def test_a_short_block_is_not_judged_by_ticks(tmp_path):
    found = watched(tmp_path, seconds=0.1, busy=9, idle=1)
    assert (found["others"], found["noisy"]) == (0.9, False)


def test_work_that_slows_down(tmp_path):
    slower = itertools.chain([0.001] * (1 + noise.BLOCKS * noise.TRIES), itertools.repeat(0.0013))
    found = watched(tmp_path, work=lambda: next(slower))
    assert found["spread"] == 0.3
    assert found["why"] == ["a fixed piece of work took up to 30% longer than at its best (limit 10%)"]


def test_one_slow_try_is_forgiven(tmp_path):
    once = itertools.chain([0.001] * 20, [0.5], itertools.repeat(0.001))
    assert watched(tmp_path, work=lambda: next(once))["spread"] == 0.0


def test_no_counters_are_no_guess(tmp_path):
    with Watch(proc=tmp_path / "nothing", work=lambda: 0.001) as watch:
        pass
    found = watch.facts()
    assert [found[name] for name in ("waiting", "memory", "stolen", "others", "load_before")] == [None] * 5
    assert not found["noisy"]


def test_a_machine_made_busy_is_found_noisy():
    """Endless loops that are nobody's children, on more than a tenth of the granted processors."""
    loops = len(os.sched_getaffinity(0)) // 4 + 1
    with Watch() as watch:
        subprocess.run(["sh", "-c", "timeout 0.8 sh -c 'while :; do :; done' & " * loops], check=True)
        time.sleep(0.7)
    found = watch.facts()
    if found["others"] is None:
        pytest.skip("no counters in /proc/stat here")
    assert found["others"] > noise.OTHERS
    assert any(why.startswith("other programs kept the processors busy") for why in found["why"])


def test_own_children_are_not_others(tmp_path):
    write(tmp_path, own=5)
    task = tmp_path / str(os.getpid()) / "task/1"
    task.mkdir(parents=True)
    (task / "children").write_text("71 72 \n")
    for child, own in ((71, 20), (72, 3)):
        (tmp_path / str(child)).mkdir()
        (tmp_path / str(child) / "stat").write_text(f"{child} (py) S 1 1 1 0 -1 0 0 0 0 0 {own} 1 0 0 20 0 1 0\n")
    assert noise._own_ticks(tmp_path) == 5 + 21 + 4


def test_own_work_is_not_others():
    before, start = noise._own_ticks(noise.PROC), time.process_time()
    while time.process_time() < start + 0.15:  # s; 15 ticks
        pass
    assert 13 <= noise._own_ticks(noise.PROC) - before < 100
