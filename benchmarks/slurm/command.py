"""pilot-bench slurm: the same benchmark as work for a shared cluster.

Cut into units, one sbatch array, watched until every unit has a result; what was killed is submitted again.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.slurm import asked, cluster, ledger
from benchmarks.slurm.gather import gather
from benchmarks.slurm.ledger import Ledger
from benchmarks.slurm.script import Wishes, script
from benchmarks.slurm.work import longest_minutes, pack
from benchmarks.units import Parser, count
from common.atomic import write_text
from common.facts import to_json
from common.fault import Fault

TRIES = 3  # of a unit whose task ends without a result, each time the command is given
FIRST_LOOK_S, LAST_LOOK_S = 1.0, 30.0  # between two questions to the controller, which other users need as well


def main(words: list[str]) -> None:
    given, words = _parser().parse_known_args(words)
    if given.status:
        if words:
            raise Fault(f"--status FOLDER needs nothing else: leave out {' '.join(words)}")
        _tell(given.status)
        return
    if given.out is None:
        raise Fault("--out is not set: name a folder that every node of the cluster sees, --out /shared/FOLDER")
    wishes = Wishes(given.partition, given.gres, given.time, given.cpus_per_task)
    wishes.lines()  # a malformed time is told before anything is written
    plan = Ledger(given.out, words, asked.units(words))
    if given.dry_run:
        print(script(plan.job, pack(list(plan.units.values()), given.tasks), given.out, wishes), end="")
        return
    cluster.needed()
    plan.begin()
    work = ledger.read(given.out)  # a folder that is there already knows what `latest` was
    try:
        with work.held():
            work.forgive()
            before = len(work.submissions())
            while _submit_missing(work, wishes, given.tasks, before) and not given.submit_only:
                _wait(work)
    except KeyboardInterrupt:
        stop = "; ".join(f"scancel --name={each['job']}" for each in work.submissions())
        print(f"The jobs go on; the same command waits for them again. To stop them: {stop}", file=sys.stderr)
        raise
    if given.submit_only:
        print(f"pilot-bench slurm --status {given.out} says how far they are")
        return
    _finish(work)


def _parser() -> Parser:
    parser = Parser(
        prog="pilot-bench slurm",
        description="The same benchmark on a Slurm cluster. Every word not named here is one of pilot-bench run.",
        epilog="Account, QOS and the like are taken from SBATCH_ACCOUNT, SBATCH_QOS … (man sbatch). "
        "The same command again goes on after a stop; what has a result is not repeated.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where every node can write: results, logs")
    parser.add_argument("--partition", metavar="P", help="where the site sorts its nodes, as gpu; see sinfo")
    parser.add_argument("--gres", metavar="G", help="what else a task needs, as gpu:1 or gpu:1g.10gb:1 for a MIG slice")
    parser.add_argument("--time", metavar="T", help="limit of one task: minutes, 1:30:00 or 1-12:00:00")
    parser.add_argument("--cpus-per-task", type=count, metavar="N", help="cores of a task (Slurm gives one)")
    parser.add_argument(
        "--tasks", type=_tasks, metavar="N|auto", help="at most N tasks; auto = as many as have a minute of work each"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--wait", action="store_true", help="until all is measured (this is the default)")
    how.add_argument("--submit-only", action="store_true", help="leave once the jobs are submitted")
    how.add_argument("--dry-run", action="store_true", help="print the sbatch script, submit nothing")
    how.add_argument("--status", type=Path, metavar="FOLDER", help="how far the benchmark in this folder is")
    return parser


def _tasks(text: str) -> int | None:
    return None if text == "auto" else count(text)


def _submit_missing(work: Ledger, wishes: Wishes, tasks: int | None, before: int) -> bool:
    """Submit every unit that has no result and no task at work; whether there is something to wait for."""
    states = _states(work)  # asked first: what ends after it still counts as waited for
    done, refused, last = work.done(), work.refused(), work.last_task()
    made = work.submissions()
    tries = Counter(unit for each in made[before:] for units in each["tasks"] for unit in units)
    waiting = {unit for unit, task in last.items() if not cluster.ended(states.get(task))} - done
    lost = [unit for unit in work.units if unit not in done | waiting | set(refused)]
    for unit in lost:
        if unit in last:
            job, task = last[unit]
            why = states.get((job, task)) or cluster.why_ended(job, task) or "forgotten by Slurm"
            again = f"submitted again ({tries[unit] + 1} of {TRIES})" if tries[unit] < TRIES else "given up"
            print(f"{unit}: its task ended without a result, {why}: {again}", flush=True)
    missing = [work.units[unit] for unit in lost if tries[unit] < TRIES]
    if missing:
        packed = pack(missing, tasks)
        number = len(made)
        name = f"{work.job}-{number}"
        path = work.folder / "submissions" / f"{number}.json"
        text = script(name, packed, work.folder, wishes)
        write_text(path.with_suffix(".sh"), text)
        # Noted first: a job that Slurm knows and we do not would be submitted twice.
        write_text(path, to_json({"job": name, "tasks": [[unit.name for unit in units] for units in packed]}))
        try:
            id = cluster.submit(path.with_suffix(".sh"), work.folder / "logs")
        except Fault:
            if cluster.states([name]) == {}:  # a controller too busy to answer may have taken it all the same
                path.unlink()
                path.with_suffix(".sh").unlink()
            raise
        minutes = longest_minutes(packed)
        print(f"job {id}: {len(missing)} units in {len(packed)} tasks, about {minutes} min each", flush=True)
    return bool(missing or waiting)


def _states(work: Ledger) -> dict[tuple[str, int], str]:
    """What Slurm knows of our tasks; asked again until the controller answers."""
    pause = FIRST_LOOK_S
    told = False
    while (found := cluster.states([each["job"] for each in work.submissions()])) is None:
        if not told:
            print("Slurm's controller does not answer: asked again until it does", flush=True)
        told = True
        time.sleep(pause)
        pause = min(2 * pause, LAST_LOOK_S)
    return found


def _wait(work: Ledger) -> None:
    """Until a task has ended that left a unit without a result, or all is done."""
    pause, said = FIRST_LOOK_S, ""
    while True:
        states, last = _states(work), work.last_task()
        open_ = set(last) - work.done() - set(work.refused())
        line = _line(work, {last[unit]: states.get(last[unit]) for unit in open_})
        if line != said:
            print(line, flush=True)
            pause = FIRST_LOOK_S
        said = line
        if not open_ or any(cluster.ended(states.get(last[unit])) for unit in open_):
            return
        time.sleep(pause)
        pause = min(1.5 * pause, LAST_LOOK_S)


def _line(work: Ledger, tasks: dict[tuple[str, int], str | None]) -> str:
    count = Counter(state.lower() for state in tasks.values() if state and not cluster.ended(state))
    now = ", ".join(f"{number} {state}" for state, number in sorted(count.items()))
    return f"{len(work.done())} of {len(work.units)} units measured" + (f"; tasks: {now}" if now else "")


def _tell(folder: Path) -> None:
    """--status: every unit's state; the results gathered when no task is at work any more."""
    if not folder.is_dir():
        raise Fault(f"--status {folder}: there is no such folder; name the one of --out")
    if not (folder / "manifest.json").exists():  # its script was printed, and submitted by hand
        print(f"wrote: {gather(folder)}")
        return
    work = ledger.read(folder)
    states = cluster.states([each["job"] for each in work.submissions()])
    done, refused, last = work.done(), work.refused(), work.last_task()
    at_work = False
    for unit in work.units:
        state = (states or {}).get(last.get(unit, ("", 0)))
        at_work |= unit not in done and unit not in refused and not cluster.ended(state)
        known = "the controller does not answer" if states is None else "no task: give the command again"
        shown = f"{state}: no result" if state and cluster.ended(state) else state or known
        print(f"{unit}: {'measured' if unit in done else refused.get(unit, shown)}")
    print(f"{len(done)} of {len(work.units)} units measured")
    if done and not at_work and states is not None:
        print(f"wrote: {gather(folder, work)}")


def _finish(work: Ledger) -> None:
    """Gather; a Fault that names what has no result."""
    done, refused = work.done(), work.refused()
    for scratch in work.folder.glob(".partial-*"):
        shutil.rmtree(scratch, ignore_errors=True)
    path = gather(work.folder, work) if done else None
    missing = [unit for unit in work.units if unit not in done]
    if path:
        print(f"wrote: {path}", flush=True)
    if missing:
        why = refused.get(missing[0]) or f"its task ended {TRIES} times without a result, see {work.folder / 'logs'}"
        raise Fault(f"{len(missing)} of {len(work.units)} units have no result; {missing[0]}: {why}")
