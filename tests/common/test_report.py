"""The page: one file, offline, safe against names from files, readable by everyone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import resources

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup
from test_card import RUN

from common.report import COLOURS, figure, page, svg

HOSTILE = "<script>alert('x')</script>\" onload=\"alert(1)"
VOID = {"meta", "link", "br", "hr", "img", "path", "use", "rect", "circle"}


class Outline(HTMLParser):
    """Elements, their attributes, and whether every one is closed."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def drawing():
    made, [axes] = figure()
    axes.plot([0, 1, 2], [0, 1, 4], label=HOSTILE)
    axes.legend()
    axes.set_xlabel("cycles")
    return made


@pytest.fixture(scope="module")
def html(drawing):
    parts = page_parts()
    body = parts.table(HOSTILE, ["machine", "rul"], [[HOSTILE, 3]]) + parts.metrics(RUN, {"rmse_clipped": "error"})
    body += parts.drawing(svg(drawing, "Wear rises: " + HOSTILE), HOSTILE)
    return page(HOSTILE, sections=[(HOSTILE, body), ("plain", HOSTILE)], lead=HOSTILE, run={**RUN, "command": HOSTILE})


def page_parts():
    from common.report import _templates

    return _templates().get_template("common/report_parts.html.j2").module


def test_the_page_is_whole(html):
    outline = Outline(html)
    assert outline.open == []
    assert html.startswith("<!doctype html>")
    assert outline.all("html") == [{"lang": "en-GB"}]
    assert "viewport" in [attrs.get("name") for attrs in outline.all("meta")]
    assert len(outline.all("h1")) == 1
    ids = [attrs["id"] for _, attrs in outline.elements if attrs.get("id")]
    assert len(ids) == len(set(ids)) > 3


def test_nothing_is_fetched_or_run(html):
    outline = Outline(html)
    assert not {"script", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in outline.elements}
    assert not [attrs for _, attrs in outline.elements for name in attrs if name.startswith("on")]
    for _, attrs in outline.elements:
        for name in ("src", "href", "xlink:href"):
            assert (attrs.get(name) or "#").startswith(("#", "data:,"))
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert "default-src 'none'" in html


def test_names_from_files_are_text(html):
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_what_helps_those_who_do_not_see(html):
    outline = Outline(html)
    assert outline.all("a")[0] == {"class": "skip", "href": "#main"}
    assert outline.all("main") == [{"id": "main"}]
    for attrs in outline.all("svg"):
        assert attrs["role"] == "img"
        assert attrs["aria-label"]
    for attrs in outline.all("th"):
        assert attrs["scope"] in ("row", "col")
    assert len(outline.all("caption")) == len(outline.all("table")) == 2
    boxes = [attrs for attrs in outline.all("div") if attrs.get("class") == "scroll"]
    assert all(attrs["tabindex"] == "0" and attrs["role"] == "region" and attrs["aria-label"] for attrs in boxes)


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_formula_against_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_letters_and_lines_have_contrast():
    css = resources.files("common").joinpath("report.html.j2").read_text(encoding="utf-8")
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
    assert len(named) == 6
    for text in ("ink", "quiet", "link"):
        for paper in ("paper", "shade"):
            assert contrast(named[text], named[paper]) >= 4.5  # WCAG 1.4.3, AA
    assert all(contrast(colour, "#ffffff") >= 3 for colour in COLOURS)  # WCAG 1.4.11
    assert set(re.findall(r"(?<!-)\bcolor: ([^;}]+)", css)) == {"var(--ink)", "var(--quiet)", "var(--link)", "inherit"}


def test_lines_differ_without_colour():
    shades = sorted(luminance(colour) for colour in COLOURS)
    assert len(set(COLOURS)) == len(COLOURS) == len(shades)


def test_a_phone_and_a_printer():
    css = resources.files("common").joinpath("report.html.j2").read_text(encoding="utf-8")
    assert ".scroll { overflow-x: auto; max-width: 100%;" in css
    assert "figure svg { display: block; width: 100%;" in css
    assert not re.search(r"(?<![-\w])width: \d{3,}px", css)
    assert "@media print" in css


def test_drawings_keep_letters_and_are_the_same_every_time(drawing):
    one, two = svg(drawing, "a"), svg(drawing, "a")
    assert one == two
    assert isinstance(one, Markup)
    assert "<text" in one
    assert "cycles" in one
    assert "<metadata" not in one
    assert one.startswith('<svg role="img" aria-label="a"')


def test_two_drawings_on_a_page_share_no_names():
    names = []
    for alt in ("one", "two"):
        made, axes = figure(rows=2)
        axes[0].plot([1, 2])
        axes[1].bar([1, 2], [3, 4])
        names.append(set(re.findall(r'\bid="([^"]*)"', svg(made, alt))))
    assert not names[0] & names[1]


def test_a_forgotten_value_is_not_passed_over():
    with pytest.raises(UndefinedError):
        page_parts().metrics({}, {"a": "b"})
