"""pilot-bench slurm without a cluster: units, packing, the script in a plain shell, and what is refused."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess

import made_result
import pytest

from benchmarks import result
from benchmarks.slurm import asked, cluster, command, ledger
from benchmarks.slurm.gather import gather
from benchmarks.slurm.script import Wishes, script
from benchmarks.slurm.work import Unit, pack
from common.fault import Fault


def made(name: str, seconds: float = 30.0) -> Unit:
    return Unit(name, "/b/x", "0" * 64, ("--scenario", "offline"), seconds)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """An empty current folder, and no Slurm on PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def site(nowhere):
    """A stand-in for a cluster's sbatch and squeue: refuses one partition, takes jobs that are never seen again."""
    programs = {
        "sbatch": "for word; do script=$word; done\n"
        'while read -r line; do case $line in *--partition=nope) echo "sbatch: error: invalid partition specified: nope'
        '" >&2; exit 1;; esac; done <"$script"\necho 17',
        "squeue": "",
    }
    for name, text in programs.items():
        (nowhere / name).write_text(f"#!/bin/sh\n{text}\n")
        (nowhere / name).chmod(0o755)
    return nowhere


def test_arms_that_are_compared_stay_in_one_unit(toy_bundle):
    words = ["--bundle", str(toy_bundle), "--runtime", "ort_cpu,native", "--variant", "fp32,int8_dynamic"]
    words += ["--scenario", "offline,server", "--threads", "1"]
    units = asked.units(words)
    assert [unit.words[-1] for unit in units] == ["offline", "server"]
    for unit in units:
        assert unit.words[:-2] == ("--runtime", "ort_cpu,native", "--variant", "fp32,int8_dynamic", "--threads", "1")
        assert unit.bundle == str(toy_bundle)
    assert [unit.name for unit in asked.units(words)] == [unit.name for unit in units]
    assert len({unit.name for unit in units} | {unit.name for unit in asked.units([*words, "--seconds", "3"])}) == 4


def test_a_task_has_a_minute_of_work_or_more():
    packed = pack([made(f"u{i}", 25.0) for i in range(10)])
    assert sorted(unit.name for units in packed for unit in units) == sorted(f"u{i}" for i in range(10))
    assert [sum(unit.seconds for unit in units) for units in packed] == [100.0, 75.0, 75.0]  # a fourth would have 50
    assert len(pack([made("long", 600.0), made("short", 1.0)])) == 1
    assert len(pack([made("a", 600.0), made("b", 61.0)])) == 2
    assert [len(units) for units in pack([made(f"u{i}") for i in range(5)], tasks=3)] == [2, 2, 1]
    assert len(pack([made("alone")], tasks=8)) == 1


def run_script(text: str, folder, **env: str) -> subprocess.CompletedProcess:
    path = folder / "job.sh"
    path.write_text(text)
    known = {"PATH": os.environ["PATH"], "SLURM_ARRAY_TASK_ID": "0", "SLURM_JOB_ID": "7", **env}
    return subprocess.run(["bash", str(path)], env=known, cwd=folder, capture_output=True, text=True, check=False)


def test_the_script_measures_what_has_no_result(tmp_path, monkeypatch):
    """A program in python's place writes a result, refuses or dies, as its unit says."""
    monkeypatch.chdir(tmp_path)
    python = tmp_path / "my python"
    python.write_text(
        "#!/bin/bash\n"
        'for word; do folder=$word; done\necho "asked: $*"\n'
        'case "$*" in *refuse*) echo the bundle is broken; exit 2;; *die*) echo half >"$folder/x.json"; exit 9;; esac\n'
        'echo "{}" >"$folder/2026-01-01_x.json"\n'
    )
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    units = [Unit(name, f"/bundles/{name}'s", "0" * 64, (), 1.0) for name in ("die", "good", "refuse", "also")]
    text = script("pilot-bench-x-0", [units], tmp_path / "out put", Wishes("p", "gpu:1g.10gb:1", "1:30:00", 4))
    settings = re.findall(r"^#SBATCH --(.*)$", text, re.MULTILINE)
    assert settings == [
        *("job-name=pilot-bench-x-0", "array=0-0", "ntasks=1", "partition=p", "gres=gpu:1g.10gb:1", "time=1:30:00"),
        *("cpus-per-task=4", "requeue", "open-mode=append"),
    ]
    first = run_script(text, tmp_path)
    assert first.returncode == 1
    assert "without a result: die refuse" in first.stderr
    out = tmp_path / "out put"
    assert sorted(path.name for path in (out / "results").iterdir()) == ["also.json", "good.json"]
    assert (out / "refused" / "refuse").read_text() == "the bundle is broken\n"
    assert list(out.glob(".partial-*")) == []
    assert run_script(text, tmp_path).returncode == 1
    said = {name: (out / "logs" / f"{name}.log").read_text() for name in ("good", "die")}
    assert [said[name].count("begun: ") for name in ("good", "die")] == [1, 2]
    assert "asked: -m benchmarks run --bundle /bundles/good's --out" in said["good"]


