"""Does a result file keep its published schema? The base install has no validator, and a file may be a stranger's.

`breach` knows just the words of JSON Schema 2020-12 that speed.json uses; tests hold it against `jsonschema`.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int | float) and not isinstance(v, bool) and v == int(v),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
LIMITS = {
    "minimum": lambda v, limit: v >= limit,
    "exclusiveMinimum": lambda v, limit: v > limit,
}


@cache
def speed() -> dict[str, Any]:
    """The schema of a result file."""
    return json.loads(resources.files(__name__).joinpath("speed.json").read_text(encoding="utf-8"))


def breach(value: Any, rule: dict | None = None, where: str = "$") -> str | None:
    """The first place where `value` does not keep the schema, in words; None where all is well. Numbers are finite."""
    rule = speed() if rule is None else rule
    if "$ref" in rule:
        found = breach(value, speed()["$defs"][rule["$ref"].rpartition("/")[2]], where)
        if found:
            return found
    if "anyOf" in rule:
        found = [breach(value, choice, where) for choice in rule["anyOf"]]
        if all(found):
            return found[-1]
    return _flat(value, rule, where) or _inside(value, rule, where)


def _flat(value: Any, rule: dict, where: str) -> str | None:
    """What can be said of the value without looking into it."""
    kinds = rule.get("type", list(TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(TYPES[kind](value) for kind in kinds):
        return f"{where} is {value!r:.60}, not {' or '.join(kinds)}"
    allowed = rule.get("enum", [rule["const"]] if "const" in rule else None)
    if allowed is not None and not any(type(value) is type(one) and value == one for one in allowed):
        return f"{where} is {value!r:.60}, not {' or '.join(map(str, allowed))}"
    if isinstance(value, str) and not re.search(rule.get("pattern", ""), value):
        return f"{where} is {value!r:.60}, which does not match {rule['pattern']}"
    if isinstance(value, str) and len(value) > rule.get("maxLength", len(value)):
        return f"{where} has {len(value):,} letters, at most {rule['maxLength']:,} are allowed"
    for word, keeps in LIMITS.items():
        if word in rule and TYPES["number"](value) and not keeps(value, rule[word]):
            return f"{where} is {value!r:.60}, below its {word} {rule[word]}"
    return None


def _inside(value: Any, rule: dict, where: str) -> str | None:
    """The members of an object, the items of a list."""
    if isinstance(value, dict):
        for name in rule.get("required", ()):
            if name not in value:
                return f"{where} has no {name}"
        known, others = rule.get("properties", {}), rule.get("additionalProperties", {})
        inner = ((f"{where}.{name:.40}", part, known.get(name, others)) for name, part in value.items())
    elif isinstance(value, list):
        inner = ((f"{where}[{at}]", part, rule.get("items", {})) for at, part in enumerate(value))
    else:
        return None
    return next(filter(None, (breach(part, of, place) for place, part, of in inner)), None)
