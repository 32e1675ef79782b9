"""Prophet's own JSON (`prophet.serialize.model_to_json`) read without Prophet; whoever wrote it is not trusted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from common.fault import Fault
from pilots.healthtech.prophet_onnx.country import country_days
from pilots.healthtech.prophet_onnx.parameters import DAY, Holiday, Parameters, Regressor, Seasonality, Structure, stack

BYTES = 256 * 1024**2  # a history of a million rows
CHANGEPOINTS, COLUMNS, ROWS, WINDOW, DAYS, NAME = 10_000, 2_000, 100_000, 400, 500_000, 200
STARTS, LENGTHS = (-5e10, 1e11), (1e-6, 1e11)  # seconds
YEARS = 15  # of a country's holidays after the history
EPOCH = date(1970, 1, 1).toordinal()


def read(paths: Sequence[str | Path], until: int | None = None) -> Parameters:
    """The fits in one or many files, one series each, named after its file.

    until: last year of a country's holidays, by default YEARS after the last history.
    """
    models = [_of(path, lambda path: _model(_bytes(path))) for path in paths]
    spans = [_of(path, _years, model) for path, model in zip(paths, models, strict=True)]
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    years = (first, max(last, until if until is not None else last + YEARS))
    return stack([_of(path, _fit, model, Path(path).stem, years) for path, model in zip(paths, models, strict=True)])


def parse(text: str | bytes, name: str = "model") -> Parameters:
    """The fit in a text that `prophet.serialize.model_to_json` wrote."""
    model = _model(text)
    first, last = _years(model)
    return _fit(model, name, (first, last + YEARS))


def _model(text: str | bytes) -> dict:
    model = _json(text, "the file")
    if not isinstance(model, dict) or "params" not in model:
        raise Fault("not a Prophet model: expected what prophet.serialize.model_to_json writes")
    return model


def _fit(model: dict, name: str, years: tuple[int, int]) -> Parameters:
    start, t_scale = _number(model, "start", *STARTS), _number(model, "t_scale", *LENGTHS)
    growth = _choice(model, "growth", ("linear", "logistic", "flat"))
    mode = _choice(model, "seasonality_mode", ("additive", "multiplicative"))
    caller_floor = bool(model.get("logistic_floor"))
    seasonalities, regressors, scales = _seasonalities(model), *_regressors(model)
    holidays, known_until = _holidays(model, years)
    structure = Structure(
        growth,
        seasonalities,
        holidays,
        tuple(regressors),
        _choice(model, "holidays_mode", ("additive", "multiplicative"), mode),  # absent before Prophet 1.1.5
        _number(model, "interval_width", 1e-6, 1 - 1e-6),
        known_until,
        caller_floor,
    )
    params = model["params"]
    change = _floats(model.get("changepoints_t"), "changepoints_t", CHANGEPOINTS)
    delta, beta = _draw(params, "delta"), _draw(params, "beta")
    if len(delta) != len(change):
        raise Fault(f"params.delta has {len(delta)} numbers for {len(change)} changepoints")
    if not structure.columns and len(beta) == 1:
        beta = beta[:0]  # Prophet keeps one column of zeros where a model has none
    if len(beta) != len(structure.columns):
        raise Fault(f"params.beta has {len(beta)} numbers for {len(structure.columns)} columns of seasons and holidays")
    _same_columns(model, structure)
    k, m, sigma = (_draw(params, key, 1)[0] for key in ("k", "m", "sigma_obs"))
    minmax = _choice(model, "scaling", ("absmax", "minmax"), "absmax") == "minmax"
    floor = _number(model, "y_min", -1e300, 1e300) if minmax and not caller_floor else 0.0
    one = {"start_S": start, "t_scale_S": t_scale, "y_scale_S": _number(model, "y_scale", 1e-300, 1e300)}
    one |= {"floor_S": floor, "k_S": k, "m_S": m, "sigma_S": sigma}
    rows = {"change_SC": change, "delta_SC": delta, "beta_SK": beta}
    rows |= {"mean_SR": [mean for mean, _ in scales], "std_SR": [std for _, std in scales]}
    arrays = {key: np.array([value], float) for key, value in one.items()}
    arrays |= {key: np.array(value, float).reshape(1, -1) for key, value in rows.items()}
    return Parameters(structure, (name,), **arrays)


def _years(model: dict) -> tuple[int, int]:
    """Of the first and the last day of the history."""
    start, length = _number(model, "start", *STARTS), _number(model, "t_scale", *LENGTHS)
    first, last = (date.fromordinal(EPOCH + int(second // DAY)).year for second in (start, start + length))
    return first, last


def _seasonalities(model: dict) -> tuple[Seasonality, ...]:
    found = []
    for name, props in _ordered(model, "seasonalities"):
        order = _number(props, "fourier_order", 1, COLUMNS, name)
        condition = props.get("condition_name")
        found.append(
            Seasonality(
                name,
                _number(props, "period", 1e-9, 1e9, name),
                int(order),
                _choice(props, "mode", ("additive", "multiplicative")),
                "" if condition is None else _name(condition),
            )
        )
    if sum(2 * s.order for s in found) > COLUMNS:
        raise Fault(f"the seasonalities have more than {COLUMNS} columns")
    return tuple(found)


def _regressors(model: dict) -> tuple[list[Regressor], list[tuple[float, float]]]:
    found, scales = [], []
    for name, props in _ordered(model, "extra_regressors"):
        found.append(Regressor(name, _choice(props, "mode", ("additive", "multiplicative"))))
        scales.append((_number(props, "mu", -1e300, 1e300, name), _number(props, "std", 1e-300, 1e300, name)))
    return found, scales


def _holidays(model: dict, years: tuple[int, int]) -> tuple[tuple[Holiday, ...], int | None]:
    """Columns in Prophet's order, and the last day of which the lists know whether it is a holiday."""
    trained = model.get("train_holiday_names")
    if trained is None:
        return (), None
    names = {_name(name) for name in _field(_json(trained, "train_holiday_names"), "data", list)}
    days: dict[tuple[str, int], set[int]] = {}
    last, marked = -math.inf, 0
    for row in _table(model, "holidays"):
        name, day = _name(row.get("holiday")), _day(row.get("ds"))
        if name not in names:
            continue
        last, window = max(last, day), range(*_window(row))
        marked += len(window)
        if marked > DAYS:
            raise Fault(f"the holidays and their windows mark more than {DAYS:,} days")
        for offset in window:
            days.setdefault((name, offset), set()).add(day + offset)
    if model.get("country_holidays") is not None:
        for name, found in country_days(model["country_holidays"], *years).items():
            if name in names:
                days.setdefault((name, 0), set()).update(found)
        last = max(last, date(years[1], 12, 31).toordinal() - EPOCH)
    for name in names - {name for name, _ in days}:
        days[name, 0] = set()  # in training only; Prophet keeps its column
    columns = sorted(
        (f"{name}_delim_{'+' if offset >= 0 else '-'}{abs(offset)}", name, offset) for name, offset in days
    )
    holidays = tuple(Holiday(name, tuple(sorted(days[name, offset])), offset) for _, name, offset in columns)
    return holidays, None if last == -math.inf else int(last)


