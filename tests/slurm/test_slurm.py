"""pilot-bench slurm and the pilots' sweeps on a real Slurm of one node: everything that happens to jobs."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
from slurm_node import until

from benchmarks import result

pytestmark = pytest.mark.slurm
RUN = ("--quick", "--threads", "1", "--rounds", "1")


def asked(bundle: Path, *words: str, seconds: float = 0.2) -> list[str]:
    return ["slurm", "--bundle", str(bundle), *RUN, "--seconds", str(seconds), "--out", "shared", *words]


def begun(folder: Path) -> int:
    """How often a unit was begun, over all units."""
    return sum(path.read_text().count("begun: ") for path in (folder / "shared" / "logs").glob("*.log"))


def submissions(folder: Path) -> list[dict]:
    paths = sorted((folder / "shared" / "submissions").glob("*.json"))
    return [json.loads(path.read_text()) for path in paths]


def measured(said: str) -> dict:
    """The result file that the last line names."""
    return result.read(said.splitlines()[-1].removeprefix("wrote: "))


def test_two_arrays_share_one_slot_and_a_stopped_command_goes_on(cluster, toy_bundle, tmp_path):
    """Submitted, queued, finished; what is finished is not repeated, whoever was interrupted."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    slot = ("--tasks", "2", "--gres", "slot:1", "--time", "5")
    scenarios = {"first": ["offline", "single_stream"], "second": ["single_stream"]}
    words = {name: asked(toy_bundle, "--scenario", ",".join(chosen), *slot) for name, chosen in scenarios.items()}
    code, said = cluster.pilot_done(*words["first"], "--submit-only", cwd=tmp_path / "first")
    assert code == 0, said
    second = cluster.pilot(*words["second"], cwd=tmp_path / "second")
    until(lambda: submissions(tmp_path / "second"), "the second array")
    most = 0
    until(lambda: "PENDING" in cluster.states().values(), "one waits for the slot")
    while cluster.running():
        most = max(most, len(cluster.running()))
        if (tmp_path / "second" / "said").read_text().count("pending") and second.poll() is None:
            second.send_signal(signal.SIGINT)
            second.wait()
        time.sleep(0.1)
    assert most == 1  # there is one slot
    assert second.returncode == 130
    assert "the same command waits for them again" in (tmp_path / "second" / "said").read_text()
    for name in ("first", "second", "second"):
        code, said = cluster.pilot_done(*words[name], cwd=tmp_path / name)
        assert code == 0, said
        assert begun(tmp_path / name) == len(scenarios[name])
        assert len(submissions(tmp_path / name)) == 1
        assert sorted(found["scenario"] for found in measured(said)["measurements"]) == scenarios[name]
    assert "shared" not in measured(said)["command"]
    code, said = cluster.pilot_done("slurm", "--status", "shared", cwd=tmp_path / "first")
    assert code == 0
    assert said.count(": measured\n") == 2


def test_killed_and_cancelled_tasks_are_submitted_again(cluster, toy_bundle, tmp_path):
    words = asked(toy_bundle, "--scenario", "single_stream,offline", "--tasks", "2", seconds=3)
    at_work = cluster.pilot(*words, cwd=tmp_path)
    until(lambda: begun(tmp_path) == 2, "both units at work")
    running = cluster.running()
    cluster.kill_task(running[0])
    cluster.ask("scancel", running[1])
    until(lambda: begun(tmp_path) == 4, "both are at work again")
    assert at_work.wait(90) == 0
    said = (tmp_path / "said").read_text()
    assert said.count("its task ended without a result") == 2
    assert re.search(r"CANCELLED.*: submitted again \(2 of 3\)", said)
    assert len(measured(said)["measurements"]) == 2
    assert begun(tmp_path) == 4
    assert not list((tmp_path / "shared").glob(".partial-*"))


def test_what_always_dies_is_given_up(cluster, toy_bundle, tmp_path):
    broken = {"SBATCH_EXPORT": "ALL,PYTHONHOME=/nowhere"}  # no Python begins in these tasks
    code, said = cluster.pilot_done(*asked(toy_bundle, "--scenario", "offline"), cwd=tmp_path, **broken)
    assert code == 2
    assert "given up" in said
    assert re.search(r"^1 of 1 units have no result; \S+: its task ended 3 times without a result, see ", said, re.M)
    assert begun(tmp_path) == 3


def test_preempted_and_without_a_controller(cluster, toy_bundle, tmp_path):
    """Slurm requeues the task itself, and its controller dies while the task runs: nothing is submitted twice."""
    at_work = cluster.pilot(*asked(toy_bundle, "--scenario", "single_stream", seconds=10), cwd=tmp_path)
    until(lambda: begun(tmp_path) == 1, "the unit at work")
    task = cluster.running()[0]
    cluster.ask("scontrol", "requeue", task)
    until(lambda: cluster.states()[task] == "PENDING", "back in the queue")
    time.sleep(3)  # Slurm would wait two minutes; the node must at least have forgotten the first start
    cluster.ask("scontrol", "update", f"JobId={task}", "StartTime=now")
    until(lambda: begun(tmp_path) == 2, "at work again")
    now = time.time()
    until(lambda: (cluster.folder / "controller" / "job_state").stat().st_mtime > now, "the controller has noted it")
    os.kill(int((cluster.folder / "slurmctld.pid").read_text()), signal.SIGKILL)
    until(lambda: "does not answer" in (tmp_path / "said").read_text(), "the silence is noticed")
    assert cluster.script("controller").returncode == 0
    assert at_work.wait(90) == 0
    said = (tmp_path / "said").read_text()
    assert len(measured(said)["measurements"]) == 1
    assert len(submissions(tmp_path)) == 1
    assert begun(tmp_path) == 2


def test_the_dry_run_is_a_script_that_can_be_submitted_as_it_is(cluster, toy_bundle, tmp_path):
    words = asked(toy_bundle, "--scenario", "single_stream,offline", "--tasks", "1", "--gres", "slot:1")
    code, text = cluster.pilot_done(*words, "--dry-run", cwd=tmp_path)
    assert code == 0
    (tmp_path / "job.sh").write_text(text)
    for _ in range(2):  # a second time it finds all its results
        job = cluster.ask("sbatch", "--parsable", f"--chdir={tmp_path}", str(tmp_path / "job.sh")).strip()
        until(lambda job=job: cluster.states()[f"{job}_0"] == "COMPLETED", "the script has run")
        assert begun(tmp_path) == 2
    code, said = cluster.pilot_done("slurm", "--status", "shared", cwd=tmp_path)
    assert code == 0
    assert len(measured(said)["measurements"]) == 2


def test_an_unknown_partition(cluster, toy_bundle, tmp_path):
    code, said = cluster.pilot_done(*asked(toy_bundle, "--partition", "nope"), cwd=tmp_path)
    assert code == 2
    assert said.splitlines()[-1].startswith("sbatch refused the job: invalid partition specified: nope; ")
    assert submissions(tmp_path) == []
