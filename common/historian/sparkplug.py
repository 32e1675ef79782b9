"""Sparkplug B, replayed from a file: births name what is measured, data follow, deaths end what is known.

A birth gives every metric its name, alias and kind; data may use the alias alone. Between a death and the next birth
nothing is known of a device. A gap in the sequence numbers (0 to 255, then 0 again) means that messages were lost:
what comes until the next birth is of uncertain quality. Historical readings go where their own time stamp says.
(Sparkplug 3.0.0, §5 and §6.)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from common.historian.export import Export
from common.historian.long import refuse_absent, some
from common.historian.quality import BAD, GOOD, UNCERTAIN, severity_da, severity_ua
from common.historian.sparkplug_message import Message, number, quality, read_messages
from common.historian.wide import said
from common.table import Column, refuse_unknown_names
from common.table_time import on_the_clock

LAST_STAMP = 7_258_118_400_000  # ms; the year 2200
Named = tuple[str, str, int]  # tag, name of the metric, kind


@dataclass
class Node:
    """What is known of one edge node since its birth. Keys of born: "" for the node itself, else the device."""

    named: dict[tuple[str, str], Named] = field(default_factory=dict)  # device, name
    alias: dict[int, Named] = field(default_factory=dict)
    born: dict[str, int] = field(default_factory=dict)  # at which message
    seen: set[str] = field(default_factory=set)  # tags, for the day on which they go silent
    gap: int = -1
    seq: int | None = None
    bdseq: float | None = None
    last: bytes = b""


@dataclass
class Replay:
    """All files in turn. targets: tag -> machine and channel, None where nobody asked for it."""

    export: Export
    ours: dict[str, str]  # their channel -> ours
    nodes: dict[str, Node] = field(default_factory=dict)
    targets: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    rows: list[tuple] = field(default_factory=list)  # machine, channel, ms, value, level, file, line
    stops: set[tuple[str, float]] = field(default_factory=set)
    told: Counter = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    count: int = 0
    clock: float = 0.0  # the latest time of receipt, or of sending

    def take(self, message: Message, file: int, name: str) -> None:
        """One message."""
        self.count += 1
        where = f"{name} line {message.line}"
        payload, node = message.payload, self.nodes.setdefault(message.node, Node())
        sent = message.time or (float(payload.timestamp) if message.kind[1:] != "DEATH" else 0.0)
        self.clock = max(self.clock, sent if sent <= LAST_STAMP else 0.0)
        if message.kind == "NDEATH":
            self._node_death(message, node)
            return
        raw = payload.SerializeToString(deterministic=True)
        if payload.HasField("seq") and message.kind != "NBIRTH":
            if raw == node.last:
                self.told["messages came twice and were taken once"] += 1
                return
            self._sequence(message, node, where)
        node.last = raw
        if message.kind == "NBIRTH":
            fresh = Node(seen=node.seen, last=raw, seq=int(payload.seq) if payload.HasField("seq") else None)
            self.nodes[message.node] = node = fresh
        if message.kind[1:] == "BIRTH":
            self._birth(message, node)
        elif message.device not in node.born:
            if message.kind != "DDEATH":
                self.told["messages came before their birth, or after their death, and were passed over"] += 1
            return
        if message.kind == "DDEATH":
            self._silence(message.node, node, message.device, message.time or float(payload.timestamp) or self.clock)
            return
        for metric in payload.metrics:
            self._metric(metric, message, node, file, where)

    def _node_death(self, message: Message, node: Node) -> None:
        """The broker's last will: of the birth with the same bdSeq; the time in it is that of connecting."""
        bdseq = next((number(m, m.datatype) for m in message.payload.metrics if m.name == "bdSeq"), None)
        if None not in (bdseq, node.bdseq) and bdseq != node.bdseq:
            self.told["deaths belonged to an earlier birth and were passed over"] += 1
            return
        for device in list(node.born):
            self._silence(message.node, node, device, message.time or self.clock)

    def _silence(self, name: str, node: Node, device: str, when: float) -> None:
        node.born.pop(device, None)
        start = f"{name}/{device}/"
        for tag in node.seen:
            target = self.targets.get(tag)
            if target and tag.startswith(start):
                self.stops.add((target[0], when))

    def _sequence(self, message: Message, node: Node, where: str) -> None:
        """0 to 255 and round again; anything else than the next number means that messages were lost."""
        seq = int(message.payload.seq)
        if node.seq is not None and seq != (node.seq + 1) % 256 and node.born:
            node.gap = self.count
            self.notes.append(
                f"{where}: sequence number {seq} of {message.node} follows {node.seq}: messages were lost, "
                "readings until the next birth are of uncertain quality"
            )
        node.seq = seq

    def _birth(self, message: Message, node: Node) -> None:
        node.born[message.device] = self.count
        for metric in message.payload.metrics:
            tag = f"{message.node}/{message.device}/{metric.name}"
            named = (tag, metric.name, int(metric.datatype))
            node.named[message.device, metric.name] = named
            node.seen.add(tag)
            if metric.HasField("alias"):
                node.alias[int(metric.alias)] = named
            if metric.name == "bdSeq" and not message.device:
                node.bdseq = number(metric, metric.datatype)
            if tag not in self.targets:
                parts = self.export.match(tag) or {}
                channel = self.ours.get(parts.get("channel", ""))
                self.targets[tag] = (parts["machine"], channel) if channel and parts.get("machine") else None

    def _metric(self, metric: Any, message: Message, node: Node, file: int, where: str) -> None:
        named = node.named.get((message.device, metric.name)) if metric.name else node.alias.get(int(metric.alias))
        lost = node.gap > node.born[message.device]
        if named is None:
            if lost:
                self.told["readings of a metric that no birth had named were passed over, messages being lost"] += 1
                return
            what = f"'{metric.name[:60]}'" if metric.name else f"alias {metric.alias}"
            raise Fault(
                f"{where}: {what} of {message.node}/{message.device} was named by no birth before it: "
                "the capture must hold the birth of every device"
            )
        tag, _, kind = named
        target = self.targets[tag]
        if target is None:
            return
        start = f"{where}: {target[1]} of {target[0]}"
        value = number(metric, int(metric.datatype) or kind)
        if value is None or math.isinf(value):
            raise Fault(f"{start} is not a number: take {tag[:80]} out of the channels")
        when = int(metric.timestamp) or int(message.payload.timestamp) or int(message.time or 0)
        if not 0 < when <= LAST_STAMP:
            raise Fault(f"{start} has the time stamp {when} ms since 1970, which lies outside the years 1970 to 2200")
        level, code = GOOD, quality(metric)
        if code is not None:
            found = severity_da(code) if code <= 0xFFFF else severity_ua(code & 0xFFFFFFFF)
            if found is None:
                raise Fault(f"{start}: Quality = {code} is no status code of Sparkplug (0, 192, 500) or OPC")
            level = found
        self.told["historical readings were put in at their own time"] += int(metric.is_historical)
        self.rows.append((*target, when, value, max(level, UNCERTAIN if lost else GOOD), file, message.line))


