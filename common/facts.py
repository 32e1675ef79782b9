"""run.json and bundle.json as strict JSON that keeps its published schema (common/schema)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np

from common.fault import Fault


@cache
def schema(kind: Literal["run", "bundle"]) -> dict[str, Any]:
    """The JSON Schema of run.json or bundle.json."""
    return json.loads(resources.files("common").joinpath(f"schema/{kind}.json").read_text(encoding="utf-8"))


def check_facts(facts: Mapping[str, Any], kind: Literal["run", "bundle"]) -> None:
    """Raise a ValueError that names every breach of the schema: a mistake in our code, not the user's."""
    import jsonschema

    errors = sorted(jsonschema.Draft202012Validator(schema(kind)).iter_errors(facts), key=lambda error: error.json_path)
    if errors:
        said = "; ".join(f"{error.json_path}: {error.message[:200]}" for error in errors[:5])
        raise ValueError(f"{kind}.json does not keep its schema: {said}")


def plain(value: Any, where: str = "$") -> Any:
    """NumPy numbers, arrays, tuples and paths as what JSON knows; a number that is not finite is a mistake."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(inner, f"{where}.{key}") for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner, f"{where}[{at}]") for at, inner in enumerate(value)]
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), where)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} = {value}: facts hold finite numbers, or null where there is none")
    return value


def to_json(facts: Mapping[str, Any]) -> str:
    """Facts as text for a file: keys in the order given, no NaN."""
    return json.dumps(plain(facts), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_facts(path: Path) -> dict[str, Any]:
    """A run.json from disk, which a person may have edited: a Fault if it is not one."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        raise Fault(f"{path} cannot be read ({err}): name another run, or train again") from err
    if not isinstance(facts, dict):
        raise Fault(f"{path} does not hold the facts of a run: name another run, or train again")
    return facts
