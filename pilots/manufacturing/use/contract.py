"""What the readers of this pilot rely on beyond the common manifest: channels, table, decision, tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from common.fault import Fault

INPUTS = ("judge", "length", "readings", "threshold")
OUTPUTS = ("alarm", "alarm_row", "condition_ok", "healthy", "healthy_high", "healthy_low", "high", "lost", "low",
           "p_fail", "quality", "rul")  # fmt: skip
TEXT, NUMBER = (str,), (int, float)
CHANNEL = {"name": TEXT, "unit": TEXT, "low": (*NUMBER, type(None)), "high": (*NUMBER, type(None)), "role": TEXT}
CHANNEL_LIMITS = {"alarm_low": (*NUMBER, type(None)), "alarm_high": (*NUMBER, type(None))}  # of the data sheet
RUNGS = {"baseline": (int, type(None)), "first": (int, type(None)), "window": (int,), "new": (bool,)}
TABLE = {
    "columns": (dict,),
    "decimal": TEXT,
    "separator": (str, type(None)),
    "missing": (list,),
    "timezone": TEXT,
    "date_format": (str, type(None)),
    "book": (dict, type(None)),
    "layout": TEXT,
    "tags": (dict, type(None)),
    "quality": (dict, type(None)),
}
DECISION = {"cap": NUMBER, "horizon": NUMBER, "threshold": NUMBER, "persistence": NUMBER, "interval_level": NUMBER}


def check_contract(
    manifest: Mapping[str, Any],
    inputs: Iterable[str] = INPUTS,
    outputs: Iterable[str] = OUTPUTS,
    decision: Mapping[str, tuple] = DECISION,
    needed: Sequence[str] = ("cap", "horizon"),
) -> None:
    """Raise a Fault unless this bundle can be used by the files beside this one.

    inputs, outputs   names of the task's tensors
    decision, needed  kinds of the entries of `decision`, and which of them must be there
    """
    for part, names in (("inputs", sorted(inputs)), ("outputs", sorted(outputs))):
        found = sorted(tensor["name"] for tensor in manifest[part])
        if found != names:
            raise Fault(f"bundle.json: the {part} are {', '.join(found)}; this pilot's are {', '.join(names)}")
    channels = manifest.get("channels")
    if not isinstance(channels, list) or not channels:
        raise Fault("bundle.json lacks 'channels', the columns that the model reads")
    for channel in channels:
        if not isinstance(channel, dict):
            raise Fault("bundle.json: an entry of channels is not an object")
        _check(channel, CHANNEL | CHANNEL_LIMITS, "channels", needed=CHANNEL)
    own = [channel["name"] for channel in channels]
    if len(set(own)) < len(own) or {"machine", "time", "file", "line"} & set(own):
        raise Fault("bundle.json: two channels have one name, or one is called machine or time, file or line")
    _check(manifest["table"], TABLE, "table")
    _check(manifest["decision"], decision, "decision", needed=needed)
    if "rungs" in manifest:
        if not isinstance(manifest["rungs"], dict):
            raise Fault("bundle.json: rungs is not an object")
        _check(manifest["rungs"], RUNGS, "rungs", needed=RUNGS)
    texts = [*manifest["table"].get("columns", {}).values(), *manifest["table"].get("missing", [])]
    if not all(isinstance(text, str) for text in texts):
        raise Fault("bundle.json: table.columns and table.missing hold something else than text")


def unit_of_life(manifest: Mapping[str, Any]) -> str:
    """What remaining life is counted in, such as "days": the unit of the output `rul`."""
    return next(output["unit"] for output in manifest["outputs"] if output["name"] == "rul")


def _check(part: Mapping[str, Any], kinds: Mapping[str, tuple], where: str, needed: Any = ()) -> None:
    for name, allowed in kinds.items():
        value = part.get(name)
        if (name in part or name in needed) and (
            not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)
        ):
            raise Fault(
                f"bundle.json: {where}.{name} is {value!r:.60}, not {' or '.join(_word(kind) for kind in allowed)}"
            )


def _word(kind: type) -> str:
    words = {str: "text", int: "a whole number", float: "a number", list: "a list", dict: "an object"}
    words |= {bool: "true or false"}
    return words.get(kind, "null")
