"""What the readers of this pilot rely on beyond the common manifest: series, sums, clock, table, tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.fault import Fault

INPUTS = {"counts", "level", "series", "when"}
OUTPUTS = {"mean", "out_of_date", "p_exceed", "quantiles"}
WHOLE = {"delay": 0, "past": 1, "horizon": 1}  # entry of `flow`: its least value
MOST = 1_000_000  # periods; far more than any model looks back or ahead
TABLE = {
    "columns": dict, "timezone": str, "absent": str, "decimal": str, "freq": str, "missing": list, "future": dict,
    "total_rows": list, "zeros": str, "exclude": list, "date_format": (str, type(None)), "separator": (str, type(None)),
}  # fmt: skip
COLUMNS = {"time": str, "value": (str, list), "series": (str, type(None)), "hierarchy": list}


def check_contract(manifest: Mapping[str, Any]) -> None:
    """Raise a Fault unless this bundle can be used by the files beside this one."""
    flow = manifest.get("flow")
    if not isinstance(flow, dict):
        raise Fault("bundle.json lacks 'flow', which says what the series are")
    _check_series(flow)
    levels, level_S = (manifest["decision"].get(name) for name in ("levels", "level"))
    if not _numbers(levels) or sorted(set(levels)) != levels or not 0 < levels[0] <= levels[-1] < 1:
        raise Fault("bundle.json: decision.levels are not probabilities that rise from one to the next")
    if not _numbers(level_S) or len(level_S) != len(flow["names"]) or min(level_S) < 0:
        raise Fault("bundle.json: decision.level is not one count for each series")
    _check_tensors(manifest, flow)
    _check_table(manifest["table"])


def _check_series(flow: Mapping[str, Any]) -> None:
    if flow.get("freq") not in ("h", "D", "MS"):
        raise Fault(f"bundle.json: flow.freq is {flow.get('freq')!r:.40}, not h, D or MS")
    for name, least in WHOLE.items():
        value = flow.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
            raise Fault(f"bundle.json: flow.{name} is {value!r:.40}, not a whole number from {least} to {MOST}")
    if flow["delay"] >= flow["horizon"]:
        raise Fault("bundle.json: flow.delay leaves nothing of flow.horizon to forecast")
    names, future = flow.get("names"), flow.get("future")
    if not _texts(names) or not names or len(set(names)) < len(names):
        raise Fault("bundle.json: flow.names are not different names of series")
    if not _texts(future) or not isinstance(flow.get("unit"), str):
        raise Fault("bundle.json: flow.future is no list of names, or flow.unit no text")
    sums = flow.get("sums")
    if not isinstance(sums, list) or (sums and len(sums) != len(names)):
        raise Fault("bundle.json: flow.sums is not one list for each series")
    widths = {len(row) if isinstance(row, list) else -1 for row in sums}
    if sums and (len(widths) > 1 or not 1 <= min(widths) <= len(names)):
        raise Fault("bundle.json: flow.sums are not lists of one length")
    if any(cell not in (0, 1) for row in sums for cell in row):
        raise Fault("bundle.json: flow.sums holds something else than 0 and 1")
    for b, row in enumerate(sums[: min(widths, default=0)]):
        if row[b] != 1 or sum(row) != 1:
            raise Fault("bundle.json: flow.sums do not begin with the series that nothing adds up to")
    _check_levels(flow.get("hierarchy"), len(names))
    _check_dependence(flow.get("dependence"))


def _check_levels(levels: Any, series: int) -> None:
    levels = levels if isinstance(levels, list) else [None]
    members = [level.get("members") if isinstance(level, dict) else None for level in levels]
    if not all(isinstance(numbers, list) for numbers in members):
        raise Fault("bundle.json: flow.hierarchy is no list of levels with their members")
    if any(type(m) is not int or not 0 <= m < series for numbers in members for m in numbers):
        raise Fault("bundle.json: flow.hierarchy names a member that is no series")


def _check_dependence(known: Any) -> None:
    if known is None:
        return
    shares = [known.get(name) for name in ("level", "near", "rho")] if isinstance(known, dict) else []
    right = _numbers(shares) and len(known) == 3 and all(0 <= share <= 1 for share in shares)
    if not right or shares[0] + shares[1] > 1:
        raise Fault("bundle.json: flow.dependence is not level, near and rho, each from 0 to 1, level + near at most 1")


def _check_tensors(manifest: Mapping[str, Any], flow: Mapping[str, Any]) -> None:
    inputs = INPUTS | ({"future"} if flow["future"] else set())
    for part, names in (("inputs", inputs), ("outputs", OUTPUTS)):
        found = sorted(tensor["name"] for tensor in manifest[part])
        if found != sorted(names):
            raise Fault(f"bundle.json: the {part} are {', '.join(found)}; this pilot's are {', '.join(sorted(names))}")
    shapes = {tensor["name"]: tensor["shape"] for part in ("inputs", "outputs") for tensor in manifest[part]}
    past, horizon, levels = flow["past"], flow["horizon"], manifest["decision"].get("levels")
    quantiles = len(levels) if isinstance(levels, list) else 0
    wanted = {"counts": ["series", past], "when": [past + horizon], "quantiles": ["series", horizon, quantiles]}
    if flow["future"]:
        wanted["future"] = ["series", past + horizon, len(flow["future"])]
    for name, shape in wanted.items():
        if list(shapes[name]) != shape:
            raise Fault(f"bundle.json: {name} has the shape {list(shapes[name])}, flow says {shape}")


def _check_table(table: Mapping[str, Any]) -> None:
    if not table:
        return
    columns = table.get("columns", {})
    for where, part, kinds in (("table", table, TABLE), ("table.columns", columns, COLUMNS)):
        for name, kind in kinds.items():
            if name in part and not isinstance(part[name], kind):
                raise Fault(f"bundle.json: {where}.{name} is {part[name]!r:.60}, which is of the wrong kind")
    choices = {"freq": ("h", "D", "MS"), "absent": ("missing", "zero")}
    for name, allowed in choices.items():
        if table.get(name, allowed[0]) not in allowed:
            raise Fault(f"bundle.json: table.{name} is {table[name]!r:.40}, not {' or '.join(allowed)}")
    if not (columns and columns.get("time") and columns.get("value") and table.get("freq")):
        raise Fault("bundle.json: table does not say which columns hold the time and the counts, or how often")
    if not all(_texts(pair) and len(pair) == 2 for pair in table.get("exclude", [])):
        raise Fault("bundle.json: table.exclude holds something else than pairs of dates")
    value = columns["value"]
    lists = (
        columns.get("hierarchy", []),
        table.get("missing", []),
        table.get("total_rows", []),
        table.get("future", {}),
    )
    if not all(_texts(list(texts)) for texts in (*lists, [value] if isinstance(value, str) else value)):
        raise Fault("bundle.json: a list of table holds something else than text")


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) and value for value in values)


def _numbers(values: Any) -> bool:
    kinds = (int, float)
    return isinstance(values, list) and bool(values) and all(type(value) in kinds for value in values)
