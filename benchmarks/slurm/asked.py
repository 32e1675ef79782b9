"""The words of `pilot-bench run`, read before anything is submitted: a mistake is told here, not on a node."""

from __future__ import annotations

import argparse

from benchmarks import run
from benchmarks.slurm.work import Unit, unit
from common.runs import find_runs

# Blocks of --seconds that one turn of a contestant takes, roughly: the server tries six rates and warms up.
BLOCKS = {"single_stream": 1, "multi_stream": 1, "offline": 2, "server": 8}
SECONDS, ROUNDS, QUICK_SECONDS = 2.0, 5, 3.0  # what pilot-bench run takes where nothing is said; a quick turn


def units(words: list[str]) -> list[Unit]:
    """One for each bundle and scenario, in the order they were named."""
    given = run.asked(words)
    others = _others(words)
    contestants = len(given.runtime) * len(given.variant) * len(given.threads)
    turn = QUICK_SECONDS if given.quick else (given.seconds or SECONDS) * (given.rounds or ROUNDS)
    folders = dict.fromkeys(folder.resolve() for text in given.bundle for folder in find_runs(text))
    return [
        unit(folder, scenario, others, contestants * turn * BLOCKS.get(scenario, 1))
        for folder in folders
        for scenario in given.scenario
    ]


def _others(words: list[str]) -> list[str]:
    """Without the bundles and scenarios, of which every unit has its own."""
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    own.add_argument("--bundle", nargs="+")
    own.add_argument("--scenario")
    return own.parse_known_args(words)[1]