def test_a_dry_run_prints_a_script_and_writes_nothing(toy_bundle, nowhere, capsys):
    command.main(["--bundle", str(toy_bundle), "--out", "shared", "--dry-run", "--tasks", "2", "--partition", "p"])
    text = capsys.readouterr().out
    assert list(nowhere.iterdir()) == []
    assert text.startswith("#!/bin/bash\n#SBATCH ")
    assert text.count("\n  unit ") == 3
    subprocess.run(["/bin/bash", "-n"], input=text, text=True, check=True)


def test_no_sbatch(toy_bundle, nowhere):
    with pytest.raises(Fault, match="no sbatch on PATH: use a login node of the cluster, or print the script"):
        command.main(["--bundle", str(toy_bundle), "--out", "shared"])
    assert list(nowhere.iterdir()) == []


def test_an_unknown_partition_is_told_in_the_words_of_sbatch(toy_bundle, site, monkeypatch):
    words = ["--bundle", str(toy_bundle), "--out", "shared"]
    with pytest.raises(Fault, match=r"^sbatch refused the job: invalid partition specified: nope$"):
        command.main([*words, "--partition", "nope"])
    assert list((site / "shared" / "submissions").iterdir()) == []
    command.main([*words, "--submit-only"])
    assert len(list((site / "shared" / "submissions").iterdir())) == 2


