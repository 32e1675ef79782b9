"""report.html: what a run means for the person who plans beds and staff, and what an analyst wants to check.

The test cell by cell comes from cells.py, what comes next from ahead.py, the words from words.py, the drawings from
figures.py, the page from report.html.j2. Names come from the user's files; the template escapes them.

Axes: O origins, S series, H steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from common.card import EMPTY
from common.report import page
from common.words import percent, unjudged
from pilots.healthtech import figures, metrics, words
from pilots.healthtech.ahead import Ahead, moment, peaks, pressure, shown, sums
from pilots.healthtech.cells import INSIDE, Tested, cell_by_cell, pit_histogram
from pilots.healthtech.data.contract import Counts
from pilots.healthtech.distribution.sums import Dependence
from pilots.healthtech.evaluate import Backtest, versus
from pilots.healthtech.kinds import Kind, kinds
from pilots.healthtech.ladder import Outcome
from pilots.healthtech.lost import Lost, inside_by, where_we_lose
from pilots.healthtech.profile import Profile, effects, profiles
from pilots.healthtech.quality import by_kind
from pilots.healthtech.words import NAIVE, RECENT, Words, signed, size

FANS, PASTS = 6, 3  # series drawn, with what comes next and with what was; a page with more is no longer read
ROWS = 12  # of a long table before it is folded away
MOST_LOST = 6  # rows of a table of losses
BEFORE = {"h": 7 * 24, "D": 56, "MS": 36}  # periods drawn before a forecast
PAST = {"h": 8 * 24, "D": 84, "MS": 36}  # periods of past forecasts drawn


def report(
    run: Mapping[str, Any], card: Mapping[str, Any], test: Backtest, ours: str, outcome: Outcome, ahead: Ahead,
    exclude: list,
) -> str:  # fmt: skip
    """The page. `run`: run.json; `card`: card.yaml; `ours`: the model asked for; `exclude`: the
    spans named by data.exclude."""
    counts = test.counts
    say = Words(counts.freq, counts.unit)
    weight_RO = metrics.resamples(len(test.origins.test_O), test.origins.horizon, test.origins.step, run["seeds"][0])
    judged = {name: outcome.by_model[name] for name in dict.fromkeys((ours, NAIVE, RECENT))}
    cells = cell_by_cell(judged, test, weight_RO)
    rivals = [name for name in (RECENT, NAIVE) if name != ours]
    by = kinds(cells.when_OH, counts, test.task.calendar)
    if counts.bottom == 1:
        del by["site"]
    against_naive = versus(outcome.by_model[ours], outcome.by_model[NAIVE], test, run["seeds"][0])
    rows = series_rows(cells, counts, ours)
    together = Dependence(**run["totals_80"]["dependence"])
    chosen = shown(ahead, counts.bottom, *sizes(cells, ours), FANS)
    return page(
        f"Patient-flow forecast: {run['data']['name']}",
        "pilots/healthtech/report.html.j2",
        run=run,
        card=card,
        say=say,
        words=words,
        counts=counts,
        lead=words.lead(run, say, float(np.nanmean(sizes(cells, ours)[0][: counts.bottom]))),
        verdict=words.verdict(run, say, against_naive),
        total=words.total(rows[-1], say) if rows and rows[-1]["sum"] else "",
        warnings=list(words.warnings(run, say, against_naive)),
        ahead=ahead,
        calendars=[calendar(ahead, counts, s, together) for s in chosen],
        together=run["totals_80"],
        fans=list(fans(ahead, cells, test, ours, chosen, say)),
        silent=[name for s, name in enumerate(counts.names_S) if not ahead.possible(s)],
        profiles=[profile_drawing(p, say) for p in profiles(cells, ours, NAIVE, by)],
        effects=effects(cells, ours, NAIVE, by["calendar"]) if "calendar" in by else [],
        by_step=step_drawing(cells, by["step"], ours, rivals, say),
        steps=step_rows(cells, by["step"], ours, rivals),
        pit=pit_drawing(cells, ours),
        coverage=words.coverage_rows(run, say),
        metrics=words.metric_groups(run, say),
        closer=words.closer_models(run),
        models=words.model_rows(run),
        series=rows,
        lost=by_rival(where_we_lose(cells, ours, rivals, by.values())),
        worst_months=month_rows(cells, by["month"], ours),
        findings=by_kind(counts.findings),
        facts=what_it_was(run, test, say, exclude),
        missing=list(unjudged(card)),
        empty=EMPTY,
        rivals=[figures.NAMES[name] for name in rivals],
        rival_names={NAIVE: f"the naive forecast ({say.last})", RECENT: f"climatology ({say.average})"},
        more=ROWS,
        shown=MOST_LOST,
        signed=signed,
        size=size,
        percent=percent,
    )


def sizes(cells: Tested, ours: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean count and pinball loss relative to it, of every series."""
    with np.errstate(invalid="ignore", divide="ignore"):
        size_S = _mean(cells.y_OSH)
        return np.nan_to_num(size_S), _mean(cells.by_model[ours].loss_OSH) / np.where(size_S > 0, size_S, np.nan)


