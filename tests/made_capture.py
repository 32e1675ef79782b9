"""Sparkplug B messages as a broker would hand them to a file, for tests."""

import base64
import json

import pandas as pd

from common.historian.sparkplug_message import Payload

DOUBLE = 10


class Capture:
    """One edge node's messages in their order. A value of None is null; a tuple is (kind, field, value)."""

    def __init__(self, node: str = "plant/edge", coding: str = "hex"):
        self.group, self.edge = node.split("/")
        self.coding, self.seq, self.alias, self.lines = coding, 0, {}, []

    def node(self, kind: str, time, values: dict, seq: int | None = None, **how) -> None:
        self.device(kind, "", time, values, seq=seq, **how)

    def device(
        self, kind, device, time, values, *, aliases=False, historical=False, seq=None, stamp=None, quality=None
    ):
        millis = int(pd.Timestamp(time).timestamp() * 1000)
        payload = Payload(timestamp=millis)
        if kind != "NDEATH":
            payload.seq = self.seq if seq is None else seq
            self.seq = (payload.seq + 1) % 256
        for name, value in values.items():
            metric = payload.metrics.add(timestamp=millis if stamp is None else stamp, is_historical=historical)
            if aliases:
                self.alias[device, name] = len(self.alias)
            if (device, name) in self.alias:
                metric.alias = self.alias[device, name]
            if kind.endswith("BIRTH") or (device, name) not in self.alias:
                metric.name = name
            if value is None:
                metric.is_null = True
            elif isinstance(value, tuple):
                metric.datatype = value[0]
                setattr(metric, value[1], value[2])
            else:
                metric.double_value = value
            if kind.endswith("BIRTH") and not isinstance(value, tuple):
                metric.datatype = DOUBLE
            if quality is not None:
                metric.properties.keys.append("Quality")
                metric.properties.values.add(int_value=quality)
        topic = "/".join(["spBv1.0", self.group, kind, self.edge, *([device] if device else [])])
        self.add(topic, payload.SerializeToString(), millis)

    def add(self, topic: str, data: bytes, time: float | None) -> None:
        text = data.hex() if self.coding == "hex" else base64.b64encode(data).decode()
        self.lines.append(json.dumps({"topic": topic, "time": time, "payload": text}))

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"
