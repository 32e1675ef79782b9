"""The figures of a run in words that an art director reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from common.words import percent, percents, short

# What a run aims at: tiles that pass the seam test (a perfect torus: 90 %); patches as far from what was learned as
# unseen ones, at the median and at the closest hundredth, but not much farther; distance and spectrum at most so many
# times those of the source's own left part.
SEAM, NEW, NEW_P01, UNLIKE, NEAR = 0.85, 0.9, 0.6, 1.25, 1.5
NAMES = {"mirror": "mirror tiling", "quilting": "quilting", "patch_nn": "nearest patches"}
ABOUT = {
    "mirror": "the source, mirrored at its edges",
    "quilting": "blocks of the source, cut where it shows least",
    "patch_nn": "the nearest patches of the source, scale by scale",
}


@dataclass(frozen=True)
class Measure:
    """sign: 1 where more is better, -1 where less is; enough: from where on more is no better."""

    name: str
    sign: int
    show: Callable[[float | None], str]
    enough: float = float("inf")

    def behind(self, ours: float | None, theirs: float | None) -> bool:
        if ours is None or theirs is None:
            return False
        return self.sign * min(ours, self.enough) < self.sign * min(theirs, self.enough)


def share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def tiny(value: float | None) -> str:
    return "–" if value is None else f"{value:.0e}" if value else "0"


RANKED = {  # what a rival can be better at
    "seam_pass": Measure("passes the seam test", 1, share),
    "copy_ratio_median": Measure("copy ratio, median", 1, ratio, enough=1.0),
    "copy_ratio_p01": Measure("copy ratio, closest hundredth", 1, ratio, enough=1.0),
    "swd": Measure("distance to the held-out part", -1, short),
    "spectrum_error": Measure("error of the spectrum", -1, short),
}
HEADLINE = {
    "seam_pass": "Tiles that pass the seam test",
    "seam_ratio": "Step across the seam / step inside (not ranked)",
    "torus_error": "A rolled tile against the tile of rolled noise, largest difference",
    "copy_ratio_median": "Copy ratio, median",
    "copy_ratio_p01": "Copy ratio, closest hundredth",
    "swd": "Distance to the held-out part (SWD)",
    "swd_floor": "… of the source's own left part: the floor",
    "spectrum_error": "Error of the spectrum, log10",
    "spectrum_floor": "… of the source's own left part: the floor",
    "diversity": "Distance between two tiles of one source",
}


def name(model: str) -> str:
    return NAMES.get(model, model.replace("_", " "))


def times(value: float | None, floor: float | None) -> str:
    """As "1.3 ×"."""
    return "–" if value is None or not floor else f"{value / floor:.2f}\N{NO-BREAK SPACE}×"


def value_of(run: Mapping[str, Any], key: str) -> float:
    return run["metrics"][key]["value"]


def near(m: Mapping[str, float | None], copy: float) -> bool:
    """Is it like the material by every measure? `m`: values by key; `copy`: the copy ratio at the median.

    Distance alone would take noise of the right colours for gravel: spectrum and nearest patches must agree.
    """
    return copy <= UNLIKE and not any(_far(m, what) for what in ("swd", "spectrum"))


def _far(m: Mapping[str, float | None], what: str) -> bool:
    ours, floor = m["swd" if what == "swd" else f"{what}_error"], m[f"{what}_floor"]
    return bool(ours is not None and floor and ours > NEAR * floor)


def verdict(run: Mapping[str, Any]) -> str:
    """One sentence: do they tile, are they new, are they near."""
    values = {key: metric["value"] for key, metric in run["metrics"].items()}
    copy = values["copy_ratio_median"]
    new = copy >= NEW and values["copy_ratio_p01"] >= NEW_P01
    return (
        f"They {'repeat without a seam' if values['seam_pass'] >= SEAM else 'do not all repeat without a seam'}, "
        f"{'are not copied' if new else 'come close to what was learned in places'}, "
        f"and {'come near' if near(values, copy) else 'stay some way off'} the material."
    )


def reasons(run: Mapping[str, Any]) -> list[str]:
    """The figures behind the verdict, one sentence each."""
    metrics = run["metrics"]
    seam, copy, swd, spectrum = (metrics[k] for k in ("seam_pass", "copy_ratio_median", "swd", "spectrum_error"))
    floor, spectrum_floor = value_of(run, "swd_floor"), value_of(run, "spectrum_floor")
    return [
        f"{share(seam['value'])} pass the seam test; a perfect torus passes 90 %, "
        f"mirror tiling {share(seam['naive'])}.",
        f"Copy ratio {ratio(copy['value'])}, at the closest hundredth {ratio(value_of(run, 'copy_ratio_p01'))}: "
        "1 is as new as an unseen part of the picture, 0 a copy, much above 1 unlike the material; "
        f"mirror tiling {ratio(copy['naive'])}.",
        f"Against the held-out part their distance is {times(swd['value'], floor)}, the error of their spectrum "
        f"{times(spectrum['value'], spectrum_floor)} that of the source's own left part; mirror tiling, which shows "
        f"the source itself, {times(swd['naive'], floor)} and {times(spectrum['naive'], spectrum_floor)}.",
    ]


def warnings(run: Mapping[str, Any]) -> Iterator[str]:
    """What to look at before any of it is used."""
    yield from (f"{note[:1].upper()}{note[1:]}." for note in run.get("notes", ()))
    classes = run["metrics_by_class"]

    def named(bad: Callable[[Mapping[str, Any]], bool]) -> str:
        return ", ".join(group for group, m in classes.items() if bad(m))

    if groups := named(lambda m: m["seam_pass"] is not None and m["seam_pass"] < SEAM):
        yield f"Fewer than {percent(SEAM)} of the tiles pass the seam test in: {groups}."
    if groups := named(lambda m: m["copy_ratio_median"] < NEW or m["copy_ratio_p01"] < NEW_P01):
        yield (
            f"Close to what was learned (copy ratio under {NEW} at the median or under {NEW_P01} at the closest "
            f"hundredth): {groups}. Compare the closest pairs below before such a tile is called new."
        )
    if groups := named(lambda m: not near(m, m["copy_ratio_median"])):
        yield (
            f"Off the material (distance or spectrum above {NEAR} times the floor, or copy ratio above {UNLIKE}); look "
            f"at these at full size: {groups}."
        )
    noise = run.get("white_noise", {})
    if groups := ", ".join(g for g, m in classes.items() if g in noise and m["swd"] and noise[g] < m["swd"]):
        yield f"In {groups} plain white noise would score a lower distance than the tiles: believe the spectrum there."


def headline_rows(run: Mapping[str, Any]) -> list[list[str]]:
    """Every figure of the run: value, 95 % interval, mirror's."""
    rows = []
    for key, said in HEADLINE.items():
        if m := run["metrics"].get(key):
            show = shown(key)
            known = m["low"] is not None and m["high"] is not None
            span = (
                percents(m["low"], m["high"]) if known and show is share else f"{show(m['low'])} to {show(m['high'])}"
            )
            rows.append([said, show(m["value"]), span if known else "–", show(m["naive"])])
    return rows


