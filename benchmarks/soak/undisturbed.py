"""Commands that nobody disturbs: what they give, how long they take, how often they change the file system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.soak.firm import Firm
from benchmarks.soak.forks import Job, Outcome, Plan, Room, side_by_side, warm_up
from benchmarks.soak.traces import answers, difference, result
from common.machine import cores

QUICK = {  # settings that make a fit quick; the ensemble holds the trees, the net and the hazard
    "ridge": [],
    "ensemble": [
        "run.seeds=[0,1]",
        "split.folds=3",
        "model.members.gbdt.trees=10",
        "model.members.tcn.epochs=3",
        "model.members.hazard.trees=5",
    ],
}


@dataclass(frozen=True)
class Undisturbed:
    """A command and what it gives when nobody stops it. seconds, writes: its length, for choosing moments."""

    program: str
    words: tuple[str, ...]
    gives: dict[str, str]
    seconds: float
    writes: int
    folder: Path

    def moments(self, rng: np.random.Generator, number: int) -> list[dict]:
        """When to kill: half the moments spread over the whole time, half over all changes of the file system."""
        timed = number - number // 2
        in_time = (np.arange(timed) + rng.uniform(size=timed)) / timed * self.seconds
        changes = np.concatenate([rng.permutation(self.writes) + 1 for _ in range(number // self.writes + 1)])
        moments = [{"after": float(at)} for at in in_time] + [{"at_write": int(at)} for at in changes[: number // 2]]
        return [moments[at] for at in rng.permutation(number)]


def train_undisturbed(folder: Path, firm: Firm, model: str) -> Undisturbed:
    """One run, and once more to see that it repeats and how long it takes from a warm process."""
    return _undisturbed(
        folder, "pilot-manufacturing", (*firm.words, f"model={model}", *QUICK[model]), "runs/*/*", result
    )


def predict_undisturbed(folder: Path, firm: Firm, run: Path) -> Undisturbed:
    """As `train_undisturbed`, with the bundle of `run`."""
    return _undisturbed(folder, "pilot-predict", (str(run), str(firm.new)), "predictions/*", answers)


def _undisturbed(
    folder: Path, program: str, words: tuple[str, ...], pattern: str, gives: Callable[[Path], dict[str, str]]
) -> Undisturbed:
    """Once to see what it imports, then warm and as many at a time as there will be: does it repeat, how long is it?"""
    rooms = [Room(folder / str(number)) for number in range(1 + cores())]
    done: dict[Room, Outcome] = {}

    def observe(room: Room) -> Plan:
        done[room] = yield Job(program, words, room, observe=True)
        if done[room].code:
            said = done[room].err[-1000:]
            raise RuntimeError(f"{program} {words[-1]} undisturbed: exit code {done[room].code}: {said}")

    side_by_side([observe(rooms[0])], 1)
    warm_up(done[rooms[0]].modules)
    side_by_side([observe(room) for room in rooms[1:]], cores())
    wholes = [next(room.here.glob(pattern)) for room in rooms]
    for whole in wholes[1:]:
        if differs := difference(gives(whole), gives(wholes[0])):
            raise RuntimeError(f"two undisturbed calls of {program} {words[-1]} differ in {differs}")
    warm = done[rooms[-1]]
    return Undisturbed(program, words, gives(wholes[0]), warm.seconds, warm.writes, wholes[0])
