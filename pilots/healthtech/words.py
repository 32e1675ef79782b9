"""A run's figures as a person says them: plain names, the unit of the data, and whether they beat the simpler ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from common.words import percent, percents, short
from pilots.healthtech.data.contract import PERIOD

NEAR = 0.05  # a range keeps its promise while the share of outcomes inside is no farther from it
FEW = 20  # origins; with fewer an interval by drawing them anew is itself doubtful
CLOSER = 0.01  # another model is named at the top when its loss is smaller by more than that
NAIVE, RECENT = "seasonal_naive", "climatology"
LAST = {"h": "last week's count", "D": "last week's count", "MS": "last year's count"}
AVERAGE = {
    "h": "what the same hour of the week saw in recent weeks",
    "D": "what the same weekday saw in recent weeks",
    "MS": "what the same month saw in recent years",
}
LATELY = {"h": "year", "D": "year", "MS": "three years"}  # over which a high count is one in twenty
MODELS = ("pinball", "crps", "mae", "mase", "coverage_80", "quantile_bias")


@dataclass(frozen=True)
class Words:
    """Numbers in the unit of the data. freq: h, D or MS; unit: what is counted, such as "patients"."""

    freq: str
    unit: str

    @property
    def period(self) -> str:
        return PERIOD[self.freq]

    @property
    def rate(self) -> str:
        """As "patients an hour"."""
        return f"{self.unit} {self.each}"

    @property
    def each(self) -> str:
        """As "an hour"."""
        return f"{'an' if self.freq == 'h' else 'a'} {self.period}"

    @property
    def last(self) -> str:
        return LAST[self.freq]

    @property
    def average(self) -> str:
        return AVERAGE[self.freq]

    @property
    def lately(self) -> str:
        return LATELY[self.freq]

    def periods(self, count: int) -> str:
        return f"{count:,} {self.period}{'' if count == 1 else 's'}"

    def when(self, time: Any) -> str:
        """A datetime64 as the period needs it."""
        text = str(time.astype("datetime64[m]"))
        return {"h": text.replace("T", " "), "D": text[:10], "MS": text[:7]}[self.freq]


def closer(metric: Mapping[str, Any], against: float | None = None) -> str:
    """better | unclear | no better: is a loss, for which less is better, below another?"""
    other = metric["naive"] if against is None else against
    if other is None or metric["value"] >= other:
        return "no better"
    return "better" if metric["high"] is not None and metric["high"] < other else "unclear"


def size(value: float | None) -> str:
    """A mean count or error: as many digits as it carries."""
    if value is None or value != value:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def signed(share: float, digits: int = 0) -> str:
    """As "+3 %" and "−12 %"."""
    if share != share:
        return "–"
    text = f"{100 * share:+.{digits}f}\N{NO-BREAK SPACE}%".replace("-", "\N{MINUS SIGN}")
    return text[1:] if text[1:].startswith("0\N{NO-BREAK SPACE}") else text


def lead(run: Mapping[str, Any], say: Words, mean: float) -> tuple[str, str]:
    """How far off it is, in patients; and how far the simpler ones. `mean`: the mean count of a site."""
    off, recent = run["metrics"]["mae"], run["metrics_by_model"][RECENT]["mae"]
    sites = run["data"]["series"]
    where = f", on average over {sites} series that see {size(mean)}" if sites > 1 else f" where {size(mean)} is usual"
    beside = f"{say.last[:1].upper()}{say.last[1:]} was off by {size(off['naive'])}"
    if run["model"] != RECENT:
        beside += f", climatology ({say.average}) by {size(recent)}"
    return f"off by {size(off['value'])} {say.rate}", f"{where}. {beside}."


def total(row: Mapping[str, Any], say: Words) -> str:
    """The last series, the coarsest sum."""
    return (
        f"The sum {row['name']}, {size(row['size'])} {say.rate} on average, was forecast with an error of "
        f"{size(row['off'])}; {say.last} was off by {size(row['off_naive'])}, climatology by {size(row['off_recent'])}."
    )


def verdict(run: Mapping[str, Any], say: Words, against_naive: Mapping[str, Any]) -> str:
    """One or two sentences: whether the whole forecast beats climatology, by the block bootstrap alone."""
    if run["model"] == RECENT:
        return f"This run's model is climatology itself. {_against(against_naive, say.last, run)}"
    return _against(run["against_climatology"], "climatology", run)


def _against(found: Mapping[str, Any], other: str, run: Mapping[str, Any]) -> str:
    if found["low"] is None:
        return f"Whether it is better than {other} cannot be told from {run['origins']} forecasts."
    share, low, high = (found[key] / found["other"] for key in ("difference", "low", "high"))
    if found["verdict"] == "better":
        return (
            f"It is better than {other}: its loss over the whole range of what may come is {-100 * share:.1f} % lower "
            f"(95 % interval {-100 * high:.1f} to {-100 * low:.1f} %)."
        )
    if found["verdict"] == "worse":
        return (
            f"It is worse than {other}: its loss over the whole range of what may come is {100 * share:.1f} % higher "
            f"(95 % interval {100 * low:.1f} to {100 * high:.1f} %). Do not plan by it."
        )
    low, high = (f"{100 * x:+.1f}".replace("-", "\N{MINUS SIGN}") for x in (low, high))
    return f"It is no better than {other}: the difference in loss, {low} to {high} % (95 % interval), may be chance."


def warnings(run: Mapping[str, Any], say: Words, against_naive: Mapping[str, Any]) -> Iterator[str]:
    """What a reader must know before believing the rest."""
    inside = run["metrics"]["coverage_80"]["value"]
    if abs(inside - 0.8) > NEAR:
        narrow = inside < 0.8
        yield (
            f"The 80 % range held {percent(inside)} of the counts: take it as too "
            f"{'narrow; surprises are likelier than it says' if narrow else 'wide'}."
        )
    if against_naive["verdict"] != "better" and run["model"] != RECENT:
        yield _against(against_naive, say.last, run)
    if run["origins"] < FEW:
        yield f"Only {run['origins']} forecasts could be tested: every figure here is rough."
    for name, share in closer_models(run):
        if share > CLOSER:
            yield f"The model {name} was closer in this test: its loss is {100 * share:.1f} % lower."
    yield from (f"{note[:1].upper()}{note[1:]}." for note in run["notes"])


def closer_models(run: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Other models of the run with a lower loss, and by how much, the best first."""
    mine = run["metrics"]["pinball"]["value"]
    losses = {name.replace("_", " "): table["pinball"] for name, table in run["metrics_by_model"].items()}
    found = [(name, 1 - loss / mine) for name, loss in losses.items() if loss < mine]
    return sorted(found, key=lambda pair: -pair[1])


