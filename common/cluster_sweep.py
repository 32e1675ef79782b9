"""A sweep as jobs of a Slurm cluster: `-m hydra/launcher=submitit_slurm`. What it needs, and its failures as sentences.

Hydra's launcher hands each set of settings to submitit, which writes a Slurm job and waits for its result.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from common.cli import TYPED
from common.fault import Fault

LAUNCHER = "hydra/launcher=submitit_slurm"
SITE = "PILOTS_SITE"  # tells the jobs of a sweep the user's own --config-dir; they read the checked copy of it
SHARED = Path("runs")  # submitit keeps its files below it, so every node sees it


def asked_for(words: Iterable[str]) -> bool:
    return LAUNCHER in words


def begin(site: str | None) -> None:
    """Before the jobs of a sweep with these settings of the user's own are made."""
    check()
    os.environ[SITE] = site or ""


def check() -> None:
    """A Fault where jobs could not be made here, or where one that is killed would be waited for without end."""
    if importlib.util.find_spec("hydra_plugins.hydra_submitit_launcher") is None:
        raise Fault(f"{LAUNCHER} needs a package that is not installed: pip install -c constraints.txt -e '.[slurm]'")
    if shutil.which("sbatch") is None:
        raise Fault(f"{LAUNCHER} found no sbatch on PATH: use a login node of the cluster, or leave the launcher out")
    # submitit learns of a killed job from Slurm's accounts alone.
    sacct = shutil.which("sacct")
    words = [str(sacct), "-o", "JobID,State,NodeList", "--parsable2", "-j", "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False) if sacct else None  # noqa: S603
    if done is None or done.returncode:
        said = done.stderr.strip().splitlines()[-1:] if done else ["there is no sacct"]
        raise Fault(
            f"This cluster keeps no accounts ({''.join(said)}), so that a killed job would be waited for without end: "
            "leave the launcher out inside a job of your own"
        )


def sentence(err: Exception) -> str:
    """An error of submitit in our words."""
    text = str(err)
    killed = re.search(r"Job (\S+) .*with path (.*)\nhas not produced any output \(state: ([^)]+)\)", text)
    if killed:
        job, path, state = killed.groups()
        return (
            f"job {job} of the sweep ended without a result ({state}), see {Path(path).parent}: "
            "runs of the other jobs stay; give the settings that are missing again"
        )
    said = re.findall(r"sbatch: error: (.+)", text)
    if said:
        return f"sbatch refused the sweep: {'; '.join(said)}"
    return f"submitit: {text.strip().splitlines()[-1] if text.strip() else type(err).__name__}"


def typed() -> tuple[str, ...]:
    """The words that gave this run its settings: a person's, or in a job of a sweep its share of them."""
    if HydraConfig.initialized() and "submitit" in str(HydraConfig.get().launcher.get("_target_")):
        site = os.environ.get(SITE)
        return (*(("--config-dir", site) if site else ()), *HydraConfig.get().overrides.task)
    return TYPED