def read_sparkplug(
    paths: Sequence[Path],
    columns: Sequence[Column],
    export: Export,
    *,
    names: Mapping[str, str],
    setting: str | None,
    timezone: str = "Europe/London",
    missing: Sequence[str] = (),
    **_: Any,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Columns machine, channel, time (on `timezone`'s clock), value, file, line; stops (machine, time); and notes."""
    channels = [column for column in columns if column.name not in ("machine", "time")]
    refuse_unknown_names(names, ["machine", "time", *(column.name for column in channels)], setting)
    replay = Replay(export, {names.get(column.name) or column.name: column.name for column in channels})
    for file, path in enumerate(paths):
        for message in read_messages(path):
            if message is None:
                replay.told["messages were no births, data or deaths of Sparkplug B and were passed over"] += 1
            else:
                replay.take(message, file, path.name)
    files = ", ".join(path.name for path in paths)
    if not replay.targets:
        raise Fault(f"{files}: no birth of Sparkplug B is in it, so that nothing has a name: capture from a birth on")
    _refuse_names(replay, channels, names, files, setting)
    frame = pd.DataFrame(replay.rows, columns=["machine", "channel", "time", "value", "level", "file", "line"])
    level_N = frame.pop("level").to_numpy()
    frame["value"] = frame["value"].mask(frame["value"].isin([float(code) for code in missing if _is_number(code)]))
    known_N = frame["value"].notna().to_numpy()
    doubted = int((known_N & (level_N == UNCERTAIN)).sum())
    notes = [*replay.notes, *(f"{count:,} {what}" for what, count in replay.told.items() if count)]
    notes += said(int((known_N & (level_N == BAD)).sum()), doubted, export.uncertain)
    frame["value"] = frame["value"].mask((level_N == BAD) | ((level_N == UNCERTAIN) & (export.uncertain == "drop")))
    stops = pd.DataFrame(sorted(replay.stops), columns=["machine", "time"])
    utc_N = frame["time"].to_numpy()
    for table in (frame, stops):
        stamp = pd.to_datetime(table["time"].astype("int64"), unit="ms", utc=True)
        table["time"] = on_the_clock(stamp, timezone, setting)
    if (np.diff(frame["time"].to_numpy()[np.argsort(utc_N, kind="stable")]) < np.timedelta64(0)).any():
        notes.append(f"the clock of {timezone} went back: the hour that came twice is one; timezone: UTC keeps it two")
    before = len(frame)
    frame = frame.drop_duplicates(["machine", "channel", "time"], keep="last")  # what was sent later is right
    if before > len(frame):
        notes.append(f"{before - len(frame):,} readings came again for one time stamp: the last was taken")
    unused = [tag for tag, target in replay.targets.items() if target is None]
    return frame, stops, [*notes, *([f"tags not used: {some(unused)}"] if unused else [])]


def _refuse_names(
    replay: Replay, channels: Sequence[Column], names: Mapping[str, str], files: str, setting: str | None
) -> None:
    parts = [part for tag in replay.targets if (part := replay.export.match(tag)) and part.get("machine")]
    if not parts:
        remedy = f"correct {setting}.tags.template" if setting else "capture them as before"
        first = next(iter(replay.targets))
        raise Fault(f"{files}: no tag is written as {replay.export.tag}; the first is '{first[:80]}': {remedy}")
    reported = {channel for _, channel, *_ in replay.rows}
    refuse_absent(channels, reported, [part["channel"] for part in parts], files, names, setting)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
