"""Vibration tables from run folders: run the pilot's commands, read run.json, write the tables.

    python -m benchmarks.vibration --cwru FOLDER --bearings FOLDER      runs, then writes
    python -m benchmarks.vibration                                      writes again from the stored facts

It imports no pilot: what it shows is what the commands left behind.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import study
from benchmarks.readme import ACCURACY, MANUFACTURING, put
from common.atomic import write_text
from common.cli import guard

KEPT = "model task seeds version command commit dirty data origins metrics metrics_by_model metrics_by_class"
KEPT = [*KEPT.split(), "metrics_by_series", "parity", "split", "notes", "seconds", "peak_memory_mb", "machine"]
SETS = ("ims", "femto")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vibration", description=__doc__.split("\n")[0])
    parser.add_argument("--cwru", type=Path, help="folder with the .mat or .mat.xz files")
    parser.add_argument("--bearings", type=Path, help="folder with bearings.npz")
    given = parser.parse_args()
    raise SystemExit(guard(lambda: work(given)))


def work(given: argparse.Namespace) -> None:
    """Run what is asked for, then write every table from the stored facts."""
    found = {}  # all runs before the first file is written, so that the tree they note is clean
    if given.cwru:
        found["cwru"] = {"cwru": run("fault_class", "cwru", given.cwru)}
    if given.bearings:
        found["bearings"] = {s: run("bearing_life", "bearings", given.bearings, f"data.set={s}") for s in SETS}
    for name, facts in found.items():
        study.store(name, facts)
    cwru, bearings = study.stored("cwru")["cwru"], study.stored("bearings")
    write_text(ACCURACY / "cwru.md", cwru_table(cwru))
    write_text(ACCURACY / "bearings.md", bearings_table(bearings))
    put("vibration", summary(cwru, bearings), MANUFACTURING)
    print(f"wrote: {ACCURACY / 'cwru.md'}")


def run(task: str, data: str, root: Path, *words: str) -> dict:
    """Facts of one run of the command, as it left them in run.json."""
    folder = study.run("manufacturing", [f"task={task}", f"data={data}", f"data.root='{root.resolve()}'", *words])
    kept = study.facts(folder, KEPT)
    kept["command"] = " ".join(["pilot-manufacturing", f"task={task}", f"data={data}", "data.root=FOLDER", *words])
    return kept


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def span(metric: dict, show=number) -> str:
    return f"{show(metric['value'])} ({show(metric['low'])} to {show(metric['high'])})"


def rows(head: list[str], *lines: list[str]) -> str:
    """A Markdown table."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *lines))


def origin(facts: dict) -> str:
    """Where the figures come from, in a line."""
    known = (facts["commit"] or "unknown")[:12] + (", with changes not committed" if facts["dirty"] else "")
    return f"`{facts['command']}` at commit {known}; {facts['seconds']['total']:.0f} s.\n\n"


def model_rows(cwru: dict) -> list[list[str]]:
    """Each feature set at the same sensor and at another one."""
    by_model, elsewhere = cwru["metrics_by_model"], ", sensor at the fan end"
    lines = []
    for name in (name for name in by_model if not name.endswith(elsewhere)):
        same, moved = by_model[name], by_model[name + elsewhere]
        cells = [
            f"{percent(m['accuracy'])} ({percent(m['accuracy_low'])} to {percent(m['accuracy_high'])})"
            for m in (same, moved)
        ]
        lines.append([name, *cells, f"{same['brier']:.3f}", f"{moved['brier']:.3f}"])
    naive = cwru["metrics"]
    constant = percent(naive["accuracy"]["naive"])
    lines.append(["naive (commonest state)", constant, constant, f"{naive['brier']['naive']:.3f}", ""])
    return lines


MODEL_HEAD = ["features", "accuracy, load not heard", "the same, sensor at the other end", "Brier", "Brier, other end"]