def metric_names(say: Words) -> dict[str, tuple[str, str]]:
    """Key of run.json: what it says in plain words, and its kind: less (is better), share or inside."""
    names = {
        "pinball": (f"Loss over the whole range of what may come (pinball), {say.rate}", "less"),
        "crps": (f"The same by another rule (CRPS), {say.rate}", "less"),
        "mae": (f"Typical error of the middle forecast (MAE), {say.rate}", "less"),
        "smape": ("Typical error in per cent (sMAPE)", "less"),
        "mase": ("Typical error, 1 = that of the naive forecast in the past (MASE)", "less"),
        "quantile_bias": ("How far stated chances are from what happened, on average", "off"),
    }
    for level in (50, 80, 95):
        names[f"coverage_{level}"] = (f"Counts inside the {level} % range", "inside")
        names[f"coverage_{level}_closed"] = (f"Counts inside the {level} % range, its printed ends included", "held")
    return names


def metric_groups(run: Mapping[str, Any], say: Words) -> dict[str, list[dict[str, str]]]:
    """Every metric of run.json in words, beside the naive value and climatology's: the whole horizon, then shorter."""
    names, groups = metric_names(say), {}
    other = run["metrics_by_model"].get(RECENT, {})
    for key, m in run["metrics"].items():
        base, _, steps = key.partition("@")
        if steps == str(run["backtest"]["horizon"]):  # the same again
            continue
        said, kind = names.get(base, (base.replace("_", " "), "other"))
        show = {"inside": percent, "held": percent, "off": tenths}.get(kind, short)
        span = percents if show is percent else lambda low, high, show=show: f"{show(low)} to {show(high)}"
        row = {
            "name": said,
            "value": show(m["value"]),
            "interval": "" if None in (m["low"], m["high"]) else span(m["low"], m["high"]),
            "naive": "–" if m["naive"] is None else show(m["naive"]),
            "recent": "–" if other.get(key) is None else show(other[key]),
            "beside": _beside(base, kind, m, None if run["model"] == RECENT else other.get(key)),
        }
        groups.setdefault(f"the first {say.periods(int(steps))}" if steps else "", []).append(row)
    return groups


def tenths(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def _beside(key: str, kind: str, m: Mapping[str, Any], other: float | None) -> str:
    """The row's last word. More counts inside are not better: a range shall hold what it states."""
    if kind == "inside":
        off = m["value"] - int(key.removeprefix("coverage_")) / 100
        return "as promised" if abs(off) <= NEAR else "too few" if off < 0 else "too many"
    if kind in ("held", "other"):
        return "–"
    against = m["naive"] if other is None else min(m["naive"], other)
    return {"unclear": "not clearly better"}.get(closer(m, against), closer(m, against))


def model_rows(run: Mapping[str, Any]) -> list[list[str]]:
    """Every model of the run, the one asked for first, then by loss."""
    tables = dict(sorted(run["metrics_by_model"].items(), key=lambda item: item[1]["pinball"]))
    first = {run["model"]: tables.pop(run["model"])} if run["model"] in tables else {}
    rows = []
    for name, table in (first | tables).items():
        said = {NAIVE: "seasonal naive"}.get(name, name.replace("_", " "))
        show = {"coverage_80": percent, "quantile_bias": tenths}
        shown = [show.get(key, short)(table[key]) for key in MODELS]
        rows.append([f"{said} (this run)" if name in first else said, *shown])
    return rows


def coverage_rows(run: Mapping[str, Any], say: Words) -> list[list[str]]:
    """Share of counts inside each range by horizon: ours, with whole-number ends, naive, climatology."""
    metrics, recent = run["metrics"], run["metrics_by_model"][RECENT]
    whole = run["backtest"]["horizon"]
    horizons = sorted({int(key.partition("@")[2]) for key in metrics if "@" in key} - {whole})
    rows = []
    for level in (50, 80, 95):
        for steps in (*horizons, whole):
            at = f"@{steps}" if steps != whole else ""
            own, key = metrics[f"coverage_{level}{at}"], f"coverage_{level}{at}"
            shares = (metrics[f"coverage_{level}_closed{at}"]["value"], own["naive"], recent[key])
            span = "–" if own["low"] is None else percents(own["low"], own["high"])
            rows.append([f"{level} %", f"{steps}", percent(own["value"]), span, *map(percent, shares)])
    return rows