def _mean(x_OSH: np.ndarray) -> np.ndarray:
    """Over origins and steps, NaN for a series without any."""
    number_S = np.isfinite(x_OSH).sum(axis=(0, 2))
    return np.nansum(x_OSH, axis=(0, 2)) / np.where(number_S > 0, number_S, np.nan)


def calendar(ahead: Ahead, counts: Counts, s: int, together: Dependence) -> dict[str, Any]:
    """One series' calendar of expected pressure, in words when it is highest, and totals of days or weeks."""
    said = [
        f"{moment(when, counts.freq)} with {percent(chance, certain=False)} ({mean:,.0f} expected)"
        for when, mean, chance in peaks(ahead, s)
    ]
    told = {"name": counts.names_S[s], "level": f"{ahead.level_S[s]:,.0f}", "peaks": said}
    return told | {"sums": sums(ahead, s, counts.freq, together)} | pressure(ahead, s, counts.freq)


def fans(
    ahead: Ahead, cells: Tested, test: Backtest, ours: str, chosen: Mapping[int, str], say: Words
) -> Iterator[dict[str, Any]]:
    """For every chosen series: what comes next, and how the last forecasts fared."""
    counts = test.counts
    end = len(counts.time_T) - (0 if ahead.after_data else len(ahead.when_H))
    for number, (s, why) in enumerate(chosen.items()):
        first = max(0, end - BEFORE[counts.freq])
        fan_HQ, mean_H = ahead.fan_SHQ[s], ahead.mean_SH[s]
        top = int(np.argmax(mean_H))
        alt = (
            f"{counts.names_S[s]}: {say.rate} counted until {say.when(counts.time_T[end - 1])}, then the forecast of "
            f"{say.periods(len(mean_H))}. Its middle runs from {fan_HQ[:, 3].min():.0f} to {fan_HQ[:, 3].max():.0f}; "
            f"most is expected at {say.when(ahead.when_H[top])}, {size(mean_H[top])}, 80 % range {fan_HQ[top, 1]:.0f} "
            f"to {fan_HQ[top, 5]:.0f}; {say.last} was {ahead.naive_SH[s, top]:.0f}."
        )
        drawing = figures.fan(
            counts.time_T[first:end], counts.y_ST[s, first:end], ahead.when_H, fan_HQ, ahead.naive_SH[s], alt,
            level=float(ahead.level_S[s]), unit=say.rate,
        )  # fmt: skip
        drawn = {"name": counts.names_S[s], "why": why, "ahead": drawing, "past": None, "inside": ""}
        yield drawn | (past_drawing(cells, test, ours, s, say) if number < PASTS else {})


