"""A run's figures as a person says them: plain names, the unit of the data, and whether they beat the naive ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.words import percent, percents, short
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.evaluate import SOON, URGENT

NEAR = 0.05  # an interval keeps its promise while the share of outcomes inside is no farther from it
FEW = 20  # test machines; with fewer an interval by drawing machines anew is itself doubtful
CLOSER = 0.05  # another model is named at the top when its error is smaller by more than that
SAME = 0.01  # an error within 1 % of the naive one is no better
LATE = "log without"  # how train.py names the scores on shortened logs
POINTS = ("rmse_clipped", "rmse_raw", "rmse_rul_le_60", "score_clipped")  # what does not depend on the interval


@dataclass(frozen=True)
class Words:
    """Numbers in the unit of the data. `unit`: what one row stands for, such as "day"; `cap` in rows."""

    unit: str
    cap: float

    @property
    def units(self) -> str:
        return self.unit if self.unit.endswith("s") else f"{self.unit}s"

    def count(self, rows: float) -> str:
        """As "1 day" and "30 days"."""
        return f"{rows:g} {self.unit if rows == 1 else self.units}"

    def life(self, rows: float) -> str:
        """A remaining life. Above the cap nothing more is known; decimals stand only where they carry meaning."""
        if rows != rows:  # NaN
            return "unknown"
        return f"{self.cap:g} or more" if rows >= self.cap - 0.05 else self.size(rows)

    def size(self, rows: float) -> str:
        """An error or a width."""
        return f"{rows:.{0 if self.cap >= 30 else 1}f}"

    def span(self, low: float, high: float) -> str:
        """An interval; one that reaches the cap is open."""
        open_end = high >= self.cap - 0.05
        return f"{self.size(min(low, self.cap))} {'or more' if open_end else f'to {self.size(high)}'}"


def verdict(metric: Mapping[str, Any]) -> str:
    """better | unclear | no better: is an error, for which less is better, below the naive one?"""
    if metric["naive"] is None or metric["value"] >= (1 - SAME) * metric["naive"]:
        return "no better"
    return "better" if metric["high"] is not None and metric["high"] < metric["naive"] else "unclear"


def metric_names(words: Words, decision: Decision) -> dict[str, tuple[str, str]]:
    """Key of run.json: what it says in plain words, and its kind: life, share or bare."""
    units, level = words.units, percent(decision.interval.level)
    capped = f"lives counted up to {words.count(words.cap)}"
    names = {
        "rmse_clipped": (f"Typical error, {capped}", "life"),
        "rmse_raw": ("Typical error, full lives", "life"),
        "rmse_rul_le_60": (f"Typical error where {SOON} {units} or fewer were left", "life"),
        "score_clipped": (f"NASA score (0 is perfect, late forecasts cost more), {capped}", "bare"),
        "score_raw": ("NASA score, full lives", "bare"),
        "coverage_90": (f"Outcomes inside the {level} interval", "share"),
        "width_90": (f"Width of the {level} interval", "life"),
        "width_90_rul_le_50": (f"Its width where the forecast is {URGENT} {units} or fewer", "life"),
        "brier": (f"Error of the probability of failure within {words.count(decision.horizon)} (Brier score)", "bare"),
    }
    names |= {
        "alarm_missed": ("Share of failures that the alarm missed", "less"),
        "alarm_lead_median": ("Notice before the failure, median", "other"),
        "false_alarms_per_machine_month": ("False alarms per machine and month", "less"),
        "cost_per_machine_year": ("Cost per machine and year, £", "less"),
    }
    now = {f"{key}_last_row": (f"{said}, last row only", kind) for key, (said, kind) in names.items()}
    return names | now


def metric_rows(run: Mapping[str, Any], words: Words, decision: Decision) -> list[dict[str, str]]:
    """Every metric of run.json in words; one that has no words yet stands under its key and with its own unit."""
    names, rows = metric_names(words, decision), []
    for key in sorted(run["metrics"], key=lambda key: list(names).index(key) if key in names else len(names)):
        m = run["metrics"][key]
        said, kind = names.get(key, (key.replace("_", " "), "other"))
        show = percent if kind == "share" else short
        unit = {"life": words.units, "other": m["unit"]}.get(kind, "")
        span = percents if kind == "share" else lambda low, high: f"{short(low)} to {short(high)}"
        rows.append(
            {
                "name": said,
                "value": f"{show(m['value'])} {unit}".strip(),
                "interval": "" if None in (m["low"], m["high"]) else span(m["low"], m["high"]),
                "naive": "–" if m["naive"] is None else f"{show(m['naive'])} {unit}".strip(),
                "beside": _beside(key, kind, m, decision.interval.level),
            }
        )
    return rows


def _beside(key: str, kind: str, metric: Mapping[str, Any], level: float) -> str:
    """The row's last word. More outcomes inside are not better: the interval shall hold what it states."""
    if kind == "other":  # nobody has said whether more of it is better
        return "–"
    if kind == "share":
        off = metric["value"] - level
        return "as promised" if abs(off) <= NEAR else "too few" if off < 0 else "wider than need be"
    if key.startswith("width"):
        return "narrower" if metric["value"] < metric["naive"] else "no narrower"
    return {"unclear": "not clearly better"}.get(verdict(metric), verdict(metric))


