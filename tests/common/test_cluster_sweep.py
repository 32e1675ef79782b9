"""Sweeps as jobs of a cluster: what is refused before a job is made, and submitit's errors as sentences."""

from __future__ import annotations

import sys

import pytest

from common import cli, cluster_sweep
from common.cli_hydra import sentence
from common.fault import Fault


def program(folder, name: str, text: str, monkeypatch) -> None:
    """A program of this name, the only one on PATH besides the shell's own."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_sweep_needs_a_cluster(tmp_path, monkeypatch):
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Fault, match="found no sbatch on PATH: use a login node"):
        cluster_sweep.check()


def test_without_accounts_a_killed_job_would_be_waited_for_without_end(tmp_path, monkeypatch):
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    program(tmp_path, "sbatch", "", monkeypatch)
    with pytest.raises(Fault, match=r"keeps no accounts \(there is no sacct\)"):
        cluster_sweep.check()
    program(tmp_path, "sacct", "echo Slurm accounting storage is disabled >&2; exit 1", monkeypatch)
    with pytest.raises(Fault, match=r"keeps no accounts \(Slurm accounting storage is disabled\)"):
        cluster_sweep.check()
    program(tmp_path, "sacct", "echo 'JobID|State|NodeList'", monkeypatch)
    cluster_sweep.check()


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(cluster_sweep.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Fault, match=r"pip install -c constraints.txt -e '\.\[slurm\]'"):
        cluster_sweep.check()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Job 7_0 (task: 0) with path /s/runs/.submitit/7_0/7_0_0_result.pkl\n"
            "has not produced any output (state: FAILED)\nError stream produced:\nsrun: error: vm: task 0: Killed\n",
            "job 7_0 of the sweep ended without a result (FAILED), see /s/runs/.submitit/7_0: runs of",
        ),
        (
            "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed",
            "sbatch refused the sweep: invalid partition specified: nope; Batch job submission failed",
        ),
        ("some\nother trouble", "submitit: other trouble"),
    ],
)
def test_errors_of_submitit_are_sentences(text, told):
    utils = pytest.importorskip("submitit.core.utils", reason="the extra slurm is not installed")
    said = sentence(utils.UncompletedJobError(text))
    assert said.startswith(told)
    assert "\n" not in said


def test_the_launcher_needs_a_sweep(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["pilot-manufacturing", cluster_sweep.LAUNCHER, "model=ridge"])
    assert cli.pilot("manufacturing", {}) == 2
    assert capsys.readouterr().err == f"{cluster_sweep.LAUNCHER} makes jobs of a sweep: add -m, as in -m model=a,b\n"