def past_drawing(cells: Tested, test: Backtest, ours: str, s: int, say: Words) -> dict[str, Any]:
    """The newest forecasts of a series that do not overlap, and what was counted."""
    horizon, step = test.origins.horizon, test.origins.step
    most = max(1, PAST[test.counts.freq] // horizon)
    rows = np.arange(len(cells.when_OH) - 1, -1, -max(1, -(-horizon // step)))[:most][::-1]
    fan_OHQ, y_OH, when_OH = cells.by_model[ours].fan_OSHQ[rows, s], cells.y_OSH[rows, s], cells.when_OH[rows]
    inside = (fan_OHQ[..., 1] <= y_OH) & (y_OH <= fan_OHQ[..., 5])
    known = np.isfinite(y_OH + fan_OHQ[..., 3])
    if not known.any():
        return {}
    share = percent(float(inside[known].mean()))
    alt = (
        f"{test.counts.names_S[s]}: the last {len(rows)} forecasts of {say.periods(horizon)} one after the other, and "
        f"the counts; {share} of them lay inside the 80 % range."
    )
    fan_PQ, y_P = np.full((len(rows), horizon + 1, 7), np.nan), np.full((len(rows), horizon + 1), np.nan)
    fan_PQ[:, :-1], y_P[:, :-1] = fan_OHQ, y_OH
    when_P = np.concatenate([when_OH, when_OH[:, -1:]], axis=1).ravel()
    drawing = figures.past(when_P, fan_PQ.reshape(-1, 7), y_P.ravel(), when_OH[:, 0], alt, unit=say.rate)
    return {"past": drawing, "inside": share}


def profile_drawing(of: Profile, say: Words) -> dict[str, Any]:
    high, low = int(np.nanargmax(of.forecast_K)), int(np.nanargmin(of.forecast_K))
    words_ = "; ".join(
        f"{name} {size(f)} (counted {size(c)}, naive {size(n)})"
        for name, f, c, n in (
            (of.kind.members[k], of.forecast_K[k], of.counted_K[k], of.naive_K[k]) for k in (high, low)
        )
    )
    alt = f"Mean forecast by {of.kind.name}, {say.rate} at a site: most and least are {words_}."
    return {"name": of.kind.name, "svg": figures.profile(of, alt, unit=say.rate), "said": words_}


def step_drawing(cells: Tested, step: Kind, ours: str, rivals: list[str], say: Words) -> Any:
    bottom = cells.bottom
    loss = {name: step.means(cells.by_model[name].loss_OSH[:, :bottom]) for name in (ours, *rivals)}
    inside = {p: inside_by(cells, ours, step, p)[0] for p in INSIDE}
    ends = ", ".join(f"{figures.NAMES.get(n, n)} {loss[n][0]:.3g} to {loss[n][-1]:.3g}" for n in rivals)
    alt = (
        f"Loss by {say.periods(1)[2:]}s ahead: this forecast goes from {loss[ours][0]:.3g} at the first to "
        f"{loss[ours][-1]:.3g} at the last, {ends}. Inside the 80 % range: {percent(inside[80][0])} at the first, "
        f"{percent(inside[80][-1])} at the last."
    )
    return figures.by_step(loss, inside, alt, ours=ours, period=say.period)


def step_rows(cells: Tested, step: Kind, ours: str, rivals: list[str]) -> list[list[str]]:
    """Typical error of some steps beside the rivals', and the share inside the 80 % range."""
    off = [step.means(cells.by_model[name].off_OSH[:, : cells.bottom]) for name in (ours, *rivals)]
    inside_H = inside_by(cells, ours, step)[0]
    chosen = np.unique(np.linspace(0, len(inside_H) - 1, min(8, len(inside_H))).round().astype(int))
    return [[f"{h + 1}", *(size(off_H[h]) for off_H in off), percent(inside_H[h])] for h in chosen]


def pit_drawing(cells: Tested, ours: str) -> Any:
    own_K, naive_K = (pit_histogram(cells.by_model[name], cells.bottom) for name in (ours, NAIVE))
    alt = "Share of counts in each tenth of the forecast, 10 % each would be perfect: " + ", ".join(
        f"{percent(own)} (naive {percent(naive)})" for own, naive in zip(own_K, naive_K, strict=True)
    )
    return figures.pit(own_K, naive_K, alt)


def series_rows(cells: Tested, counts: Counts, ours: str) -> list[dict[str, Any]]:
    """Every series: mean count, typical errors and losses of ours, the naive model and climatology, share inside."""
    by = cells.by_model
    size_S, inside_S = _mean(cells.y_OSH), _mean(by[ours].inside_OSH(80))
    off, loss = ({n: _mean(getattr(by[n], key)) for n in (ours, NAIVE, RECENT)} for key in ("off_OSH", "loss_OSH"))
    rows = []
    for s, name in enumerate(counts.names_S):
        if not np.isfinite(loss[ours][s]):
            continue
        row = {"name": name, "size": size_S[s], "inside": inside_S[s], "sum": s >= counts.bottom}
        row |= {"off": off[ours][s], "off_naive": off[NAIVE][s], "off_recent": off[RECENT][s]}
        row |= {"worse": bool(loss[ours][s] > min(loss[NAIVE][s], loss[RECENT][s])), "loss": loss[ours][s]}
        row |= {"loss_naive": loss[NAIVE][s], "loss_recent": loss[RECENT][s]}
        row["ratio"] = loss[ours][s] / max(min(loss[NAIVE][s], loss[RECENT][s]), 1e-9)
        rows.append(row)
    return rows


def month_rows(cells: Tested, month: Kind, ours: str, most: int = 5) -> list[list[str]]:
    """Months whose 80 % range was farthest from holding 80 % of the counts, the naive one's beside."""
    own_K, n_K = inside_by(cells, ours, month)
    naive_K, _ = inside_by(cells, NAIVE, month)
    worst = sorted(np.flatnonzero(n_K > 0), key=lambda k: -abs(own_K[k] - 0.8))[:most]
    return [[month.members[k], percent(own_K[k]), percent(naive_K[k]), f"{n_K[k]:,.0f}"] for k in worst]


def what_it_was(run: Mapping[str, Any], test: Backtest, say: Words, exclude: list) -> dict[str, str]:
    """What an analyst looks for first, where a result looks odd."""
    counts, origins, spans = test.counts, test.origins, run["backtest"]
    gone = 1 - float(np.isfinite(counts.y_ST[: counts.bottom]).mean())
    first, last = counts.time_T[origins.test_O[[0, -1]]]
    levels = ", ".join(f"{len(level.member_S):,} on level {level.name}" for level in counts.levels)
    found = {
        "Counts": f"{counts.bottom:,} series{f' and their sums ({levels})' if levels else ''}, one count {say.each}, "
        f"{say.when(counts.time_T[0])} to {say.when(counts.time_T[-1])}; {percent(gone, certain=False)} not known",
        "Test": f"{run['origins']:,} forecasts of {say.periods(origins.horizon)}, one every "
        f"{say.periods(origins.step)}, from {say.when(first)} to {say.when(last)}",
        "Learned from": f"only what had been reported before each forecast; weights and ranges also from "
        f"{spans['earlier_origins']:,} earlier forecasts whose outcomes were known by then",
        "Not yet reported": f"the last {say.periods(counts.delay)} before each forecast" if counts.delay else "nothing",
        "Excluded": "; ".join(f"{a} to {b}" for a, b in exclude) or "nothing",
        "Known before the day": ", ".join(counts.future_K) or "the calendar alone",
    }
    if run["weights"]:
        weights = sorted(run["weights"].items(), key=lambda item: -item[1])
        found["Weights of the models"] = ", ".join(f"{name.replace('_', ' ')} {percent(w)}" for name, w in weights)
    if run.get("hierarchy"):
        methods = "; ".join(f"{level} {method}" for level, method in run["hierarchy"]["method"].items())
        found["How sums are made"] = f"chosen on earlier forecasts, level by level: {methods}"
    found["Left out"] = "; ".join(run["notes"]) or "no model"
    return found


def by_rival(lost: list[Lost]) -> dict[str, dict[str, list[Lost]]]:
    """Rival: kinds on which we are behind somewhere, and those on which we are not."""
    found: dict[str, dict[str, list[Lost]]] = {}
    for one in lost:
        found.setdefault(one.rival, {"behind": [], "ahead": []})["behind" if one.rows else "ahead"].append(one)
    return found
