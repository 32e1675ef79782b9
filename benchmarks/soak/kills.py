"""kill -9 at random moments, half of them by the clock and half in front of a random change of the file system.

After each kill only whole folders and `.partial-…` ones may remain. A stopped run is resumed, often to be killed
again; in the end it must give what an undisturbed run gives.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from benchmarks.soak.count import FULL, Count
from benchmarks.soak.forks import Job, Outcome, Plan, Room, side_by_side
from benchmarks.soak.traces import answers, difference, prove_argument, result, runs, strangers
from benchmarks.soak.undisturbed import Undisturbed
from common.machine import cores

KILLS = 1000 if FULL else 200  # of runs, and again of predictions
IN_A_ROW = 10  # kills of one run, which is resumed after each, before it may end
SHARE = {"ridge": 0.7, "ensemble": 0.3}  # of the kills


def kill_runs(folder: Path, kinds: dict[str, Undisturbed]) -> Count:
    """KILLS kills, shared between the models."""
    count = Count("kill -9 of a run")
    plans = []
    for model, run in kinds.items():
        moments = run.moments(np.random.default_rng(0), round(KILLS * SHARE[model]))
        plans += [
            _runs(count, Room(folder / f"{model}{at}"), run, moments[at : at + IN_A_ROW])
            for at in range(0, len(moments), IN_A_ROW)
        ]
    side_by_side(plans, cores())
    _enough(count)
    return count


def kill_predictions(folder: Path, predict: Undisturbed) -> Count:
    """KILLS kills of pilot-predict."""
    count = Count("kill -9 of a prediction")
    moments = predict.moments(np.random.default_rng(0), KILLS)
    parts = (moments[at : at + IN_A_ROW] for at in range(0, KILLS, IN_A_ROW))
    side_by_side((_predictions(count, Room(folder / str(n)), predict, part) for n, part in enumerate(parts)), cores())
    _enough(count)
    return count


def _runs(count: Count, room: Room, run: Undisturbed, moments: list[dict]) -> Plan:
    """Start, kill, look, resume, kill, look, …, resume, compare."""
    for moment in moments:
        while True:
            words, resumes = _go_on(room, run)
            outcome = yield Job(run.program, words, room, **_as_late(moment, room))
            where = f"{words[-1]} killed {moment}"
            yield from _look(count, room, run, where)
            if outcome.killed:
                count.add("kills")
                break
            _check_end(count, outcome, where, resumes)
            moment = _earlier(moment)
    words, resumes = _go_on(room, run)
    outcome = yield Job(run.program, words, room)
    _check_end(count, outcome, f"{words[-1]}", resumes)
    yield from _look(count, room, run, f"{words[-1]} at the end")
    if not count.failures:
        shutil.rmtree(room.root)


def _as_late(moment: dict, room: Room) -> dict:
    """The same place in a run that is resumed: the steps that were kept are not written again."""
    kept = len(list(room.here.glob("runs/*/.partial-*/steps/*.npz")))
    if "at_write" not in moment or not kept:
        return moment
    return {"at_write": max(1, moment["at_write"] - 2 * kept - 6)}  # a hidden file and its name each; 6 to begin with


def _earlier(moment: dict) -> dict:
    """For another try where the moment came after the end and killed nobody: a resumed run has less to do."""
    return {name: at / 2 if name == "after" else max(1, at // 2) for name, at in moment.items()}


def _go_on(room: Room, run: Undisturbed) -> tuple[tuple[str, ...], bool]:
    """The words that go on with what lies there, or begin anew."""
    partial = runs(room)[1]
    # Killed before it noted how it began, a run has nothing to go on with: whoever started it starts it again.
    resumable = [path for path in partial if any((path / name).is_file() for name in ("started.json", "run.json"))]
    if resumable:
        return (f"resume={resumable[0]}",), True
    for path in partial:
        shutil.rmtree(path)
    return run.words, False


def _check_end(count: Count, outcome: Outcome, where: str, resumed: bool) -> None:
    if outcome.code:
        count.fail(f"{where}: exit code {outcome.code}: {outcome.err[-500:]}")
    elif resumed:
        count.add("resumed to the end")


def _look(count: Count, room: Room, run: Undisturbed, where: str) -> Plan:
    """Only whole and partial runs may lie there; whole ones give what an undisturbed one gives, and are put away."""
    for stranger in strangers(room, "runs", 2):
        count.fail(f"{where}: {stranger} is left behind")
    for folder in runs(room)[0]:
        outcome = yield Job(prove_argument, (str(folder),), room)
        if outcome.code:
            count.fail(f"{where}: {folder.name} is not whole: {outcome.err.strip().splitlines()[-1]}")
        elif differs := difference(result(folder), run.gives):
            count.fail(f"{where}: {folder.name} is not what an undisturbed run gives: {differs}")
        else:
            count.add("whole and the same")
        shutil.rmtree(folder)


def _predictions(count: Count, room: Room, predict: Undisturbed, moments: list[dict]) -> Plan:
    for moment in moments:
        while True:
            outcome = yield Job(predict.program, predict.words, room, **moment)
            _look_at_answers(count, room, predict, f"{moment}")
            if outcome.killed:
                count.add("kills")
                break
            _check_end(count, outcome, f"{moment}", False)
            moment = _earlier(moment)
    outcome = yield Job(predict.program, predict.words, room)
    _check_end(count, outcome, "after the kills", False)
    _look_at_answers(count, room, predict, "after the kills")
    if not count.failures:
        shutil.rmtree(room.root)


def _look_at_answers(count: Count, room: Room, predict: Undisturbed, where: str) -> None:
    for stranger in strangers(room, "predictions", 1):
        count.fail(f"{where}: {stranger} is left behind")
    for folder in room.here.glob("predictions/[!.]*"):
        differs = difference(answers(folder), predict.gives)
        if differs:
            count.fail(f"{where}: {folder.name} is not what an undisturbed prediction gives: {differs}")
        else:
            count.add("whole and the same")
        shutil.rmtree(folder)


def _enough(count: Count) -> None:
    if count.did["kills"] < KILLS:
        count.fail(f"only {count.did['kills']} of {KILLS} kills hit a running process")
