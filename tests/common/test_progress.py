"""Progress: whole lines in a log, a moving line on a terminal, and the answer always begins a line."""

from __future__ import annotations

import os
import re
import sys

import pytest

from common import progress
from common.progress import Progress

CODE = """
import sys, time
from common.progress import Progress
with Progress("fit") as stage:
    stage.say("seed 1 of 2 [bold]")
    time.sleep(0.3)
if len(sys.argv) > 1:
    with Progress("evaluate"):
        raise SystemExit("wrong")
print("run: /x", flush=True)
"""


def test_a_quick_stage_is_one_line(capsys):
    with Progress("fit") as stage:
        stage.say("seed 1 of 2")
    assert re.fullmatch(r"fit: 0\.\d s\n", capsys.readouterr().err)
    assert stage.seconds < 1


def test_a_long_stage_shows_where_it_stands(capsys, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    with Progress("fit") as stage:
        stage._waited.join()
        stage.say("seed 1 of 2")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["fit: at work (0 s)", "fit: seed 1 of 2 (0 s)"]
    assert len(lines) == 3


def test_an_error_has_no_seconds(capsys):
    with pytest.raises(ValueError, match="x"), Progress("fit"):
        raise ValueError("x")
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal on this system")
@pytest.mark.parametrize("fails", [False, True])
def test_on_a_terminal_the_last_line_stands_alone(fails):
    import pty

    shown = b""

    def read(handle: int) -> bytes:
        nonlocal shown
        shown += (data := os.read(handle, 4096))
        return data

    words = [sys.executable, "-c", CODE, *(["fail"] if fails else [])]
    out = os.dup(1)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 1)
            pty.spawn(words, read)
    finally:
        os.dup2(out, 1)
        os.close(out)
    text = shown.decode()
    assert "seed 1 of 2 [bold]" in text
    last = "wrong" if fails else "run: /x"
    # What stands before it: a line end, or a line that was wiped.
    assert re.search(rf"(\r\n|\x1b\[2K|\x1b\[\?25h|\r){last}\r\n$", text), repr(text[-200:])
