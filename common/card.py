"""The model card: a person's judgements (the pilot's card.yaml) beside a run's facts (run.json), as Markdown.

What nobody has judged yet stays visibly empty. Code never fills in an owner, a likelihood, a severity or an approval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

EMPTY = "To be completed by a person"
HEADINGS = {
    "decision": "The decision it supports",
    "users": "Who uses it",
    "not_for": "What it is not for",
    "cost_gbp": "Money, in GBP (assumptions: replace them with your own)",
}


def model_card(run: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    """Markdown. `run`: run.json; `card`: judgements, where null, "" and [] mean that nobody has made them yet."""
    empty = sum(value is None for value in _judgements(card))
    parts = [f"# {_text(card.get('title') or run['pilot'])}", _state(empty)]
    for key, value in card.items():
        if key != "title":
            parts += [f"## {HEADINGS.get(key, _label(key))}", _judgement(value)]
    parts += ["## Results", _results(run), "## Where the figures come from", _origin(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def number(value: float | None) -> str:
    """Four digits that carry meaning, none of them invented: 11.23, 0.0004, 12,345; a dash for None."""
    if value is None:
        return "–"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _state(empty: int) -> str:
    if not empty:
        return "Every judgement in this card was made by a person; every figure was measured by the run."
    fields = "1 judgement is" if empty == 1 else f"{empty} judgements are"
    return f'**{fields} still missing**, shown as "{EMPTY}". Figures were measured by the run.'


def _judgements(value: Any) -> Iterator[Any]:
    """Every single judgement in the card; None where it is empty."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if key != "title":
                yield from _judgements(inner)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from _judgements(inner)
    else:
        yield None if _is_empty(value) else value


def _is_empty(value: Any) -> bool:
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def _judgement(value: Any) -> str:
    if _is_empty(value):
        return f"*{EMPTY}*"
    if isinstance(value, Mapping):
        return "\n".join(f"- {_label(key)}: {_judgement(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "\n".join(f"- {_judgement(inner)}" for inner in value)
    return number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else _text(value)


def _results(run: Mapping[str, Any]) -> str:
    """Every figure beside the naive one; figures that have none by nature stand apart."""
    beaten = {name: metric for name, metric in run["metrics"].items() if metric.get("naive") is not None}
    alone = {name: metric for name, metric in run["metrics"].items() if metric.get("naive") is None}
    parts = []
    if beaten:
        rows = ["| figure | unit | value | 95 % interval | naive |", "| --- | --- | ---: | ---: | ---: |"]
        parts.append("\n".join(rows + [_row(name, m) + f" {number(m['naive'])} |" for name, m in beaten.items()]))
    if alone:
        rows = ["| floor or property | unit | value | 95 % interval |", "| --- | --- | ---: | ---: |"]
        parts.append("\n".join(rows + [_row(name, m) for name, m in alone.items()]))
    return "\n\n".join(parts) or "The run recorded no figures."


def _row(name: str, metric: Mapping[str, Any]) -> str:
    low, high = metric.get("low"), metric.get("high")
    interval = "–" if low is None or high is None else f"{number(low)} to {number(high)}"
    return f"| {_text(name)} | {_text(metric.get('unit', ''))} | {number(metric['value'])} | {interval} |"


def _origin(run: Mapping[str, Any]) -> str:
    data, parity, machine = run["data"], run["parity"], run["machine"]
    tree = {True: ", with changes not yet committed", False: "", None: ""}[run.get("dirty")]
    seeds = ", ".join(map(str, run["seeds"]))
    facts = {
        "Data": f"{_text(data['name'])}, {data['rows']:,} rows, {data['series']:,} series, sha256 `{data['sha256']}`",
        "Licence of the data": _text(data["licence"]),
        "Model": f"{_text(run['model'])}, task {_text(run['task'])}, seeds {seeds}",
        "Exported model against trained model": f"differ by at most {number(parity['max_abs_diff'])} "
        f"over {parity['rows']:,} rows (allowed: {number(parity['tolerance'])})",
        "Made": f"{run['version']} UTC in {number(run['seconds']['total'])} s on {_text(machine['cpu'])}",
        "Code": f"{run.get('commit') or 'no commit known'}{tree}",
        "Command": _text(run["command"]),
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())


def _label(key: str) -> str:
    words = str(key).replace("_", " ")
    return _text(words[:1].upper() + words[1:])


def _text(value: Any) -> str:
    """One line in which nothing is Markdown or HTML: names come from files that anyone may have written."""
    line = " ".join(str(value).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#!~])", r"\\\1", line)