def cwru_table(cwru: dict) -> str:
    """Everything about the fault classes."""
    parts = ["# Which bearing fault, from raw vibration (Case Western Reserve University)\n\n"]
    parts.append(
        "Written by `python -m benchmarks.vibration`. Learned at load 0, tested at load 2 hp; the healthy file "
    )
    parts.append(
        "exists here at one load and is cut by time. Windows of 0.5 s; 95 % intervals by bootstrap over blocks "
    )
    parts.append(
        "of 1 s within each recording: they say nothing of other bearings, since there is one in each state.\n\n"
    )
    parts.append(origin(cwru))
    parts += [f"{note}.\n\n" for note in cwru["notes"]]
    metrics = [[k, span(m), number(m["naive"]), m["unit"]] for k, m in cwru["metrics"].items()]
    parts.append(rows(["metric", "value", "naive", "unit"], *metrics))
    parts.append("\n## Parts of the features, and a sensor elsewhere\n\n" + rows(MODEL_HEAD, *model_rows(cwru)))
    if cwru["metrics_by_model"]["RMS and kurtosis alone"]["accuracy"] >= cwru["metrics"]["accuracy"]["value"]:
        parts.append("\nRMS and kurtosis alone do as well on the same sensor: these recordings are easy.\n")
    parts.append("\n## Each recording\n\n")
    series = [
        [name, str(t["windows"]), percent(t["accuracy"]), number(t["probability_of_truth"])]
        for name, t in cwru["metrics_by_series"].items()
    ]
    parts.append(rows(["recording", "windows", "right", "probability given to the truth"], *series))
    states = [
        [n, str(t["windows"]), percent(t["recall"]), percent(t["precision"])]
        for n, t in cwru["metrics_by_class"].items()
    ]
    parts.append("\n## Each state\n\n" + rows(["state", "windows", "found", "answers right"], *states))
    same = cwru["parity"]
    parts.append(f"\nExported graph against scikit-learn: {same['max_abs_diff']:.1e} on {same['rows']} windows.\n")
    return "".join(parts)


def bearings_table(bearings: dict) -> str:
    """Every bearing of both sets by name."""
    parts = ["# Bearings run to failure (IMS and FEMTO), every bearing by name\n\n"]
    parts.append(
        "Written by `python -m benchmarks.vibration`. Alarm: T² and Q against the bearing's own first 100 rows, no "
    )
    parts.append(
        "label; naive: open it at 90 % of the shortest life among the other tests. Remaining life: learned from the "
    )
    parts.append(
        "tests the bearing did not run in; naive: their mean. 95 % intervals by bootstrap over bearings. An alarm "
    )
    parts.append("in the first half of life may be early sight or false: nobody knows when damage began.\n")
    for name, facts in bearings.items():
        parts.append(f"\n## {name.upper()}\n\n" + origin(facts))
        metrics = [[k, span(m), number(m["naive"]), m["unit"]] for k, m in facts["metrics"].items()]
        parts.append(rows(["metric, bearings that failed", "value", "naive", "unit"], *metrics) + "\n")
        parts.append(rows(BEARING_HEAD, *bearing_rows(facts)))
        if any(not b["failed"] for b in facts["metrics_by_series"].values()):
            parts.append(
                "\n\\* cut before failure; its end is the challenge's word, unconfirmed here. Never learned from.\n"
            )
    return "".join(parts)


BEARING_HEAD = ["bearing", "life, h", "first alarm, h", "notice, h", "naive notice, h", "alarms in first half",
                "RMSE ridge, h", "gbdt, h", "naive, h", "ridge, share", "naive, share"]  # fmt: skip


def bearing_rows(facts: dict) -> list[list[str]]:
    lines = []
    for name, b in facts["metrics_by_series"].items():
        alarm, naive = b["first_alarm_hour"], b["age_policy_lead_hours"]
        errors = [
            b.get(f"rmse_{key}") for key in ("hours_ridge", "hours_gbdt", "hours_naive", "share_ridge", "share_naive")
        ]
        first = "none" if alarm is None else number(alarm)
        notice = "missed" if alarm is None and b["failed"] else number(b["lead_hours"])
        naive_notice = "missed" if naive == 0 else number(naive)
        cells = [name + ("" if b["failed"] else " \\*"), number(b["hours_of_life"]), first, notice, naive_notice]
        lines.append([*cells, str(b["alarms_in_first_half"]), *map(number, errors)])
    return lines


def summary(cwru: dict, bearings: dict) -> str:
    """The README's tables: fault classes, then what was asked of each fleet of bearings."""
    lines = [row[:3] for row in model_rows(cwru)]
    text = rows(["four bearings (CWRU)", "right, load not heard", "right, sensor at the other end"], *lines) + "\n"
    asked = {
        "alarm_missed": "failed without an alarm",
        "alarm_early": "first alarm in the first half of life",
        "alarm_lead_median": "median notice, h",
        "rmse_hours": "remaining life, left-out bearings: RMSE, h",
    }
    table = []
    for key, words in asked.items():
        show = percent if key in ("alarm_missed", "alarm_early") else number
        cells = []
        for name in SETS:
            metric = bearings[name]["metrics"][key]
            cells += [span(metric, show), show(metric["naive"])]
        table.append([words, *cells])
    head = ["bearings run to failure"]
    for name in SETS:
        head += [f"{name.upper()}, {bearings[name]['origins']} bearings", "naive"]
    return text + rows(head, *table)


if __name__ == "__main__":
    main()