def _window(row: dict) -> tuple[int, int]:
    """First day and the day after the last of a holiday's window; both 0 where one is missing, as Prophet has it."""
    ends = [row.get(key, 0) for key in ("lower_window", "upper_window")]
    if any(end is None for end in ends):
        return 0, 1
    low, high = (_number({"window": end}, "window", -WINDOW, WINDOW, "holidays") for end in ends)
    return int(low), int(high) + 1


def _same_columns(model: dict, structure: Structure) -> None:
    """The columns we derive must be those the file says it was trained with."""
    rows = _table(model, "train_component_cols")
    for number, (row, (name, mode)) in enumerate(zip(rows, structure.columns, strict=False)):
        if row.get(name) != 1 or row.get(f"{mode}_terms") != 1:
            raise Fault(
                f"column {number} of params.beta should belong to '{name}', train_component_cols says otherwise"
            )


def _ordered(model: dict, key: str) -> list[tuple[str, dict]]:
    """Prophet writes an ordered dictionary as its keys and the dictionary."""
    pair = model.get(key)
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], list) or not isinstance(pair[1], dict):
        raise Fault(f"{key} is {_shown(pair)}, expected a list of names and their settings")
    if len(pair[0]) > COLUMNS:
        raise Fault(f"{key} has more than {COLUMNS} entries")
    return [(_name(name), _field(pair[1], name, dict)) for name in pair[0]]


