"""The answer as tables: a row per series and step. The page, the pictures and forecast.json are made from them alone,
so that what is suppressed here is suppressed everywhere.

Axes: S series, H steps, Q levels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from common.bundle.open import Bundle
from pilots.healthtech.use.infer import Outlook
from pilots.healthtech.use.window import Window

if TYPE_CHECKING:
    from pilots.healthtech.use.answer import Answer

SHOWN = {"h": 72, "D": 42, "MS": 24}  # periods of counts that stand beside a forecast
STEP = {"h": "%Y-%m-%d %H:%M", "D": "%Y-%m-%d", "MS": "%Y-%m-%d"}


def quantile_names(levels: Sequence[float]) -> list[str]:
    """Columns of the quantiles: q0.025, q0.05, …"""
    return [f"q{level:g}" for level in levels]


def forecast_table(outlook: Outlook, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """series, step, time, mean, quantiles, level, p_exceed; the steps not yet fully reported are 0 and below."""
    flow = manifest["flow"]
    steps, names = flow["horizon"], np.array(flow["names"], object)
    kept = np.flatnonzero(np.isfinite(outlook.mean_SH).any(axis=1))
    columns: dict[str, Any] = {
        "series": np.repeat(names[kept], steps),
        "step": np.tile(np.arange(steps) - flow["delay"] + 1, len(kept)),
        "time": np.tile(stamps(outlook.time_H, flow["freq"]), len(kept)),
        "mean": outlook.mean_SH[kept].ravel().round(3),
    }
    for q, name in enumerate(quantile_names(manifest["decision"]["levels"])):
        columns[name] = pd.array(outlook.quantiles_SHQ[kept, :, q].ravel(), "Int64")
    columns["level"] = np.repeat(np.array([whole(level) for level in outlook.level_S[kept]]), steps)
    columns["p_exceed"] = outlook.p_exceed_SH[kept].ravel().round(5)
    return pd.DataFrame(columns)


def history_table(asked: Window, flow: Mapping[str, Any], names: Sequence[str]) -> pd.DataFrame:
    """series, step, time, count: the last counts of these series, for the pictures."""
    periods = min(SHOWN[flow["freq"]], asked.y_SL.shape[1])
    rows = [flow["names"].index(name) for name in names]
    time_L = asked.time_W[: asked.y_SL.shape[1]][-periods:]
    return pd.DataFrame(
        {
            "series": np.repeat(np.array(names, object), periods),
            "step": np.tile(np.arange(-periods, 0) + 1 - flow["delay"], len(names)),
            "time": np.tile(stamps(time_L, flow["freq"]), len(names)),
            "count": asked.y_SL[rows, -periods:].ravel(),
        }
    )


def stamps(time_H: np.ndarray, freq: str) -> np.ndarray:
    """Times as people write them: 2026-03-01 06:00, or a day."""
    return pd.DatetimeIndex(time_H).strftime(STEP[freq]).to_numpy(object)


def document(bundle: Bundle, source: str, made: Answer) -> dict[str, Any]:
    """All of the answer, with what it was made from."""
    flow = bundle.manifest["flow"]
    return {
        "bundle": {"id": bundle.id, "name": bundle.label, "model": bundle.manifest["model"]},
        "made": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "source": source,
        "from": made.forecast.loc[made.forecast["step"] == 1, "time"].iloc[0],
        "freq": flow["freq"],
        "unit": flow["unit"],
        "suppressed": made.suppressed,
        "flags": made.flags,
        "notes": made.notes,
        "forecast": _records(made.forecast),
        "totals": _records(made.totals),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: whole numbers without a point, null for none."""
    return [{key: _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if value is pd.NA:
        return None
    if isinstance(value, (float, np.floating)):
        return whole(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def whole(value: float) -> int | float:
    """28.0 as 28."""
    return int(value) if float(value).is_integer() else float(value)


def write_document(made: Mapping[str, Any], path: Path) -> None:
    """forecast.json: UTF-8, indented, without a number that JSON does not know."""
    path.write_text(json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
