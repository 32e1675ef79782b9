"""`pilot-creative check`: what it says of a folder, and that a run would say the same."""

from __future__ import annotations

import re

import pytest
from test_folder import give_rights, grey, picture

from common.cli import pilot
from pilots.creative.__main__ import VERBS


@pytest.fixture
def check(monkeypatch, capsys):
    """check("data=photos") -> exit code, standard output, standard error"""

    def run(*words: str):
        monkeypatch.setattr("sys.argv", ["pilot-creative", "check", *map(str, words)])
        code = pilot("creative", VERBS)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def studio(tmp_path):
    """A folder whose name needs quotes everywhere."""
    folder = tmp_path / "my tex=t [1]"
    picture(folder / "Bricks" / "1_color.png")
    grey(folder / "Bricks" / "1_height.png", 9)
    picture(folder / "lawn.png", 96, 120)
    give_rights(folder)
    return folder


def test_a_folder_is_understood(check, studio):
    code, text, _ = check(studio, "model.batch=1", "model.patch=32")
    assert code == 0
    assert re.search(r"Bricks +1 +96 x 96 +96 x 96  height", text)
    assert re.search(r"lawn +1 +120 x 96 +120 x 96  nothing", text)
    assert "height is learned only where every picture has it; lawn.png has none" in text
    assert re.search(r"About \d+\.\d minutes of learning", text)


def test_three_ways_to_name_a_folder(check, studio, tmp_path):
    (studio / "rights.yaml").unlink()
    (tmp_path / "site" / "data").mkdir(parents=True)
    (tmp_path / "site" / "data" / "mine.yaml").write_text("defaults: [folder]\npath: '../../my tex=t [1]'\n")
    said = [check(studio), check("data=folder", f"data.path={studio}"), check(tmp_path / "site" / "data" / "mine.yaml")]
    for code, text, error in said:
        assert code == 2
        assert "2 pictures in 2 classes" in text
        assert "has no rights.yaml" in error
        assert "begin one with: pilot-creative rights init '" in error


def test_everything_that_is_wrong_is_named_at_once(check, studio):
    (studio / "a.png").write_bytes(b"")
    picture(studio / "b.png", 20, 20)
    picture(studio / "lawn.png", seed=9)
    code, text, error = check(studio)
    assert code == 2
    assert error.startswith("5 things must be mended before training, the first: ")
    assert error.count("\n") == 1
    for words in (
        "a.png is empty",
        "no row for a.png",
        "b.png has 20 x 20 px",
        "no row for b.png",
        "lawn.png is not the",
    ):
        assert words in text
    assert "About" not in text


def test_words_that_are_not_understood(check, studio):
    for words in ([studio, studio], [studio, "data=photos"], ["nowhere"]):
        code, text, error = check(*words)
        assert (code, text, error.count("\n")) == (2, "", 1)