def test_two_at_once_would_submit_everything_twice(toy_bundle, site):
    words = ["--bundle", str(toy_bundle), "--out", "shared", "--submit-only"]
    command.main(words)
    held = os.open(site / "shared" / ".lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)  # as the other terminal's process does
    try:
        with pytest.raises(Fault, match="Another pilot-bench slurm is at work on shared"):
            command.main(words)
    finally:
        os.close(held)
    assert len(ledger.read(site / "shared").submissions()) == 1


def test_lost_units_are_submitted_again_and_then_given_up(toy_bundle, site, monkeypatch, capsys):
    monkeypatch.setattr(command, "FIRST_LOOK_S", 0.01)
    words = ["--bundle", str(toy_bundle), "--out", "shared", "--scenario", "offline"]
    with pytest.raises(Fault, match=r"^1 of 1 units have no result; \S+-offline-\w+: its task ended 3 times without"):
        command.main(words)
    said = capsys.readouterr().out
    assert [word for word in ("(2 of 3)", "(3 of 3)", "given up") if word in said] == [
        "(2 of 3)",
        "(3 of 3)",
        "given up",
    ]
    assert len(ledger.read(site / "shared").submissions()) == 3
    with pytest.raises(Fault, match="holds another benchmark"):
        command.main([*words, "--seconds", "1"])
    command.main(["--status", "shared"])
    assert "no task: give the command again\n0 of 1 units measured" in capsys.readouterr().out


@pytest.mark.parametrize("time", ["abc", "1:99", "5 min", "-3", "1:2:3:4"])
def test_a_malformed_time(toy_bundle, nowhere, time):
    with pytest.raises(Fault, match=r"^--time .* is no time that Slurm knows: say minutes \(30\), 1:30:00 or"):
        command.main(["--bundle", str(toy_bundle), "--out", "shared", f"--time={time}"])
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize("time", ["30", "30:00", "1:30:00", "1-12", "1-12:30", "1-12:00:00", "UNLIMITED"])
def test_times_of_slurm(time):
    assert Wishes(time=time).lines() == [f"--time={time}"]


def test_a_folder_that_cannot_be_written(toy_bundle, site):
    (site / "file").write_text("")
    with pytest.raises(Fault, match=r"^--out file cannot be written .*: name a folder that every node sees"):
        command.main(["--bundle", str(toy_bundle), "--out", "file"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--out is not set: name a folder"),
        (["--out", "x", "--gres", "gpu:1 --wrap=id"], "holds what sbatch cannot be told"),
        (["--out", "x", "--scenario", "ofline"], "did you mean 'offline'"),
        (["--out", "x", "--tasks", "0"], "is not a number from 1"),
        (["--out", "x", "--bogus"], "bogus"),
        (["--status", "nowhere"], "there is no such folder"),
        (["--status", "."], "holds no results yet"),
    ],
)
def test_other_mistakes(words, said, toy_bundle, nowhere):
    with pytest.raises(Fault, match=said):
        command.main([*words, *(["--bundle", str(toy_bundle)] if "--status" not in words else [])])


def test_a_manifest_that_is_none(nowhere):
    (nowhere / "manifest.json").write_text(json.dumps({"units": [{"name": "x"}], "asked": []}))
    with pytest.raises(Fault, match="is no manifest of pilot-bench slurm"):
        command.main(["--status", "."])


def test_results_of_one_second_keep_their_own_noise(tmp_path):
    """Two nodes of one kind and one of another; two units began in the same second, one of them on a noisy node."""
    quiet = made_result.result(made_result.measured("single_stream"))
    noisy = made_result.result(made_result.measured("offline"), noise={"noisy": True, "why": "neighbours"})
    noisy["command"] = "pilot-bench run --bundle toy --out /shared/me/.partial-x --quick"
    other = made_result.result(made_result.measured("offline"), machine={"cpu": "Other", "cores": 4})
    (tmp_path / "results").mkdir()
    for name, found in {"a": quiet, "b": noisy, "c": other}.items():
        (tmp_path / "results" / f"{name}.json").write_text(json.dumps(found))
    for _ in range(2):
        gather(tmp_path)
        one, two = (result.read(path) for path in sorted(tmp_path.glob("*.json")))
        assert [len(one["measurements"]), len(two["measurements"])] == [1, 2]
        heads = {found["scenario"]: result.head(two, found) for found in two["measurements"]}
        assert heads["single_stream"]["noise"]["noisy"] is False
        assert heads["offline"]["noise"]["why"] == "neighbours"
        assert heads["offline"]["command"] == "pilot-bench run --bundle toy --quick"


def test_a_result_of_a_bundle_that_changed_is_refused(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "u.json").write_text(json.dumps(made_result.result(made_result.measured())))
    with pytest.raises(Fault, match=r"^/b/x changed after the work was submitted \(u.json\)"):
        gather(tmp_path, ledger.Ledger(tmp_path, [], [made("u")]))
    assert list(tmp_path.glob("*.json")) == []


def test_accounts_say_why_a_task_ended(site):
    assert cluster.why_ended("pilot-bench-x-0", 1) == ""
    (site / "sacct").write_text("#!/bin/sh\necho '17_0|COMPLETED'\necho '17_1|OUT_OF_MEMORY'\n")
    (site / "sacct").chmod(0o755)
    assert cluster.why_ended("pilot-bench-x-0", 1) == "OUT_OF_MEMORY"


def test_a_controller_that_is_away_is_not_a_lost_task(site):
    assert cluster.states(["pilot-bench-x-0"]) == {}
    (site / "squeue").write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2\nexit 1\n")
    assert cluster.states(["pilot-bench-x-0"]) is None
    (site / "squeue").write_text(
        "#!/bin/sh\necho 'j|0|PENDING|BeginTime'\necho 'j|1|FAILED|NonZeroExitCode'\necho 'j|N/A|RUNNING|None'\n"
    )
    states = cluster.states(["j"])
    assert states == {("j", 0): "PENDING (BeginTime)", ("j", 1): "FAILED (NonZeroExitCode)"}
    assert [cluster.ended(state) for state in (*states.values(), None)] == [False, True, True]
