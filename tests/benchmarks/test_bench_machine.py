"""Facts of a machine, read from files and answers that are made up."""

from __future__ import annotations

import json
import socket

import pytest

from benchmarks.probes import gpu, machine
from common import cgroup


def place(root, **files):
    for path, text in files.items():
        file = root / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_no_host_user_or_folder_is_noted(tmp_path):
    words = json.dumps(machine.facts())
    assert socket.gethostname() not in words
    assert str(tmp_path.parents[2]) not in words
    assert "/home" not in words


def test_what_cannot_be_read_is_none(tmp_path):
    found = machine.facts(tmp_path)
    names = ("flags", "cores_quota", "governor", "turbo", "virtual_machine", "container", "load", "threads_per_core")
    assert {name: found[name] for name in names} == dict.fromkeys(names)
    assert found["cores"] == found["cores_affinity"] >= 1


@pytest.mark.parametrize(
    ("group", "files", "quota"),
    [
        ("0::/a/b\n", {"sys/fs/cgroup/a/b/cpu.max": "max 100000", "sys/fs/cgroup/a/cpu.max": "150000 100000"}, 1.5),
        ("0::/a/b\n", {"sys/fs/cgroup/cpu.max": "50000 100000"}, 0.5),  # inside a container the path is the host's
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "max 100000"}, None),
        (
            "4:cpu,cpuacct:/x\n0::/\n",
            {
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "200000",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            },
            2.0,
        ),
        (
            "1:cpu:/\n",
            {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"},
            None,
        ),
    ],
)
def test_time_that_control_groups_allow(tmp_path, group, files, quota):
    place(tmp_path, **{"proc/self/cgroup": group, **files})
    found = machine.facts(tmp_path)
    assert found["cores_quota"] == quota
    if quota is not None:
        assert found["cores"] == max(1, min(found["cores_affinity"], int(quota)))


def test_memory_that_control_groups_allow(tmp_path):
    place(tmp_path, **{"proc/self/cgroup": "3:memory:/job\n0::/job\n"})
    assert cgroup.memory(tmp_path) is None
    place(tmp_path, **{"sys/fs/cgroup/memory/job/memory.limit_in_bytes": "9223372036854771712"})
    assert cgroup.memory(tmp_path) is None
    place(tmp_path, **{"sys/fs/cgroup/job/memory.max": "max", "sys/fs/cgroup/memory.max": "2147483648"})
    assert cgroup.memory(tmp_path) == 2 << 30
    assert machine.facts(tmp_path)["ram_limit_gb"] == 2.0


def test_processor_and_walls(tmp_path):
    place(
        tmp_path,
        **{
            "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni hypervisor\n",
            "proc/loadavg": "1.50 1.00 0.50 2/300 1\n",
            "proc/1/cgroup": "0::/kubepods/besteffort/pod1\n",
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
            "sys/devices/system/cpu/intel_pstate/no_turbo": "1\n",
            "sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0,64\n",
        },
    )
    found = machine.facts(tmp_path)
    assert found["flags"] == ["avx2", "avx512_vnni"]
    assert (found["virtual_machine"], found["container"], found["turbo"]) == (True, True, False)
    assert (found["governor"], found["threads_per_core"], found["load"]) == ("performance", 2, [1.5, 1.0, 0.5])


def answers(question):
    if question.startswith("--query-gpu=index"):
        return (
            "0, GPU-a, NVIDIA H100, 570.1, 1980, 1980, 2619, 81559, 1024, 3, 120.5, 700.00, 41, Enabled, Default\n"
            "1, GPU-b, NVIDIA T4, 570.1, 300, 1590, 405, 15360, 0, 0, [N/A], 70.00, 30, [N/A], Default\n"
        )
    return {
        "--query-gpu=clocks_throttle_reasons.active": "0x0000000000000001\n0x0000000000000024\n",
        "--query-compute-apps=gpu_uuid,pid": "GPU-b, 11\nGPU-b, 12\n",
        "-L": "GPU 0: NVIDIA H100 (UUID: GPU-a)\n  MIG 1g.10gb     Device  0: (UUID: MIG-x)\nGPU 1: T4 (UUID: GPU-b)\n",
    }.get(question)


@pytest.fixture(autouse=True)
def every_card_is_visible(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(("named", "seen"), [("1", ["NVIDIA T4"]), ("GPU-a", ["NVIDIA H100"]), ("MIG-x", 2), ("", 2)])
def test_cards_that_are_granted(monkeypatch, named, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    names = [card["name"] for card in gpu.facts(answers)]
    assert (names if isinstance(seen, list) else len(names)) == seen


def test_two_cards():
    hopper, turing = gpu.facts(answers)
    assert (hopper["name"], hopper["clock_mhz"], hopper["mig"], hopper["power_w"]) == (
        "NVIDIA H100",
        1980.0,
        "Enabled",
        120.5,
    )
    assert (hopper["slowed_by"], hopper["programs"], hopper["slices"]) == ([], 0, ["1g.10gb"])
    assert (turing["power_w"], turing["mig"]) == (None, None)
    assert (turing["slowed_by"], turing["programs"]) == (["power cap", "heat"], 2)
    assert turing["slices"] == []
    assert "GPU-b" not in json.dumps(turing)


def test_cards_that_others_use_or_that_are_hot():
    idle, used = gpu.facts(answers), gpu.facts(answers)
    assert gpu.disturbed(idle, used) == ["2 other programs were computing on GPU 1", "GPU 1 was slowed down: heat"]
    assert gpu.disturbed(idle[:1], used[:1]) == []


def test_no_cards():
    assert gpu.facts(lambda question: None) == []
