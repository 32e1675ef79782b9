"""How a historian's export is laid out: the words of a data yaml, and of a bundle's `table`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from common.historian.quality import CODES, LEVELS

LAYOUTS = ("wide", "long", "sparkplug")
SPARKPLUG = "{group}/{edge}/{machine}/{channel}"  # device metrics; a metric of the node itself has an empty device
TAGS = {"template": None, "step": None, "take": "last", "hold": None}
QUALITY: dict[str, Any] = {"column": None, "codes": None, "words": {}, "uncertain": "keep"}


@dataclass(frozen=True)
class Export:
    """One way of exporting readings.

    layout     "wide": one row per machine and time, or with a template one per time and a column for every tag;
               "long": one row per reading; "sparkplug": MQTT messages
    template   how a tag is written, such as "PLANT/{machine}.{channel}"; None = the tag is the channel
    step       rows are so far apart, such as "10min", or a number where time is one; None = a row per stamp
    take       "last" or "mean" of the readings in the step that ends at the row's stamp
    hold       a reading stands in for missing ones for so long; None = in its own step alone
    column     quality column: "quality" for the row, or "{channel}_quality", beside each channel's own column
    codes      "ua" or "da"; None = told from the file
    words      good, uncertain, bad -> own words for them
    uncertain  "keep" or "drop"
    """

    layout: str = "wide"
    template: str | None = None
    step: Any = None
    take: str = "last"
    hold: Any = None
    column: str | None = None
    codes: str | None = None
    words: Mapping[str, list[str]] = field(default_factory=dict)
    uncertain: str = "keep"

    @staticmethod
    def of(layout: Any, tags: Mapping | None, quality: Mapping | None) -> Export:
        """From the words of a yaml or a bundle; a ValueError names the one that is wrong."""
        found: dict[str, Any] = {}
        for group, given, known in (("tags", tags, TAGS), ("quality", quality, QUALITY)):
            if not isinstance(given or {}, Mapping):
                raise ValueError(f"{group} is {given!r:.60}, not settings of its own: {', '.join(known)}")
            if unknown := set(given or {}) - set(known):
                raise ValueError(f"{group}.{min(unknown, key=str)} is not known: {group} has {', '.join(known)}")
            found |= {**known, **(given or {})}
        if not isinstance(found["words"] or {}, Mapping):
            raise ValueError("quality.words must be good, uncertain and bad, each with its words")
        words = {
            str(level): [str(word) for word in (listed if isinstance(listed, list | tuple) else [listed])]
            for level, listed in (found["words"] or {}).items()
            if listed is not None
        }
        return Export(layout, **{**found, "words": words})

    def __post_init__(self) -> None:
        for name, value, known in (
            ("layout", self.layout, LAYOUTS),
            ("tags.take", self.take, ("last", "mean")),
            ("quality.codes", self.codes, (None, *CODES)),
            ("quality.uncertain", self.uncertain, ("keep", "drop")),
        ):
            if value not in known:
                raise ValueError(f"{name}={value} is not known: {' or '.join(str(word) for word in known if word)}")
        for level in self.words:
            if level not in LEVELS:
                raise ValueError(f"quality.words.{level} is not known: good, uncertain and bad are")
        for name, value in (("tags.template", self.template), ("quality.column", self.column)):
            if value is not None and not isinstance(value, str):
                raise ValueError(f"{name}={value!r:.60} is not text")
        if self.row_by_row and (self.step is not None or self.hold is not None):
            raise ValueError("tags.step and tags.hold need a tags.template in layout=wide, one column for every tag")
        if self.hold is not None and self.step is None:
            raise ValueError("tags.hold needs a tags.step: without one every stamp is a row of its own")
        if self.layout == "sparkplug" and self.column:
            raise ValueError("quality.column belongs to layout=wide and layout=long; Sparkplug has its own quality")
        if self.column and self.layout == "long" and "{" in self.column:
            raise ValueError("quality.column is one column in layout=long: every row is one reading")
        if self.tag is not None:
            self.match("")  # a template that cannot be is told before a file is read
            if self.layout != "long" and "{machine}" not in self.tag:
                raise ValueError(f"tags.template={self.tag} must hold {{machine}} in layout={self.layout}")
        for name, value in (("step", self.step), ("hold", self.hold)):
            _length(name, value)

    @property
    def row_by_row(self) -> bool:
        """Whether a row of the file is a row of the table: one machine at one time."""
        return self.layout == "wide" and not self.template

    @property
    def tag(self) -> str | None:
        """The template in use."""
        return self.template or (SPARKPLUG if self.layout == "sparkplug" else None)

    def match(self, tag: str) -> dict[str, str] | None:
        """{"machine": …, "channel": …} of a tag, None where it is not written as the template.

        Each name ends where the text that follows it in the template comes first; the last takes the rest.
        """
        found = _pattern(self.tag or "{channel}").fullmatch(tag)
        return found.groupdict() if found else None

    def grid(self, kind: str) -> tuple[float | None, float]:
        """Step and hold, in microseconds where time is a date (kind "M"), else in the numbers of the file."""
        found: list[float | None] = []
        for name, value in (("step", self.step), ("hold", self.hold)):
            length = _length(name, value)
            if length is None:
                found.append(None)
            elif isinstance(length, pd.Timedelta) != (kind == "M"):
                wanted = (
                    "a length such as 1h or 10min, as time is a date" if kind == "M" else "a number, as time is one"
                )
                raise ValueError(f"tags.{name}={value} must be {wanted}")
            else:
                found.append(length / pd.Timedelta("1us") if isinstance(length, pd.Timedelta) else float(length))
        return found[0], found[1] or 0.0


def _length(name: str, value: Any) -> pd.Timedelta | float | None:
    """A length of time, or a plain number."""
    if value is None:
        return None
    length: pd.Timedelta | float | None
    try:
        length = float(value)
    except (TypeError, ValueError):
        try:
            text = re.sub(r"(?<=[\d ])d$", "D", str(value))  # pandas writes a day D
            length = pd.Timedelta(text) if re.search(r"[A-Za-z]", text) else None
        except ValueError:
            length = None
    nought = pd.Timedelta(0) if isinstance(length, pd.Timedelta) else 0
    if length is None or isinstance(value, bool) or not nought < length or length in (np.inf, pd.NaT):
        raise ValueError(f"tags.{name}={value} is not a length of time above 0, such as 1h, 10min or 30s")
    return length


def _pattern(template: str) -> re.Pattern[str]:
    """The template as a pattern whose parts cannot overlap, so that it is quick on any tag."""
    parts = re.split(r"\{(\w+)\}", template)
    names, between = parts[1::2], parts[2::2]
    rules = [re.escape(parts[0])]
    for place, (name, after) in enumerate(zip(names, between, strict=True)):
        if not after and place < len(names) - 1:
            raise ValueError(f"tags.template={template}: something must stand between {{{name}}} and the next name")
        inside = f"(?:(?!{re.escape(after)}).)+" if after else ".+"
        rules.append(f"(?P<{name}>{inside})" if name in ("machine", "channel") else inside)
        rules.append(re.escape(after))
    if names.count("channel") != 1 or names.count("machine") > 1 or re.search(r"[{}]", "".join(parts[::2])):
        raise ValueError(f"tags.template={template} must hold {{channel}} once, and {{machine}} once at most")
    return re.compile("".join(rules), re.DOTALL)