def model_rows(run: Mapping[str, Any]) -> list[list[str]]:
    """Point errors of the models on the same machines, this run's first.

    Only those: interval and probability were learned from this run's own errors and would misjudge the others.
    """
    mine = {key: metric["value"] for key, metric in run["metrics"].items()}
    others = {name: table for name, table in run["metrics_by_model"].items() if not name.startswith(LATE)}
    tables = {f"{run['model']} (this run)": mine} | {n: t for n, t in others.items() if n != run["model"]}
    return [[name, *(short(table.get(key)) for key in POINTS)] for name, table in tables.items()]


def log_rows(run: Mapping[str, Any]) -> list[list[str]]:
    """What the same model says where the beginning of every log is missing; the naive guess needs no log at all."""
    metrics = run["metrics"]
    tables = {"whole log": {key: m["value"] for key, m in metrics.items()}}
    tables |= {name: table for name, table in run["metrics_by_model"].items() if name.startswith(LATE)}
    tables |= {"naive guess": {key: m["naive"] for key, m in metrics.items()}}
    keys = {"rmse_clipped": short, "rmse_rul_le_60": short, "coverage_90": percent, "width_90": short}
    return [
        [name, *("–" if table.get(key) is None else show(table[key]) for key, show in keys.items())]
        for name, table in tables.items()
    ]


def bin_label(b: Mapping[str, float], words: Words) -> str:
    """ "20 to 30", and "125 or more" for the last one."""
    return words.life(b["from"]) if b["from"] >= words.cap else f"{b['from']:g} to {b['to']:g}"


def bin_rows(bins: Sequence[Mapping[str, float]], words: Words) -> list[list[str]]:
    return [
        [
            bin_label(b, words),
            f"{b['rows']:,}",
            short(b["rmse"]),
            f"{b['bias']:+.1f}".replace("-", "\N{MINUS SIGN}"),
            percent(b["coverage"]),
            short(b["width"]),
        ]
        for b in bins
    ]


def stated_rows(bins: Sequence[Mapping[str, float]]) -> list[list[str]]:
    return [
        [
            percents(b["from"], b["to"]),
            percent(b["said"], certain=False),
            percent(b["failed"]),
            percents(b["low"], b["high"]),
            f"{b['rows']:,}",
            f"{b['lives']:,}",
        ]
        for b in bins
    ]


def warnings(run: Mapping[str, Any], words: Words, decision: Decision) -> Iterator[str]:
    """What a reader must know before believing the rest."""
    inside, level = run["metrics"]["coverage_90"]["value"], decision.interval.level
    if inside < level - NEAR:
        yield f"The {percent(level)} interval held only {percent(inside)} of outcomes: take it as too narrow."
    if run["split"]["test_lives"] < FEW:
        yield f"Only {run['split']['test_lives']} machines could be tested: every figure here is rough."
    mine = run["metrics"]["rmse_clipped"]["value"]
    for name, table in run["metrics_by_model"].items():
        other = table.get("rmse_clipped")
        if (
            not name.startswith(LATE)
            and name not in (run["model"], "naive")
            and other is not None
            and other < (1 - CLOSER) * mine
        ):
            yield f"On these machines the model {name} was closer: {words.size(other)} {words.units} off."