def _table(model: dict, key: str) -> list[dict]:
    """Rows of a table that pandas wrote with orient='table'; none where the model has no such table."""
    if model.get(key) is None:
        return []
    rows = _field(_json(model[key], key), "data", list)
    if len(rows) > ROWS:
        raise Fault(f"{key} has more than {ROWS:,} rows")
    if not all(isinstance(row, dict) for row in rows):
        raise Fault(f"{key} is no table of rows")
    return rows


def _draw(params: Any, key: str, size: int | None = None) -> list[float]:
    """One set of parameters: a fit by optimisation, not by sampling."""
    value = _field(params, key, list, f"params.{key}")
    if len(value) > 1 and all(isinstance(row, list) for row in value):
        raise Fault(
            f"params.{key} has {len(value)} draws: fit with mcmc_samples=0, a graph holds one set of parameters"
        )
    flat = value[0] if value and isinstance(value[0], list) else value
    numbers = _floats(flat, f"params.{key}", COLUMNS)
    if size is not None and len(numbers) != size:
        raise Fault(f"params.{key} has {len(numbers)} numbers, expected {size}")
    return numbers


def _of(path: str | Path, work: Callable, *given: Any) -> Any:
    """What goes wrong in a file is told with the file's name."""
    try:
        return work(*(given or [path]))
    except Fault as fault:
        raise Fault(f"{path}: {fault}") from fault


def _bytes(path: str | Path) -> bytes:
    path = Path(path)
    if path.stat().st_size > BYTES:
        raise Fault(f"larger than {BYTES // 1024**2} MB, which no Prophet model is")
    return path.read_bytes()


def _json(text: Any, what: str) -> Any:
    if not isinstance(text, str | bytes):
        raise Fault(f"{what} is {_shown(text)}, expected JSON text")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Fault(f"{what} is not JSON ({str(error)[:80]}): write it with prophet.serialize.model_to_json") from error


def _field(holder: Any, key: str, kind: type, what: str = "") -> Any:
    value = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(value, kind):
        raise Fault(f"{what or key} is {_shown(value)}, expected a {'list' if kind is list else 'table of settings'}")
    return value


def _floats(value: Any, what: str, most: int) -> list[float]:
    if not isinstance(value, list) or len(value) > most:
        raise Fault(f"{what} is {_shown(value)}, expected a list of at most {most:,} numbers")
    return [_number({what: x}, what, -1e300, 1e300) for x in value]


def _number(holder: dict, key: str, low: float, high: float, of: str = "") -> float:
    value = holder.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Fault(f"{f'{of}: ' if of else ''}{key} is {_shown(value)}, expected a number from {low:g} to {high:g}")
    return float(value)


def _choice(holder: dict, key: str, choices: tuple[str, ...], default: str | None = None) -> Any:
    value = holder.get(key, default)
    if value not in choices:
        raise Fault(f"{key} is {_shown(value)}, expected one of {', '.join(choices)}")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= NAME or "_delim_" in value or not value.isprintable():
        raise Fault(f"{_shown(value)} cannot be the name of a component: expected 1 to {NAME} printable characters")
    return value


def _day(value: Any) -> int:
    """Epoch day of a stamp such as 2020-01-01T00:00:00.000, or of milliseconds, as older pandas wrote them."""
    try:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e14:
            return value // (1000 * DAY)
        return date.fromisoformat(str(value)[:10]).toordinal() - EPOCH
    except ValueError as error:
        raise Fault(f"holidays: {_shown(value)} is not a date") from error


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:60]