def shown(key: str) -> Callable[[float | None], str]:
    """How a figure is printed."""
    return RANKED[key].show if key in RANKED else tiny if key == "torus_error" else short


def rivals(run: Mapping[str, Any]) -> list[str]:
    return list(next(iter(run["metrics_by_class"].values()))["baselines"])


def class_rows(run: Mapping[str, Any], key: str) -> list[list[str]]:
    """Class by class: one measure of ours and of every baseline."""
    show = RANKED[key].show
    return [
        [group, show(m[key]), *(show(m["baselines"][rival].get(key)) for rival in rivals(run))]
        for group, m in run["metrics_by_class"].items()
    ]


def near_rows(run: Mapping[str, Any], key: str, floor: str) -> list[list[str]]:
    """Class by class: times the floor, the floor, ours, every baseline."""
    classes = run["metrics_by_class"]
    return [
        [group, times(classes[group][key], classes[group][floor]), short(classes[group][floor]), *row]
        for group, *row in class_rows(run, key)
    ]


@dataclass(frozen=True)
class Lost:
    """Where a baseline is better: its measure, and (class, ours, theirs) of each."""

    measure: str
    rival: str
    rows: list[tuple[str, str, str]]


def losses(run: Mapping[str, Any]) -> list[Lost]:
    classes = run["metrics_by_class"]
    found = []
    for rival in rivals(run):
        for key, measure in RANKED.items():
            pairs = {group: (m[key], m["baselines"][rival].get(key)) for group, m in classes.items()}
            behind = [(g, measure.show(a), measure.show(b)) for g, (a, b) in pairs.items() if measure.behind(a, b)]
            found.append(Lost(measure.name, name(rival), behind))
    return found


def lost_rows(run: Mapping[str, Any]) -> list[list[str]]:
    """By measure, in how many classes each baseline is better."""
    count, found = len(run["metrics_by_class"]), losses(run)
    return [
        [m.name, *(f"{len(lost.rows)} of {count}" for lost in found if lost.measure == m.name)] for m in RANKED.values()
    ]
