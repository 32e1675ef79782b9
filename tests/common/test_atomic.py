"""Files and folders appear whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.atomic import PARTIAL, new_folder, publish, write_bytes, write_text
from common.fault import Fault


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "one\r\n")
    assert path.read_bytes() == b"one\r\n"
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("name", ["a [1]=b", "ü'\"", "x" * 255, "-rf"])
def test_any_name_will_do(tmp_path, name):
    write_text(tmp_path / name, "x")
    assert os.listdir(tmp_path) == [name]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_text(tmp_path / "a", "old")
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError(5, "broken disk")))
    with pytest.raises(OSError, match="broken disk"):
        write_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_takes_its_name_at_the_end(tmp_path):
    with new_folder(tmp_path / "sub" / "out") as hidden:
        assert hidden.name.startswith(PARTIAL)
        (hidden / "inner").mkdir()
        (hidden / "inner" / "a").write_text("x")
        assert not (tmp_path / "sub" / "out").exists()
    assert (tmp_path / "sub" / "out" / "inner" / "a").read_text() == "x"
    assert os.listdir(tmp_path / "sub") == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_folder_that_fails_is_gone(tmp_path, error):
    def fail() -> None:
        with new_folder(tmp_path / "out") as hidden:
            (hidden / "a").write_text("x")
            raise error

    with pytest.raises(error):
        fail()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_nothing_is_overwritten(tmp_path, kind):
    out = tmp_path / "out"
    {"folder": out.mkdir, "file": out.touch, "link": lambda: out.symlink_to("nowhere")}[kind]()
    with pytest.raises(Fault, match="is there already"), new_folder(out):
        pass


def test_a_name_taken_meanwhile_is_not_overwritten(tmp_path):
    with pytest.raises(Fault, match="is there already"), new_folder(tmp_path / "out"):
        (tmp_path / "out").mkdir()
    (tmp_path / "made").mkdir()
    with pytest.raises(Fault, match="is there already"):
        publish(tmp_path / "made", tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["made", "out"]


def test_a_full_disk_leaves_nothing_half_written(tiny_disk):
    write_text(tiny_disk / "old", "old")
    with pytest.raises(OSError, match="No space left"):
        write_bytes(tiny_disk / "old", bytes(100_000))

    def fill() -> None:
        with new_folder(tiny_disk / "out") as hidden:
            write_bytes(hidden / "a", bytes(20_000))
            write_bytes(hidden / "b", bytes(100_000))

    with pytest.raises(OSError, match="No space left"):
        fill()
    assert os.listdir(tiny_disk) == ["old"]
    assert (tiny_disk / "old").read_text() == "old"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill so")
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_file(tmp_path):
    write_text(tmp_path / "a", "0" * 100_000)
    code = (
        "import sys; from common.atomic import write_text\n"
        "print(flush=True)\n"
        "for n in range(10**9): write_text(sys.argv[1], str(n % 10) * 100_000)"
    )
    for turn in range(8):
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a")], stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()  # type: ignore[union-attr]
            time.sleep(0.002 * turn)
            writer.kill()
        text = (tmp_path / "a").read_text()
        assert len(text) == 100_000
        assert len(set(text)) == 1
    assert all(name == "a" or name.startswith(PARTIAL) for name in os.listdir(tmp_path))
    assert Path(tmp_path / "a").exists()
