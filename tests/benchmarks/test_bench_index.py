"""The page over all runs: links lead somewhere, figures stand beside the naive ones, commands are there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from made_result import bundle, measured, result
from test_report import Outline

from benchmarks import cli, index, run
from benchmarks.result import write
from common.bundle.open import open_bundle
from common.demo import PARTS
from common.fault import Fault

SPITE = '<script>alert("x")</script>'
METRICS = {
    "rmse_raw": {"value": 99.0, "unit": "days", "low": 90.0, "high": 101.0, "naive": 120.0},
    "rmse_clipped": {"value": 12.68, "unit": "days", "low": 10.0, "high": 15.0, "naive": 44.2},
    "cost_per_machine_year": {"value": 3198, "unit": "£ per machine-year", "low": 2900, "high": 3582, "naive": 6054.0},
    "mae": {"value": 2.4, "unit": SPITE, "low": None, "high": None, "naive": 3.4},
    "coverage_80": {"value": 0.7963, "unit": "share", "low": 0.786, "high": 0.806, "naive": 0.5874},
}


def train(root, pilot: str, version: str, toy_bundle=None):
    """A finished run folder, as far as the page looks at it."""
    folder = root / pilot / f"{version}_a model"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("a report")
    facts = {"model": SPITE, "metrics": METRICS, "data": {"name": "sample"}, "seconds": {"total": 40.85}}
    facts["notes"] = ["trained with few steps", SPITE]
    (folder / "run.json").write_text(json.dumps(facts))
    if toy_bundle:
        shutil.copytree(toy_bundle, folder / "bundle")
    return folder


@pytest.fixture
def runs(tmp_path, toy_bundle, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "runs"
    train(root, "healthtech", "20260101000000")
    for version in ("20260101000000", "20260301000000"):
        train(root, "manufacturing", version, toy_bundle)
    train(root, "surveying", "20260101000000")
    toy = {**bundle(), "id": open_bundle(toy_bundle).id}
    entries = [measured(bundle=toy["id"]), measured("server", bundle=toy["id"], verdict="INVALID", reasons=[SPITE])]
    write(result(*entries, bundles=[toy]), root / "speed")
    return root


def made(root) -> tuple[str, Outline]:
    index.main(["--runs", str(root)])
    html = (root / "index.html").read_text(encoding="utf-8")
    return html, Outline(html)


def test_the_page(runs, capsys):
    html, page = made(runs)
    assert capsys.readouterr().out == f"wrote: {runs.absolute() / 'index.html'}\n"
    links = [a["href"] for a in page.all("a") if not a["href"].startswith("#")]
    assert "manufacturing/20260301000000_a%20model/report.html" in links
    assert len(links) == 3 * 2 + 1 + 1  # report and facts of three pilots, one model card, one result file
    assert all((runs / unquote(link)).is_file() for link in links)
    assert not any("20260101000000" in link for link in links if "manufacturing" in link)  # the newest alone
    names = [a.get("aria-label") for a in page.all("a") if a.get("aria-label")]
    assert len(set(names)) == len(names) == len(links)
    assert page.open == []
    assert SPITE not in html
    assert not page.all("script")
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_figures_are_said_as_people_say_them(runs):
    html, _ = made(runs)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html)).replace("\N{NO-BREAK SPACE}", " ")
    assert "12.7 days typical error of remaining life (95 % interval 10.0 to 15.0); naive guess 44.2" in text
    assert "£3,200 per machine-year cost of upkeep (95 % interval £2,900 to £3,580); naive guess £6,050" in text
    assert (
        "80 % of outcomes inside the interval that promises 80 % (95 % interval 79 % to 81 %); naive guess 59 %" in text
    )
    assert text.count("Trained with few steps.") == 3
    assert "99.0 days rmse raw" in text  # of a pilot the page does not know: its first figures
    assert text.index("Manufacturing") < text.index("Healthtech") < text.index("Surveying")


def test_speed_is_that_of_the_bundles_shown(runs, toy_bundle):
    id_ = open_bundle(toy_bundle).id
    told = index.speed(runs, {id_: "manufacturing"})
    assert told["head"] == ["pilot", "scenario", "p50, ms", "p99, ms", "queries/s", "verdict"]
    assert told["rows"][0] == [
        *("manufacturing", "single stream", "2.00 (1.80 to 2.20)", "4.00 (3.60 to 4.40)", "500 (450 to 550)", "VALID")
    ]
    assert told["reasons"] == [SPITE]
    assert index.speed(runs, {"b" * 64: "another"}) is None
    shutil.rmtree(runs / "speed")
    assert "Not measured yet" in made(runs)[0]
    quick = measured(bundle=id_, settings={"quick": True}, reasons=["a quick run"])
    write(result(quick, bundles=[{**bundle(), "id": id_}]), runs / "speed")
    assert index.speed(runs, {id_: "manufacturing"})["head"] == ["pilot", "scenario", "p50, ms", "queries/s"]
    assert "A first look" in made(runs)[0]


def test_the_demo_ends_with_a_benchmark_and_this_page(tmp_path):
    program, verb, *words = PARTS["benchmark"]
    given = run.parser().parse_args(words)
    assert (program, verb, given.quick, given.bundle, given.out.name) == (
        "pilot-bench",
        "run",
        True,
        ["all"],
        index.SPEED,
    )
    assert given.out.parent.name == "runs"  # where the page looks
    assert list(PARTS)[-1] == "overview"
    assert PARTS["overview"] == ["pilot-bench", "index"]


def test_every_command_on_the_page_exists(runs):
    html, _ = made(runs)
    lines = [line for block in re.findall(r"<pre><code>(.*?)</code>", html, re.DOTALL) for line in block.splitlines()]
    assert len(lines) > 8
    known = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["scripts"]
    for line in lines:
        program, *words = shlex.split(line.replace("&#39;", "'"))
        assert program in known or (program == "python" and find_spec(words[1]))
        assert program != "pilot-bench" or words[0] in cli.VERBS


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"metrics": {}}', b"\xff\xfe", b'{"metrics": {"a": 3}, "model": 1}']
)
def test_a_damaged_run_is_answered_with_a_sentence(runs, damage):
    (path,) = runs.glob("manufacturing/20260301*/run.json")
    path.write_bytes(damage)
    with pytest.raises(Fault, match=r"run\.json"):
        index.main(["--runs", str(runs)])
    assert not (runs / "index.html").exists()


def test_no_runs(tmp_path):
    with pytest.raises(Fault, match="no finished run"):
        index.main(["--runs", str(tmp_path / "nowhere")])
