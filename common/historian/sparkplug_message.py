"""One captured MQTT message with a Sparkplug B payload: a line of JSON, its bytes taken apart by the protobuf runtime.

Sparkplug 3.0.0, §4 (topics) and §6.4 (payload). The message is described here field by field, by the numbers that the
specification gives; what no reading needs (data sets, templates, files) is left out and passed over as unknown fields.
No packaged reader was found that fits: pysparkplug calls itself pre-alpha and pins an MQTT client below version 2.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from common.fault import Fault
from common.table_text import MAX_LINE_BYTES, unpack

UINT64, UINT32, BOOL, STRING, MESSAGE, FLOAT, DOUBLE = 4, 13, 8, 9, 11, 2, 1  # kinds of protobuf's own descriptors
VALUES = [
    ("int_value", UINT32),
    ("long_value", UINT64),
    ("float_value", FLOAT),
    ("double_value", DOUBLE),
    ("boolean_value", BOOL),
    ("string_value", STRING),
]
TYPES = ("NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH")
SECONDS = 1e11  # a receive time below is in seconds (until the year 5138), above in milliseconds (from 1973)
HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}  # Int8 to Int64; the wire holds them as unsigned, some sign-extended to 32
UNSIGNED_BITS = {5: 8, 6: 16, 7: 32, 8: 64}


@dataclass(frozen=True)
class Message:
    """device is "" for the node's own; time in ms since 1970, UTC, when it was received, None where nobody noted it."""

    line: int
    kind: str
    node: str
    device: str
    time: float | None
    payload: Any


def _payload_class() -> Any:
    """Payload as the specification's §6.4 describes it, for the protobuf runtime."""
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_payload.proto", package="sparkplug", syntax="proto2")

    def add(
        message: str, number: int, name: str, kind: int, of: str = "", many: bool = False, choice: bool = False
    ) -> None:
        found = next((m for m in file.message_type if m.name == message), None) or file.message_type.add(name=message)
        field = found.field.add(name=name, number=number, type=kind, label=3 if many else 1)
        if of:
            field.type_name = f".sparkplug.{of}"
        if choice:
            if not found.oneof_decl:
                found.oneof_decl.add(name="value")
            field.oneof_index = 0

    add("Payload", 1, "timestamp", UINT64)
    add("Payload", 2, "metrics", MESSAGE, "Metric", many=True)
    add("Payload", 3, "seq", UINT64)
    for number, name, kind in [
        (1, "name", STRING),
        (2, "alias", UINT64),
        (3, "timestamp", UINT64),
        (4, "datatype", UINT32),
        (5, "is_historical", BOOL),
        (7, "is_null", BOOL),
    ]:
        add("Metric", number, name, kind)
    add("Metric", 9, "properties", MESSAGE, "PropertySet")
    for number, (name, kind) in enumerate(VALUES, start=10):
        add("Metric", number, name, kind, choice=True)
    add("PropertySet", 1, "keys", STRING, many=True)
    add("PropertySet", 2, "values", MESSAGE, "PropertyValue", many=True)
    add("PropertyValue", 2, "is_null", BOOL)
    for number, (name, kind) in enumerate(VALUES, start=3):
        add("PropertyValue", number, name, kind, choice=True)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("sparkplug.Payload"))


Payload = _payload_class()


def is_capture(path: Path) -> bool:
    """Whether the file begins as a line of JSON does."""
    return unpack(path)[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def read_messages(path: Path) -> Iterator[Message | None]:
    """Every message of the file in its order; None for one that is not about readings (commands, other topics)."""
    records = list(_records(path))
    in_hex = all(HEX.fullmatch(payload) for _, _, _, payload in records)
    for line, topic, time, text in records:
        parts = topic.split("/")
        known = parts[0] == "spBv1.0" and len(parts) >= 4 and parts[2] in TYPES
        if not known or len(parts) != (5 if parts[2][0] == "D" else 4) or not all(parts):
            yield None
            continue
        where = f"{path.name} line {line}"
        try:
            data = bytes.fromhex(text) if in_hex else base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as err:
            raise Fault(
                f"{where}: the payload is neither hexadecimal nor base64 ('{text[:40]}'): capture it as such"
            ) from err
        try:
            payload = Payload.FromString(data)
        except (DecodeError, UnicodeDecodeError) as err:
            raise Fault(
                f"{where}: the payload of {topic[:80]} is no Sparkplug B message, or cut off ({len(data):,} bytes): "
                "capture it again"
            ) from err
        yield Message(line, parts[2], f"{parts[1]}/{parts[3]}", parts[4] if len(parts) == 5 else "", time, payload)


def _records(path: Path) -> Iterator[tuple[int, str, float | None, str]]:
    """Line, topic, time of receipt in ms, and the payload as text."""
    for line, data in enumerate(unpack(path).splitlines(), start=1):
        if not data.strip():
            continue
        where = f"{path.name} line {line}"
        if len(data) > 2 * MAX_LINE_BYTES:
            raise Fault(f"{where} has {len(data):,} bytes; over {2 * MAX_LINE_BYTES:,} it is no message of readings")
        try:
            record = json.loads(data)
        except (ValueError, RecursionError) as err:
            raise Fault(f'{where} is not a message written as {{"topic": …, "time": …, "payload": …}}') from err
        found = record if isinstance(record, dict) else {}
        topic, time, payload = found.get("topic"), found.get("time"), found.get("payload")
        if not isinstance(topic, str) or not isinstance(payload, str):
            name = "payload" if isinstance(topic, str) else "topic"
            raise Fault(f'{where} has no text named {name}: write {{"topic": …, "time": …, "payload": …}}')
        if time is not None and (isinstance(time, bool) or not isinstance(time, int | float) or not 0 < time < 1e14):
            raise Fault(f"{where}: time = {time!r:.40} is not the time of receipt in ms (or s) since 1970")
        yield line, topic, time if time is None or time > SECONDS else time * 1000, payload


def number(metric: Any, datatype: int) -> float | None:
    """A metric's value; NaN where it is null, None where it is text."""
    field = metric.WhichOneof("value")
    if metric.is_null or field is None:
        return float("nan")
    if field == "string_value":
        return None
    value = getattr(metric, field)
    if field in ("int_value", "long_value"):
        bits = SIGNED_BITS.get(datatype) or UNSIGNED_BITS.get(datatype) or 64
        value &= (1 << bits) - 1
        if datatype in SIGNED_BITS and value >> (bits - 1):
            value -= 1 << bits
    return float(value)


def quality(metric: Any) -> int | None:
    """The property Quality (§6.4.16), a number; None where it is not stated."""
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        if key.lower() == "quality" and not value.is_null:
            field = value.WhichOneof("value")
            if field in ("int_value", "long_value"):
                return int(getattr(value, field))
    return None
